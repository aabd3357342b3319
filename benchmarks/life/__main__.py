"""A year of flights in minutes.

Trained on January to March, deployed, and then asked about every flight of April to December on
its day, through the service; labels are told the morning after, a tenth of them days later. At
the end of each month monitoring runs, then retraining, which decides by itself. Beside it, in a
process of its own, a model is trained every month and taken whatever it is. At the end: what the
three ways were worth, as a table and a picture.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.life.measuring import METRICS, of_candidate, of_served
from benchmarks.life.picture import draw
from benchmarks.life.place import (
    FIRST_MONTH,
    LAST_MONTH,
    MORNING,
    ROOT,
    enter,
    flights,
    month,
    set_clock,
)

SECONDS = 12
"""Of search in each training."""


def main() -> None:
    """Live it, and tell."""
    options = _options()
    state, began = options.state, time.monotonic()
    shutil.rmtree(state, ignore_errors=True)
    enter(state)
    scheduled = _start_scheduled(state / "scheduled", options.seconds)
    try:
        life = Life(state, options.seconds)
        life.begin()
        for number in range(FIRST_MONTH, LAST_MONTH + 1):
            life.live(number)
        figures = {**life.figures(), "scheduled": _read(scheduled)}
    finally:
        scheduled.terminate()
        subprocess.run([sys.executable, str(ROOT / "run.py"), "stop", "--all"], check=False)
    _tell(figures, life.took_over)
    picture = ROOT / "docs" / "images" / "life.png" if options.keep else state / "life.png"
    draw(figures, sorted(life.took_over), picture)
    print(f"\n  picture   {picture}")
    print(f"  pages     {state / 'reports' / 'flights' / 'monitoring' / 'index.html'}")
    print(f"  seconds   {time.monotonic() - began:.0f}")


class Life:
    """One model's year, from its training to whatever answers in December."""

    def __init__(self, state: Path, seconds: int) -> None:
        self._state, self._seconds = state, seconds
        self._everything = flights(month(LAST_MONTH + 1), seconds=seconds)
        self.took_over: dict[int, str] = {}

    def begin(self) -> None:
        """Train on January to March, and deploy."""
        from pipelines.deploying import run as deploy
        from pipelines.running import run as train

        set_clock(self._state, month(FIRST_MONTH))
        first = flights(month(FIRST_MONTH), seconds=self._seconds)
        ending = train("training", first, stack="local", root=ROOT)
        deployed = deploy(first, version=None, stack="local", root=ROOT, by="life")
        if deployed.url is None:
            raise RuntimeError(f"The first version is not live: {ending.story.blocking}")
        from benchmarks.life.replay import Replay

        self._replay = Replay(self._everything, state=self._state, url=deployed.url)

    def live(self, number: int) -> None:
        """Ask about a month's flights, look at it, and retrain where that is due."""
        from pipelines.reviewing import monitor
        from pipelines.succeeding import deploy_won
        from pipelines.succeeding import run as retrain

        print(f"\n{month(number):%B}", flush=True)
        self._replay.play(month(number), month(number + 1))
        print(f"  replay    {self._replay.asked:,} asked, {self._replay.told:,} labels told so far")
        set_clock(self._state, month(number + 1) + MORNING)
        monitor(self._everything, stack="local", root=ROOT)
        decision, _ = retrain(self._everything, stack="local", root=ROOT)
        decision = deploy_won(self._everything, decision, stack="local", root=ROOT)
        print(f"  decision  {decision.told}")
        if decision.is_due:
            print(f"  ending    {decision.ending}, version {decision.version}")
        if decision.ending == "approved" and decision.version:
            self.took_over[number + 1] = decision.version

    def figures(self) -> dict[str, dict[int, dict[str, Any]]]:
        """Measure what was answered, and what the first version would have answered."""
        from adapters import registry
        from adapters.labelling.contracts import contract_for

        project, label = self._everything.project, self._everything.project.data.label.column
        contract = contract_for(project.name, "1", project)
        first = registry.candidate_of(project.name, "1")
        frozen, policy = {}, {}
        for number in range(FIRST_MONTH, LAST_MONTH + 1):
            rows = self._replay.between(month(number), month(number + 1))
            frozen[number] = of_candidate(first, rows, label)
            events, late = self._state / "events" / project.name, month(number + 2)
            policy[number] = of_served(events, contract, number, as_of=late)
        return {"frozen": frozen, "policy": policy}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, default=ROOT / "var" / "life")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of search in each training")
    parser.add_argument("--keep", action="store_true", help="keep the picture for the docs")
    return parser.parse_args()


def _start_scheduled(state: Path, seconds: int) -> "subprocess.Popen[bytes]":
    state.mkdir(parents=True)
    with (state / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.life.scheduled", str(state), str(seconds)],
            cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=os.environ,
        )  # fmt: skip


def _read(scheduled: "subprocess.Popen[bytes]") -> dict[int, dict[str, float]]:
    """Wait for what is trained by the calendar, and read its lines of JSON."""
    status = scheduled.wait()
    log = Path(str(scheduled.args[-2])) / "log"  # type: ignore[index]
    lines = log.read_text().splitlines()
    if status:
        raise RuntimeError("What is trained by the calendar ended:\n" + "\n".join(lines[-20:]))
    found = [json.loads(line) for line in lines if line.startswith('{"month"')]
    return {one.pop("month"): one for one in found}


def _tell(figures: dict[str, dict[int, dict[str, Any]]], took_over: dict[int, str]) -> None:
    ways = ("frozen", "scheduled", "policy")
    print("\nWhat retraining was worth: ROC AUC and log loss by month")
    print(f"  {'':<5}" + "".join(f"{way:>19}" for way in ways) + "   answered by")
    for number in figures["frozen"]:
        cells = "".join(
            "{:>11.3f}{:>8.4f}".format(*(figures[way][number][metric] for metric in METRICS))
            for way in ways
        )
        version = figures["policy"][number]["version"]
        mark = ", took over" if number in took_over else ""
        print(f"  {month(number):%b}  {cells}   version {version}{mark}")
    means = "".join(
        "{:>11.3f}{:>8.4f}".format(
            *(
                sum(each[metric] for each in figures[way].values()) / len(figures[way])
                for metric in METRICS
            )
        )
        for way in ways
    )
    print(f"  mean {means}")


if __name__ == "__main__":
    main()
