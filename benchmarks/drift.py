"""How often drift is called where there is none, and found where there is.

Forty columns as tables have them: even and skewed numbers, many zeros, whole numbers, truth values,
categories of 3 to 4,000 values, some with missing values. Reference and window are drawn anew each
time, straight as summaries. A shift has exactly the declared size, or half of it, in one column.

python -m benchmarks.drift [WINDOWS]
"""

import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from lifecycle.data.declaration import Schema
from lifecycle.monitoring.declaration import Drift
from lifecycle.monitoring.drift.rules import judge_shifts
from lifecycle.monitoring.drift.shifts import find_shifts
from lifecycle.monitoring.summary import Summaries, Summary
from lifecycle.serving.contract import Contract, Field
from lifecycle.task import Task
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
    _moved(1.0, "of the declared size", WINDOWS, windows, rng)
    _moved(0.5, "of half of it", WINDOWS[2:], windows // 2, rng)
    _through_profiles(max(windows // 10, 1), rng)
    print(f"\n{time.process_time() - started:.0f} s of CPU")


def _moved(
    size: float, what: str, rows: tuple[int, ...], windows: int, rng: np.random.Generator
) -> None:
    print(f"\nShifts {what} that are called drift, by rows in training and in the window")
    head = [f"{then // 1000}k/{now:,}" for then in REFERENCES for now in rows]
    print(f"{'':<20}" + "".join(f"{name:>13}" for name in head))
    for name, shape in SHAPES:
        line = [
            found(name, Moved(size * DRIFT.shift, shape), then, now, windows, rng)
            for then in REFERENCES
            for now in rows
        ]
        told = "".join(f"{share:>13.1%}" for share in line)
        print(f"{name + ' ' + shape:<20}{told}", flush=True)


def _through_profiles(windows: int, rng: np.random.Generator) -> None:
    """Take the same way for tables that whylogs has made profiles of, with its errors."""
    print("\nThrough whylogs, 20,000 rows in training: windows with an alarm, and shifts found")
    reference = profiled(_table(20_000, rng))
    for rows in (200, 1_000, 20_000):
        quiet = [
            bool(alarms(reference, profiled(_table(rows, rng), like=reference), rows))
            for _ in range(windows)
        ]
        line = dict.fromkeys(("normal 1", "skewed 1", "truth", "few", "tails"), 0)
        for name in line:
            for _ in range(windows):
                now = profiled(_table(rows, rng, moved=name), like=reference)
                line[name] += f"drift {name}" in alarms(reference, now, rows)
        told = "  ".join(f"{name} {hits / windows:.0%}" for name, hits in line.items())
        print(f"{rows:>10,}  alarms {np.mean(quiet):.0%}  found: {told}")


def _table(rows: int, rng: np.random.Generator, *, moved: str = "") -> pa.Table:
    """Draw a table, in which a fifth of one column is moved where none of it was."""
    made = {f"normal {place}": rng.normal(size=rows) for place in range(6)}
    made |= {f"skewed {place}": rng.lognormal(size=rows).round(2) for place in range(6)}
    made |= {"hours": rng.integers(0, 24, rows).astype(float)}
    made["truth"] = (rng.random(rows) < (0.6 if moved == "truth" else 0.4)).astype(float)
    if moved in ("normal 1", "skewed 1"):
        made[moved][rng.random(rows) < DRIFT.shift] = 1e3
    columns = {name: pa.array(values) for name, values in made.items()}
    for name, size in {"few": 3, "some": 30, "airports": 100, "tails": 4_000}.items():
        values = rng.choice(size, rows, p=_zipf(size, 0.5))
        if moved == name:
            values[rng.random(rows) < DRIFT.shift / (1 - _zipf(size, 0.5)[-1])] = size - 1
        columns[name] = pa.array([f"v{value}" for value in values])
    return pa.table(columns)


def profiled(table: pa.Table, *, like: Summaries | None = None) -> Summaries:
    """Profile a table, and summarise the profile."""
    from adapters import profiles

    types = {
        name: "category" if pa.types.is_string(table.schema.field(name).type) else "number"
        for name in table.column_names
    }
    schema = Schema.model_validate({name: {"type": kind} for name, kind in types.items()})
    contract = Contract(
        project="p",
        label="y",
        task=Task.REGRESSION,
        fields=tuple(Field(name=name, type=kind) for name, kind in types.items()),
    )
    return profiles.summarise(profiles.profile(table, schema), contract, like=like)


def found(
    name: str, moved: Moved, then: int, now: int, windows: int, rng: np.random.Generator
) -> float:
    """Give the share of windows in which the drift of one column is called.

    The other columns have not moved and matter only by how many tests there are, so they are
    drawn once, and of a kind that is quick to judge.
    """
    column = next(column for column in TABLE if column.name == name)
    others = [
        draw(replace(_OTHER, name=f"other {place}"), then, now, None, rng)
        for place in range(len(TABLE) - 1)
    ]
    hits = 0
    for _ in range(windows):
        pairs = [draw(column, then, now, moved, rng), *others]
        sides = [Summaries(columns=tuple(pair[side] for pair in pairs)) for side in (0, 1)]
        first = find_shifts(sides[0], sides[1], DRIFT)[:1]
        verdicts = [one.verdict for one in judge_shifts(first, DRIFT, rows=now)]
        hits += any(v.rule == f"drift {name}" and v.outcome is Outcome.FAIL for v in verdicts)
    return hits / max(windows, 1)


_OTHER = Column("other", "number", np.array([0.6, 0.4]), missing=0.1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
