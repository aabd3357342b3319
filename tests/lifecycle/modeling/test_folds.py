"""Folds are cut the way train and test were cut apart."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from lifecycle.data.declaration import Data, GroupSplit, RandomSplit
from lifecycle.errors import DataError
from lifecycle.modeling.folds import Folds, make_folds


def some_data(task: str = "binary", **changes: object) -> Data:
    label = {"column": "y", "task": task, **changes.pop("label", {})}
    return Data.model_validate({"tables": {"t": "t.csv"}, "label": label, **changes})


def some_rows(rows: int = 120) -> pa.Table:
    hours = np.random.default_rng(0).permutation(rows)
    start = datetime(2020, 1, 1)
    return pa.table(
        {
            "when": pa.array([start + timedelta(hours=int(h)) for h in hours], pa.timestamp("us")),
            "group": [f"g{i % 10}" for i in range(rows)],
        }
    )


def cut(table: pa.Table, labels: np.ndarray, data: Data, split=None, folds=None) -> Folds:
    return make_folds(table, labels.astype(float), data, split, folds=folds, seed=0)


def test_over_time_every_fold_is_fitted_on_what_came_before() -> None:
    table = some_rows()
    folds = cut(table, np.zeros(120), some_data(time="when"))

    times = table["when"].to_numpy()
    assert folds.kind == "time"
    assert len(folds) == 3
    for known, asked in folds.pairs:
        assert times[known].max() < times[asked].min()


def test_over_time_the_folds_expand_and_ask_for_every_row_of_the_last_part_once() -> None:
    folds = cut(some_rows(), np.zeros(120), some_data(time="when"))

    sizes = [len(known) for known, _ in folds.pairs]
    asked = np.concatenate([asked for _, asked in folds.pairs])
    assert sizes == sorted(set(sizes))
    assert len(np.unique(asked)) == len(asked) == 36


def test_over_time_there_are_at_least_three_folds() -> None:
    assert len(cut(some_rows(), np.zeros(120), some_data(time="when"), folds=2)) == 3


def test_rows_whose_label_had_not_arrived_yet_are_not_fitted_on() -> None:
    table, late = some_rows(), {"arrives_after": "6h"}
    folds = cut(table, np.zeros(120), some_data(time="when", label=late))

    times = table["when"].to_numpy()
    for known, asked in folds.pairs:
        assert times[known].max() + np.timedelta64(6, "h") <= times[asked].min()


def test_rows_of_one_moment_are_never_divided() -> None:
    times = pa.array([datetime(2020, 1, 1 + i // 30) for i in range(180)], pa.timestamp("us"))
    folds = cut(pa.table({"when": times}), np.zeros(180), some_data(time="when"))

    for known, asked in folds.pairs:
        assert not set(known // 30) & set(asked // 30)


def test_too_few_different_times_are_refused_with_a_remedy() -> None:
    times = pa.array([datetime(2020, 1, 1)] * 50, pa.timestamp("us"))

    with pytest.raises(DataError, match="by: random"):
        cut(pa.table({"when": times}), np.zeros(50), some_data(time="when"))


def test_a_random_split_gives_stratified_folds_even_where_there_is_time() -> None:
    labels = np.arange(120) % 6 == 0
    folds = cut(some_rows(), labels, some_data(time="when"), RandomSplit(by="random"))

    assert folds.kind == "stratified"
    assert [int(labels[asked].sum()) for _, asked in folds.pairs] == [4] * 5


def test_a_group_is_never_on_both_sides() -> None:
    table = some_rows()
    folds = cut(table, np.zeros(120), some_data(), GroupSplit(by="group", column="group"))

    groups = np.array(table["group"].to_pylist())
    for known, asked in folds.pairs:
        assert not set(groups[known]) & set(groups[asked])


def test_a_class_of_three_rows_is_spread_over_the_folds() -> None:
    labels = np.array([2] * 3 + [0] * 60 + [1] * 57)
    folds = cut(some_rows(), labels, some_data("multiclass"))

    assert max((labels[asked] == 2).sum() for _, asked in folds.pairs) == 1
    assert sorted(np.concatenate([asked for _, asked in folds.pairs])) == list(range(120))


def test_three_rows_cannot_be_divided() -> None:
    with pytest.raises(DataError, match="at least 4"):
        cut(some_rows(3), np.zeros(3), some_data())
