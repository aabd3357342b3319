"""Lets a version take over from another, and takes what answers away again."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import Timeout

from adapters.clock import now
from adapters.hosting import HostingError, Role, stopped_unless_good, sweep
from adapters.records import Records
from adapters.releasing.beginning import require_not_barred
from adapters.releasing.conductor import ENDING_SECONDS, conductor_of, stop_conductor
from adapters.releasing.entrance import target_of
from adapters.releasing.keeping import tell_ending
from adapters.releasing.moving import (
    OvertakenError,
    Registry,
    deployment_lock,
    last_move,
    move,
    settle,
    with_idle,
)
from adapters.routing import current
from adapters.supervision.record import read_live, write_instance
from adapters.supervision.supervisor import Supervisor
from lifecycle.release.planning import Entrance, steady
from lifecycle.release.release import Movement
from lifecycle.serving.deployment import Built, Place
from lifecycle.serving.live import Live
from lifecycle.verdict import Verdicts


@contextlib.contextmanager
def alone(project: str, *, state: Path) -> Iterator[None]:
    """Change what runs for a project with nobody else doing so.

    What is broken off leaves nothing running but what answered before.

    Raises
    ------
    HostingError
        If the project is being deployed already.
    """
    try:
        with deployment_lock(project, state).acquire(timeout=_patience(project, state)):
            try:
                yield
            except BaseException:
                sweep(project, state)
                raise
    except Timeout as error:
        raise HostingError(
            f'"{project}" is being deployed or released by another command. Wait until that has '
            "ended, or end it with Ctrl-C, and try again."
        ) from error


def _patience(project: str, state: Path) -> float:
    """Give the seconds to wait for others: a conductor that ends stops what is not needed."""
    name = conductor_of(project)
    runs = any(one.name == name and one.pid for one in Supervisor(state).status())
    return ENDING_SECONDS if runs else 0.0


def live_of(
    place: Place, built: Built, entrance: Entrance, version: str, *, role: Role, state: Path
) -> Live:
    """Describe a started version, and remember it."""
    before = read_live(state, entrance.project)
    live = Live(
        project=entrance.project,
        version=version,
        kind=place.kind,
        name=place.name,
        host=place.host,
        port=place.port,
        public_host=entrance.host,
        public_port=entrance.port,
        manifest=built.manifest,
        bento=built.bento,
        image=built.image,
        started=now().isoformat(timespec="seconds"),
        previous=before.version if before else None,
        folder=built.folder,
        unit=role.unit,
    )
    write_instance(state, live)
    return live


def take_over(
    live: Live,
    entrance: Entrance,
    *,
    verdicts: Verdicts,
    by: str,
    state: Path,
    registry: Registry,
) -> Live:
    """Send requests to a started version, and stop the one that answered before.

    Parameters
    ----------
    verdicts
        What it was judged by.
    registry
        Is told who the champion is, once requests go to it. If that raises, they go to the old
        one again.
    """
    project = entrance.project
    with (
        stopped_unless_good(_place(live), state=state) as keep,
        Records.open(state) as records,
    ):
        require_not_barred(project, live.version, records=records)  # since it began to be built
        plan = steady(entrance, target_of(live))
        movement = Movement(
            project=project,
            kind="deploy",
            version=live.version,
            at=now(),
            by=by,
            verdicts=verdicts,
            after=with_idle(plan, current(state, project)),
            main=live.name,
        )
        move(
            movement,
            records=records,
            state=state,
            confirm=lambda: registry.crown(project, live.version),
        )
        keep()
        # Told again, with what an earlier move may have left untold.
        settle(project, records=records, state=state, registry=registry, is_alone=True)
    return live


def take_away(project: str, *, by: str, state: Path) -> None:
    """Stop what answers for a project: first nobody is sent there any more, then it ends."""
    stop_conductor(project, state=state)
    with Records.open(state) as records:
        while not _is_stopped(project, by=by, records=records, state=state):
            pass  # somebody moved it at the same moment
        settle(project, records=records, state=state, registry=None, is_alone=True)
        tell_ending(project, records=records, state=state, reports=state / "reports")


def _is_stopped(project: str, *, by: str, records: Records, state: Path) -> bool:
    """Send nobody there any more, unless somebody else moves the traffic at the same moment."""
    seen, live = last_move(project, records), read_live(state, project)
    release = records.open_one(project)
    ended = {
        "state": "stopped",
        "ended": now(),
        "waits": "",
        "ending": f"It was stopped by {by}, and nothing answers.",
    }
    movement = Movement(
        project=project,
        release=release.number if release else None,
        kind="stop",
        version=live.version if live else "",
        at=now(),
        by=by,
        reason="it was stopped",
        after=None,
        then=release.model_copy(update=ended) if release else None,
    )
    try:
        move(movement, records=records, state=state, seen=seen)
    except OvertakenError:
        return False
    return True


def _place(live: Live) -> Place:
    return Place(kind=live.kind, why="", name=live.name, host=live.host, port=live.port)
