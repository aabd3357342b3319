"""What releases are tested on: small real targets with the records a deployment leaves of them."""

import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.clock import now
from adapters.hosting import sweep
from adapters.records import Records
from adapters.releasing.entrance import target_of
from adapters.releasing.moving import move, with_idle
from adapters.routing import current, withdraw
from adapters.supervision.record import read_live, write_instance
from lifecycle.project.project import Project
from lifecycle.release.declaration import Releasing
from lifecycle.release.plan import Plan, Target
from lifecycle.release.planning import Entrance, plan_of, steady
from lifecycle.release.release import Movement, Release
from lifecycle.serving.live import Live
from tests.adapters.routing import conftest as routing
from tests.adapters.routing.asking import ask_all
from tests.servers.process import LOOPBACK, accepts, free_port

PROJECT = "stall"
TELLING = Path(__file__).with_name("telling.py")


@dataclass
class Names:
    """What a registry keeps of champion and challenger, in a file that several processes share."""

    file: Path

    def crown(self, project: str, number: str) -> None:
        """Make a version the champion."""
        found = self.found
        found["champion"] = number
        if found.get("challenger") == number:
            del found["challenger"]
        self._write(found)

    def set_aside(self, project: str, number: str) -> bool:
        """Take the name of challenger from a version."""
        found = self.found
        was = found.get("challenger") == number
        if was:
            del found["challenger"]
        self._write(found)
        return was

    @property
    def found(self) -> dict[str, str]:
        """The aliases as they are now."""
        with suppress(FileNotFoundError):
            return json.loads(self.file.read_text())
        return {}

    def are(self, **aliases: str) -> None:
        """Let the aliases be these."""
        self._write(aliases)

    def _write(self, found: dict[str, str]) -> None:
        self.file.write_text(json.dumps(found))


@dataclass
class House(routing.House):
    """A project with a public port, a ledger, and versions that are called by their number."""

    @property
    def names(self) -> Names:
        return Names(self.state / "aliases.json")

    @property
    def entrance(self) -> Entrance:
        return Entrance(project=PROJECT, host=LOOPBACK, port=self.port)

    @property
    def records(self) -> Records:
        """Open the ledger; whoever opens it closes it, before anybody forks."""
        return Records.open(self.state)

    def _start(self, name: str) -> Target:
        port = free_port()
        self.supervisor.start(
            name,
            [sys.executable, "-I", str(TELLING), name, str(port)],
            env={},
            folder=self.state,
            log=self.state / "logs" / f"{name}.log",
            stop_seconds=5,
            is_ready=lambda: accepts(port),
        )
        return Target(name=name, version=name.partition(".")[2], host=LOOPBACK, port=port)

    def version(self, number: str) -> Live:
        """Give what runs of a version, and start it where it does not."""
        name = f"{PROJECT}.{number}"
        if name in self.started and self.pid(name) is None:
            del self.started[name]
        target = self.target(name)
        live = Live(
            project=PROJECT, version=number, kind="process", name=name, host=target.host,
            port=target.port, public_host=LOOPBACK, public_port=self.port, manifest="m",
            bento=f"{PROJECT}:{number}", started="2026-01-01T00:00:00+00:00",
            folder=str(self.state),
        )  # fmt: skip
        write_instance(self.state, live)
        return live

    def restart(self, live: Live) -> Live:
        """Start a version again, as what is given to a rollback does."""
        sweep(PROJECT, self.state)
        return self.version(live.version)

    def pid(self, name: str) -> int | None:
        return {one.name: one.pid for one in self.supervisor.status()}.get(name)

    def forget(self) -> None:
        """Let nothing be known of what happened so far; the router goes on by its last plan."""
        for file in (*self.state.glob("records.db*"), self.names.file):
            file.unlink(missing_ok=True)

    def empty(self) -> None:
        """Let nothing answer and nothing be known; targets go on running."""
        withdraw(self.state, PROJECT, drain_seconds=0)
        self.forget()
        (self.state / "serving" / PROJECT / "live.json").unlink(missing_ok=True)

    def deploy(self, number: str) -> Live:
        """Send everything to a version."""
        live = self.version(number)
        self.make(self.deployment(live))
        self.names.are(champion=number)
        return live

    def make(self, movement: Movement, **more: Any) -> Movement:
        """Make a move."""
        with self.records as records:
            return move(movement, records=records, state=self.state, **more)

    def deployment(self, live: Live) -> Movement:
        plan = steady(self.entrance, target_of(live))
        return Movement(
            project=PROJECT, kind="deploy", version=live.version, at=now(), by="ann",
            after=with_idle(plan, current(self.state, PROJECT)), main=live.name,
        )  # fmt: skip

    def open(self, champion: str, challenger: str, **policy: Any) -> Release:
        """Open a release whose challenger runs, and move nothing yet."""
        told = Releasing.model_validate(policy)
        moment = now()
        self.names.are(champion=champion, challenger=challenger)
        with self.records as records:
            return records.open_release(
                Release(
                    project=PROJECT,
                    strategy=told.strategy,
                    champion=champion,
                    challenger=challenger,
                    by="ann",
                    policy=told,
                    began=moment,
                    stepped=moment,
                )
            )

    def begin(self, champion: str, challenger: str, **policy: Any) -> Release:
        """Begin a release: open it, and make its first move."""
        from adapters.releasing.beginning import begin

        opened = self.open(champion, challenger, **policy)
        with self.records as records:
            return begin(
                opened, self.entrance, champion=self.version(champion),
                challenger=self.version(challenger), verdicts=opened.verdicts, records=records,
                state=self.state, registry=self.names,
            )  # fmt: skip

    def step(self, release: Release, **changes: Any) -> Movement:
        """Describe the move that brings a release on."""
        champion, challenger = self.version(release.champion), self.version(release.challenger)
        then = release.model_copy(
            update={"champion_name": champion.name, "challenger_name": challenger.name,
                    "stepped": now(), **changes}
        )  # fmt: skip
        plan = plan_of(
            then, self.entrance, champion=target_of(champion), challenger=target_of(challenger)
        )
        kind = "promote" if then.state == "keeping" else "advance" if then.step else "begin"
        return Movement(
            project=PROJECT, release=release.number, kind=kind, version=release.challenger,
            at=now(), by="policy", after=with_idle(plan, current(self.state, PROJECT)),
            main=(challenger if then.state == "keeping" else champion).name, then=then,
        )  # fmt: skip

    def take_back(self, by: str = "ann", why: str = "it was wrong") -> Movement:
        """Roll back by hand, without what follows from it."""
        from adapters.releasing.undoing import roll_back

        with self.records as records:
            return roll_back(
                PROJECT, by=by, why=why, records=records, state=self.state, restart=self.restart
            )

    @property
    def the_time(self) -> datetime:
        return now()

    def answering(self, times: int = 60) -> Counter[str]:
        """Ask at the public port, and count who answers; by status where it is not 200."""
        try:
            told = ask_all(self.port, [{}] * times, connections=4)
        except OSError:
            return Counter({"nobody": times})
        return Counter(
            one.name.removeprefix(f"{PROJECT}.") if one.status == 200 else str(one.status)
            for one in told
        )

    @property
    def live(self) -> str | None:
        """The version users fall back on, by its record."""
        found = read_live(self.state, PROJECT)
        return None if found is None else found.version

    @property
    def plan_in_force(self) -> Plan | None:
        return current(self.state, PROJECT)

    def the_release(self, number: int = 1) -> Release:
        with self.records as records:
            found = records.release(number)
        assert found is not None
        return found

    def movements(self) -> list[tuple[str, str, str]]:
        """Give kind, version and state of all movements."""
        with self.records as records:
            return [(one.kind, one.version, one.state) for one in records.movements(PROJECT)]


