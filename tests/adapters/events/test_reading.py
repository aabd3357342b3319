"""Events found again: one request, a window of time, and what is too old."""

import os
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from adapters.events.log import EventLog
from adapters.events.reading import find, read, sweep
from lifecycle.errors import DataError
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask, Truth, label_lines, prediction_lines
from lifecycle.serving.inputs import Answers

SETTINGS = Events()
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONTRACT = Contract(
    project="p", label="y", task="binary", classes=("no", "yes"), threshold=0.5, key=("name",),
    fields=(Field(name="name", type="text"), Field(name="size", type="number")),
)  # fmt: skip
WEATHER = CONTRACT.model_copy(update={"task": "multiclass", "classes": ("rain", "sun")})
MASK = Mask(CONTRACT, "drop")


def predicted(request_id, at=NOON, *, rows=1, contract=CONTRACT):
    shape = (rows, 2) if contract is WEATHER else rows
    return prediction_lines(
        request_id=request_id,
        at=at,
        version="3",
        by=None,
        rows=[{"name": "Ada", "size": number} for number in range(rows)],
        answers=Answers(np.full(shape, 0.5), np.ones(rows, np.int64)),
        contract=contract,
        mask=MASK,
    )


def told(*truths, at=NOON, request_id="t-1"):
    return label_lines(request_id=request_id, at=at, by="clerk", truths=truths, mask=MASK)


def write(folder, lines, *, name="predictions"):
    with EventLog(folder, SETTINGS, name=name) as log:
        log.write(lines)


def test_a_request_is_found_with_its_labels_in_finished_and_open_files(tmp_path):
    write(tmp_path, predicted("r-1", rows=2) + predicted("r-2"))
    log = EventLog(tmp_path, SETTINGS, name="labels")
    log.write(told(Truth(label="yes", request_id="r-1", row=1), at=NOON + HOUR))

    found = find(tmp_path, "r-1")
    assert [(event["event"], event["row"]) for event in found.events] == [
        ("prediction", 0),
        ("prediction", 1),
        ("label", 1),
    ]
    assert [event["event"] for event in find(tmp_path, "t-1").events] == ["label"]
    log.close()


@pytest.mark.parametrize("request_id", ['a"b', "back\\slash", "Ada"])
def test_a_request_is_found_whatever_its_name_and_no_other_that_only_mentions_it(
    tmp_path, request_id
):
    write(tmp_path, predicted(request_id) + predicted("other"))

    assert [event["id"] for event in find(tmp_path, request_id).events] == [request_id]


def test_half_a_line_is_skipped_and_counted(tmp_path):
    write(tmp_path, predicted("r-1"))
    (tmp_path / "predictions" / "z.jsonl.open").write_bytes(predicted("r-1")[:-9])

    found, window = find(tmp_path, "r-1"), read(tmp_path)
    assert (len(found.events), found.torn) == (1, 1)
    assert (len(window.predictions), window.torn) == (1, 1)


def test_a_line_that_lost_power_left_as_zeros_is_skipped_and_counted(tmp_path):
    (tmp_path / "predictions").mkdir()
    (tmp_path / "predictions" / "a.jsonl").write_bytes(bytes(300) + b"\n" + predicted("r-1"))

    window = read(tmp_path)
    assert (window.predictions["id"].to_pylist(), window.torn) == (["r-1"], 1)


def test_where_there_is_no_log_there_are_empty_tables(tmp_path):
    window = read(tmp_path / "nowhere")

    assert (len(window.predictions), len(window.labels), window.torn) == (0, 0, 0)
    assert window.predictions.schema.names[0] == window.labels.schema.names[0] == "id"


def test_predictions_are_read_as_they_were_written(tmp_path):
    write(tmp_path, predicted("r-1"))

    assert read(tmp_path).predictions.to_pylist() == [
        {
            "id": "r-1",
            "row": 0,
            "at": NOON,
            "version": "3",
            "by": None,
            "inputs": '{"name":"Ada","size":0}',
            "score": 0.5,
            "scores": None,
            "decision": "yes",
        }
    ]


def test_scores_of_several_classes_are_read_by_class(tmp_path):
    write(tmp_path, predicted("r-1", contract=WEATHER))

    (row,) = read(tmp_path).predictions.to_pylist()
    assert (row["score"], dict(row["scores"])) == (None, {"rain": 0.5, "sun": 0.5})


