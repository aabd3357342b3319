"""How columns are cut into parts."""

import numpy as np
import pyarrow as pa

from lifecycle.evaluation.partitions import cut


def test_a_number_is_cut_into_ranges_of_about_equally_many_rows():
    part = cut(pa.table({"x": np.arange(1_000.0)}), "x")

    assert all(199 <= rows <= 201 for rows in np.bincount(part.codes))
    assert part.labels == (
        "[.., 199)",
        "[199, 399)",
        "[399, 600)",
        "[600, 799)",
        "[799, ..)",
        "missing",
    )


def test_a_number_of_few_values_is_cut_by_value():
    part = cut(pa.table({"x": [1, 2, 2, None]}), "x")

    assert [part.labels[code] for code in part.codes] == ["1", "2", "2", "missing"]


def test_a_number_that_is_mostly_one_value_keeps_every_row():
    values = [0.0] * 900 + list(range(100))

    part = cut(pa.table({"x": pa.array(values, pa.float64())}), "x")

    assert np.bincount(part.codes).sum() == 1_000


def test_of_very_many_values_the_rarest_are_one_part():
    values = [f"v{index}" for index in range(500)] + ["often"] * 50

    part = cut(pa.table({"x": values}), "x")

    assert len(part.labels) == 200
    assert part.labels[part.codes[-1]] == "often"
    assert "other values" in part.labels


def test_an_empty_column_is_all_missing():
    part = cut(pa.table({"x": pa.nulls(5, pa.float64())}), "x")

    assert [part.labels[code] for code in part.codes] == ["missing"] * 5


def test_integers_beyond_what_a_float_holds_exactly_are_cut_all_the_same() -> None:
    table = pa.table({"id": pa.array([2**60 + place for place in range(400)])})

    assert len(cut(table, "id").codes) == 400
