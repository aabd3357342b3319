"""Release a version: begin to move traffic to it, and follow until that has ended."""

from datetime import UTC, datetime
from pathlib import Path

from adapters import registry
from adapters.clock import now
from adapters.declaration import LoadedProject
from adapters.precautions import require_place
from adapters.promotion import alone
from adapters.records import Records
from adapters.releasing.beginning import (
    require_address,
    require_free,
    require_live,
    require_not_barred,
)
from adapters.releasing.following import follow
from adapters.releasing.moving import abandon
from adapters.releasing.units import history
from adapters.stacks import runs
from adapters.stacks.activation import activate
from adapters.stacks.environment import state
from lifecycle.data.declaration import Role
from lifecycle.errors import ProjectError
from lifecycle.project.project import Project
from lifecycle.release.declaration import Releasing
from lifecycle.release.release import Design, Release
from lifecycle.release.testing.planning import design
from lifecycle.serving.live import Live
from pipelines.running import below, launch, run_name

DONE = ("promoted", "compared", "kept")
"""How a release ends that did what it was to do."""


def release(
    loaded: LoadedProject,
    *,
    version: str | None,
    by: str,
    why: str,
    stack: str,
    root: Path,
    is_followed: bool,
) -> bool:
    """Release a version and tell at the terminal how it goes; give whether it came to its end."""
    begun = run(loaded, version=version, by=by, why=why, stack=stack, root=root)
    if not begun.is_open or not is_followed:
        ended = begun
        follow(begun, state=state(root), once=True)
    else:
        try:
            ended = follow(begun, state=state(root))
        except KeyboardInterrupt:
            print(
                f"\nThe release goes on. Look: python run.py status; go back: python run.py "
                f"rollback --project {begun.project}"
            )
            return True
    return ended.is_open or ended.state in DONE


def run(
    loaded: LoadedProject, *, version: str | None, by: str, why: str, stack: str, root: Path
) -> Release:
    """Begin to release a version: the named one, or else the challenger.

    A refusal is an ending like any other; what broke is raised.

    Raises
    ------
    ProjectError
        If nothing answers yet, or the version does already.
    Refused
        If another release goes on, or the version was rolled back before.
    """
    project, folder, started = loaded.project, state(root), datetime.now(UTC)
    require_place(project.serving, project.name, folder=loaded.folder, state=folder)
    activate(stack, root=root)
    number = registry.number_of(project.name, version or registry.standing(project.name))
    _require_evidence(project)
    with alone(project.name, state=folder), Records.open(folder) as records:
        live = require_live(project.name, number, state=folder)
        require_free(project.name, records=records, state=folder)
        require_address(project.name, project.serving, state=folder)
        require_not_barred(project.name, number, records=records)
        opened = records.open_release(
            Release(
                project=project.name,
                strategy=project.release.strategy,
                champion=live.version,
                challenger=number,
                by=by,
                why=why,
                policy=project.release,
                design=_design(project, live, folder),
                began=now(),
                stepped=now(),
                waits=f"version {number} is built, started beside {live.version}, and tested",
            )
        )
        try:
            called = run_name("release", project.name, started)
            home = str(below(loaded.folder, root))
            done = launch("release", called, project, number, home, opened.number, stack)
        except BaseException as error:
            _end_unless_begun(opened, f"It broke off: {error}", records)
            raise
        return _end_unless_begun(opened, _refusal(runs.outputs(done)), records)


def _end_unless_begun(opened: Release, why: str, records: Records) -> Release:
    """Give a release as it is now; one without a single move has ended before it began."""
    moves = records.movements(opened.project)
    if any(one.release == opened.number and one.state != "undone" for one in moves):
        return records.release(opened.number) or opened
    return abandon(opened, why, records=records)


def _refusal(found: dict[str, object]) -> str:
    names = [
        verdict.rule
        for artifact in ("parity", "smoke")
        if artifact in found
        for verdict in found[artifact]().blocking  # type: ignore[operator]
    ]
    if "version_story" in found:
        story = found["version_story"]()  # type: ignore[operator]
        names = [verdict.rule for verdict in story.gates.blocking] + names
    told = ", ".join(f'"{name}"' for name in names) or "an earlier step"
    return f"It was refused before any traffic was moved, by {told}."


def _require_evidence(project: Project) -> None:
    """Refuse a canary that asks for what can never be told, before anything is built."""
    masked = [
        name
        for name in project.columns.names(Role.PERSONAL)
        if project.columns.root[name].is_feature
    ]
    if project.release.strategy == "canary" and project.release.evidence.agreement and masked:
        raise ProjectError(
            f'The model reads "{masked[0]}", declared as personal, which is masked in the log: '
            "the other version's answers to the same rows cannot be computed, and so no "
            "agreement. Release with --strategy shadow or blue-green, or declare "
            "release.evidence.agreement: null."
        )


def _design(project: Project, live: Live, folder: Path) -> Design | None:
    """Plan a test before it begins, where one is to begin."""
    policy: Releasing = project.release
    if policy.strategy != "ab" or policy.test is None:
        return None
    if live.unit != policy.told_unit:
        raise ProjectError(
            f"Version {live.version} answers, and was started without release.unit being "
            f"{policy.told_unit}: what it answered could not be told by unit. Start it anew: "
            f"python run.py --pipeline deployment --project {project.name} --version "
            f"{live.version}"
        )
    baseline, deviation, per_day, source = history(folder, project.name, policy.test.metric)
    return design(
        policy.test, baseline=baseline, deviation=deviation, source=source, units_a_day=per_day
    )
