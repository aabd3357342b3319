"""What a profile costs: ours, plain whylogs, and the least it could (histograms of the columns).

python -m benchmarks.profiles [ROWS]

CPU times of one thread in turns, each the best of its repetitions, on a table of 25 columns: nine
of numbers, six of integers, five of categories, one of distinct texts, two of times, two of
truth values. Plain whylogs needs the name NumPy 2 has taken away, and gets it.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from adapters import profiles
from lifecycle.data.declaration import Schema

ROWS, REPEATS = 200_000, 3
START = np.datetime64("2013-01-01T00:00:00", "us")
KINDS = {
    "number": 9, "integer": 6, "category": 5, "text": 1, "time": 2, "boolean": 2,
}  # fmt: skip


def a_table(rows: int) -> pa.Table:
    """Make up a mixed table with gaps; some numbers repeat as measured ones do, some never."""
    rng = np.random.default_rng(0)

    def column(kind: str, number: int) -> pa.Array:
        gaps = rng.random(rows) < 0.05
        if kind == "number":
            values = rng.gamma(2, 10, rows)
            return pa.array(values if number % 3 == 0 else values.round(number % 3), mask=gaps)
        if kind == "integer":
            return pa.array(rng.integers(0, (10, 60, 400, 10**4, 10**6, 10**9)[number], rows))
        if kind == "category":
            names = np.array([f"kind {value}" for value in range((2, 5, 16, 100, 600)[number])])
            return pa.array(rng.choice(names, rows), mask=gaps)
        if kind == "text":
            return pa.array([f"note {value:x}" for value in rng.integers(0, 2**60, rows)])
        if kind == "time":
            minutes = (
                rng.integers(0, 500_000, rows) if number else rng.integers(0, 8_000, rows) * 60
            )
            return pa.array(START + minutes.astype("timedelta64[m]"), mask=gaps)
        return pa.array(rng.random(rows) < 0.3, mask=gaps)

    return pa.table(
        {
            f"{kind} {number}": column(kind, number)
            for kind, count in KINDS.items()
            for number in range(count)
        }
    )


def histograms(table: pa.Table) -> int:
    """Do the least that would do: missing, extremes and 200 bins of numbers, counts of texts."""
    done = 0
    for column in table.columns:
        known = column.drop_null()
        if pa.types.is_string(known.type):
            done += len(pc.value_counts(known))
            continue
        kind = pa.int64() if not pa.types.is_floating(known.type) else known.type
        values = known.cast(kind).to_numpy().astype(np.float64, copy=False)
        done += int(np.histogram(values, bins=200)[0].sum())
    return done


def plain_whylogs(frame: pd.DataFrame) -> object:
    import whylogs

    return whylogs.log(frame).view().serialize()


def main(rows: int) -> None:
    table = a_table(rows)
    schema = Schema.model_validate({name: {"type": name.split()[0]} for name in table.column_names})
    frame = table.to_pandas()
    profiles.profile(table.slice(0, 10), schema)  # loads whylogs, with the name it needs
    plain_whylogs(frame.head(10))
    ways: dict[str, Callable[[], object]] = {
        "plain whylogs, why.log(frame)": lambda: plain_whylogs(frame),
        "profiles.profile": lambda: profiles.profile(table, schema),
        "histograms alone, the limit": lambda: histograms(table),
    }
    took = best_of(ways)
    slowest = max(took.values())
    print(f"{rows:,} rows, {table.num_columns} columns")
    print(f"{'':<32}{'CPU s':>8}{'rows/s':>12}{'times plain whylogs':>22}")
    for name, seconds in took.items():
        print(f"{name:<32}{seconds:>8.2f}{rows / seconds:>12,.0f}{slowest / seconds:>22.1f}")
    print(f"\n{'by type, rows/s of one column':<32}{'plain':>12}{'ours':>12}{'limit':>12}")
    for kind in KINDS:
        names = [name for name in table.column_names if name.startswith(kind)]
        part, small = table.select(names), frame[names]
        took = best_of(
            {
                "plain": lambda small=small: plain_whylogs(small),
                "ours": lambda part=part: profiles.profile(part, schema),
                "limit": lambda part=part: histograms(part),
            }
        )
        rates = "".join(f"{rows * len(names) / seconds:>12,.0f}" for seconds in took.values())
        print(f"{kind:<32}{rates}")


def best_of(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Run all ways in turn, again and again; give the least CPU seconds of each."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(REPEATS):
        for name, way in ways.items():
            began = time.process_time()
            way()
            best[name] = min(best[name], time.process_time() - began)
    return best


if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else ROWS)
