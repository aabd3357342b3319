import subprocess
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.data.declaration import Window
from lifecycle.fingerprint import TableHasher, fingerprint, table_fingerprint
from lifecycle.task import Task

COLUMNS = {
    "bool": pa.array([True, None, False, True]),
    "int8": pa.array([1, None, 3, -4], pa.int8()),
    "uint64": pa.array([1, None, 3, 2**64 - 1], pa.uint64()),
    "int64": pa.array([1, None, 3, -4]),
    "float16": pa.array(np.array([1, 2, 3, 4], np.float16)),
    "float32": pa.array([1, None, 3, 4], pa.float32()),
    "float64": pa.array([0.5, None, float("nan"), float("inf")]),
    "string": pa.array(["a", None, "", "🛫\n"]),
    "binary": pa.array([b"a", None, b"", b"\xff"]),
    "fixed": pa.array([b"ab", None, b"cd", b"ef"], pa.binary(2)),
    "date": pa.array([date(2013, 1, 1), None, date(1, 1, 1), date(2013, 1, 2)]),
    "time": pa.array([time(5), None, time(6), time(7)]),
    "moment": pa.array([datetime(2013, 1, 1), None, datetime(2014, 1, 1), datetime(2015, 1, 1)]),
    "zoned": pa.array([0, None, 1, 2], pa.timestamp("ns", "Asia/Tokyo")),
    "span": pa.array([timedelta(1), None, timedelta(2), timedelta(3)]),
    "interval": pa.array([(1, 2, 3), None, (0, 0, 1), (1, 0, 0)], pa.month_day_nano_interval()),
    "decimal": pa.array([Decimal("1.5"), None, Decimal("2.5"), Decimal("3.5")]),
    "list": pa.array([[1, 2], None, [], [3]]),
    "struct": pa.array([{"a": 1}, None, {"a": None}, {"a": 2}]),
    "dictionary": pa.array(["a", None, "b", "a"]).dictionary_encode(),
    "null": pa.nulls(4),
}
TABLE = pa.table(COLUMNS)


@pytest.fixture(params=COLUMNS)
def table(request: pytest.FixtureRequest) -> pa.Table:
    return TABLE.select([request.param])


def test_chunks_do_not_count(table):
    cut = pa.concat_tables([table[:1], table[1:1], table[1:3], table[3:]])

    assert table_fingerprint(cut) == table_fingerprint(table)


def test_where_a_slice_begins_does_not_count(table):
    padded = pa.concat_tables([table[2:], table, table[:3]]).combine_chunks()

    assert table_fingerprint(padded.slice(2, 4)) == table_fingerprint(table)


def test_order_counts(table):
    backwards = table.take(pa.array([3, 2, 1, 0]))

    if backwards.to_pylist() != table.to_pylist():
        assert table_fingerprint(backwards) != table_fingerprint(table)


def test_each_value_counts(table):
    fingerprints = {table_fingerprint(table.slice(0, rows)) for rows in range(5)}

    assert len(fingerprints) == 5


def test_a_missing_value_is_not_an_empty_or_a_zero_one():
    for missing, present in ((None, 0), (None, ""), (None, False), (None, float("nan"))):
        kind = pa.array([present]).type
        tables = [pa.table({"x": pa.array([value], kind)}) for value in (missing, present)]

        assert table_fingerprint(tables[0]) != table_fingerprint(tables[1])


def test_what_lies_under_a_missing_value_does_not_count():
    validity = pa.py_buffer(b"\x05")
    tables = [
        pa.table({"x": pa.Array.from_buffers(pa.int64(), 3, [validity, pa.py_buffer(values)])})
        for values in (np.array([1, 7, 3]), np.array([1, 99, 3]))
    ]

    assert tables[0].equals(tables[1])
    assert table_fingerprint(tables[0]) == table_fingerprint(tables[1])


def test_text_under_a_missing_value_does_not_count():
    offsets = pa.py_buffer(np.array([0, 1, 5, 6], np.int32))
    hidden = pa.Array.from_buffers(
        pa.string(), 3, [pa.py_buffer(b"\x05"), offsets, pa.py_buffer(b"aXXXXb")]
    )

    plain = pa.table({"x": ["a", None, "b"]})
    assert table_fingerprint(pa.table({"x": hidden})) == table_fingerprint(plain)


