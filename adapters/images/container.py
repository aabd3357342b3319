"""A container of an image: started, watched, ended."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from adapters.images.engine import ImageError, Missing, asking, connected
from lifecycle.section import Value

PORT = "3000/tcp"
USER = 10_001
"""Who serves inside, unless the caller is an ordinary user, who then does."""

KILLED = 137

PROCESSES = 1_024
"""Most processes and threads inside: several times what 64 workers have."""

OURS = "perennial=serving"
"""The label of every container that is started here."""


class Container(Value):
    """A container that was started; whether what is in it answers is another question."""

    id: str
    name: str
    url: str


class State(Value):
    """How a container is.

    Parameters
    ----------
    running
        `False` where it ended, waits for its next start, or was never there.
    health
        What its own check says; `none` where it is not running.
    restarts
        How often it was started again after it had died.
    image
        The image's id.
    pid
        Of its first process, as the machine counts; `None` where it is not running.
    """

    running: bool
    health: Literal["healthy", "starting", "unhealthy", "none"] = "none"
    exit_code: int | None = None
    restarts: int = 0
    started: str | None = None
    image: str | None = None
    url: str | None = None
    pid: int | None = None


def start(
    image: str,
    *,
    name: str,
    host: str,
    port: int,
    events: Path,
    access: Path | None = None,
    env: Mapping[str, str] | None = None,
    memory: str = "1g",
    cpus: float | None = None,
) -> Container:
    """Start a container that can write to nothing but `/events` and a `/tmp` in memory.

    It is started again when it dies, and when the engine is, until it is stopped.

    Parameters
    ----------
    host, port
        Where it is reached on this machine; port 0 takes any that is free.
    events
        The folder for events: `/events` inside. An ordinary user's container runs as that
        user, root's as the owner of this folder; if that is root too, as the image's own user.
        What in it belongs to root is handed to whoever serves.
    access
        The folder with keys: `/access` inside, read-only. It is handed over likewise.
    memory
        Most it may use, as Docker writes it.

    Raises
    ------
    NoEngine
        If no Docker engine answers.
    ImageError
        If the image is not there, the name or the port is taken, or Docker refuses.
    """
    events.mkdir(parents=True, exist_ok=True)
    uid, gid = _user(events, access)
    volumes = {str(events.resolve()): {"bind": "/events", "mode": "rw"}}
    if access is not None:
        volumes[str(access.resolve())] = {"bind": "/access", "mode": "ro"}
    with connected(seconds=60) as client:
        _require_free(client, name)
        with asking(f"start {name} from {image} on {host}:{port}"):
            container = client.containers.create(
                image,
                name=name,
                user=f"{uid}:{gid}",
                ports={PORT: (host, port or None)},
                volumes=volumes,
                environment=dict(env or {}),
                mem_limit=memory,
                nano_cpus=int(cpus * 1e9) if cpus else None,
                **_GUARDED,
            )
        _launch(container, f"start {name} on {host}:{port}")
        return Container(id=container.id, name=name, url=_url(container) or "")


_GUARDED: dict[str, Any] = {
    "read_only": True,
    "tmpfs": {"/tmp": "size=64m,mode=1777,nosuid,nodev,noexec"},
    "ipc_mode": "none",  # or else /dev/shm could be written to
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "pids_limit": PROCESSES,
    "restart_policy": {"Name": "unless-stopped"},
    "log_config": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
    "labels": dict([OURS.split("=")]),
}


def _launch(container: Any, what: str) -> None:
    """Start what was created, and leave nothing behind where that fails."""
    try:
        with asking(what):
            container.start()
            container.reload()
    except ImageError:
        container.remove(force=True)
        raise


def _require_free(client: Any, name: str) -> None:
    with asking(f"look for a container named {name}"):
        try:
            found = client.containers.get(name)
        except Missing:
            return
    raise ImageError(
        f"There is a container {name} already, {found.status}, of image {found.image.short_id}.\n"
        f"  Stop it first (`docker rm --force {name}`), or take another name."
    )


def _user(events: Path, access: Path | None) -> tuple[int, int]:
    """Choose who serves, and let that user write to the one folder and read the other."""
    caller = _caller()
    if caller[0] != 0:
        return caller
    found = events.stat()
    user = (found.st_uid, found.st_gid) if found.st_uid else (USER, USER)
    for folder in filter(None, (events, access)):
        for path in (folder, *folder.rglob("*")):
            if path.lstat().st_uid == 0:
                os.chown(path, *user, follow_symlinks=False)
    return user


def _caller() -> tuple[int, int]:
    return os.geteuid(), os.getegid()


def _url(container: Any) -> str | None:
    published = container.attrs["NetworkSettings"]["Ports"].get(PORT)
    if not published:
        return None
    host = published[0]["HostIp"]
    return f"http://{'127.0.0.1' if host in ('', '0.0.0.0') else host}:{published[0]['HostPort']}"


def stop(name: str, *, timeout: float) -> int | None:
    """Ask a container to end, wait, and remove it; give the code it ended with.

    0 and 143 are a graceful end; `KILLED` says that it did not end within `timeout` seconds,
    and that requests may have been lost. None: there was none.

    Raises
    ------
    NoEngine
        If no Docker engine answers.
    ImageError
        If Docker refuses.
    """
    with connected(seconds=int(timeout) + 30) as client, asking(f"stop {name}"):
        try:
            container = client.containers.get(name)
        except Missing:
            return None
        container.stop(timeout=max(1, round(timeout)))
        container.reload()
        code = int(container.attrs["State"]["ExitCode"])
        container.remove()
        return code


def status(name: str) -> State:
    """Say how a container is; one that is not there is not running.

    Raises
    ------
    NoEngine
        If no Docker engine answers.
    """
    with connected() as client, asking(f"look at {name}"):
        try:
            container = client.containers.get(name)
        except Missing:
            return State(running=False)
        return _state(container)


def _state(container: Any) -> State:
    told = container.attrs["State"]
    running = told["Status"] == "running"
    return State(
        running=running,
        health=told.get("Health", {}).get("Status", "none") if running else "none",
        exit_code=None if running else told["ExitCode"],
        restarts=container.attrs["RestartCount"],
        started=told["StartedAt"],
        image=container.image.id,
        url=_url(container),
        pid=told["Pid"] or None,
    )


def started(prefix: str) -> tuple[str, ...]:
    """List the containers that were started here and not stopped, by how their names begin.

    Raises
    ------
    NoEngine
        If no Docker engine answers.
    """
    with connected() as client, asking("list its containers"):
        found = client.containers.list(all=True, filters={"label": OURS}, ignore_removed=True)
        return tuple(sorted(each.name for each in found if each.name.startswith(prefix)))


def logs(name: str, *, lines: int = 50) -> str:
    """Give the last lines a container wrote.

    Raises
    ------
    NoEngine
        If no Docker engine answers.
    ImageError
        If there is no such container.
    """
    with connected() as client, asking(f"read what {name} wrote"):
        return str(client.containers.get(name).logs(tail=lines).decode(errors="replace"))
