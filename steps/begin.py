"""Move the first traffic to a version, or none of it."""

import contextlib
from typing import Annotated

from zenml import step

from adapters import promotion, registry
from adapters.hosting import Role
from adapters.records import Records
from adapters.releasing.beginning import begin as move
from adapters.releasing.beginning import require_live, told
from adapters.releasing.conductor import start_conductor
from adapters.releasing.context import write_context
from adapters.releasing.entrance import entrance_of
from adapters.releasing.figures_traffic import mark
from adapters.releasing.following import latest_look
from adapters.routing import current
from adapters.stacks.environment import state
from lifecycle.errors import PerennialError, RegistryError
from lifecycle.project.project import Project
from lifecycle.release.release import Release
from lifecycle.serving.deployment import Built, Place
from lifecycle.verdict import Verdicts
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def begin(
    place: Place,
    smoke: Verdicts,
    built: Built,
    project: Project,
    number: int,
    home: str,
    stack: str,
) -> Annotated[Release, "release"]:
    """Refuse what failed its smoke test; else begin to move traffic to it, as is declared."""
    smoke.require("The running service")
    folder = state(ROOT)
    with Records.open(folder) as records:
        release = records.release(number)
        if release is None:
            raise RegistryError(f"There is no release {number} of {project.name}.")
        champion = require_live(project.name, release.challenger, state=folder)
        entrance = entrance_of(project.serving, project.name, folder=ROOT / home)
        challenger = promotion.live_of(
            place,
            built,
            entrance,
            release.challenger,
            role=Role(unit=project.release.told_unit),
            state=folder,
        )
        write_context(project, home=ROOT / home, stack=stack, state=folder)
        begun = move(
            release,
            entrance,
            champion=champion,
            challenger=challenger,
            verdicts=smoke,
            records=records,
            state=folder,
            registry=registry,
        )
    # Where the router does not tell, the first look begins to count.
    with contextlib.suppress(PerennialError, OSError):
        mark(folder, begun)
    with Records.open(folder) as records:
        start_conductor(
            project.name,
            root=ROOT,
            state=folder,
            is_looked_after=lambda: latest_look(begun, records) is not None,
        )
    plan = current(folder, project.name)
    tell("begin", told(begun, plan) if plan else f"release {number} begun")
    return begun