def test_labels_are_read_as_text_with_both_their_times(tmp_path):
    truths = [
        Truth(label=label, request_id="r", known_at="2025-12-31T23:00:00+01:00")
        for label in (True, 1.0, "yes", 0.5)
    ]
    write(tmp_path, told(*truths), name="labels")

    labels = read(tmp_path).labels
    assert labels["label"].to_pylist() == ["true", "1", "yes", "0.5"]
    assert {*labels["known_at"].to_pylist()} == {datetime(2025, 12, 31, 22, tzinfo=UTC)}
    assert {*labels["at"].to_pylist()} == {NOON}


def test_a_window_has_its_first_moment_and_not_its_last(tmp_path):
    moments = [NOON + hour * HOUR for hour in range(48)]
    for moment in moments:
        write(tmp_path, predicted(f"{moment:%d %H}", moment))

    window = read(tmp_path, since=moments[24], until=moments[26])
    assert window.predictions["id"].to_pylist() == ["02 12", "02 13"]


def test_labels_are_those_that_had_been_told_by_a_moment(tmp_path):
    write(tmp_path, predicted("r-1"))
    write(tmp_path, told(Truth(label="no", request_id="r-1")), name="labels")
    late = told(Truth(label="yes", request_id="r-1"), at=NOON + 3 * HOUR)
    write(tmp_path, late, name="labels")

    asked = {"since": NOON, "until": NOON + HOUR}
    assert read(tmp_path, **asked, as_of=NOON + HOUR).labels["label"].to_pylist() == ["no"]
    assert read(tmp_path, **asked).labels["label"].to_pylist() == ["no", "yes"]


def test_a_line_of_a_form_to_come_is_refused_and_not_taken_for_a_torn_one(tmp_path):
    (tmp_path / "predictions").mkdir()
    line = predicted("r-1").replace(b'"v":1', b'"v":2')
    (tmp_path / "predictions" / "a.jsonl").write_bytes(line)

    with pytest.raises(DataError, match="form 2"):
        read(tmp_path)


def test_reading_while_files_are_written_and_renamed_misses_no_line(tmp_path):
    with EventLog(tmp_path, Events(rotate_mb=0.0001)) as log:
        seen = []
        for number in range(100):
            log.write(predicted(str(number)))
            seen.append(len(read(tmp_path).predictions))

    assert seen == list(range(1, 101))


def test_files_whose_last_event_is_older_than_the_retention_are_deleted(tmp_path):
    old, young = NOON - timedelta(days=10), NOON - timedelta(days=1)
    write(tmp_path, predicted("old", old))
    write(tmp_path, predicted("old", old) + predicted("young", young))
    write(tmp_path, told(Truth(label=1, request_id="old"), at=old), name="labels")
    deleted = sweep(tmp_path, retention=timedelta(days=5), now=NOON)

    assert len(deleted) == 2
    assert read(tmp_path).predictions["id"].to_pylist() == ["old", "young"]
    assert not list((tmp_path / "labels").iterdir())


def test_what_a_living_writer_has_open_is_not_swept_and_what_a_dead_one_left_is(tmp_path):
    old = predicted("old", NOON - timedelta(days=10))
    log = EventLog(tmp_path, SETTINGS)
    log.write(old)
    dead = tmp_path / "predictions" / "a.jsonl.open"
    dead.write_bytes(old + b"half")
    deleted = sweep(tmp_path, retention=timedelta(days=5), now=NOON)
    log.close()

    assert [path.name for path in deleted] == ["a.jsonl"]
    assert len(read(tmp_path).predictions) == 1


def test_torn_ends_are_swept_by_the_time_they_were_cut_off(tmp_path):
    (tmp_path / "predictions").mkdir()
    for name, age in (("a.jsonl.torn", 10), ("b.jsonl.torn", 1)):
        path = tmp_path / "predictions" / name
        path.write_bytes(b'{"half')
        moment = (NOON - timedelta(days=age)).timestamp()
        os.utime(path, (moment, moment))

    deleted = sweep(tmp_path, retention=timedelta(days=5), now=NOON)
    assert [path.name for path in deleted] == ["a.jsonl.torn"]
