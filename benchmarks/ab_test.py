"""How often an A/B test is wrong, how soon it is right, and what counting its units costs.

Simulated tests, looked at every day for 28 days, whose outcomes come late and more than once.
False alarms are tests of alike versions in which a difference is found at any look, beside the
test most people use, for one look (Welch), at the same looks. Then whole tests from plan to
decision, with the planned effect and with more and less of it; splits of units; and a log of
lines as the service writes them, counted at once and at the next looks.

python -m benchmarks.ab_test [--runs 4000] [--lines 3_000_000] [--units 300_000]
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import numpy as np

from adapters.releasing.units import figures
from lifecycle.release.declaration import Experiment, Releasing
from lifecycle.release.release import Design, Release
from lifecycle.release.testing.concluding import conclude
from lifecycle.release.testing.planning import design
from lifecycle.release.testing.sequential import best_clock, clock_of, difference
from lifecycle.release.testing.srm import mismatch_p_value
from tests.lifecycle.release.testing.worlds import Days, World, simulate

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ALPHA = 0.05
PART = 500
"""Tests that are simulated at once: so many fit into memory."""

WORLDS = {
    "conversions, 10 %": World(),
    "conversions, 1 %": World(share=0.01),
    "conversions, 0.2 %": World(share=0.002, units=500),
    "conversions, 50 %, late": World(units=60, share=0.5, delay=5.0),
    "orders, again and again": World(again=0.4, spread=1.0),
    "orders, heavy-tailed": World(share=0.05, again=0.4, spread=2.0),
    "few units, all outcomes late": World(units=60, within=21, delay=12.0, share=0.5),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=4_000)
    parser.add_argument("--lines", type=int, default=3_000_000)
    parser.add_argument("--units", type=int, default=300_000)
    given = parser.parse_args()
    false_alarms(given.runs)
    power(min(given.runs, 1_000))
    splits(given.runs)
    reading(given.lines, given.units)
    return 0


def false_alarms(runs: int) -> None:
    print(f"False alarms of {runs:,} tests without a difference, 28 daily looks, declared 5 %")
    print(f"{'':32}{'sequential':>12}{'one-look test':>15}{'one look':>10}")
    for name, world in WORLDS.items():
        ours, naive, last = [], [], []
        for days in _parts(world, runs):
            tuned = clock_of(*days.arms(0, -1), tuned=1.0) / best_clock(ALPHA)
            ours += [_finds(days, run, tuned) for run in range(len(days))]
            beyond = np.abs(_welch(days)) > 1.96
            naive += beyond.any(axis=1).tolist()
            last += beyond[:, -1].tolist()
        print(f"{name:32}{np.mean(ours):12.2%}{np.mean(naive):15.2%}{np.mean(last):10.2%}")


def _parts(world: World, runs: int) -> Iterator[Days]:
    for seed in range(-(-runs // PART)):
        yield simulate(world, min(PART, runs - seed * PART), seed=100 + seed)


def _finds(days: Days, run: int, tuned: float) -> bool:
    for day in range(days.units.shape[2]):
        arms = days.arms(run, day)
        found = difference(*arms, clock=clock_of(*arms, tuned=tuned), false_positives=ALPHA)
        if found is not None and found.p_value <= ALPHA:
            return True
    return False


def _welch(days: Days) -> np.ndarray:
    means = days.total / days.units
    spread = ((days.squares / days.units - means**2) / days.units).sum(axis=1)
    apart = means[:, 1] - means[:, 0]
    return np.divide(apart, np.sqrt(spread), out=np.zeros_like(apart), where=spread > 0)


def power(runs: int) -> None:
    world, effect = World(units=250, share=0.1), 0.03
    experiment = Experiment(
        metric={"name": "booked"}, effect=effect, baseline=world.share, most="60d"
    )
    plan = design(experiment, baseline=None, deviation=None, source="", units_a_day=500)
    print(
        f"\nWhole tests, {runs:,} each: effect {effect:.0%} on {world.share:.0%}, power "
        f"{plan.power:.0%}, {plan.units:,} units an arm, {plan.days} days planned"
    )
    print(f"{'true effect':>12}{'promoted':>10}{'lost':>8}{'no winner':>11}{'days, mean':>12}")
    for lift in (0.0, effect / 2, effect, 1.5 * effect, 2 * effect):
        days = simulate(world, runs, lift=lift, seed=9)
        ends = [_decision(days, run, plan, experiment) for run in range(runs)]
        kinds = np.array([kind for kind, _ in ends])
        shares = [np.mean(kinds == kind) for kind in ("won", "lost", "over")]
        print(
            f"{lift:12.1%}{shares[0]:10.1%}{shares[1]:8.1%}{shares[2]:11.1%}"
            f"{np.mean([day for _, day in ends]):12.1f}"
        )


def _decision(days: Days, run: int, plan: Design, experiment: Experiment) -> tuple[str, int]:
    last = days.units.shape[2]
    for day in range(last):
        found = conclude(
            days.figures(run, day), plan, experiment, began=BEGAN, now=BEGAN + day * DAY
        )
        if found is not None:
            is_lost = "The challenger is worse" in found.reason
            kind = "won" if found.action == "promote" else "lost" if is_lost else "over"
            return kind, day + 1
    return "open", last


def splits(runs: int) -> None:
    print(f"\nSample ratio, {runs:,} tests of 1,000 units a day, 28 daily looks, declared 0.1 %")
    print(f"{'split':>12}{'alarms':>9}{'units, median':>15}")
    generator = np.random.default_rng(7)
    for share in (0.5, 0.49, 0.48, 0.45, 0.3):
        arrived = generator.binomial(1_000, share, size=(runs, 28)).cumsum(axis=1)
        when = [_alarm(challenger) for challenger in arrived]
        found = [units for units in when if units]
        median = f"{np.median(found):15,.0f}" if found else f"{'none':>15}"
        print(f"{share:9.0%}:{1 - share:.0%}{len(found) / runs:8.2%}{median}")


def _alarm(challenger: np.ndarray) -> int:
    for day, one in enumerate(challenger.tolist(), start=1):
        if mismatch_p_value(1_000 * day - one, one) <= 0.001:
            return 1_000 * day
    return 0


def reading(lines: int, units: int) -> None:
    print(f"\n{lines:,} predictions and {lines // 20:,} outcomes of {units:,} units, counted")
    policy = Releasing(
        strategy="ab", unit={"header": "x-user-id"},
        test=Experiment(metric={"name": "booked"}, effect=0.01),
    )  # fmt: skip
    release = Release(
        number=7, project="p", strategy="ab", champion="3", challenger="4", by="benchmark",
        policy=policy, began=BEGAN, stepped=BEGAN,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        size = _write(state / "events" / "p", lines, units)
        _write_more = _more(state / "events" / "p")
        plain_s = _timed(lambda: _plain(state / "events" / "p"))
        first_s = _timed(lambda: figures(state, release, BEGAN + 60 * DAY))
        again = []
        for _ in range(5):
            _write_more()
            again.append(_timed(lambda: figures(state, release, BEGAN + 60 * DAY)))
    print(f"  log                                   {size / 1e6:10,.0f} MB")
    print(f"  its lines parsed by the json module   {plain_s:10.2f} s of CPU")
    print(f"  the first look                        {first_s:10.2f} s of CPU")
    print(f"  a look 100 lines later                {np.median(again):10.3f} s of CPU")


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _plain(folder: Path) -> int:
    found = 0
    for path in (folder / "predictions").iterdir():
        with path.open("rb") as file:
            found += sum(json.loads(line)["arm"] is not None for line in file)
    return found


_INPUTS = (
    '{"carrier":"UA","origin":"EWR","dest":"IAH","distance":1400,"dep":"2013-01-01T05:00:00Z",'
    '"temp":39.02,"wind":12.66,"visib":10.0}'
)


def _prediction(number: int, unit: str, odd: int, seconds: float) -> str:
    return (
        f'{{"event":"prediction","v":1,"id":"0198f0c2-{number:012d}","row":0,'
        f'"at":"{_time(seconds)}","version":"{3 + odd}","by":null,"inputs":{_INPUTS},'
        f'"score":0.123456,"decision":"no","unit":"{unit}",'
        f'"arm":"7:{"challenger" if odd else "champion"}"}}\n'
    )


def _time(seconds: float) -> str:
    moment = BEGAN + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def _write(folder: Path, lines: int, units: int) -> int:
    generator = np.random.default_rng(1)
    names = [blake2b(str(unit).encode(), digest_size=16).hexdigest() for unit in range(units)]
    (folder / "predictions").mkdir(parents=True)
    (folder / "outcomes").mkdir()
    files = 12
    for number in range(files):
        path = folder / "predictions" / f"202601{number + 1:02d}T000000.000000Z-h-1-0.jsonl"
        places = range(number * lines // files, (number + 1) * lines // files)
        with path.open("w") as out:
            for place, unit in zip(
                places, generator.integers(0, units, size=len(places)).tolist(), strict=True
            ):
                out.write(_prediction(place, names[unit], unit % 2, place * 28 * 86_400 / lines))
    told = lines // 20
    with (folder / "outcomes" / "20260101T000000.000000Z-h-1-0.jsonl").open("w") as out:
        for place, unit in enumerate(generator.integers(0, units, size=told).tolist()):
            out.write(
                f'{{"event":"outcome","v":1,"name":"booked","unit":"{names[unit]}","request":null,'
                f'"value":1.0,"id":"o{place}","happened":null,'
                f'"at":"{_time(place * 28 * 86_400 / told)}","by":null,"sent":"s"}}\n'
            )
    return sum(path.stat().st_size for path in folder.rglob("*.jsonl"))


def _more(folder: Path) -> Callable[[], None]:
    path = folder / "predictions" / "20260130T000000.000000Z-h-1-0.jsonl.open"

    def write() -> None:
        with path.open("a") as out:
            for number in range(100):
                unit = blake2b(f"new {number}".encode(), digest_size=16).hexdigest()
                out.write(_prediction(number, unit, number % 2, 29 * 86_400))

    return write


if __name__ == "__main__":
    sys.exit(main())
