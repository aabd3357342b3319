"""Outcomes added from files, and counted."""

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.events.log import EventLog
from adapters.events.reading import sweep
from adapters.outcomes.files import add_file
from adapters.outcomes.reading import outcomes, outcomes_of, overview
from lifecycle.errors import DataError, SourceError
from lifecycle.serving.declaration import Events
from lifecycle.serving.outcomes import UnitMask

NOW = datetime(2026, 1, 2, 20, tzinfo=UTC)
MASK = UnitMask(b"0123456789abcdef")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "events"


@pytest.fixture
def add(tmp_path, folder):
    def add(content, name="told.csv", *, mask=MASK, now=NOW):
        path = tmp_path / name
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_text(content, encoding="utf-8")
        return add_file(path, folder=folder, mask=mask, now=now, settings=Events())

    return add


def test_the_rows_of_a_table_become_lines(add, folder):
    added = add(
        "name,unit,request_id,value,id,happened_at\n"
        "booked,u17,,1,o-1,2026-01-01 18:00:00\n"
        "paid,,r-1,12.5,,\n"
    )

    first, second = outcomes(folder)
    assert (added.rows, added.written, added.known) == (2, 2, 0)
    assert (first.name, first.unit, first.id) == ("booked", MASK(b"u17"), "o-1")
    assert first.when == datetime(2026, 1, 1, 18, tzinfo=UTC)
    assert (second.request, second.value, second.when) == ("r-1", 12.5, NOW)
    assert (second.by, second.sent[:5]) == ("file:told.csv", "file-")


def test_a_parquet_file_and_json_lines_say_the_same(add, folder):
    add(pa.table({"unit": [17, 18], "name": ["a", "a"], "id": ["1", "2"]}), "told.parquet")
    lines = ['{"name": "a", "unit": "17", "id": "1"}', "", '{"name": "a", "unit": "ü"}']
    added = add("\n".join(lines), "told.jsonl")

    assert [one.unit for one in outcomes(folder)] == [MASK(n.encode()) for n in ("17", "18", "ü")]
    assert (added.rows, added.known, added.different) == (2, 1, 0)


def test_units_that_begin_with_zeros_stay_what_they_are(add, folder):
    add("name,unit\na,007\na,7\n")

    assert [one.unit for one in outcomes(folder)] == [MASK(b"007"), MASK(b"7")]


@pytest.mark.parametrize("name", ["told.csv", "told.jsonl"])
def test_adding_a_file_again_adds_nothing_even_without_ids(add, folder, name):
    alike = '{"name":"a","unit":"u1"}\n' * 3
    content = "name,unit\na,u1\na,u1\na,u1\n" if name == "told.csv" else alike

    first, again = add(content, name), add(content, name, now=NOW + timedelta(hours=1))

    assert (first.written, again.written, again.known) == (3, 0, 3)
    assert len([*outcomes(folder)]) == 3


def test_what_is_told_otherwise_under_an_id_is_written_again(add, folder):
    add("name,unit,id,value\npaid,u1,o-1,5\npaid,u2,o-2,6\n")
    added = add("name,unit,id,value\npaid,u1,o-1,7\npaid,u2,o-2,6\nseen,u1,o-1,7\n", "b.csv")

    assert (added.written, added.known, added.different) == (2, 1, 1)
    assert [one.value for one in outcomes(folder) if one.id == "o-1"] == [5.0, 7.0, 7.0]


def test_faulty_rows_are_named_and_nothing_is_added(add, folder):
    content = "name,unit,value\n" + "a,u1,1\n" * 5 + "1st,u1,1\na,,1\na,u1,much\na,u1,\n"

    with pytest.raises(DataError) as raised:
        add(content)

    told = str(raised.value)
    assert "4 of 9 rows of told.csv cannot be right, so that nothing was added" in told
    assert 'row 6: name is "1st"; it is a letter' in told
    assert "row 7: An outcome names its unit or its request_id; there is neither." in told
    assert 'row 8: value is "much", which is not a finite number.' in told
    assert "row 9: value is missing." in told
    assert [*outcomes(folder)] == []


def test_faulty_lines_of_json_are_named(add):
    with pytest.raises(DataError) as raised:
        add('{"name":"a","unit":"u"}\n{"name":"a",}\n\n[1]\n{"name":"a","unit":1}', "told.ndjson")

    told = str(raised.value)
    assert "3 of 4 rows" in told
    assert "line 2: The body is not JSON" in told
    assert "line 4: An outcome is an object, not an array." in told
    assert "line 5: unit is text" in told


def test_rows_that_contradict_each_other_are_refused(add):
    with pytest.raises(DataError, match="row 3 has the name and the id of row 1"):
        add("name,unit,id\na,u1,o\nb,u2,o\na,u2,o\n")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name,unit,happend_at\na,u,2026-01-01\n", 'Did you mean "happened_at"'),
        ("name,value\na,1\n", "needs the columns name, and unit or request_id"),
        ("unit\nu\n", "Columns there are: unit"),
    ],
)
def test_columns_that_are_missing_or_mean_nothing_are_named(add, content, told):
    with pytest.raises(DataError, match=told):
        add(content)


def test_units_need_a_declaration_and_requests_do_not(add):
    with pytest.raises(DataError, match=r"Declare release\.unit"):
        add("name,unit\na,u\n", mask=None)

    assert add("name,request_id\na,r-1\n", mask=None).written == 1


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl"])
def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path, folder, name):
    with pytest.raises(SourceError, match=name):
        add_file(tmp_path / name, folder=folder, mask=MASK, now=NOW, settings=Events())


def test_an_empty_file_says_so(add):
    with pytest.raises(SourceError, match="empty"):
        add("\n", "told.jsonl")


def test_what_was_told_is_counted_by_name(add, folder):
    add("name,unit,request_id,id\na,u1,,1\na,u2,,2\na,,r-1,3\nb,u1,,1\n")
    with EventLog(folder, Events(), name="outcomes") as log:
        line = {"event": "outcome", "v": 1, "name": "a", "unit": MASK(b"u1"), "value": 1, "id": "1",
                "at": "2026-01-03T00:00:00Z"}  # fmt: skip
        log.write(json.dumps(line).encode() + b"\ntorn\n")

    found = overview(folder)

    first, second = found.names
    assert (first.name, first.told, first.repeated, first.units, first.of_requests) == (
        "a", 4, 1, 2, 1,
    )  # fmt: skip
    assert first.last == datetime(2026, 1, 3, tzinfo=UTC)
    assert (second.name, second.told, found.torn) == ("b", 1, 1)


def test_the_outcomes_of_a_request_are_found(add, folder):
    add("name,unit,request_id\na,u1,\na,,r-1\nb,,r-1\na,,r-2\n")

    assert [one.name for one in outcomes_of(folder, "r-1")] == ["a", "b"]


def test_old_outcomes_are_swept_with_the_rest(add, folder):
    add("name,unit\na,u1\n")

    kept = sweep(folder, retention=timedelta(days=2), now=NOW + timedelta(days=1))
    gone = sweep(folder, retention=timedelta(days=2), now=NOW + timedelta(days=3))

    assert (len(kept), len(gone)) == (0, 1)
    assert [*outcomes(folder)] == []
