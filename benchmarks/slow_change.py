"""How often the detector of slow changes is wrong, and how soon it is right.

python -m benchmarks.slow_change [RUNS]

Simulated windows whose loss stays as it was, or worsens by a little with each window, beside the
rule that looks at single windows. The declared distance between false alarms is 200 windows; the
version's own figure is drawn anew for each run, with the uncertainty a test of so many windows
leaves. The last lines break an assumption: windows that resemble the one before.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lifecycle.evaluation.evidence import Evaluation, Measure
from lifecycle.evaluation.quantiles import LEVELS
from lifecycle.monitoring.declaration import Concept
from lifecycle.monitoring.evidence import LossSums
from lifecycle.monitoring.performance.slow import trace
from lifecycle.monitoring.performance.spread import widen, worsening
from lifecycle.monitoring.span import Span

Numbers = NDArray[np.float64]
USUAL, DEVIATION, TEST_WINDOWS = 0.5, 0.5, 60
START, DAY = datetime(2013, 1, 1, tzinfo=UTC), timedelta(days=1)
LENGTH, DRIFTED = 400, 120


def _normal(generator: np.random.Generator, rows: int) -> Numbers:
    return generator.normal(size=rows)


def _lognormal(generator: np.random.Generator, rows: int) -> Numbers:
    spread = np.sqrt((np.exp(2.25) - 1) * np.exp(2.25))
    return np.asarray((generator.lognormal(0, 1.5, size=rows) - np.exp(1.125)) / spread)


def _student(generator: np.random.Generator, rows: int) -> Numbers:
    return np.asarray(generator.standard_t(3, size=rows) / np.sqrt(3))


@dataclass(frozen=True)
class World:
    """How rows and windows differ while nothing changes.

    `days` is the deviation between windows, as a share of the usual loss; `skew` makes it that
    of an exponential (seldom storms); `memory` is the correlation of a window with the last.
    """

    name: str
    sizes: tuple[int, ...] = (500,)
    days: float = 0.0
    rows: Callable[[np.random.Generator, int], Numbers] = _normal
    skew: bool = False
    memory: float = 0.0

    def pushes(self, generator: np.random.Generator, windows: int) -> Numbers:
        """Draw what all rows of a window have in common."""
        fresh = (
            generator.exponential(size=windows) - 1 if self.skew else generator.normal(size=windows)
        )
        for place in range(1, windows):
            fresh[place] = (
                self.memory * fresh[place - 1] + np.sqrt(1 - self.memory**2) * fresh[place]
            )
        return np.asarray(fresh * self.days * USUAL)


WORLDS = (
    World("single rows, 200 a window", sizes=(200,)),
    World("single rows, 2,000 a window", sizes=(2000,)),
    World("lognormal losses", sizes=(300,), rows=_lognormal),
    World("Student's t (3)", sizes=(300,), rows=_student),
    World("days differ by 10 %", days=0.1),
    World("days differ by 20 %, storms", days=0.2, skew=True),
    World("5 to 3,000 rows, days 6 %", sizes=(5, 50, 500, 3000), days=0.06),
    World("days differ by 10 %, memory 0.3", days=0.1, memory=0.3),
    World("days differ by 10 %, memory 0.6", days=0.1, memory=0.6),
)


def live(world: World, seed: int, windows: int, drift: float) -> tuple[list[bool], list[bool]]:
    """Tell of each window whether the detector, and the rule of single windows, are alarmed."""
    generator = np.random.default_rng(seed)
    mean_rows = float(np.mean(world.sizes))
    error = np.sqrt((DEVIATION**2 / mean_rows + (world.days * USUAL) ** 2) / TEST_WINDOWS)
    off = generator.normal() * error
    own = _measure(USUAL, error, int(TEST_WINDOWS * mean_rows))
    evaluation = Evaluation(
        task="binary", primary="log_loss", rows=1, train_rows=1, measures=(own,)
    )
    history, single = [], []
    pushes = world.pushes(generator, windows)
    for number in range(windows):
        rows = int(generator.choice(world.sizes))
        losses = DEVIATION * world.rows(generator, rows) + pushes[number] + off
        losses += drift * number * USUAL
        span = Span(start=START + number * DAY, end=START + (number + 1) * DAY)
        history.append((span, LossSums(rows=rows, total=losses.sum(), squares=(losses**2).sum())))
        single.append(_is_worse(losses, own))
    return [slow.is_changed for _, slow in trace(history, evaluation, Concept())], single


def _measure(value: float, error: float, rows: int) -> Measure:
    kept = tuple((value + error * stats.norm.ppf(LEVELS)).tolist())
    return Measure(metric="log_loss", value=value, rows=rows, quantiles=kept)


def _is_worse(losses: Numbers, own: Measure) -> bool:
    rows = len(losses)
    if rows < 30:
        return False
    error = float(losses.std(ddof=1) / np.sqrt(rows))
    now = widen(_measure(USUAL + float(losses.mean()), error, rows), own, pieces=rows)
    found = worsening(now, own, worse_by=0.1, confidence=0.95)
    return found is not None and found.matters and found.is_certain


def _rises(alarms: list[bool]) -> int:
    return sum(not before and after for before, after in pairwise([False, *alarms]))


def _distance(runs: list[list[bool]]) -> str:
    alarms = sum(_rises(each) for each in runs)
    windows = sum(len(each) for each in runs)
    return f"{windows / alarms:,.0f}" if alarms else f"> {windows:,}"


def _delays(runs: list[list[bool]]) -> Iterator[int]:
    """Count the windows until the first alarm."""
    for each in runs:
        yield next((number for number, alarm in enumerate(each, 1) if alarm), len(each))


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print(f"{'':34}{'windows a false alarm':>26}{'windows until +0.5 % each is found':>38}")
    print(f"{'':34}{'detector':>14}{'single':>12}{'detector':>14}{'single, 3 running':>24}")
    for world in WORLDS:
        still = [live(world, seed, LENGTH, 0.0) for seed in range(runs)]
        moving = [live(world, 10_000 + seed, DRIFTED, 0.005) for seed in range(runs)]
        thrice = [
            [all(each[max(place - 2, 0) : place + 1]) and place > 1 for place in range(len(each))]
            for _, each in moving
        ]
        print(
            f"{world.name:34}{_distance([found for found, _ in still]):>14}"
            f"{_distance([each for _, each in still]):>12}"
            f"{np.median([*_delays([found for found, _ in moving])]):14.0f}"
            f"{np.median([*_delays(thrice)]):24.0f}",
            flush=True,
        )
