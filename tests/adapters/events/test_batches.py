"""The typed, fast reader of predictions, against lines as the service writes them."""

import logging
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from adapters.events import batches, blocks
from adapters.events.batches import Reader, predictions, versions
from adapters.events.log import EventLog
from lifecycle.errors import DataError
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask, prediction_lines
from lifecycle.serving.inputs import Answers
from lifecycle.task import Task

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONTRACT = Contract(
    project="p", label="y", task="binary", classes=("no", "yes"), threshold=0.5, key=("id",),
    fields=(
        Field(name="id", type="integer", use="key"),
        Field(name="a b", type="number"),
        Field(name='score "ü"', type="category"),
        Field(name="open", type="boolean"),
        Field(name="said", type="text"),
        Field(name="at", type="time"),
        Field(name="salary", type="number", use="recorded", personal=True),
    ),
)  # fmt: skip
ROW = {
    "id": 7, "a b": 1.5, 'score "ü"': "x", "open": True, "said": "hello",
    "at": "2013-07-01T13:00:00Z", "salary": 100.0,
}  # fmt: skip
MOMENT = datetime(2013, 7, 1, 13)
TYPED = {
    "id": 7, "a b": 1.5, 'score "ü"': "x", "open": True, "said": "hello", "at": MOMENT,
    "salary": None,
}  # fmt: skip


def lines(*rows, at=NOON, request_id="r", version="3", contract=CONTRACT, scores=None):
    if scores is None:
        scores = np.full(len(rows), 0.25)
    return prediction_lines(
        request_id=request_id, at=at, version=version, by=None, rows=rows,
        answers=Answers(np.asarray(scores), np.ones(len(rows), np.int64)),
        contract=contract, mask=Mask(contract, "drop"),
    )  # fmt: skip


def put(folder, content, name="a.jsonl"):
    (folder / "predictions").mkdir(exist_ok=True)
    (folder / "predictions" / name).write_bytes(content)


def rows_of(folder, contract=CONTRACT, **window):
    return [
        row for one in predictions(folder, contract, **window) for row in one.inputs.to_pylist()
    ]


def ids_of(folder, contract=CONTRACT, **window):
    return [
        name
        for one in predictions(folder, contract, **window)
        for name in one.meta["id"].to_pylist()
    ]


def test_a_prediction_is_read_with_its_answer_and_its_inputs_in_their_types(tmp_path):
    with EventLog(tmp_path, Events()) as log:
        log.write(lines(ROW))

    (batch,) = predictions(tmp_path, CONTRACT)
    assert batch.inputs.to_pylist() == [TYPED]
    assert batch.inputs.schema.types == [
        pa.int64(), pa.float64(), pa.string(), pa.bool_(), pa.string(), pa.timestamp("us"),
        pa.string(),
    ]  # fmt: skip
    assert batch.meta.to_pylist() == [
        {"id": "r", "row": 0, "at": NOON, "version": "3", "score": 0.25, "decision": "yes"}
    ]


ODD = [
    ("id", 7.0, 7),
    ("id", 2**53 + 1, 2**53 + 1),
    ("a b", 3, 3.0),
    ('score "ü"', 7, "7"),
    ('score "ü"', 7.5, "7.5"),
    ('score "ü"', True, "true"),
    ('score "ü"', "", None),
    ("said", "", None),
    ("at", "", None),
    ("at", "2013-07-01", datetime(2013, 7, 1)),
    ("at", "2013-07-01T13:00", MOMENT),
    ("at", "2013-07-01 15:00:00.987654321+02:00", MOMENT),
    ("at", "1969-12-31T23:59:59.5", datetime(1969, 12, 31, 23, 59, 59)),
    ("open", None, None),
    ("id", None, None),
]


@pytest.mark.parametrize(("name", "sent", "read"), ODD)
@pytest.mark.parametrize("torn", [b"", b'{"event":"predic\n'], ids=["at once", "by line"])
def test_a_value_is_read_as_training_has_it_however_it_was_sent(tmp_path, name, sent, read, torn):
    put(tmp_path, torn + lines(ROW, {**ROW, name: sent}))

    assert rows_of(tmp_path) == [TYPED, {**TYPED, name: read}]