def test_where_one_text_ends_counts():
    assert table_fingerprint(pa.table({"x": ["ab", "c"]})) != table_fingerprint(
        pa.table({"x": ["a", "bc"]})
    )


def test_how_text_is_stored_does_not_count():
    texts = pa.array(["a", None, "b", "a"])
    stored = [
        texts,
        texts.cast(pa.large_string()),
        texts.dictionary_encode(),
        texts.cast(pa.string_view()),
    ]

    assert len({table_fingerprint(pa.table({"x": array})) for array in stored}) == 1


def test_names_and_types_count():
    tables = [
        pa.table({"x": [1]}),
        pa.table({"y": [1]}),
        pa.table({"x": pa.array([1], pa.int32())}),
        pa.table({"x": [1.0]}),
        pa.table({"x": pa.array([1], pa.timestamp("s"))}),
        pa.table({"x": pa.array([1], pa.timestamp("us"))}),
        pa.table({"x": pa.array([1], pa.timestamp("us", "UTC"))}),
    ]

    assert len({table_fingerprint(table) for table in tables}) == len(tables)


def test_notes_beside_the_columns_do_not_count():
    table = pa.table({"x": [1]})

    noted = table.replace_schema_metadata({"pandas": "{}"})
    assert table_fingerprint(noted) == table_fingerprint(table)


def test_an_empty_table_still_has_its_columns():
    empty = [pa.table({name: pa.array([], pa.int64())}) for name in "xy"]

    assert table_fingerprint(empty[0]) != table_fingerprint(empty[1])


def test_batches_give_the_fingerprint_of_their_table():
    hasher = TableHasher(TABLE.schema)
    for batch in TABLE.to_batches(max_chunksize=3):
        hasher.update(batch)

    assert hasher.fingerprint() == table_fingerprint(TABLE)


ROWS = st.lists(st.tuples(st.none() | st.integers(-3, 3), st.none() | st.text("ab", max_size=2)))


@settings(max_examples=200, deadline=None)
@given(ROWS, ROWS, st.integers(0, 5))
def test_fingerprints_are_equal_exactly_when_the_rows_are(left, right, cut):
    def build(rows):
        columns = list(zip(*rows, strict=True)) or [(), ()]
        return pa.table(
            {"x": pa.array(columns[0], pa.int64()), "y": pa.array(columns[1], pa.string())}
        )

    one, other = build(left), build(right)
    other = pa.concat_tables([other[:cut], other[cut:]])

    assert (table_fingerprint(one) == table_fingerprint(other)) == (left == right)


def test_another_process_gives_the_same_fingerprints():
    program = (
        "import pyarrow as pa; from lifecycle.fingerprint import fingerprint, table_fingerprint;"
        "print(fingerprint({'b': {1, 2, 3}.issubset({1}), 'a': [1.5, None, 'é']}),"
        "table_fingerprint(pa.table({'x': ['a', None], 'y': [1.5, 2]})))"
    )
    here = (
        fingerprint({"a": [1.5, None, "é"], "b": False}),
        table_fingerprint(pa.table({"x": ["a", None], "y": [1.5, 2]})),
    )

    there = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.split() == list(here)


def test_the_fingerprint_of_a_model_is_that_of_its_values():
    declared = Window.model_validate({"from": "2013-01-01"})

    assert fingerprint(declared) == fingerprint(
        Window.model_validate({"from": datetime(2013, 1, 1)})
    )
    assert fingerprint(declared) != fingerprint(Window.model_validate({"to": "2013-01-01"}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ((1, 2), [1, 2]),
        (Task.BINARY, "binary"),
        ({"a": None}, {"a": None}),
        (float("nan"), float("nan")),
    ],
)
def test_equal_values_have_equal_fingerprints(one, other):
    assert fingerprint(one) == fingerprint(other)


def test_different_values_have_different_fingerprints():
    values = [None, 0, 0.0, False, "", "0", [], {}, [[]], "null", {"a": 1}, {"a": "1"}, {"a": [1]}]

    # 0 and 0.0 are the same number, and JSON writes them apart: that costs one retraining at most.
    assert len({fingerprint(value) for value in values}) == len(values)
