"""Run the deployment of a version, and tell how it ended."""

import time
from datetime import UTC, datetime
from pathlib import Path

from adapters import registry
from adapters.declaration import LoadedProject
from adapters.precautions import require_place
from adapters.promotion import alone
from adapters.records import Records
from adapters.releasing.beginning import require_free, require_not_barred
from adapters.stacks import runs
from adapters.stacks.activation import activate
from adapters.stacks.environment import state
from lifecycle.serving.deployment import Deployment
from lifecycle.verdict import Verdicts
from pipelines.running import below, launch, run_name


def deploy(loaded: LoadedProject, *, version: str | None, stack: str, root: Path, by: str) -> bool:
    """Deploy a version and tell at the terminal how it ended; give whether it took over."""
    from rich.console import Console

    from adapters.serving_terminal import print_deployment

    ended = run(loaded, version=version, stack=stack, root=root, by=by)
    print_deployment(ended, console=Console())
    return ended.is_live


def run(
    loaded: LoadedProject, *, version: str | None, stack: str, root: Path, by: str
) -> Deployment:
    """Deploy a version of a project: the named one, or else the challenger.

    Where there is no challenger the champion is deployed anew. A refusal is an ending like any
    other; what broke is raised.

    Raises
    ------
    ProjectError
        If it could not be served where it is declared to be.
    RegistryError
        If there is no such version.
    Refused
        If a release goes on, or the version was rolled back before.
    """
    project, clock, started = loaded.project, time.monotonic(), datetime.now(UTC)
    require_place(project.serving, project.name, folder=loaded.folder, state=state(root))
    activate(stack, root=root)
    number = registry.number_of(project.name, version or registry.standing(project.name))
    called = run_name("deployment", project.name, started)
    with alone(project.name, state=state(root)):
        with Records.open(state(root)) as records:
            require_free(project.name, records=records, state=state(root))
            require_not_barred(project.name, number, records=records)
        done = launch("deployment", called, project, number, str(below(loaded.folder, root)), by)
    found = runs.outputs(done)
    told = {
        name: found[artifact]() if artifact in found else None
        for name, artifact in (("built", "built"), ("place", "place"), ("live", "live"))
    }
    live = told.pop("live")
    deployment = Deployment(
        project=project.name,
        version=number,
        gates=found["version_story"]().gates if "version_story" in found else Verdicts(),
        parity=found["parity"]() if "parity" in found else Verdicts(),
        smoke=found["smoke"]() if "smoke" in found else Verdicts(),
        url=live.url if live is not None else None,
        previous=live.previous if live is not None else None,
        started=started.isoformat(),
        seconds=time.monotonic() - clock,
        run=called,
        **told,
    )
    registry.attach(project.name, number, "deployment.json", deployment.model_dump_json(indent=1))
    return deployment
