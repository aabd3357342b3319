"""Looks at everything that is deployed, as it is right now."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

from adapters import images
from adapters.routing import current
from adapters.supervision.record import every_live, read_instance
from adapters.supervision.supervisor import Process, Supervisor
from lifecycle.release.plan import WHOLE, Plan
from lifecycle.serving.live import Live
from lifecycle.serving.standing import Standing


def survey(state: Path) -> tuple[Standing, ...]:
    """Say of every deployed version whether it answers, and what part of the requests it gets.

    What is live is asked where requests come in; what runs beside it, where it listens itself.
    """
    processes = {process.name: process for process in Supervisor(state).status()}
    found = []
    for live in every_live(state):
        plan = current(state, live.project)
        beside = [*_beside(live, plan, state)]
        gets = gets_of(live.name, plan) if plan and beside else ""
        found.append(_look(live, live.url, processes.get(live.name), gets))
        for other in beside:
            url = f"http://{other.host}:{other.port}"
            gets = gets_of(other.name, plan) if plan else ""
            found.append(_look(other, url, processes.get(other.name), gets))
    return tuple(found)


def gets_of(name: str, plan: Plan) -> str:
    """Say which part of the requests a target of a plan gets."""
    if plan.mirror is not None and plan.mirror.target == name:
        return f"a copy of {100 * plan.mirror.weight / WHOLE:.4g} % of the requests"
    weight = plan.weights.get(name, 0)
    return f"{100 * weight / WHOLE:.4g} % of the requests" if weight else "stands by"


def _beside(live: Live, plan: Plan | None, state: Path) -> Iterator[Live]:
    """Find what runs beside what is live."""
    for target in plan.targets if plan else ():
        if target.name != live.name:
            found = read_instance(state, live.project, target.name)
            if found is not None:
                yield found


def _look(live: Live, url: str, process: Process | None, gets: str) -> Standing:
    told, is_ready, faults = _ask(url)
    return Standing(
        project=live.project,
        version=live.version,
        kind=live.kind,
        state=told,
        is_ready=is_ready,
        url=url,
        started=live.started,
        pid=process.pid if process else None,
        memory=_memory(process.pid) if process and process.pid else "",
        remarks=(*faults, *_remarks(live, process, is_ready=is_ready)),
        gets=gets,
    )


def _ask(url: str) -> tuple[str, bool, tuple[str, ...]]:
    """Give how a service is, whether it takes requests, and by its own words why not."""
    try:
        answer = httpx.get(f"{url}/readyz", timeout=3)
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
            often = "once" if process.restarts == 1 else f"{process.restarts} times"
            yield f"it died and was begun again {often}; its log: {process.log}"


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
