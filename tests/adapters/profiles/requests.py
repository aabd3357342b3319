"""Logs of made-up predictions, as the service writes them."""

from datetime import UTC, datetime, timedelta

import numpy as np

from adapters.events.batches import predictions
from lifecycle.monitoring.span import Span
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.events import Mask, prediction_lines
from lifecycle.serving.inputs import Answers
from lifecycle.task import Task

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIELDS = (
    Field(name="a b", type="number"),
    Field(name="id", type="integer"),
    Field(name="score", type="category"),
    Field(name="open", type="boolean"),
    Field(name="at", type="time"),
    Field(name="whom", type="text", use="recorded", personal=True),
)
BINARY = Contract(
    project="p", label="y", task=Task.BINARY, classes=("no", "yes"), threshold=0.5, fields=FIELDS
)
SEVERAL = Contract(
    project="p", label="y", task=Task.MULTICLASS, classes=("a", "b", "c"), fields=FIELDS
)
NUMBER = Contract(project="p", label="y", task=Task.REGRESSION, fields=FIELDS)


def a_span(start, length=DAY):
    return Span(start=START + start, end=START + start + length)


def a_row(rng):
    return {
        "a b": float(rng.normal()) if rng.random() < 0.9 else None,
        "id": int(rng.integers(0, 50)),
        "score": str(rng.choice(["x", "y", 'z "ü"'])),
        "open": bool(rng.random() < 0.3),
        "at": f"2013-07-{rng.integers(1, 29):02}T00:00:00Z",
        "whom": "Ada",
    }


def answers_of(contract, rows, rng):
    scores = rng.random((rows, len(contract.classes)) if len(contract.classes) > 2 else rows)
    decisions = rng.integers(0, len(contract.classes), rows) if contract.classes else None
    return Answers(scores, decisions)


def put(folder, name, *, rows=100, at=START, every=HOUR, contract=BINARY, version="3", seed=0):
    """Write a finished file of predictions, one request each."""
    rng = np.random.default_rng(seed)
    mask = Mask(contract, "drop")
    content = b"".join(
        prediction_lines(
            request_id=f"{name}-{number}", at=at + number * every, version=version, by=None,
            rows=[a_row(rng)], answers=answers_of(contract, 1, rng), contract=contract, mask=mask,
        )
        for number in range(rows)
    )  # fmt: skip
    (folder / "predictions").mkdir(exist_ok=True)
    (folder / "predictions" / f"{name}.jsonl").write_bytes(content)


def batches_of(folder, contract=BINARY, **window):
    return list(predictions(folder, contract, **window))