@pytest.mark.parametrize("name", [name for name in ROW if name != "salary"])
def test_both_ways_of_reading_call_a_value_of_another_type_missing_and_count_it(tmp_path, name):
    put(tmp_path, lines(ROW) + lines(ROW).replace(msgspec.json.encode(ROW[name]), b"[1]", 1))
    wrong = {**msgspec.json.decode(lines(ROW)), "inputs": {**ROW, "salary": None, name: [1]}}
    put(tmp_path, lines(ROW) + msgspec.json.encode(wrong) + b"\n")

    (batch,) = predictions(tmp_path, CONTRACT)
    assert batch.inputs.to_pylist() == [TYPED, {**TYPED, name: None}]
    assert (batch.unread, batch.torn) == ({name: 1}, 0)


def test_a_block_that_is_right_is_never_read_line_by_line(tmp_path, monkeypatch):
    monkeypatch.setattr(Reader, "_read_lines", None)
    odd = [
        {**ROW, name: sent} for name, sent, _ in ODD if sent != 2**53 + 1 and name != 'score "ü"'
    ]

    put(tmp_path, b"".join(lines(row) for row in odd))

    assert len(rows_of(tmp_path)) == len(odd)


def test_a_field_that_is_absent_is_null_and_one_the_contract_does_not_know_is_left_out(tmp_path):
    narrow = CONTRACT.model_copy(update={"fields": CONTRACT.fields[:2]})
    wide = CONTRACT.model_copy(
        update={"fields": (*CONTRACT.fields, Field(name="new", type="boolean"))}
    )
    put(tmp_path, lines(ROW))

    assert rows_of(tmp_path, narrow) == [{"id": 7, "a b": 1.5}]
    assert rows_of(tmp_path, wide) == [{**TYPED, "new": None}]


def test_personal_columns_are_read_as_they_are_masked(tmp_path):
    mask = Mask(CONTRACT, "pseudonym", secret=bytes(16))
    masked = msgspec.json.decode(lines(ROW)) | {"inputs": mask(ROW)}
    put(tmp_path, msgspec.json.encode(masked) + b"\n")

    (row,) = rows_of(tmp_path)
    assert row == {**TYPED, "salary": mask(ROW)["salary"]} and len(row["salary"]) == 32


@pytest.mark.parametrize(
    "broken",
    [
        b'{"event":"prediction","v":1,"id":"r"\n',
        bytes(300) + b"\n",
        b"\n",
        b"[1]\n",
        b'{"event":"label","v":1}\n',
        b"\xff\xfe\n",
        lines(ROW).replace(b'"id":"r",', b"", 1),
        lines(ROW).replace(b"2026-01-01T12", b"2026-01-01T25", 1),
        lines(ROW).removesuffix(b"\n") + lines(ROW),
    ],
)
def test_a_line_that_cannot_be_read_is_counted_and_loses_no_other(tmp_path, broken):
    put(tmp_path, lines(ROW) + broken + lines(ROW))

    found = list(predictions(tmp_path, CONTRACT))
    assert (sum(len(one.meta) for one in found), sum(one.torn for one in found)) == (2, 1)


def test_half_a_line_at_the_end_of_a_finished_file_is_torn_and_of_an_open_one_on_its_way(tmp_path):
    put(tmp_path, lines(ROW)[:-9])
    put(tmp_path, lines(ROW) + lines(ROW)[:-9], name="b.jsonl.open")

    found = list(predictions(tmp_path, CONTRACT))
    assert [(len(one.meta), one.torn) for one in found] == [(0, 1), (1, 0)]


@pytest.mark.parametrize("change", [(b'"v":1', b'"v":2'), (b'"v":1,"id":"r"', b'"v":2,"id":5')])
def test_a_form_of_another_time_is_refused(tmp_path, change):
    put(tmp_path, lines(ROW) + lines(ROW).replace(*change))

    with pytest.raises(DataError, match="form 2"):
        rows_of(tmp_path)


def test_our_own_rehearsals_are_nobodys_predictions(tmp_path):
    put(tmp_path, lines(ROW, request_id="smoke-1") + lines(ROW, request_id="r smoke-1"))

    assert ids_of(tmp_path) == ["r smoke-1"]


