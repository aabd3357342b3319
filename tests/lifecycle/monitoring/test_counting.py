"""Columns counted to the last row."""

import numpy as np
import pyarrow as pa
import pytest

from lifecycle.monitoring.counting import LEVELS, MOST_VALUES, count


def test_the_edges_of_a_reference_are_its_own_values_each_once_from_least_to_most() -> None:
    values = np.random.default_rng(0).integers(0, 24, 10_000)

    found = count(pa.table({"hour": values}), ["hour"]).columns[0]

    assert found.edges == tuple(float(hour) for hour in range(24))
    assert found.cumulative[-1] == 1.0
    assert found.cumulative[5] == pytest.approx((values <= 5).mean())


def test_many_values_keep_a_bounded_number_of_edges() -> None:
    found = count(pa.table({"x": np.random.default_rng(0).normal(size=50_000)}), ["x"]).columns[0]

    assert len(found.edges) == LEVELS + 1
    assert (found.edges[0], found.edges[-1]) == (found.minimum, found.maximum)


def test_a_window_is_counted_at_the_edges_of_its_reference() -> None:
    like = count(pa.table({"x": [1.0, 2.0, 3.0]}), ["x"])

    found = count(pa.table({"x": [0.0, 2.5, 9.0, float("nan"), None]}), ["x"], like=like)

    assert found.columns[0].cumulative == pytest.approx((1 / 3, 1 / 3, 2 / 3))
    assert found.columns[0].below == pytest.approx(1 / 3)
    assert (found.columns[0].rows, found.columns[0].missing) == (5, 2)


def test_values_beyond_the_most_frequent_are_counted_together() -> None:
    texts = [f"v{number}" for number in range(MOST_VALUES + 50)] + ["v0"]

    found = count(pa.table({"who": texts}), ["who"]).columns[0]

    assert len(found.counts) == MOST_VALUES
    assert found.counts["v0"] == 2
    assert found.other == 50


def test_infinite_values_are_the_outermost_and_no_part_of_the_mean() -> None:
    found = count(pa.table({"x": [float("-inf"), 1.0, 3.0, float("inf")]}), ["x"]).columns[0]

    assert (found.minimum, found.maximum, found.mean) == (float("-inf"), float("inf"), 2.0)


@pytest.mark.parametrize("kind", [pa.float64(), pa.string(), pa.timestamp("us"), pa.bool_()])
def test_a_column_without_any_value_has_nothing_but_its_rows(kind: pa.DataType) -> None:
    table = pa.table({"x": pa.nulls(3, kind)})

    found = count(table, ["x"], like=count(table, ["x"])).columns[0]

    assert (found.rows, found.missing, found.known, found.distinct) == (3, 3, 0, 0.0)


def test_truth_values_and_times_are_numbers() -> None:
    moments = pa.array([0, 2_000_000], pa.timestamp("us"))

    found = count(pa.table({"yes": [True, False], "at": moments}), ["yes", "at"]).columns

    assert [column.edges for column in found] == [(0.0, 1.0), (0.0, 2_000_000.0)]
