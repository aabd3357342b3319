"""Labels that come late, joined: rows a second and the most memory that was taken.

A log of one day a file of predictions, each labelled by its key six hours later: half in files
of their own, one in a hundred told twice, one in a hundred corrected. Observed are one day, and
all of it at once; the first look makes the twins of the files, the second uses them.

python -m benchmarks.labels [million predictions]
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from benchmarks.measuring import measure
from lifecycle.serving.contract import Contract, Field

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 10
BLOCK = 10_000


def main() -> None:
    millions = float(sys.argv[1]) if sys.argv[1:] else 1.0
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), int(millions * 1e6))
        print(f"{millions:g} million predictions and as many labels")
        print(f"{'':<34}{'s (CPU)':>10}{'rows/s':>12}{'peak MB':>10}")
        nothing = measure("-m", "benchmarks.labels", "nothing", name, "0")
        for told, days in (
            ("one day, log never seen", 1),
            ("one day, log seen", 1),
            ("all days at once", DAYS),
        ):
            cost = measure("-m", "benchmarks.labels", "observe", name, str(days))
            seconds, rows, labelled = cost.output.split()
            rate = float(rows) / float(seconds)
            print(f"{told:<34}{float(seconds):>10.1f}{rate:>12,.0f}{cost.peak_mb:>10,.0f}")
            assert rows == labelled
        print(f"{'an empty log (what imports take)':<56}{nothing.peak_mb:>10,.0f}")


def observed(folder: Path, days: int) -> None:
    from adapters.events.observing import observe

    started = time.process_time()
    found = observe(
        folder,
        contract(),
        since=BEGIN + timedelta(days=3 if days == 1 else 0),
        until=BEGIN + timedelta(days=4 if days == 1 else days),
        as_of=BEGIN + timedelta(days=DAYS + 1),
        columns=("carrier", "distance") if days else (),
    )
    counts = found.counts
    print(f"{time.process_time() - started} {counts.predictions} {counts.labelled}")


def contract() -> Contract:
    fields = (
        Field(name="flight", type="integer"), Field(name="time_hour", type="time"),
        Field(name="carrier", type="category"), Field(name="distance", type="number"),
    )  # fmt: skip
    return Contract(
        project="p", label="late", task="binary", classes=("false", "true"), threshold=0.5,
        key=("flight", "time_hour"), fields=fields,
    )  # fmt: skip


def write(folder: Path, rows: int) -> None:
    """Write the lines as the service does, but with their own time, and quicker."""
    for kind in ("predictions", "labels"):
        (folder / kind).mkdir(parents=True)
    a_day = rows // DAYS
    for day in range(DAYS):
        with _file(folder / "predictions", day) as out:
            out.writelines(_predictions(day, a_day))
        with _file(folder / "labels", day) as out:
            out.writelines(_labels(day, a_day))


def _file(folder: Path, day: int) -> TextIO:
    moment = BEGIN + timedelta(days=day)
    return (folder / f"{moment:%Y%m%dT%H%M%S.%fZ}-host-1-0.jsonl").open("w")


_FEATURES = (
    '"origin":"EWR","dest":"DFW","hour":9,"minute":20,"departures":15,"arrival_minute":730,'
    '"temp":77.0,"dewp":71.6,"humid":90.73,"wind_dir":220.0,"wind_speed":19.56326,'
    '"wind_gust":27.618719999999996,"precip":0.28,"pressure":null,"visib":1.5,'
    '"plane_year":1991,"seats":172,"engine":"Turbo-fan"'
)


def _moment(day: int, number: int, a_day: int) -> str:
    at = BEGIN + timedelta(days=day, microseconds=number * 86_400_000_000 // a_day)
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"


def _predictions(day: int, a_day: int) -> Iterator[str]:
    for number in range(a_day):
        at = _moment(day, number, a_day)
        yield (
            f'{{"event":"prediction","v":1,"id":"{day:08x}{number:024x}","row":0,"at":"{at}",'
            f'"version":"3","by":"key-1","inputs":{{"flight":{number},"time_hour":"{at[:13]}:00Z",'
            f'"carrier":"AA","distance":{number % 3000}.5,{_FEATURES}}},"score":0.31,'
            f'"decision":"false"}}\n'
        )


def _labels(day: int, a_day: int) -> Iterator[str]:
    for number in range(a_day):
        hour = _moment(day, number, a_day)[:13]
        told = _moment(day, number, a_day)
        labels = {0: ("true", "true"), 1: ("true", "false")}.get(number % 100, ("false",))
        for label in labels:
            yield (
                f'{{"event":"label","v":1,"id":null,"row":null,"key":{{"flight":{number},'
                f'"time_hour":"{hour}:00:00+00:00"}},"label":"{label}","known_at":null,'
                f'"at":"{told}","by":"key-1","request":"{number:x}"}}\n'
            )


if __name__ == "__main__":
    if sys.argv[1:2] in (["observe"], ["nothing"]):
        place = Path(sys.argv[2]) if sys.argv[1] == "observe" else Path("/nowhere")
        observed(place, int(sys.argv[3]))
    else:
        main()
