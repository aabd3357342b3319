from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from lifecycle.data.conform import conform, resolve
from lifecycle.data.declaration import Schema, TimeSplit
from lifecycle.data.describe import BINS, QUANTILES, TOP, describe
from lifecycle.data.over_time import MOST_PERIODS
from lifecycle.data.split import split
from tests.lifecycle.data.building import declare, schema

ROWS = 1_000
START = datetime(2013, 1, 1)


def described(task="binary", declared=None, *, test=None, time=None, **columns):
    data = declare(task=task, time=time)
    table, _, _ = conform(pa.table(columns), declared or Schema(), data)
    other, _, _ = conform(pa.table(test or columns), declared or Schema(), data)
    description = describe(table, other, resolve(table, declared or Schema(), data), data)
    return description, {column.name: column for column in description.columns}


def labels(rows=ROWS):
    return np.where(np.arange(rows) % 4 == 0, "yes", "no")


def test_numbers_are_described_as_numpy_would():
    values = np.random.default_rng(0).normal(10, 3, ROWS)

    _, columns = described(x=values, y=labels())

    found = columns["x"]
    assert found.mean == pytest.approx(values.mean())
    assert found.deviation == pytest.approx(values.std(ddof=1))
    assert list(found.quantiles) == list(QUANTILES)
    assert found.quantiles["50%"] == pytest.approx(np.median(values), abs=0.05)
    assert (found.quantiles["min"], found.quantiles["max"]) == (values.min(), values.max())
    assert (found.distinct, found.missing, found.rows) == (ROWS, 0, ROWS)


def test_every_known_value_is_in_a_bar_of_the_histogram_outliers_in_the_outer_ones():
    values = np.concatenate([np.random.default_rng(0).normal(size=ROWS - 2), [1e9, np.nan]])

    _, columns = described(x=values, y=labels())

    histogram = columns["x"].histogram
    assert sum(histogram.counts) == ROWS - 1
    assert len(histogram.edges) == len(histogram.counts) + 1 == BINS + 1
    assert max(histogram.edges) < 10


def test_the_label_is_averaged_in_each_bar():
    values = np.repeat([0, 1, 2], [400, 300, 300])
    late = np.concatenate([np.repeat(["yes", "no"], [100, 300]), ["yes"] * 300, ["no"] * 300])

    _, columns = described(x=values, y=late)

    histogram, means = columns["x"].histogram, columns["x"].label_by_bin
    assert histogram.counts[0] == 400
    assert means[0] == 0.25
    shown = [mean for mean, count in zip(means, histogram.counts, strict=True) if count]
    assert np.average(shown, weights=[c for c in histogram.counts if c]) == pytest.approx(0.4)


