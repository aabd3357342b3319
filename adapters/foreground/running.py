"""Runs built versions with a router before them, for as long as a command lives."""

import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adapters.bentos import Bento, bento_name
from adapters.declaration import LoadedProject
from adapters.foreground.ground import Ground, watched
from adapters.hosting import (
    HOST,
    READY_SECONDS,
    environment,
    is_ready,
    serve_command,
    stop_seconds,
)
from adapters.releasing.entrance import entrance_of
from adapters.routing import apply
from adapters.supervision import Supervisor
from lifecycle.release.declaration import Unit
from lifecycle.release.plan import WHOLE, Part, Plan, Sticky, Target
from lifecycle.section import Value
from lifecycle.serving.deployment import Place

LOOK_SECONDS = 1.0

ASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""By these a person, a supervisor and a closed terminal ask a command to end."""


class Chosen(Value):
    """A built version, and its part of the requests in ten-thousandths."""

    version: str
    weight: int
    bento: Bento


def run(
    loaded: LoadedProject, chosen: Sequence[Chosen], *, ground: Ground, root: Path, state: Path
) -> None:
    """Start what was built, put a router before it, and keep both until the command is to end.

    Parameters
    ----------
    state
        The state folder, where answers and keys are.
    """
    with _ended_by_signals(), watched(ground, root=root):
        try:
            _say(f"Starting {_listed(chosen)} ...")
            targets = [_start(loaded, one, ground=ground, state=state) for one in chosen]
            plan = plan_of(loaded, chosen, targets)
            apply(ground.folder, plan, drain_seconds=ground.drain_seconds)
            _tell(plan, ground)
            _keep(ground)
        except KeyboardInterrupt:
            _ignore_signals()
            _say("\nEnding ...")
            unfinished = ground.end()
            _say("Ended." if not unfinished else f"Ended; {unfinished} requests took too long.")


def plan_of(loaded: LoadedProject, chosen: Sequence[Chosen], targets: Sequence[Target]) -> Plan:
    """Plan who gets which part; where one cannot answer, the one with the largest part does."""
    by_size = [one.version for one in sorted(chosen, key=lambda one: -one.weight)]
    names = {target.version: target.name for target in targets}
    spared = tuple(
        target.model_copy(
            update={"spare": next((names[v] for v in by_size if v != target.version), None)}
        )
        for target in targets
    )
    entrance = entrance_of(loaded.project.serving, loaded.project.name, folder=loaded.folder)
    parts = tuple(Part(target=names[one.version], weight=one.weight) for one in chosen)
    sticky = None
    if len(chosen) > 1 and loaded.project.release.unit is not None:
        sticky = _sticky(loaded.project.release.unit, loaded.project.name, names[by_size[0]])
    return entrance.plan(*spared, parts=parts).model_copy(update={"sticky": sticky})


def _sticky(unit: Unit, project: str, largest: str) -> Sticky:
    salt = f"{project}-foreground"
    if unit.header is not None:
        return Sticky(kind="header", name=unit.header, salt=salt, without=largest)
    if unit.cookie is not None:
        return Sticky(kind="cookie", name=unit.cookie, salt=salt, without=largest)
    return Sticky(kind="claim", name=unit.claim or "", salt=salt, without=largest)


def _start(loaded: LoadedProject, one: Chosen, *, ground: Ground, state: Path) -> Target:
    serving, project = loaded.project.serving, loaded.project.name
    name, folder = f"{bento_name(project)}.{one.version}", Path(one.bento.folder)
    place = Place(kind="process", why="in the foreground", name=name, host=HOST, port=_free_port())
    told = environment(
        serving, project, manifest=one.bento.manifest, folder=loaded.folder, state=state
    )
    Supervisor(ground.folder).start(
        name,
        serve_command(str(folder), place.host, place.port),
        env=told,
        folder=folder,
        log=ground.log(one.version),
        stop_seconds=stop_seconds(serving),
        is_ready=lambda: is_ready(place),
        ready_seconds=READY_SECONDS,
    )
    return Target(name=name, version=one.version, host=place.host, port=place.port)


def _tell(plan: Plan, ground: Ground) -> None:
    weights = plan.weights
    _say(f"{plan.project} at http://{plan.host}:{plan.port} (Ctrl-C ends it)")
    for target in plan.targets:
        _say(
            f"  version {target.version} gets {weights[target.name] / WHOLE:.2%}, and alone "
            f"answers at http://{target.host}:{target.port}; its log: {ground.log(target.version)}"
        )


def _keep(ground: Ground) -> None:
    """Watch over what runs, and tell what died, until the command is asked to end."""
    supervisor = Supervisor(ground.folder)
    begun = {process.name: process.restarts for process in supervisor.status()}
    while True:
        time.sleep(LOOK_SECONDS)
        found = supervisor.status()
        if any(process.state in ("orphaned", "stopped") for process in found):
            found = supervisor.resume()
        for process in found:
            if process.restarts > begun.get(process.name, 0):
                _say(f"{process.name} died and was begun again; its log: {process.log}")
                begun[process.name] = process.restarts


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Take every way of being asked to end for Ctrl-C."""
    before = {number: signal.getsignal(number) for number in ASKED}
    for number in ASKED:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """Being asked to end twice is being asked once."""
    for number in ASKED:
        signal.signal(number, signal.SIG_IGN)


def _listed(chosen: Sequence[Chosen]) -> str:
    return " and ".join(f"version {one.version}" for one in chosen)


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
