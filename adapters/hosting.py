"""Keeps versions running: starts them apart, lets them take over, and takes them away again."""

import contextlib
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
from filelock import FileLock, Timeout

from adapters import images
from adapters.admission import (
    access_folder,
    key_file,
    mask_secret,
    private_folder,
    token_keys,
)
from adapters.bentos import bento_name
from adapters.routing import Backend, Route, apply, current, withdraw
from adapters.supervision.record import every_live, forget_live, read_live, write_live
from adapters.supervision.supervisor import Supervisor
from lifecycle.errors import PerennialError, ProjectError
from lifecycle.serving.declaration import Serving
from lifecycle.serving.deployment import Built, Place
from lifecycle.serving.live import Live

HOST = "127.0.0.1"

READY_SECONDS = 120.0
"""How long a start may take: on a busy machine the libraries alone have taken 15 s."""

_ANOTHER = "Choose another: --set serving.port=NUMBER, or serving.host, or in the declaration."

GRACE_SECONDS = 15.0
"""What a stopped service gets beyond its drain and its longest request."""


class HostingError(PerennialError):
    """A version could not be started, or not take over."""


def require_place(serving: Serving, project: str, *, folder: Path, state: Path) -> None:
    """Refuse, before anything is built, what could not be served where it is declared to be.

    Raises
    ------
    ProjectError
        If something else listens at the declared port, the host is no address of this machine,
        or a declared file is not there.
    StackError
        If there is no place for its answers.
    """
    token_keys(serving, folder)
    events_folder(state, project)
    host, port = serving.host, serving.port
    Route(project=project, host=host, port=port).check()
    for live in every_live(state):
        if live.project != project and live.public_port == port:
            raise ProjectError(
                f'serving.port is {port}, and "{live.project}" answers there ({live.url}). '
                f"{_ANOTHER}"
            )
    route = current(state, project)
    if route is None or (route.host, route.port) != (host, port):
        require_free(host, port)


@contextlib.contextmanager
def alone(project: str, *, state: Path) -> Iterator[None]:
    """Deploy a project with nobody else doing so; what is broken off leaves nothing running.

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
                _sweep(project, state)
                raise
    except Timeout as error:
        raise HostingError(
            f'"{project}" is being deployed by another command. Wait until that has ended, or end '
            "it with Ctrl-C, and try again."
        ) from error


def require_free(host: str, port: int) -> None:
    """Refuse a place where something listens already, or that is not of this machine.

    Raises
    ------
    ProjectError
        Naming it, with the words of the operating system.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as found:
        # What closed a moment ago does not count as taken.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
        except OSError as error:
            raise ProjectError(
                f"Nothing can be served at {host}, port {port} ({error.strerror}), where "
                f"serving.host and serving.port say. {_ANOTHER}"
            ) from error


def start(
    built: Built, serving: Serving, project: str, *, folder: Path, state: Path
) -> tuple[Place, float]:
    """Start a built version on a port of its own; give where, and how long it took to be ready.

    What an interrupted deployment has left running is taken away before.

    Parameters
    ----------
    folder
        The project's folder, for files its declaration names.

    Raises
    ------
    PerennialError
        If it does not come up; what it printed last is in the message.
    """
    _sweep(project, state)
    name = f"{_prefix(project)}{built.bento.partition(':')[2]}-{int(time.time()):x}"
    place = Place(kind=built.kind, why=built.why, name=name, host=HOST, port=_free_port())
    begin = time.monotonic()
    if built.kind == "container":
        _start_container(place, built, serving, project, folder=folder, state=state)
    else:
        _start_process(place, built, serving, project, folder=folder, state=state)
    return place, time.monotonic() - begin


