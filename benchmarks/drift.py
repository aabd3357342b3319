"""How often drift is called where there is none, and found where there is.

Forty columns as tables have them: even and skewed numbers, many zeros, whole numbers, truth values,
categories of 3 to 4,000 values, some with missing values. Reference and window are drawn anew each
time, straight as summaries. A shift has exactly the declared size, or half of it, in one column.

python -m benchmarks.drift [WINDOWS]
"""

import sys
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lifecycle.monitoring.declaration import Drift
from lifecycle.monitoring.drift.rules import judge_shifts
from lifecycle.monitoring.drift.shifts import find_shifts
from lifecycle.monitoring.summary import Summaries, Summary
from lifecycle.verdict import Outcome

LEVELS, MOST_VALUES = 200, 200
DRIFT = Drift()
MISSING = {
    "continuous 0": 0.001,
    "continuous 3": 0.05,
    "continuous 6": 0.2,
    "continuous 9": 0.5,
    "zeros 0": 0.1,
    "truth 0.01": 0.3,
    "three 0": 0.01,
    "thirty 0": 0.9,
}
REFERENCES = (2_000, 200_000)
WINDOWS = (200, 1_000, 10_000, 200_000)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """What a column is like: continuous, or of values with these shares."""

    name: str
    kind: str
    shares: Floats | None = None
    missing: float = 0.0


def columns() -> list[Column]:
    """Give the forty columns."""
    found = [Column(f"continuous {place}", "continuous") for place in range(12)]
    whole = np.arange(25)
    zeros = np.append(0.8, np.full(400, 0.2 / 400))
    found += [Column(f"zeros {place}", "number", zeros) for place in range(2)]
    found += [Column("poisson 1", "number", stats.poisson.pmf(whole, 1))]
    found += [Column("poisson 8", "number", stats.poisson.pmf(whole, 8))]
    found += [Column("hours", "number", np.full(24, 1 / 24))]
    found += [Column("weekdays", "number", np.full(7, 1 / 7))]
    found += [Column(f"truth {p}", "number", np.array([1 - p, p])) for p in (0.01, 0.1, 0.3, 0.5)]
    found += [Column(f"three {place}", "category", np.array([0.5, 0.3, 0.2])) for place in range(5)]
    found += [Column(f"thirty {place}", "category", _zipf(30, 1.0)) for place in range(4)]
    found += [Column(f"airports {place}", "category", _zipf(100, 0.8)) for place in range(3)]
    found += [Column(f"even {size}", "category", np.full(size, 1 / size)) for size in (30, 300)]
    found += [Column("zipf 300", "category", _zipf(300, 1.0))]
    found += [Column("tails", "category", _zipf(4_000, 0.3))]
    found += [Column("even tails", "category", np.full(4_000, 1 / 4_000))]
    found += [Column("rare", "category", _zipf(1_500, 1.5))]
    return [
        Column(column.name, column.kind, column.shares, MISSING.get(column.name, 0.0))
        for column in found
    ]


def _zipf(size: int, power: float) -> Floats:
    weights = np.arange(1, size + 1) ** -power
    return weights / weights.sum()


def draw(
    column: Column, then: int, now: int, moved: "Moved | None", rng: np.random.Generator
) -> tuple[Summary, Summary]:
    """Draw a reference and a window of one column."""
    rows = [then, now]
    missing = [int(rng.binomial(of, column.missing)) for of in rows]
    known = [of - without for of, without in zip(rows, missing, strict=True)]
    draw_one = {"continuous": _continuous, "number": _whole, "category": _category}[column.kind]
    before, after = draw_one(column, known, moved, rng)
    made = []
    for side, found in enumerate((before, after)):
        kind = "category" if column.kind == "category" else "number"
        made.append(
            Summary(name=column.name, kind=kind, rows=rows[side], missing=missing[side], **found)
        )
    return made[0], made[1]


@dataclass(frozen=True)
class Moved:
    """A shift of a size: `one` value gains from all others, or `half` of the values from the rest.

    Numbers shift in location, and whole numbers from the lower half to the upper.
    """

    size: float
    shape: str = "one"


def _continuous(
    column: Column, known: list[int], moved: Moved | None, rng: np.random.Generator
) -> tuple[dict, dict]:
    places = np.unique(np.linspace(0, known[0] - 1, LEVELS + 1).round().astype(int))
    steps = np.diff(places + 1, prepend=0)
    spacings = rng.standard_gamma(np.append(steps, known[0] - places[-1]))
    true = np.cumsum(spacings)[:-1] / spacings.sum()
    if moved is not None:
        true_now = stats.norm.cdf(stats.norm.ppf(true) - 2 * stats.norm.ppf((1 + moved.size) / 2))
    else:
        true_now = true
    counts = rng.multinomial(known[1], np.diff(true_now, prepend=0.0, append=1.0))
    edges = tuple(stats.norm.ppf(true).tolist())
    before = (places + 1) / known[0]
    after = np.cumsum(counts)[:-1] / known[1]
    return _numbers(edges, before, 0.0), _numbers(edges, after, counts[0] / known[1])


def _numbers(edges: tuple[float, ...], shares: Floats, below: float) -> dict:
    return {
        "edges": edges,
        "cumulative": tuple(shares.tolist()),
        "below": float(below),
        "deviation": 1.0,
    }


def _whole(
    column: Column, known: list[int], moved: Moved | None, rng: np.random.Generator
) -> tuple[dict, dict]:
    shares = column.shares
    shares_now = shares if moved is None else _lift(shares, moved.size)
    counts = rng.multinomial(known[0], shares / shares.sum())
    counts_now = rng.multinomial(known[1], shares_now / shares_now.sum())
    levels = np.linspace(0, known[0] - 1, LEVELS + 1).round().astype(int)
    edges = np.unique(np.searchsorted(np.cumsum(counts), levels, side="right"))
    before, after = np.cumsum(counts)[edges] / known[0], np.cumsum(counts_now)[edges] / known[1]
    below = counts_now[: edges[0]].sum() / known[1]
    names = tuple(edges.astype(float).tolist())
    return _numbers(names, before, 0.0), _numbers(names, after, below)


