"""A folder of events, written as the service writes them."""

from datetime import UTC, datetime, timedelta

import numpy as np

from adapters.events.log import EventLog
from adapters.events.observing import observe
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask, label_lines, prediction_lines
from lifecycle.serving.inputs import Answers

DAY = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEXT = DAY + 24 * HOUR
SECRET = b"0123456789abcdef"
NAMES = {"binary": ("no", "yes"), "multiclass": ("a b", "b", "c"), "regression": ()}


def a_contract(task="binary", *, personal=False, key=("flight", "when"), fields=()):
    return Contract(
        project="p", label="late", task=task, classes=NAMES[task], key=key,
        threshold=0.5 if task == "binary" else None,
        fields=(
            Field(name="flight", type="category", personal=personal),
            Field(name="when", type="time"),
            *fields,
        ),
    )  # fmt: skip


class Told:
    """What was asked and told of a contract."""

    def __init__(self, folder, contract, personal="drop"):
        self.folder, self.contract = folder, contract
        self.mask = Mask(contract, personal, secret=SECRET)

    def predict(self, request, *keys, at=DAY + HOUR, version="3", more=None):
        rows = [{"flight": flight, "when": when, **(more or {})} for flight, when in keys]
        classes = len(self.contract.classes)
        shares = np.full((len(rows), classes), 1 / max(classes, 1))
        scores = shares if classes > 2 else np.full(len(rows), 0.25)
        decisions = np.zeros(len(rows), np.int64) if classes else None
        lines = prediction_lines(
            request_id=request, at=at, version=version, by=None, rows=rows,
            answers=Answers(scores, decisions), contract=self.contract, mask=self.mask,
        )  # fmt: skip
        self.write("predictions", lines)

    def tell(self, *truths, at=DAY + 2 * HOUR):
        lines = label_lines(request_id="t", at=at, by=None, truths=truths, mask=self.mask)
        self.write("labels", lines)

    def write(self, kind, lines):
        with EventLog(self.folder, Events(), name=kind) as log:
            log.write(lines)

    def observe(self, *, since=DAY, until=NEXT, as_of=DAY + 100 * 24 * HOUR, **how):
        return observe(self.folder, self.contract, since=since, until=until, as_of=as_of, **how)

    def labels(self, **how):
        return self.observe(**how).table["@label"].to_pylist()

    def counts(self, **how):
        return self.observe(**how).counts