def a_project(house: House) -> Project:
    """Declare the project whose requests come to a house."""
    return Project.model_validate(
        {
            "name": PROJECT,
            "about": {"question": "?", "decision": "None.", "owner": "us"},
            "data": {
                "tables": {"t": "t.csv"},
                "key": ["x"],
                "label": {"column": "y", "task": "binary"},
            },
            "serving": {"port": house.port, "access": {"anonymous": True}},
        }
    )


def dies(do: Callable[[], object], *, at: Callable[[], None]) -> bool:
    """Do something in a child process that is killed at a point; give whether it came there.

    Nobody may hold the ledger open here: a database does not survive being forked.
    """
    _, status = os.waitpid(begun(lambda: (at(), do())), 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def in_child(do: Callable[[], object]) -> Callable[[], object]:
    """Begin something in a child process; what is given waits for it and tells what it raised."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        told = ""
        try:
            told = f"did {do() or ''}"
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        finally:
            os.write(writing, told.encode()[:60_000])
            os._exit(0)
    os.close(writing)

    def wait() -> str:
        with os.fdopen(reading, "rb") as told:
            found = told.read().decode()
        os.waitpid(child, 0)
        return found

    return wait


def begun(do: Callable[[], object]) -> int:
    """Begin something in a child process, and give its id; whoever begins it waits for it."""
    child = os.fork()
    if not child:
        try:
            do()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(0)
    return child


def killing(owner: Any, name: str, *, when: str = "before", nth: int = 1) -> Callable[[], None]:
    """Give what makes this process kill itself before, or after, the nth call of a function."""

    def prepare() -> None:
        real, calls = getattr(owner, name), Counter[str]()

        def fatal(*positional: Any, **named: Any) -> Any:
            calls[name] += 1
            if when == "before" and calls[name] == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            found = real(*positional, **named)
            if when == "after" and calls[name] == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        setattr(owner, name, fatal)

    return prepare


@contextmanager
def asked(house: House, *, pause: float = 0.0) -> Iterator[Counter[str]]:
    """Ask without a pause, in a process of its own; count who answered once that is over."""
    over, seen = house.state / "over", Counter[str]()
    over.unlink(missing_ok=True)

    def ask() -> str:
        found = Counter[str]()
        while not over.exists():
            found.update(house.answering(20))
            time.sleep(pause)
        return json.dumps(found)

    told = in_child(ask)
    try:
        yield seen
    finally:
        over.touch()
        seen.update(json.loads(told().removeprefix("did ")))


def wait_until(holds: Callable[[], Any], seconds: float = 20.0, what: str = "") -> Any:
    """Wait until something holds, and give it."""
    ends = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < ends, what or "it did not come"
        time.sleep(0.05)
    return found