def _lift(shares: Floats, size: float) -> Floats:
    """Move so much from the lower values to the upper ones, where the lower have enough."""
    cumulative = np.cumsum(shares)
    cut = int(np.argmax(cumulative >= max(0.5, size)))
    cut = min(cut, len(shares) - 2)
    lower = cumulative[cut]
    upper = shares[cut + 1 :].sum()
    return np.append(shares[: cut + 1] * (1 - size / lower), shares[cut + 1 :] * (1 + size / upper))


def _category(
    column: Column, known: list[int], moved: Moved | None, rng: np.random.Generator
) -> tuple[dict, dict]:
    shares = column.shares
    shares_now = shares if moved is None else _move(shares, moved, rng)
    counts = rng.multinomial(known[0], shares / shares.sum())
    counts_now = rng.multinomial(known[1], shares_now / shares_now.sum())
    kept = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    kept = kept[counts[kept] > 0]
    own = np.argsort(-counts_now, kind="stable")
    own = own[(counts_now[own] > 0) & ~np.isin(own, kept)][:MOST_VALUES]
    named_now = np.append(kept, own)
    return (
        {
            "counts": {f"v{value}": int(counts[value]) for value in kept},
            "other": int(known[0] - counts[kept].sum()),
        },
        {
            "counts": {f"v{value}": int(counts_now[value]) for value in named_now},
            "other": int(known[1] - counts_now[named_now].sum()),
        },
    )


def _move(shares: Floats, moved: Moved, rng: np.random.Generator) -> Floats:
    gains = np.zeros(len(shares), dtype=bool)
    order = rng.permutation(len(shares))
    if moved.shape == "one":
        light = order[shares[order] <= 1 - moved.size]
        gains[light[0]] = True
    else:
        gains[order[: max(1, len(order) // 2)]] = True
        if shares[~gains].sum() < moved.size:
            gains = ~gains
    up, down = shares[gains].sum(), shares[~gains].sum()
    return np.where(gains, shares * (1 + moved.size / up), shares * (1 - moved.size / down))


def window(then: int, now: int, rng: np.random.Generator) -> tuple[Summaries, Summaries]:
    """Draw a reference and a window in which no column has moved."""
    pairs = [draw(column, then, now, None, rng) for column in TABLE]
    return (
        Summaries(columns=tuple(pair[0] for pair in pairs)),
        Summaries(columns=tuple(pair[1] for pair in pairs)),
    )


def alarms(then: Summaries, now: Summaries, rows: int) -> list[str]:
    """Name the rules that fail."""
    findings = judge_shifts(find_shifts(then, now, DRIFT), DRIFT, rows=rows)
    return [found.verdict.rule for found in findings if found.verdict.outcome is Outcome.FAIL]


TABLE = columns()
SHAPES = (
    ("continuous 1", "one"),
    ("continuous 3", "one"),
    ("zeros 1", "one"),
    ("poisson 8", "one"),
    ("truth 0.3", "one"),
    ("truth 0.5", "one"),
    ("three 1", "one"),
    ("three 1", "half"),
    ("thirty 1", "one"),
    ("thirty 1", "half"),
    ("airports 1", "one"),
    ("airports 1", "half"),
    ("even 300", "one"),
    ("even 300", "half"),
    ("tails", "one"),
    ("rare", "one"),
)


def main(windows: int) -> None:
    started = time.process_time()
    rng = np.random.default_rng(20130101)
    print(f"{len(TABLE)} columns; {windows} windows each\n")
    print(f"{'reference':>10}{'window':>10}{'any alarm, nothing moved':>28}  by")
    for then in REFERENCES:
        for now in WINDOWS:
            found = [alarms(*window(then, now, rng), now) for _ in range(windows)]
            by = sorted({rule for rules in found for rule in rules})
            print(f"{then:>10,}{now:>10,}{sum(map(bool, found)) / windows:>28.1%}  {by[:6]}")
    for size, what in ((1.0, "of the declared size"), (0.5, "of half of it")):
        print(f"\nShifts {what} that are found, by rows of the window")
        head = [f"{then // 1000}k/{now:,}" for then in REFERENCES for now in WINDOWS]
        print(f"{'':<20}" + "".join(f"{name:>13}" for name in head))
        for name, shape in SHAPES:
            line = [
                found(name, Moved(size * DRIFT.shift, shape), then, now, windows // 2, rng)
                for then in REFERENCES
                for now in WINDOWS
            ]
            print(f"{name + ' ' + shape:<20}" + "".join(f"{share:>13.1%}" for share in line))
    print(f"\n{time.process_time() - started:.0f} s of CPU")


def found(
    name: str, moved: Moved, then: int, now: int, windows: int, rng: np.random.Generator
) -> float:
    """Give the share of windows in which the drift of one column is called.

    The other columns, which have not moved, are drawn once and then are the same in all windows:
    they matter only by how many they are.
    """
    before, after = window(then, now, rng)
    place = next(place for place, column in enumerate(TABLE) if column.name == name)
    hits = 0
    for _ in range(windows):
        pair = draw(TABLE[place], then, now, moved, rng)
        sides = [
            Summaries(columns=(*side.columns[:place], one, *side.columns[place + 1 :]))
            for side, one in zip((before, after), pair, strict=True)
        ]
        hits += f"drift {name}" in alarms(sides[0], sides[1], now)
    return hits / max(windows, 1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
