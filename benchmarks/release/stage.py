"""A stage: the shop under continuous traffic, and what can be seen of it from outside."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from adapters.access import command
from adapters.records import Records
from adapters.routing import apply, current
from adapters.supervision import Supervisor
from benchmarks.measuring import ROOT
from benchmarks.release.heard import Heard, heard
from benchmarks.release.place import NAME, Done, Shop
from lifecycle.release.ledger import is_barred
from lifecycle.release.plan import Plan
from lifecycle.release.release import Movement, Release

GOOD = ("1", "2")
"""Versions that are as good as one another."""

PATIENCE = 240.0
"""Seconds for anything that is waited for; more means that it will not come."""


class Stage:
    """The shop while users ask."""

    def __init__(self, shop: Shop, rate: float) -> None:
        self.shop, self.rate, self.state = shop, rate, shop.state
        self.key = command.create(NAME, "users", ["predict", "read"], state=shop.state)[1]
        time.sleep(1.5)  # services that run notice a new key within a second
        self._file = shop.state.parent / "heard.csv"

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Let users ask until the block ends, and wait for their last answers."""
        users = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.release.asking", str(self.shop.port),
             str(self.rate), str(self._file), str(self.shop.rows)],
            cwd=ROOT, env={**os.environ, "KEY": self.key},
        )  # fmt: skip
        try:
            yield
        finally:
            users.terminate()
            users.wait(timeout=60)

    # -- what is seen

    def answers(self) -> list[Heard]:
        """Give all that users were answered so far."""
        return heard(self._file)

    def movements(self, since: float = 0.0) -> list[Movement]:
        """Give the movements that were done since a moment."""
        with Records.open(self.state) as records:
            found = records.movements(NAME)
        return [
            one for one in found
            if one.state == "done" and one.done_at and one.done_at.timestamp() >= since
        ]  # fmt: skip

    def release(self) -> Release | None:
        """Give the release that goes on."""
        with Records.open(self.state) as records:
            return records.open_one(NAME)

    def plan(self) -> Plan:
        """Give the plan the router goes by."""
        found = current(self.state, NAME)
        assert found is not None, "nothing is routed"
        return found

    def family(self, name: str) -> list[psutil.Process]:
        """Give a supervised process and all below it; empty while it does not run."""
        for process in Supervisor(self.state).status():
            if process.name == name and process.pid is not None:
                with suppress(psutil.NoSuchProcess):
                    parent = psutil.Process(process.pid)
                    return [parent, *parent.children(recursive=True)]
        return []

    def live(self) -> str:
        """Give the version that gets the most; of equals the champion."""
        plan = self.plan()
        name = max(reversed(plan.parts), key=lambda part: part.weight).target
        return plan.target(name).version

    def challenger(self) -> str:
        """Give the good version that is not live, let in again where it is barred."""
        version = next(one for one in GOOD if one != self.live())
        readmit(self.shop, version)
        return version

    def name_of(self, version: str) -> str:
        """Name the running instance of a version."""
        return next(one.name for one in self.plan().targets if one.version == version)

    # -- what is waited for

    def until(self, holds: Callable[[], bool], what: str) -> float:
        """Wait until something holds; give when it did."""
        ends = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > ends:
                raise SystemExit(f"Waited {PATIENCE:.0f} s in vain until {what}.")
            time.sleep(0.02)
        return time.time()

    def until_moved(
        self, kind: str, since: float, process: "subprocess.Popen[str] | None" = None
    ) -> Movement:
        """Wait for a movement of a kind; give it.

        Parameters
        ----------
        process
            The command that makes it: nothing is waited for where that has ended.
        """
        found: list[Movement] = []

        def holds() -> bool:
            time.sleep(0.1)
            ended = process if process is not None and process.poll() is not None else None
            found[:] = [one for one in self.movements(since) if one.kind == kind]
            if ended is not None and not found:
                raise SystemExit(f"No movement was made ({kind}):\n{ended.communicate()[0]}")
            return bool(found)

        self.until(holds, f"a movement is made: {kind}")
        return found[0]

    def until_over(self, process: "subprocess.Popen[str]") -> str:
        """Wait until a command has ended, and no release is open; give what it said."""
        output, _ = process.communicate(timeout=PATIENCE)
        self.until(lambda: self.release() is None, "the release is over")
        return output

    # -- what is done

    def kill(self, name: str) -> float:
        """Kill a supervised process and all below it with -9; give when."""
        for process in self.family(name):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        return time.time()

    def rollback(self) -> Done:
        """Roll back as a user does."""
        return self.shop.run("rollback", "--project", str(self.shop.folder))

    def rewrite(self, seconds: float) -> None:
        """Let the router read all its files anew: the same plan with another limit."""
        plan = self.plan()
        limits = plan.limits.model_copy(update={"seconds": seconds})
        apply(self.state, plan.model_copy(update={"limits": limits}))

    @contextmanager
    def slowed(self, name: str, *, stopped_s: float, running_s: float) -> Iterator[float]:
        """Let a version stall again and again until the block ends; give since when."""
        over = threading.Event()
        stalled = threading.Thread(target=self._stall, args=(name, stopped_s, running_s, over))
        stalled.start()
        try:
            yield time.time()
        finally:
            over.set()
            stalled.join()

    def _stall(self, name: str, stopped_s: float, running_s: float, over: threading.Event) -> None:
        family = self.family(name)
        while not over.is_set():
            _signal(family, signal.SIGSTOP)
            over.wait(stopped_s)
            _signal(family, signal.SIGCONT)
            if running_s:
                time.sleep(running_s)
        _signal(family, signal.SIGCONT)


def _signal(family: list[psutil.Process], number: signal.Signals) -> None:
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def readmit(shop: Shop, version: str) -> None:
    """Let a version be released again, where it is barred."""
    with Records.open(shop.state) as records:
        barred = is_barred(records.movements(NAME), version)
    if barred is not None:
        shop.run("readmit", "--project", str(shop.folder), "--version", version,
                 "--why", "The benchmark goes on.")  # fmt: skip


def prepared(folder: Path, port: int) -> Shop:
    """Train three versions, and deploy the first: two good ones, and one that is wrong.

    What lies there from an earlier run is not trained again.
    """
    is_there = (folder / "state").exists()
    shop = Shop(folder, port)
    if not is_there:
        shop.train(seed=1)
        shop.train(seed=2)
        shop.train(seed=3, is_reversed=True)
    readmit(shop, "1")
    shop.run("--pipeline", "deployment", "--project", str(shop.folder), "--version", "1")
    return shop
