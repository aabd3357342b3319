"""Lets a version take over from another, and takes what answers away again."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from adapters.clock import now
from adapters.hosting import HostingError, stop, stop_seconds, stopped_unless_good, sweep
from adapters.routing import Backend, Route, apply, withdraw
from adapters.supervision.record import forget_live, read_live, write_live
from lifecycle.serving.declaration import Serving
from lifecycle.serving.deployment import Built, Place
from lifecycle.serving.live import Live


@contextlib.contextmanager
def alone(project: str, *, state: Path) -> Iterator[None]:
    """Change what answers for a project with nobody else doing so.

    What is broken off leaves nothing running but what answered before.

    Raises
    ------
    HostingError
        If the project is being deployed already.
    """
    folder = state / "serving" / project
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "deployment.lock", timeout=0):
            try:
                yield
            except BaseException:
                sweep(project, state)
                raise
    except Timeout as error:
        raise HostingError(
            f'"{project}" is being deployed by another command. Wait until that has ended, or end '
            "it with Ctrl-C, and try again."
        ) from error


def take_over(
    place: Place,
    built: Built,
    serving: Serving,
    project: str,
    version: str,
    *,
    state: Path,
    confirm: Callable[[], None],
) -> Live:
    """Send requests to a started version, and stop the one that answered before.

    Parameters
    ----------
    confirm
        Called once requests go to the new version. If it raises, they go to the old one again.
    """
    before = read_live(state, project)
    live = Live(
        project=project,
        version=version,
        kind=place.kind,
        name=place.name,
        host=place.host,
        port=place.port,
        public_host=serving.host,
        public_port=serving.port,
        manifest=built.manifest,
        bento=built.bento,
        image=built.image,
        started=now().isoformat(timespec="seconds"),
        previous=before.version if before else None,
    )
    with stopped_unless_good(place, state=state) as keep:
        _route(live, serving, state)
        try:
            confirm()
        except BaseException:
            if before is None:
                withdraw(state, project)
            else:
                _route(before, serving, state)
            raise
        write_live(state, live)
        keep()
    if before is not None:
        stop(before.kind, before.name, state=state, seconds=stop_seconds(serving))
    return live


def _route(live: Live, serving: Serving, state: Path) -> None:
    backend = Backend(name=live.name, host=live.host, port=live.port)
    limits = serving.limits
    route = Route(
        project=live.project,
        host=live.public_host,
        port=live.public_port,
        backends=(backend,),
        seconds=limits.seconds,
        body_kb=limits.body_kb,
    )
    apply(state, route, drain_seconds=limits.seconds)


def take_away(project: str, *, state: Path) -> None:
    """Stop what answers for a project: first nobody is sent there any more, then it ends."""
    live = read_live(state, project)
    withdraw(state, project)
    if live is not None:
        stop(live.kind, live.name, state=state, seconds=stop_seconds(Serving()))
    forget_live(state, project)
    sweep(project, state)