def environment(
    serving: Serving, project: str, *, manifest: str, folder: Path, state: Path
) -> dict[str, str]:
    """Give what a service is told in its environment."""
    told = {
        "PERENNIAL_MANIFEST": manifest,
        "PERENNIAL_EVENTS": str(events_folder(state, project)),
        "PERENNIAL_KEYS": str(key_file(serving, project, state=state)),
        "PERENNIAL_JWKS": str(token_keys(serving, folder) or ""),
        "PERENNIAL_MASK": mask_secret(serving, project, state=state) or "",
        "BENTOML_HOME": str(state / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
        "OTEL_SDK_DISABLED": "true",
        "ORT_DISABLE_TELEMETRY": "1",
        "OMP_WAIT_POLICY": "passive",
    }
    return {name: value for name, value in told.items() if value}


def events_folder(state: Path, project: str) -> Path:
    """Give the folder where the answers of a project are kept.

    Raises
    ------
    StackError
        If it cannot be made.
    """
    return private_folder(state / "events" / project, "The answers")


def serve_command(folder: str, host: str, port: int) -> list[str]:
    """Give the command that serves a Bento."""
    return [sys.executable, "-m", "bentoml", "serve", folder, "--host", host, "--port", str(port)]


def stop_seconds(serving: Serving) -> float:
    """Say how long a service may take to end, before something is wrong with it."""
    return serving.drain.total_seconds() + serving.limits.seconds + GRACE_SECONDS


def _start_process(
    place: Place, built: Built, serving: Serving, project: str, *, folder: Path, state: Path
) -> None:
    log = state / "serving" / project / "logs" / f"{place.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    Supervisor(state).start(
        place.name,
        serve_command(built.folder, place.host, place.port),
        env=environment(serving, project, manifest=built.manifest, folder=folder, state=state),
        folder=Path(built.folder),
        log=log,
        stop_seconds=stop_seconds(serving),
        is_ready=lambda: is_ready(place),
        ready_seconds=READY_SECONDS,
    )


def _start_container(
    place: Place, built: Built, serving: Serving, project: str, *, folder: Path, state: Path
) -> None:
    access, events = access_folder(state, project), events_folder(state, project)
    told = environment(serving, project, manifest=built.manifest, folder=folder, state=state)
    told["PERENNIAL_EVENTS"] = "/events"
    told["PERENNIAL_KEYS"] = f"/access/{Path(told['PERENNIAL_KEYS']).name}"
    if "PERENNIAL_JWKS" in told:
        shutil.copy(told["PERENNIAL_JWKS"], access / "jwks.json")
        told["PERENNIAL_JWKS"] = "/access/jwks.json"
    del told["BENTOML_HOME"]
    if built.image is None:
        raise HostingError(f"{built.bento} is to run as a container, and no image was built.")
    images.start(
        built.image,
        name=place.name, host=place.host, port=place.port, events=events, access=access, env=told,
    )  # fmt: skip
    try:
        _wait_for_container(place)
    except BaseException:
        images.stop(place.name, timeout=1)
        raise


def _wait_for_container(place: Place) -> None:
    ends = time.monotonic() + READY_SECONDS
    while not is_ready(place):
        if not images.status(place.name).running or time.monotonic() > ends:
            said = images.logs(place.name)
            raise HostingError(f"The container {place.name} did not become ready. It said:\n{said}")
        time.sleep(0.1)


def is_ready(place: Place) -> bool:
    """Ask a service whether it takes requests."""
    try:
        url = f"http://{place.host}:{place.port}/readyz"
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@contextlib.contextmanager
def stopped_unless_good(place: Place, *, state: Path) -> Iterator[Callable[[], None]]:
    """Stop what was started unless the block calls what it is given: it is good."""
    good = []
    try:
        yield lambda: good.append(True)
    finally:
        if not good:
            stop(place.kind, place.name, state=state, seconds=GRACE_SECONDS)


def stop(kind: str, name: str, *, state: Path, seconds: float) -> None:
    """Stop a container or a process, gracefully; one that is not there is stopped."""
    if kind == "container":
        images.stop(name, timeout=seconds)
    else:
        Supervisor(state).stop(name)


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
        started=datetime.now(UTC).isoformat(timespec="seconds"),
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
    _sweep(project, state)


def _sweep(project: str, state: Path) -> None:
    """Take away what an interrupted deployment left running."""
    live, prefix = read_live(state, project), _prefix(project)
    for process in Supervisor(state).status():
        if process.name.startswith(prefix) and (live is None or process.name != live.name):
            Supervisor(state).stop(process.name)
    with contextlib.suppress(images.NoEngine):  # then it holds no containers of ours either
        for name in images.started(prefix):
            if live is None or name != live.name:
                images.stop(name, timeout=GRACE_SECONDS)


def _prefix(project: str) -> str:
    """Begin the name of everything of a project; no project's name has a dot in it."""
    return f"{bento_name(project)}."


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
