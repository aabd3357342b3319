"""Ten million predictions profiled by day: rows a second, and memory that does not grow.

The log is written in the form the service writes, 22 columns of the flights project, 30 days in
files of 64 MB; then it is profiled into a store by a fresh process, by one worker and by two. A
second pass finds the profiles in the store.

python -m benchmarks.many_events [--events 10_000_000]
"""

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.events import ROW
from benchmarks.measuring import measure
from lifecycle.monitoring.span import Span
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.events import Mask, prediction_lines
from lifecycle.serving.inputs import Answers

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 30
FILE = 64_000_000
TEMPLATE = 20_000
"""Rows that are made up; they are written again and again, on another day each time."""

SPANS = [
    Span(start=BEGIN + timedelta(days=day), end=BEGIN + timedelta(days=day + 1))
    for day in range(DAYS)
]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", default="10_000_000")
    parser.add_argument("--profile", help=argparse.SUPPRESS)
    parser.add_argument("--processes", type=int, default=1, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.profile:
        profiled(Path(asked.profile), asked.processes)
        return
    most = int(asked.events.replace("_", ""))
    nothing = measure("-c", "import adapters.profiles, whylogs")
    print(f"{'an interpreter with what is imported':<48}{nothing.peak_mb:>34,.0f} MB")
    print(f"{'events':>12}{'GB':>7}  {'':<26}{'s':>7}{'CPU s':>8}{'rows/s':>10}{'peak MB':>9}")
    for events in (most // 10, most):
        compare(events)


def compare(events: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        size = write(Path(name), events)
        ways = (("one process", 1), ("the same again, stored", 1), ("two processes", 2))
        for told, processes in ways:
            if processes > 1:  # makes all of them anew
                (Path(name) / "profiles").rename(Path(name) / "before")
            words = ("--profile", name, "--processes", str(processes))
            cost = measure("-m", "benchmarks.many_events", *words)
            rows, seconds = (float(word) for word in cost.output.split())
            if rows != events:
                raise SystemExit(f"{rows:,.0f} of {events:,} events are in the profiles.")
            print(
                f"{events:>12,}{size / 1e9:>7.1f}  {told:<26}{seconds:>7.1f}{cost.cpu_s:>8.1f}"
                f"{rows / seconds:>10,.0f}{cost.peak_mb:>9,.0f}",
                flush=True,
            )


def profiled(folder: Path, processes: int) -> None:
    """Profile the log by day; print the rows that are in the profiles, and the seconds."""
    from adapters.profiles import Store, fill

    began = time.perf_counter()
    found = fill(
        Store(folder / "profiles"), folder / "events", contract(), SPANS,
        version="3", now=SPANS[-1].end + timedelta(days=1), processes=processes,
    )  # fmt: skip
    print(sum(found.rows.values()), time.perf_counter() - began)


def contract() -> Contract:
    kinds = {"time_hour": "time", "flight": "integer"}
    fields = tuple(
        Field(
            name=name,
            type=kinds.get(name, "category" if isinstance(value, str) else "number"),
        )
        for name, value in ROW.items()
    )
    return Contract(
        project="flights", label="late", task="binary", classes=("false", "true"), threshold=0.5,
        fields=fields,
    )  # fmt: skip


def write(folder: Path, events: int) -> int:
    """Write the log; give its size."""
    place = folder / "events" / "predictions"
    place.mkdir(parents=True)
    lines, total = template(), 0
    for day, span in enumerate(SPANS):
        left = events * (day + 1) // DAYS - events * day // DAYS
        moved = [line.replace(b"2026-01-01T", f"{span.start:%Y-%m-%d}T".encode()) for line in lines]
        number = 0
        while left:
            rows = min(left, FILE // len(moved[0]))
            content = b"".join(moved * (rows // TEMPLATE) + moved[: rows % TEMPLATE])
            path = place / f"{span.start:%Y%m%dT%H%M%S}.{number:06}Z-host-1-0.jsonl"
            total += path.write_bytes(content)
            left, number = left - rows, number + 1
    return total


def template() -> list[bytes]:
    rng = np.random.default_rng(0)
    gates = rng.integers(1, 5_000, TEMPLATE).tolist()
    warm = rng.normal(60, 15, TEMPLATE).round(2).tolist()
    carriers = rng.choice(["AA", "B6", "DL", "UA", "EV"], TEMPLATE).tolist()
    rows = [
        {**ROW, "flight": gate, "temp": degrees, "carrier": carrier}
        for gate, degrees, carrier in zip(gates, warm, carriers, strict=True)
    ]
    written = prediction_lines(
        request_id="0" * 32, at=BEGIN + timedelta(hours=12), version="3", by="key-1", rows=rows,
        answers=Answers(rng.random(TEMPLATE), rng.integers(0, 2, TEMPLATE)),
        contract=contract(), mask=Mask(contract(), "drop"),
    )  # fmt: skip
    return written.splitlines(keepends=True)


if __name__ == "__main__":
    sys.exit(main())
