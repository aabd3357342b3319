from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from lifecycle.data.conform import REFUSALS_KEPT, conform, infer, resolve
from lifecycle.data.declaration import ColumnType, Role, Schema
from lifecycle.errors import DataError
from tests.lifecycle.data.building import declare, schema

NOON = datetime(2013, 1, 1, 12)


@pytest.mark.parametrize(
    ("declared", "values", "expected"),
    [
        ("number", [1, None, 3], [1.0, None, 3.0]),
        ("number", ["1.5", " 2 ", None, ""], [1.5, 2.0, None, None]),
        ("number", [float("nan"), 1.0], [None, 1.0]),
        ("number", [Decimal("1.25")], [1.25]),
        ("number", [True, False], [1.0, 0.0]),
        ("integer", [1.0, None, 2.0], [1, None, 2]),
        ("integer", ["1", "2.0", None], [1, 2, None]),
        ("integer", [Decimal("7")], [7]),
        ("boolean", [1, 0, None], [True, False, None]),
        ("boolean", ["Yes", "no", "TRUE", None], [True, False, True, None]),
        ("category", [1.0, None, 2.5], ["1", None, "2.5"]),
        ("category", [1, 20], ["1", "20"]),
        ("category", [True, False], ["true", "false"]),
        ("category", ["", "a"], [None, "a"]),
        ("time", ["2013-01-01T12:00:00"], [NOON]),
        ("time", ["2013-01-01T14:00:00+02:00", "2013-01-01 12:00"], [NOON, NOON]),
        ("time", [date(2013, 1, 1)], [datetime(2013, 1, 1)]),
    ],
)
def test_values_are_read_as_the_declared_type(declared, values, expected):
    table, _, refused = conform(pa.table({"x": values}), schema(x={"type": declared}), declare())

    assert table["x"].to_pylist() == expected
    assert refused == 0


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("number", "twelve"),
        ("number", "1,5"),
        ("number", "1_000"),
        ("number", float("inf")),
        ("integer", 1.5),
        ("integer", "1.5"),
        ("integer", 1e30),
        ("integer", "99999999999999999999"),
        ("boolean", 2),
        ("boolean", "perhaps"),
        ("time", "31/12/2013"),
    ],
)
def test_a_value_that_cannot_be_read_refuses_its_row(declared, value):
    table, refusals, refused = conform(
        pa.table({"x": [None, value]}), schema(x={"type": declared}), declare()
    )

    assert table.num_rows == 1
    assert refused == 1
    assert 'column "x"' in refusals[0].reason


def test_a_refusal_names_row_key_column_value_and_reason():
    table = pa.table({"id": ["a", "b", "c"], "size": ["1", "huge", "3"]})

    _, (refusal,), _ = conform(table, schema(size={"type": "number"}), declare(key=["id"]))

    assert refusal.where == "row 2 (id=b)"
    assert refusal.reason == 'column "size": "huge" is not a finite number'


def test_a_refusal_does_not_tell_personal_values():
    table = pa.table({"mail": ["a@b.org"], "size": ["huge"]})
    columns = schema(mail={"type": "text", "role": "personal"}, size={"type": "number"})

    _, (refusal,), _ = conform(table, columns, declare(key=["mail"]))

    assert "a@b.org" not in refusal.where


def test_all_refused_rows_are_counted_and_the_first_are_told():
    table = pa.table({"x": ["bad"] * 50 + ["1"]})

    conformed, refusals, refused = conform(table, schema(x={"type": "number"}), declare())

    assert (conformed.num_rows, len(refusals), refused) == (1, REFUSALS_KEPT, 50)


def test_an_integer_column_with_missing_values_stays_integer():
    table, _, _ = conform(
        pa.table({"seats": [4.0, None]}), schema(seats={"type": "integer"}), declare()
    )

    assert table["seats"].type == pa.int64()


