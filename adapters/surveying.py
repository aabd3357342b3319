"""Looks at everything that is deployed, as it is right now."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

from adapters import images
from adapters.supervision.record import every_live
from adapters.supervision.supervisor import Process, Supervisor
from lifecycle.serving.live import Live
from lifecycle.serving.standing import Standing


def survey(state: Path) -> tuple[Standing, ...]:
    """Say of every deployed version whether it answers where requests come in."""
    processes = {process.name: process for process in Supervisor(state).status()}
    return tuple(_look(live, processes.get(live.name)) for live in every_live(state))


def _look(live: Live, process: Process | None) -> Standing:
    told, is_ready, faults = _ask(live)
    return Standing(
        project=live.project,
        version=live.version,
        kind=live.kind,
        state=told,
        is_ready=is_ready,
        url=live.url,
        started=live.started,
        pid=process.pid if process else None,
        memory=_memory(process.pid) if process and process.pid else "",
        remarks=(*faults, *_remarks(live, process, is_ready=is_ready)),
    )


def _ask(live: Live) -> tuple[str, bool, tuple[str, ...]]:
    """Give how a service is, whether it takes requests, and by its own words why not."""
    try:
        answer = httpx.get(f"{live.url}/readyz", timeout=3)
    except httpx.HTTPError:
        return "unreachable", False, ()
    if answer.status_code == 200:
        return "ready", True, ()
    try:
        faults = tuple(map(str, answer.json()["faults"].values()))
    except (ValueError, KeyError, TypeError, AttributeError):  # not the service: who routes to it
        faults = ()
    return f"not ready ({answer.status_code})", False, faults


def _remarks(live: Live, process: Process | None, *, is_ready: bool) -> Iterator[str]:
    if live.kind == "container":
        yield from _of_container(live)
    elif process is None:
        yield "its process is gone; deploy it again"
    else:
        if process.state == "orphaned":
            yield "nothing would begin it again if it died: python run.py resume"
        elif process.state == "stopped":
            yield "its process is stopped: python run.py resume begins it again"
        elif process.state != "running" and not (process.state == "starting" and is_ready):
            yield f"its process is {process.state}; its log: {process.log}"
        if process.restarts:
            yield f"it died and was begun again {process.restarts} times; its log: {process.log}"


def _of_container(live: Live) -> Iterator[str]:
    try:
        found = images.status(live.name)
    except images.NoEngine as error:
        yield str(error).splitlines()[0]
        return
    if not found.running:
        yield f"its container {live.name} does not run (exit code {found.exit_code})"
    if found.restarts:
        yield f"its container {live.name} was started again {found.restarts} times"


def _memory(pid: int) -> str:
    try:
        parent = psutil.Process(pid)
        held = [one.memory_full_info().uss for one in (parent, *parent.children(recursive=True))]
    except psutil.Error:
        return ""
    return f"{sum(held) / 1e6:.0f} MB"
