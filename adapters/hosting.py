"""Starts versions apart from the one that answers, and stops what is not wanted."""

import contextlib
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from adapters.admission import (
    access_folder,
    key_file,
    mask_secret,
    private_folder,
    token_keys,
)
from adapters.bentos import bento_name
from adapters.clock import CLOCK
from adapters.routing import current
from adapters.supervision.record import read_live
from adapters.supervision.supervisor import Supervisor
from lifecycle.errors import PerennialError
from lifecycle.section import Value
from lifecycle.serving.declaration import Serving
from lifecycle.serving.deployment import Built, Place
from lifecycle.serving.live import Live

HOST = "127.0.0.1"

READY_SECONDS = 120.0
"""How long a start may take: on a busy machine the libraries alone have taken 15 s."""

GRACE_SECONDS = 15.0
"""What a stopped service gets beyond its drain and its longest request."""


class HostingError(PerennialError):
    """A version could not be started, or not take over."""


class Role(Value):
    """What a started version is for.

    Parameters
    ----------
    unit
        What of a request its events keep as the unit: `header x-user-id`; empty: nothing.
    shadow
        The number of the release it is the shadow of; 0: it is none. What a shadow answers is
        kept apart from what users were answered.
    """

    unit: str = ""
    shadow: int = 0


NO_ROLE = Role()


def start(
    built: Built,
    serving: Serving,
    project: str,
    *,
    folder: Path,
    state: Path,
    role: Role = NO_ROLE,
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
    sweep(project, state)
    name = f"{_prefix(project)}{built.bento.partition(':')[2]}-{int(time.time()):x}"
    place = Place(kind=built.kind, why=built.why, name=name, host=HOST, port=_free_port())
    begin = time.monotonic()
    if built.kind == "container":
        _start_container(place, built, serving, project, folder=folder, state=state, role=role)
    else:
        _start_process(place, built, serving, project, folder=folder, state=state, role=role)
    return place, time.monotonic() - begin


def environment(
    serving: Serving,
    project: str,
    *,
    manifest: str,
    folder: Path,
    state: Path,
    role: Role = NO_ROLE,
) -> dict[str, str]:
    """Give what a service is told in its environment."""
    told = {
        "PERENNIAL_MANIFEST": manifest,
        "PERENNIAL_EVENTS": str(events_folder(state, project, shadow=role.shadow)),
        "PERENNIAL_KEYS": str(key_file(serving, project, state=state)),
        "PERENNIAL_JWKS": str(token_keys(serving, folder) or ""),
        "PERENNIAL_MASK": mask_secret(serving, project, state=state, unit=role.unit) or "",
        "PERENNIAL_UNIT": role.unit,
        CLOCK: os.environ.get(CLOCK, ""),
        "BENTOML_HOME": str(state / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
        "OTEL_SDK_DISABLED": "true",
        "ORT_DISABLE_TELEMETRY": "1",
        "OMP_WAIT_POLICY": "passive",
    }
    return {name: value for name, value in told.items() if value}


def events_folder(state: Path, project: str, *, shadow: int = 0) -> Path:
    """Give the folder where the answers of a project are kept, or those of a release's shadow.

    Raises
    ------
    StackError
        If it cannot be made.
    """
    folder = private_folder(state / "events" / project, "The answers")
    return private_folder(folder / "shadow" / str(shadow), "The answers") if shadow else folder


def serve_command(folder: str, host: str, port: int) -> list[str]:
    """Give the command that serves a Bento."""
    return [sys.executable, "-m", "bentoml", "serve", folder, "--host", host, "--port", str(port)]


def stop_seconds(serving: Serving) -> float:
    """Say how long a service may take to end, before something is wrong with it."""
    return serving.drain.total_seconds() + serving.limits.seconds + GRACE_SECONDS


def _start_process(
    place: Place,
    built: Built,
    serving: Serving,
    project: str,
    *,
    folder: Path,
    state: Path,
    role: Role,
) -> None:
    log = state / "serving" / project / "logs" / f"{place.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    Supervisor(state).start(
        place.name,
        serve_command(built.folder, place.host, place.port),
        env=environment(
            serving, project, manifest=built.manifest, folder=folder, state=state, role=role
        ),
        folder=Path(built.folder),
        log=log,
        stop_seconds=stop_seconds(serving),
        is_ready=lambda: is_ready(place),
        ready_seconds=READY_SECONDS,
    )


def _start_container(
    place: Place,
    built: Built,
    serving: Serving,
    project: str,
    *,
    folder: Path,
    state: Path,
    role: Role,
) -> None:
    from adapters import images

    access = access_folder(state, project)
    events = events_folder(state, project, shadow=role.shadow)
    told = environment(
        serving, project, manifest=built.manifest, folder=folder, state=state, role=role
    )
    told["PERENNIAL_EVENTS"] = "/events"
    told["PERENNIAL_KEYS"] = f"/access/{Path(told['PERENNIAL_KEYS']).name}"
    if "PERENNIAL_JWKS" in told:
        shutil.copy(told["PERENNIAL_JWKS"], access / "jwks.json")
        told["PERENNIAL_JWKS"] = "/access/jwks.json"
    del told["BENTOML_HOME"]
    told.pop(CLOCK, None)  # a file of this machine; what is replayed runs as processes
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
    from adapters import images

    ends = time.monotonic() + READY_SECONDS
    while not is_ready(place):
        if not images.status(place.name).running or time.monotonic() > ends:
            said = images.logs(place.name)
            raise HostingError(f"The container {place.name} did not become ready. It said:\n{said}")
        time.sleep(0.1)


def is_ready(place: Place) -> bool:
    """Ask a service whether it takes requests."""
    import httpx

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
        from adapters import images

        images.stop(name, timeout=seconds)
    else:
        Supervisor(state).stop(name)


def sweep(project: str, state: Path) -> None:
    """Take away what runs and is in no plan: left by something that was broken off."""
    from adapters import images

    live, plan, prefix = read_live(state, project), current(state, project), _prefix(project)
    wanted = {target.name for target in plan.targets} if plan else set()
    wanted |= {live.name} if live else set()
    for process in Supervisor(state).status():
        if process.name.startswith(prefix) and process.name not in wanted:
            Supervisor(state).stop(process.name)
    with contextlib.suppress(images.NoEngine):  # then it holds no containers of ours either
        for name in images.started(prefix):
            if name not in wanted:
                images.stop(name, timeout=GRACE_SECONDS)


def is_running(live: Live, *, state: Path) -> bool:
    """Say whether something that was started is still kept running."""
    if live.kind == "container":
        from adapters import images  # Docker's library takes longer than all of a rollback

        return images.status(live.name).running
    return any(process.name == live.name for process in Supervisor(state).status())


def _prefix(project: str) -> str:
    """Begin the name of everything of a project; no project's name has a dot in it."""
    return f"{bento_name(project)}."


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
