"""Labels joined to what was predicted."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from adapters.events.joining import join, labels_by_key
from adapters.events.log import EventLog
from adapters.events.reading import find, read
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask, Truth, label_lines, prediction_lines
from lifecycle.serving.inputs import Answers

SETTINGS = Events()
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECRET = b"0123456789abcdef"


def declare(*, personal=False):
    fields = (
        Field(name="flight", type="category", personal=personal),
        Field(name="when", type="time"),
    )
    return Contract(
        project="p", label="y", task="regression", key=("flight", "when"), fields=fields
    )


CONTRACT = declare()


class Folder:
    """A folder of events of a contract."""

    def __init__(self, folder, contract, personal="drop"):
        self.folder, self.contract = folder, contract
        self.mask = Mask(contract, personal, secret=SECRET)

    def predict(self, request_id, *keys, at=NOON):
        rows = [{"flight": flight, "when": when} for flight, when in keys]
        scores = Answers(np.zeros(len(rows)), None)
        lines = prediction_lines(
            request_id=request_id, at=at, version="3", by=None, rows=rows, answers=scores,
            contract=self.contract, mask=self.mask,
        )  # fmt: skip
        with EventLog(self.folder, SETTINGS) as log:
            log.write(lines)

    def tell(self, *truths, at=NOON + HOUR):
        lines = label_lines(request_id="t", at=at, by=None, truths=truths, mask=self.mask)
        with EventLog(self.folder, SETTINGS, name="labels") as log:
            log.write(lines)

    def joined(self):
        return join(read(self.folder), self.contract)

    def labels(self):
        return self.joined().table["label"].to_pylist()


@pytest.fixture
def events(tmp_path):
    return Folder(tmp_path, CONTRACT)


def test_a_label_finds_its_row_by_request_and_place(events):
    events.predict("r-1", ("UA1", "2026-01-01"), ("UA2", "2026-01-01"))
    events.predict("r-2", ("UA3", "2026-01-01"))
    events.tell(Truth(label=7, request_id="r-1", row=1))

    assert events.labels() == [None, "7", None]


def test_a_label_finds_every_prediction_of_its_key(events):
    events.predict("r-1", ("UA1", "2026-01-01T06:00:00Z"), ("UA2", "2026-01-01T06:00:00Z"))
    events.predict("r-2", ("UA1", "2026-01-01T07:00:00+01:00"), at=NOON + HOUR)
    events.tell(Truth(label=7, key={"when": "2026-01-01T06:00:00", "flight": "UA1"}))

    assert events.labels() == ["7", None, "7"]


def test_of_several_labels_the_one_told_last_stays_with_both_its_times(events):
    events.predict("r-1", ("UA1", "2026-01-01"))
    by_key = {"flight": "UA1", "when": "2026-01-01"}
    events.tell(Truth(label=9, key=by_key, known_at="2025-01-01"), at=NOON + 3 * HOUR)
    events.tell(Truth(label=7, request_id="r-1", row=0, known_at="2026-06-01"), at=NOON + HOUR)

    (row,) = events.joined().table.select(["label", "known_at", "labelled_at"]).to_pylist()
    assert row == {
        "label": "9",
        "known_at": datetime(2025, 1, 1, tzinfo=UTC),
        "labelled_at": NOON + 3 * HOUR,
    }


def test_a_label_without_a_place_is_that_of_a_request_with_one_row_and_of_no_other(events):
    events.predict("r-1", ("UA1", "2026-01-01"))
    events.predict("r-2", ("UA2", "2026-01-01"), ("UA3", "2026-01-01"))
    events.tell(Truth(label=7, request_id="r-1"), Truth(label=8, request_id="r-2"))

    assert events.labels() == ["7", None, None]
    assert events.joined().unmatched == 1


@pytest.mark.parametrize(
    "truth",
    [
        Truth(label=1, request_id="r-9", row=0),
        Truth(label=1, request_id="r-1", row=5),
        Truth(label=1, key={"flight": "UA9", "when": "2026-01-01"}),
        Truth(label=1, key={"flight": "UA1"}),
        Truth(label=1, key={"flight": None, "when": "2026-01-01"}),
    ],
)
def test_a_label_that_names_no_prediction_is_counted(events, truth):
    events.predict("r-1", ("UA1", "2026-01-01"), (None, "2026-01-01"))
    events.tell(truth)

    joined = events.joined()
    assert joined.unmatched == 1
    assert joined.table["label"].null_count == 2


def test_every_prediction_is_there_once_in_its_order_without_any_label(events):
    for hour in range(3):
        events.predict(f"r-{hour}", ("UA1", "2026-01-01"), at=NOON - hour * HOUR)

    assert events.joined().table["id"].to_pylist() == ["r-2", "r-1", "r-0"]
    assert events.labels() == [None, None, None]


def test_a_key_under_pseudonyms_still_finds_its_prediction(tmp_path):
    events = Folder(tmp_path, declare(personal=True), "pseudonym")
    events.predict("r-1", ("UA1", "2026-01-01"), ("UA2", "2026-01-01"))
    events.tell(Truth(label=7, key={"flight": "UA2", "when": "2026-01-01"}))

    assert events.labels() == [None, "7"]
    assert b"UA2" not in b"".join(path.read_bytes() for path in tmp_path.glob("*/*"))


def test_a_key_that_was_dropped_joins_nothing_to_strangers(tmp_path):
    events = Folder(tmp_path, declare(personal=True), "drop")
    events.predict("r-1", ("UA1", "2026-01-01"), ("UA2", "2026-01-01"))
    events.tell(Truth(label=7, key={"flight": "UA2", "when": "2026-01-01"}))

    assert events.labels() == [None, None]
    assert events.joined().unmatched == 1


def test_a_contract_without_a_key_joins_nothing_by_an_empty_one(tmp_path):
    events = Folder(tmp_path, CONTRACT.model_copy(update={"key": ()}))
    events.predict("r-1", ("UA1", "2026-01-01"))
    events.tell(Truth(label=7, key={}))

    assert events.labels() == [None]


def test_the_labels_of_one_prediction_are_found_by_its_key_and_by_no_other(events):
    events.predict("r-1", ("UA1", "2026-01-01"), ("UA2", "2026-01-01"))
    events.tell(
        Truth(label=1.0, key={"flight": "UA2", "when": "2026-01-01T00:00:00Z"}),
        Truth(label=2.0, key={"flight": "UA3", "when": "2026-01-01"}),
        Truth(label=3.0, request_id="r-1", row=1),
    )
    events.tell(Truth(label=0.5, key={"flight": "UA2", "when": "2026-01-01"}), at=NOON - 24 * HOUR)
    first, second, *_ = find(events.folder, "r-1").events

    assert labels_by_key(events.folder, first, CONTRACT)["label"].to_pylist() == []
    assert labels_by_key(events.folder, second, CONTRACT)["label"].to_pylist() == ["0.5", "1"]
