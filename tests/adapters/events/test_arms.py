"""Lines with a unit and an arm are read as those without are, and old ones still."""

from datetime import timedelta

import numpy as np
import pytest

from adapters.events.batches import predictions, versions
from adapters.events.joining import join
from adapters.events.reading import find, read
from adapters.events.twins import prediction_twins
from lifecycle.serving.contract import Field
from lifecycle.serving.events import Truth, prediction_lines
from lifecycle.serving.inputs import Answers
from tests.adapters.events.telling import DAY, HOUR, NEXT, Told, a_contract

NOON = "2026-01-01T12:00:00Z"
ASSIGNED = {"unit": "5f" * 16, "arm": "7:challenger"}
FIELDS = (Field(name="unit", type="text"), Field(name="arm", type="number"))


@pytest.fixture(params=["binary", "multiclass", "regression"])
def log(request, tmp_path):
    """A log whose rows have columns that are called as the new fields are."""
    made = Told(tmp_path / "events", a_contract(request.param, fields=FIELDS))
    for number in range(6):
        tell(made, f"r-{number}", **(ASSIGNED if number % 2 else {}))
    return made


def tell(log, request, **assigned):
    contract = log.contract
    classes = len(contract.classes)
    scores = np.full((1, classes), 1 / classes) if classes > 2 else np.full(1, 0.25)
    lines = prediction_lines(
        request_id=request, at=DAY + HOUR, version="3", by=None,
        rows=[{"flight": "UA1", "when": NOON, "unit": "own", "arm": 4.0}],
        answers=Answers(scores, np.zeros(1, np.int64) if classes else None),
        contract=contract, mask=log.mask, **assigned,
    )  # fmt: skip
    log.write("predictions", lines)


def test_batches_hold_all_of_them_and_their_own_columns(log):
    batches = [*predictions(log.folder, log.contract)]

    assert sum(len(batch.meta) for batch in batches) == 6
    assert sum(batch.torn for batch in batches) == 0
    inputs = [row for batch in batches for row in batch.inputs.to_pylist()]
    assert {(row["unit"], row["arm"]) for row in inputs} == {("own", 4.0)}
    assert versions(log.folder) == {"3": 6}


def test_one_torn_line_among_them_does_no_harm(log):
    log.write("predictions", b'{"event":"prediction","v":1,"id"\n')

    batches = [*predictions(log.folder, log.contract)]

    assert sum(len(batch.meta) for batch in batches) == 6
    assert sum(batch.torn for batch in batches) == 1


def test_twins_and_labels_find_them(log):
    label = log.contract.classes[0] if log.contract.classes else 2.0
    log.tell(Truth(label=label, request_id="r-1", row=0))

    assert sum(len(twin.table) for twin in prediction_twins(log.folder, log.contract)) == 6
    assert sum(twin.torn for twin in prediction_twins(log.folder, log.contract)) == 0
    assert sum(one is not None for one in log.labels()) == 1


def test_a_window_is_read_and_joined(log):
    window = read(log.folder, since=DAY, until=NEXT)

    assert (len(window.predictions), window.torn) == (6, 0)
    assert len(join(window, log.contract).table) == 6


def test_a_request_is_found_with_its_arm(log):
    (first,) = find(log.folder, "r-1").events
    (second,) = find(log.folder, "r-2").events

    assert (first["unit"], first["arm"]) == (ASSIGNED["unit"], ASSIGNED["arm"])
    assert "arm" not in second


def test_the_folder_of_outcomes_or_of_a_shadow_beside_them_is_no_prediction(log):
    shadow = Told(log.folder / "shadow" / "7", log.contract)
    tell(shadow, "r-1", **ASSIGNED)
    log.write("outcomes", b'{"event":"outcome","v":1}\n')

    assert versions(log.folder, since=DAY, until=DAY + timedelta(days=1)) == {"3": 6}
    assert len(find(log.folder, "r-1").events) == 1
