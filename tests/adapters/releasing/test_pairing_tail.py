"""New lines of an event log, each once, whatever becomes of its files meanwhile."""

import os
from datetime import timedelta

import pyarrow as pa
import pytest

from adapters.events.segment import Segment
from adapters.releasing.pairing_tail import Tail
from lifecycle.errors import DataError
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.events import Mask, prediction_lines
from lifecycle.serving.inputs import Answers
from tests.adapters.releasing.versions import NOON

CONTRACT = Contract(
    project="p", label="y", task="regression", fields=(Field(name="x", type="number"),)
)


def lines(*ids, at=NOON):
    mask = Mask(CONTRACT, "drop")
    return [
        prediction_lines(
            request_id=name, at=at, version="1", by=None, rows=[{"x": 1.0}],
            answers=Answers(pa.array([0.5]).to_numpy(), None), contract=CONTRACT, mask=mask,
        )
        for name in ids
    ]  # fmt: skip


@pytest.fixture
def segment(tmp_path):
    (tmp_path / "predictions").mkdir()
    return Segment.create(tmp_path / "predictions", NOON)


@pytest.fixture
def tail(tmp_path):
    return Tail(tmp_path, NOON)


def ids(tail, **how):
    return [line.id for line in tail.read(**how)]


def test_a_log_that_is_not_there_yet_is_empty_and_is_read_once_it_is(tmp_path, tail) -> None:
    before = ids(tail)
    (tmp_path / "predictions").mkdir()
    Segment.create(tmp_path / "predictions", NOON).append(*lines("a"))

    assert (before, ids(tail)) == ([], ["a"])


def test_each_line_is_read_once_and_a_half_one_waits_for_its_end(segment, tail) -> None:
    (one, two) = lines("a", "b")
    segment.append(one + two[:20])
    first = ids(tail)
    second = ids(tail)
    segment.append(two[20:])

    assert (first, second, ids(tail)) == (["a"], [], ["b"])


def test_a_file_that_is_finished_between_two_looks_is_read_to_its_end(
    tmp_path, segment, tail
) -> None:
    segment.append(*lines("a"))
    first = ids(tail)
    segment.append(*lines("b"))
    segment.finish()
    Segment.create(tmp_path / "predictions", NOON + timedelta(hours=1)).append(*lines("c"))

    assert (first, sorted(ids(tail)), ids(tail)) == (["a"], ["b", "c"], [])


def test_a_file_that_is_swept_away_is_no_more_than_gone(segment, tail) -> None:
    segment.append(*lines("a"))
    first = ids(tail)
    segment.path.unlink()

    assert (first, ids(tail)) == (["a"], [])


def test_rehearsals_and_what_was_asked_before_are_left_out(segment, tail) -> None:
    segment.append(b"".join(lines("smoke-1", "a")))
    segment.append(*lines("old", at=NOON - timedelta(microseconds=1)))

    assert ids(tail) == ["a"]


def test_lines_that_cannot_be_read_are_passed_over(segment, tail) -> None:
    segment.append(b"{nonsense\n" + b"".join(lines("a")) + b'\xff\n{"event":"label"}\n')

    assert ids(tail) == ["a"]


def test_a_line_of_another_form_is_told_at_every_look(segment, tail) -> None:
    segment.append(lines("a")[0].replace(b'"v":1', b'"v":9'))

    for _ in range(2):
        with pytest.raises(DataError, match="form 9"):
            ids(tail)


def test_more_than_is_read_at_once_comes_the_next_time(segment, tail) -> None:
    segment.append(b"".join(lines(*"abcdef")))
    found, behind = [], []
    for _ in range(6):
        found.append(ids(tail, most=len(lines("a")[0]) + 10))
        behind.append(tail.is_behind)

    assert found == [["a", "b"], ["c", "d"], ["e", "f"], [], [], []]
    assert behind == [True, True, False, False, False, False]


def test_several_writers_are_read_also_when_the_first_brings_more_than_is_read_at_once(
    tmp_path, segment, tail
) -> None:
    segment.append(b"".join(lines(*"abcd")))
    Segment.create(tmp_path / "predictions", NOON).append(*lines("z"))
    most = len(lines("a")[0])
    found = [name for _ in range(5) for name in ids(tail, most=most)]

    assert sorted(found) == ["a", "b", "c", "d", "z"]


def test_finished_files_of_before_are_not_opened(tmp_path, segment) -> None:
    segment.append(*lines("a"))
    segment.finish()
    (path,) = (tmp_path / "predictions").iterdir()
    before = NOON.timestamp() - 3600
    os.utime(path, (before, before))
    path.chmod(0)
    os.utime(path, (before, before))

    assert ids(Tail(tmp_path, NOON)) == []


def test_lines_that_were_taken_back_do_not_stop_those_that_follow(segment, tail) -> None:
    segment.append(*lines("a"))
    os.truncate(segment.path, 0)
    first = ids(tail)
    segment.append(*lines("b"))
    ids(tail)
    os.truncate(segment.path, 10)
    again = ids(tail)
    segment.append(b"\n" + b"".join(lines("c")))

    assert (first, again, ids(tail)) == ([], [], ["c"])