def test_rows_without_a_value_are_in_no_bar():
    values = pa.array([0.0, 0.0, 1.0, None] * (ROWS // 4))
    late = ["no", "no", "no", "yes"] * (ROWS // 4)

    _, columns = described(x=values, y=late)

    assert set(columns["x"].label_by_bin) <= {0.0, None}


def test_categories_are_counted_with_their_label_commonest_first():
    kinds = np.array(["b", "a", "a", None] * (ROWS // 4), object)
    late = np.array(["no", "yes", "no", "yes"] * (ROWS // 4))

    _, columns = described(x=pa.array(kinds), y=late)

    top = [(one.value, one.rows, one.label) for one in columns["x"].top]
    assert top == [("a", 500, 0.5), ("b", 250, 0.0)]
    assert (columns["x"].missing, columns["x"].distinct) == (250, 2)


def test_only_the_commonest_values_are_shown():
    _, columns = described(x=[f"v{row % 300}" for row in range(ROWS)], y=labels())

    assert len(columns["x"].top) == TOP
    assert columns["x"].distinct == 300


def test_strange_text_is_shown_as_it_is():
    strange = ['a "quoted" one', "two\nlines", "\N{AIRPLANE} \N{SNOWMAN}", "it's"]

    _, columns = described(x=strange * (ROWS // 4), y=labels())

    assert {one.value for one in columns["x"].top} == set(strange)


def test_association_is_high_for_what_decides_the_label_and_low_for_noise():
    rng = np.random.default_rng(0)
    number = rng.normal(size=ROWS)
    late = np.where(abs(number) > 1, "yes", "no")

    _, columns = described(strong=number, noise=rng.normal(size=ROWS), y=late)

    assert columns["strong"].association > 0.7
    assert columns["noise"].association < 0.1
    assert columns["strong"].association_kind == "Cramér's V"
    assert columns["y"].association is None


def test_missing_or_not_may_be_what_decides_the_label():
    there = pa.array([1.0, None, None, None] * (ROWS // 4))

    _, columns = described(x=there, y=labels())

    assert columns["x"].association == pytest.approx(1.0, abs=0.01)


def test_a_regression_shows_its_mean_label_and_histogram():
    x = np.arange(ROWS) % 10

    description, columns = described("regression", x=x, y=x * 2.0)

    assert columns["x"].association == pytest.approx(1.0)
    assert columns["x"].association_kind == "correlation ratio"
    assert columns["x"].label_by_bin[0] == 0.0
    assert sum(description.label_histogram.counts) == ROWS
    assert description.label_counts == ()


def test_several_classes_are_counted_and_the_most_frequent_is_the_one_shown():
    description, columns = described(
        "multiclass", x=[0.0, 0.0, 1.0, 1.0] * 250, y=["a", "b", "b", "c"] * 250
    )

    assert [(one.value, one.rows) for one in description.label_counts] == [
        ("a", 250),
        ("b", 500),
        ("c", 250),
    ]
    assert {known for known in columns["x"].label_by_bin if known is not None} == {0.5}


def test_personal_values_are_never_shown():
    columns = {"mail": ["a@b.org", "c@d.org"] * 500, "age": list(range(ROWS)), "y": labels()}
    declared = schema(
        mail={"type": "category", "role": "personal"}, age={"type": "integer", "role": "personal"}
    )

    description, _ = described(declared=declared, **columns)

    assert "a@b.org" not in description.model_dump_json()
    assert description.columns[1].quantiles == {}


@pytest.mark.parametrize(
    ("step", "periods"),
    [
        (timedelta(minutes=2), (30, MOST_PERIODS)),
        (timedelta(days=1), (30, MOST_PERIODS)),
        (timedelta(days=30), (30, 90)),
    ],
)
def test_the_label_over_time_has_as_many_periods_as_a_picture_can_show(step, periods):
    times = [START + row * step for row in range(ROWS)]

    description, _ = described(time="at", at=times, y=labels())

    known = {period.start for period in description.label_over_time}
    assert periods[0] <= len(known) <= periods[1]
    assert sum(period.rows for period in description.label_over_time) == 2 * ROWS


def test_weeks_start_on_monday():
    times = [START + timedelta(days=row % 280) for row in range(ROWS)]

    description, _ = described(time="at", at=times, y=labels())

    starts = [datetime.fromisoformat(period.start) for period in description.label_over_time]
    assert {start.weekday() for start in starts} == {0}
    assert min(starts) == datetime(2012, 12, 31)


def test_train_and_test_are_told_apart_in_the_period_of_the_cut():
    times = [START + timedelta(hours=row) for row in range(ROWS)]
    data = declare(time="at")
    table, _, _ = conform(pa.table({"at": times, "y": labels()}), Schema(), data)
    parts = split(table, data, TimeSplit(by="time", test=0.2))

    found = describe(parts.train, parts.test, resolve(table, Schema(), data), data)

    assert {period.is_test for period in found.label_over_time} == {True, False}
    assert sum(period.rows for period in found.label_over_time if period.is_test) == 200


@pytest.mark.parametrize("values", [[None] * 10, [1.0] * 10, [1.0] + [None] * 9])
def test_columns_with_nothing_to_see_are_described_all_the_same(values):
    _, columns = described(x=pa.array(values, pa.float64()), y=["yes", "no"] * 5)

    assert columns["x"].rows == 10
    assert 0 <= columns["x"].association <= 1


def test_a_label_unfit_to_learn_is_described_all_the_same():
    description, _ = described(x=[1.0] * 10, y=["only"] * 10)

    assert [(one.value, one.rows) for one in description.label_counts] == [("only", 10)]
