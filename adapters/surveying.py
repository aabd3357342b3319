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
    told, is_ready = _ask(live)
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
        remarks=tuple(_remarks(live, process)),
    )


def _ask(live: Live) -> tuple[str, bool]:
    try:
        answer = httpx.get(f"{live.url}/readyz", timeout=3)
    except httpx.HTTPError:
        return "unreachable", False
    if answer.status_code == 200:
        return "ready", True
    return f"not ready ({answer.status_code})", False


def _remarks(live: Live, process: Process | None) -> Iterator[str]:
    if live.kind == "container":
        yield from _of_container(live)
    elif process is None:
        yield "its process is gone; deploy it again"
    else:
        if process.state in ("stopped", "orphaned"):
            yield f"its process is {process.state}: python run.py resume begins it again"
        elif process.state != "running":
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
