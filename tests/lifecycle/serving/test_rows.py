"""The rows made for the comparison hold what sets two computations apart."""

import numpy as np
import pyarrow as pa
import pytest

from lifecycle.data.cast import ARROW_TYPES
from lifecycle.data.declaration import Schema
from lifecycle.errors import DataError
from lifecycle.features.declaration import Features
from lifecycle.modeling.booster import read_trees
from lifecycle.serving.contract import MISSING_TIME, Layout
from lifecycle.serving.rows import made_rows
from lifecycle.serving.tables import inputs_of
from lifecycle.task import Task
from tests.adapters.graphs.candidates import SCHEMA, a_candidate, a_table


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return a_table()


@pytest.fixture(scope="module")
def candidate(table):
    return a_candidate(table, Task.BINARY, ["xgboost", "linear"])


@pytest.fixture(scope="module")
def rows(candidate, table) -> pa.Table:
    return made_rows(candidate, table, seed=1)


def test_there_are_ten_thousand_beginning_with_the_hold_out(rows, candidate, table) -> None:
    assert rows.num_rows == 10_000
    assert rows.slice(0, 600).equals(table.select(list(candidate.columns)))


def test_however_many_are_held_out_half_as_many_as_asked_for_are_made(candidate) -> None:
    rows = made_rows(candidate, a_table(9_000), rows=10_000)

    assert rows.num_rows == 14_000


def test_of_a_large_hold_out_rows_from_all_over_it_are_taken(table) -> None:
    few = pa.table({"x": np.arange(60_000.0)})
    candidate = a_candidate(
        few.slice(0, 500), Task.REGRESSION, schema=Schema({"x": {"type": "number"}}),
        features=Features(),
    )  # fmt: skip

    held = made_rows(candidate, few, rows=100)["x"].to_numpy()[:20_000]

    assert (held[0], held[-1]) == (0.0, 59_999.0)


def test_every_column_is_missing_alone_and_all_at_once(rows) -> None:
    made = rows.slice(600)
    missing = np.stack([column.is_null().to_numpy() for column in made.columns], axis=1)

    assert missing.all(axis=1).any()
    assert missing.any(axis=0).all()


def test_a_column_that_must_not_be_missing_is_not_taken_away(table) -> None:
    schema = Schema(
        {name: column.model_copy(update={"missing": 0.0}) for name, column in SCHEMA.root.items()}
    )
    whole = a_table(missing=0.0)
    candidate = a_candidate(whole, Task.BINARY, schema=schema)

    rows = made_rows(candidate, whole)

    assert sum(column.null_count for column in rows.columns) == 0


def test_the_ends_of_the_declared_range_and_of_what_was_seen_are_there(rows, table) -> None:
    distances = set(rows["distance"].drop_null().to_pylist())
    seen = table["distance"].drop_null().to_numpy()

    assert {10.0, 5000.0, seen.min(), seen.max()} <= distances


def test_both_neighbours_of_every_threshold_are_there(rows, candidate) -> None:
    features = next(one for one in candidate.state.features if one.view == "trees")
    place = features.spans["delay"].start
    model = next(model for model in candidate.models if model.kind == "trees")
    trees = read_trees(bytes(model.booster.save_raw("json")))
    thresholds = trees.threshold[~trees.is_leaf & (trees.column == place)]

    with np.errstate(over="ignore"):  # some are larger than 32 bits hold
        values = set(rows["delay"].drop_null().to_numpy().astype(np.float32).tolist())

    assert len(thresholds)
    for end in (-np.inf, np.inf):
        near = np.nextafter(thresholds, np.float32(end))
        assert set(near.tolist()) <= values


def test_values_that_nobody_has_seen_are_there(rows, table) -> None:
    values = set(rows["dest"].drop_null().to_pylist())

    unseen = values - set(table["dest"].to_pylist())

    assert {"", "nan", "漢字", '"', "x" * 10_000, " D00"} <= unseen


def test_pairs_a_cross_knows_meet_in_rows_of_three(table, candidate) -> None:
    known = {
        value
        for features in candidate.state.features
        for encoder in features.encoders
        if encoder.kind == "lookup" and encoder.columns == ("dest", "hour")
        for value in encoder.values
    }

    rows = made_rows(candidate, table.slice(0, 3))

    pairs = zip(rows["dest"].to_pylist(), rows["hour"].to_pylist(), strict=True)
    met = {f"{dest or ''}\x1f{'' if hour is None else hour}" for dest, hour in pairs}
    assert known
    assert len(known & met) > 0.9 * len(known)


def test_times_before_1970_and_leap_days_are_there(rows) -> None:
    said = {moment.isoformat() for moment in rows["when"].drop_null().to_pylist()}

    assert {"1969-12-31T23:59:59.999999", "1904-02-29T12:00:00", "9999-12-31T23:59:59"} <= said


def test_every_column_has_the_type_of_a_conformed_table(rows) -> None:
    kinds = {name: ARROW_TYPES[SCHEMA[name].type] for name in rows.column_names}

    assert dict(zip(rows.column_names, rows.schema.types, strict=True)) == kinds


def test_the_same_seed_makes_the_same_rows_and_another_others(candidate, table) -> None:
    first, again, other = (made_rows(candidate, table, rows=500, seed=one) for one in (3, 3, 4))

    assert first.equals(again)
    assert not first.equals(other)


@pytest.mark.parametrize("held", [0, 1, 3])
def test_a_few_rows_or_none_to_start_from_are_enough(held, candidate, table) -> None:
    assert made_rows(candidate, table.slice(0, held)).num_rows == 10_000


def test_a_hold_out_without_a_column_is_refused(candidate, table) -> None:
    with pytest.raises(DataError, match='no column "dest"'):
        made_rows(candidate, table.drop_columns(["dest"]))


def test_inputs_hold_missing_values_as_the_layout_says() -> None:
    table = pa.table(
        {
            "n": pa.array([None, 1e39, -1e300], pa.float64()),
            "i": pa.array([None, 3, -3], pa.int64()),
            "b": pa.array([None, True, False]),
            "t": pa.array([None, -1, 1_000_000], pa.timestamp("us")),
            "c": pa.array([None, "", "ü"]),
        }
    )

    inputs = inputs_of(table, Layout(numbers=("b", "n", "i"), times=("t",), texts=("c",)))

    np.testing.assert_array_equal(
        inputs.numbers,
        np.array([[np.nan, np.nan, np.nan], [1, 1e30, 3], [0, -1e30, -3]], dtype=np.float32),
    )
    assert inputs.numbers.dtype == np.float32
    assert inputs.times.tolist() == [[MISSING_TIME], [-1], [1]]
    assert inputs.texts.tolist() == [[""], [""], ["ü"]]