def test_times_of_any_zone_and_unit_become_utc_in_microseconds():
    zoned = pa.array([NOON], pa.timestamp("ns", "America/New_York"))

    table, _, _ = conform(pa.table({"at": zoned}), Schema(), declare())

    assert table["at"].type == pa.timestamp("us")
    assert table["at"].to_pylist() == [NOON]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, False], ["true", "false"]),
        ([1, 0], ["1", "0"]),
        ([1.0, None], ["1", None]),
        (["late", "on time"], ["late", "on time"]),
    ],
)
def test_the_label_of_a_class_is_text(values, expected):
    table, _, _ = conform(pa.table({"y": values}), Schema(), declare())

    assert table["y"].to_pylist() == expected


def test_the_label_is_text_even_where_another_type_is_declared():
    resolved = resolve(pa.table({"y": [True]}), schema(y={"type": "boolean"}), declare())

    assert resolved["y"].type is ColumnType.CATEGORY
    assert not resolved["y"].is_feature


def test_the_label_of_a_regression_is_a_number():
    table, _, _ = conform(pa.table({"y": ["3", "4.5"]}), Schema(), declare(task="regression"))

    assert table["y"].to_pylist() == [3.0, 4.5]


def test_two_columns_of_one_name_are_an_error_that_says_what_to_do():
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])

    with pytest.raises(DataError, match=r'"id".*\n?.*AS id_2'):
        conform(table, Schema(), declare())


def test_a_column_that_can_never_be_its_type_is_an_error():
    table = pa.table({"at": [2013, 2014]})

    with pytest.raises(DataError, match=r'Column "at" holds int64.*time'):
        conform(table, schema(at={"type": "time"}), declare())


def test_lists_are_an_error_and_not_silently_text():
    with pytest.raises(DataError, match="holds list"):
        conform(pa.table({"x": [[1, 2]]}), Schema(), declare())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1, 2], pa.int8()), ColumnType.INTEGER),
        (pa.array([1.5]), ColumnType.NUMBER),
        (pa.array([Decimal("1.5")]), ColumnType.NUMBER),
        (pa.array([True]), ColumnType.BOOLEAN),
        (pa.array([NOON]), ColumnType.TIME),
        (pa.array([date(2013, 1, 1)]), ColumnType.TIME),
        (pa.array(["a", "b"] * 100), ColumnType.CATEGORY),
        (pa.array(["a", "b"]).dictionary_encode(), ColumnType.CATEGORY),
        (pa.array([f"a comment, number {row}" for row in range(200)]), ColumnType.TEXT),
        (pa.array([f"key {row}" for row in range(200)], pa.large_string()), ColumnType.TEXT),
        (pa.nulls(3), ColumnType.NUMBER),
    ],
)
def test_types_are_inferred_where_none_is_declared(values, expected):
    assert infer(pa.chunked_array([values])) is expected


def test_undeclared_key_and_time_columns_are_no_features_but_declared_ones_are():
    table = pa.table({"id": [1], "origin": ["JFK"], "at": [NOON], "size": [1]})
    data = declare(key=["id", "origin"], time="at")

    resolved = resolve(table, schema(origin={"type": "category"}), data)

    assert resolved.names(Role.FEATURE) == ("origin", "size")


def test_a_declared_column_that_is_missing_stays_in_the_schema():
    resolved = resolve(pa.table({"a": [1]}), schema(gone={"type": "number"}), declare())

    assert resolved.names() == ("a", "gone")


def test_a_conformed_table_is_resolved_and_conformed_as_before():
    raw = pa.table(
        {
            "i": pa.array([1, None], pa.int32()),
            "f": pa.array([1.5, float("nan")]),
            "s": ["a", ""],
            "d": [date(2013, 1, 1), None],
            "none": pa.nulls(2),
            "y": [True, False],
        }
    )
    first, _, _ = conform(raw, Schema(), declare())

    again, _, _ = conform(first, resolve(raw, Schema(), declare()), declare())

    assert again.equals(first)
    assert resolve(first, Schema(), declare()) == resolve(raw, Schema(), declare())


def test_a_table_without_rows_conforms():
    table = pa.table({"x": pa.array([], pa.string()), "y": pa.array([], pa.bool_())})

    conformed, _, refused = conform(table, schema(x={"type": "number"}), declare())

    assert (conformed.num_rows, refused) == (0, 0)
    assert conformed["x"].type == pa.float64()