def test_a_window_has_its_first_moment_and_not_its_last(tmp_path):
    put(tmp_path, b"".join(lines(ROW, at=NOON + n * HOUR, request_id=str(n)) for n in range(5)))

    assert ids_of(tmp_path, since=NOON + HOUR, until=NOON + 3 * HOUR) == ["1", "2"]


def test_versions_are_read_one_by_one_and_counted(tmp_path):
    other = CONTRACT.model_copy(
        update={"task": Task.MULTICLASS, "classes": ("a", "b"), "threshold": None}
    )
    put(
        tmp_path,
        lines(ROW, ROW) + lines(ROW, version="4", contract=other, scores=[[0.25, 0.75]]),
    )

    assert versions(tmp_path) == {"3": 2, "4": 1}
    (batch,) = predictions(tmp_path, other, version="4")
    assert batch.meta.select(["score", "score a", "score b", "decision"]).to_pylist() == [
        {"score": None, "score a": 0.25, "score b": 0.75, "decision": "b"}
    ]
    (batch,) = predictions(tmp_path, CONTRACT, version="3")
    assert batch.meta["score"].to_pylist() == [0.25, 0.25]


def test_batches_are_no_larger_than_asked_for_and_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 1_000)
    put(tmp_path, b"".join(lines(ROW, request_id=str(number)) for number in range(50)))

    found = list(predictions(tmp_path, CONTRACT, rows=2))
    assert max(len(one.meta) for one in found) == 2
    assert [name for one in found for name in one.meta["id"].to_pylist()] == [*map(str, range(50))]


def test_a_line_longer_than_a_block_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 100)
    monkeypatch.setattr(blocks, "_PIECE", 64)
    put(tmp_path, lines({**ROW, "said": "x" * 5_000}) + lines(ROW))

    assert [len(row["said"]) for row in rows_of(tmp_path)] == [5_000, 5]


def test_a_file_outside_of_the_window_is_not_opened_once_its_ends_are_known(tmp_path, monkeypatch):
    put(tmp_path, lines(ROW))
    put(tmp_path, lines(ROW, at=NOON + 48 * HOUR), name="b.jsonl")
    list(predictions(tmp_path, CONTRACT))
    opened = []
    read = Reader.read
    monkeypatch.setattr(
        Reader,
        "read",
        lambda self, path, **how: opened.append(path.name) or read(self, path, **how),
    )

    assert len(rows_of(tmp_path, since=NOON + HOUR)) == 1
    assert opened == ["b.jsonl"]


def test_a_clock_that_jumped_back_loses_no_event(tmp_path):
    moments = [NOON, NOON - 48 * HOUR, NOON + HOUR]
    put(tmp_path, b"".join(lines(ROW, at=at, request_id=f"{at:%d}") for at in moments))
    window = {"since": NOON - 49 * HOUR, "until": NOON - 47 * HOUR}

    assert ids_of(tmp_path, **window) == ["30"]
    assert ids_of(tmp_path, **window) == ["30"]


def test_a_file_that_changed_under_its_name_is_read_anew(tmp_path):
    put(tmp_path, lines(ROW))
    list(predictions(tmp_path, CONTRACT))
    put(tmp_path, lines(ROW) + lines(ROW, at=NOON + 48 * HOUR, request_id="late"))

    assert ids_of(tmp_path, since=NOON + HOUR) == ["late"]


def test_a_log_nothing_can_be_kept_beside_is_read_all_the_same(tmp_path, caplog):
    put(tmp_path, lines(ROW))
    (tmp_path / "index").write_text("in the way")
    caplog.set_level(logging.WARNING, "perennial.events")

    assert len(rows_of(tmp_path)) == len(rows_of(tmp_path, since=NOON)) == 1
    assert "cannot be kept" in caplog.text


def test_a_file_that_is_finished_after_it_was_listed_is_found(tmp_path, monkeypatch):
    put(tmp_path, lines(ROW), name="a.jsonl.open")
    listed = batches.predictions_of(tmp_path)
    listed[0].rename(listed[0].with_name("a.jsonl"))
    monkeypatch.setattr(batches, "predictions_of", lambda *_, **__: listed)

    assert ids_of(tmp_path) == ["r"]


def test_where_there_is_no_log_there_is_nothing(tmp_path):
    assert (rows_of(tmp_path / "nowhere"), versions(tmp_path)) == ([], {})
