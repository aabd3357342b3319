"""What it costs to write down a prediction, against writing nothing and against plain logging.

python -m benchmarks.events
"""

import json
import logging
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from adapters.events.log import EventLog
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask, prediction_lines
from lifecycle.serving.inputs import Answers

REPEATS = 7
"""Each figure is the best of so many, taken in turns: a shared machine only ever adds."""

ROW = {
    "time_hour": "2013-07-01T13:00:00Z", "carrier": "AA", "flight": 1223, "origin": "EWR",
    "dest": "DFW", "distance": 1372.0, "hour": 9, "minute": 20, "departures": 15,
    "arrival_minute": 730, "temp": 77.0, "dewp": 71.6, "humid": 90.73, "wind_dir": 220.0,
    "wind_speed": 19.56326, "wind_gust": 27.618719999999996, "precip": 0.28, "pressure": None,
    "visib": 1.5, "plane_year": 1991, "seats": 172, "engine": "Turbo-fan",
}  # fmt: skip
"""A row of the flights project, as it is sent."""

ID = "0123456789abcdef0123456789abcdef"
Record = Callable[[list[dict[str, object]], Answers], None]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ways = dict(_ways(Path(folder)))
        print(f"{'CPU µs':<46}{'1 row':>9}{'1,000 rows':>12}")
        single, bulk = _costs(ways, rows=1, times=3_000), _costs(ways, rows=1_000, times=30)
    for name in ways:
        print(f"{name:<46}{single[name]:>9.1f}{bulk[name]:>12,.0f}")


def _ways(folder: Path) -> list[tuple[str, Record]]:
    log = EventLog(folder, Events())
    masked = EventLog(folder, Events(), name="masked")
    to_disk = EventLog(folder, Events(sync="disk"), name="disk")
    plain, hidden = a_contract(()), a_contract(("carrier", "flight"))
    dropped, pseudonyms = (
        _lines(plain, Mask(plain, "drop")),
        _lines(hidden, Mask(hidden, "pseudonym", secret=bytes(16))),
    )
    handler = logging.FileHandler(folder / "plain.log")
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.Logger("plain")
    logger.addHandler(handler)

    def plain_logging(rows: list[dict[str, object]], answers: Answers) -> None:
        for number, (row, score) in enumerate(zip(rows, answers.scores.tolist(), strict=True)):
            at = datetime.now(UTC).isoformat()
            told = {"id": ID, "row": number, "at": at, "version": "3", "by": "key-1"}
            logger.info(json.dumps({**told, "inputs": row, "score": score, "decision": "true"}))

    return [
        ("nothing", lambda rows, answers: None),
        ("logging.FileHandler, json.dumps", plain_logging),
        ("the lines alone, not written", lambda *asked: dropped(*asked) and None),
        ("the event log", lambda *asked: log.write(dropped(*asked))),
        ("the event log, two columns under pseudonyms", lambda *x: masked.write(pseudonyms(*x))),
        ("the event log, sync: disk", lambda *asked: to_disk.write(dropped(*asked))),
    ]


def a_contract(personal: tuple[str, ...]) -> Contract:
    fields = tuple(
        Field(
            name=name,
            type="category" if isinstance(value, str) else "number",
            personal=name in personal,
        )
        for name, value in ROW.items()
    )
    return Contract(
        project="flights", label="late", task="binary", classes=("false", "true"), threshold=0.5,
        fields=fields,
    )  # fmt: skip


def _lines(contract: Contract, mask: Mask) -> Callable[[list[dict[str, object]], Answers], bytes]:
    def lines(rows: list[dict[str, object]], answers: Answers) -> bytes:
        return prediction_lines(
            request_id=ID, at=datetime.now(UTC), version="3", by="key-1", rows=rows,
            answers=answers, contract=contract, mask=mask,
        )  # fmt: skip

    return lines


def _costs(ways: dict[str, Record], *, rows: int, times: int) -> dict[str, float]:
    asked = [dict(ROW) for _ in range(rows)], Answers(np.full(rows, 0.31), np.ones(rows, np.int64))
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(REPEATS):
        for name, record in ways.items():
            # Waiting for the disk is no CPU, and takes long.
            turns = max(times // 30, 3) if "disk" in name else times
            started = time.process_time()
            for _ in range(turns):
                record(*asked)
            best[name] = min(best[name], (time.process_time() - started) / turns * 1e6)
    return best


if __name__ == "__main__":
    main()
