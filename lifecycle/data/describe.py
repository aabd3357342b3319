"""The figures behind the pictures of the report: distributions, and the label beside them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle.data.association import correlation_ratio, cramers_v
from lifecycle.data.declaration import Column, Data, Role, Schema
from lifecycle.data.description import (
    ColumnDescription,
    Description,
    Histogram,
    Period,
    ValueCount,
)
from lifecycle.data.label import classes
from lifecycle.data.over_time import Stretch, periods
from lifecycle.errors import DataError
from lifecycle.task import Task

BINS = 30
"""Bars of a histogram: equal in width, over all but the outer half percent on either side."""

TOP = 20
"""How many of a category's commonest values are shown."""

ASSOCIATION_BINS = 20
"""Bins of equal size in which the association of a number with the label is measured."""

MOST_CATEGORIES = 500
"""Categories beyond the commonest so many are counted as one in the association."""

QUANTILES = {
    "min": 0.0,
    "1%": 0.01,
    "5%": 0.05,
    "25%": 0.25,
    "50%": 0.5,
    "75%": 0.75,
    "95%": 0.95,
    "99%": 0.99,
    "max": 1.0,
}

_VALUES_SHOWN = ("top", "quantiles", "histogram", "label_by_bin", "mean", "deviation")

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]


def describe(
    train: pa.Table, test: pa.Table, schema: Schema, data: Data, *, split: str = ""
) -> Description:
    """Describe the training rows, and the label over time in train and test.

    Columns are described on the training rows alone, so that looking at the report does not
    give the test away. Of a personal column no value is shown. Times are described as numbers:
    seconds since 1970, in UTC.

    Parameters
    ----------
    split
        How the rows were divided, in words.
    """
    label = _Target.read(train, data)
    first, last = _reach(train, data)
    columns = tuple(
        _describe_column(train[name], name, schema[name], label)
        for name in train.column_names
        if name in schema
    )
    return Description(
        rows=len(train) + len(test),
        columns=columns,
        label_counts=label.counts,
        label_histogram=label.histogram,
        label_over_time=_over_time(train, test, data, label),
        train_rows=len(train),
        test_rows=len(test),
        split=split,
        train_from=first,
        train_until=last,
    )


def _reach(train: pa.Table, data: Data) -> tuple[str | None, str | None]:
    """Give the first and the last moment of the training rows."""
    if data.time is None or data.time not in train.column_names:
        return None, None
    found = pc.min_max(train[data.time]).as_py()
    first, last = (found[end] and found[end].isoformat() for end in ("min", "max"))
    return first, last


@dataclass(frozen=True)
class _Target:
    """The label of the training rows as numbers, and how it is shown.

    Parameters
    ----------
    codes
        Class of each row; regression: none.
    shown
        What is averaged in the pictures: the number itself, or whether the row is of the
        class that is shown.
    shown_class
        The positive class (binary), or the most frequent one (multiclass).
    """

    name: str
    task: Task
    names: tuple[str, ...]
    codes: Codes | None
    shown: Numbers
    shown_class: int = 1
    counts: tuple[ValueCount, ...] = ()
    histogram: Histogram | None = None

    @classmethod
    def read(cls, table: pa.Table, data: Data) -> "_Target":
        name, task = data.label.column, data.label.task
        column = table[name]
        if task is Task.REGRESSION:
            values = _as_numbers(column)
            known = values[~np.isnan(values)]
            return cls(name, task, (), None, values, histogram=_histogram(np.sort(known)))
        names = _names(table, data)
        found = pc.index_in(column, value_set=pa.array(names, pa.string()))
        codes = found.fill_null(len(names)).to_numpy().astype(np.int64)
        rows = np.bincount(codes, minlength=len(names))[: len(names)]
        counts = tuple(
            ValueCount(value=value, rows=count)
            for value, count in zip(names, rows.tolist(), strict=True)
        )
        shown_class = int(rows.argmax()) if task is Task.MULTICLASS and len(names) else 1
        shown = _are_of(shown_class, codes, names)
        return cls(name, task, names, codes, shown, shown_class, counts)

    def mean_by(self, codes: Codes, bins: int) -> tuple[float | None, ...]:
        """Mean of what is shown in each bin; nothing for a bin without labels."""
        known = ~np.isnan(self.shown) & (codes < bins)
        rows = np.bincount(codes[known], minlength=bins)
        sums = np.bincount(codes[known], weights=self.shown[known], minlength=bins)
        return tuple(
            float(total / count) if count else None
            for total, count in zip(sums.tolist(), rows.tolist(), strict=True)
        )

    def associate(self, codes: Codes, bins: int) -> tuple[float, str]:
        """Measure how strongly the bins go with the label, and name the measure."""
        if self.codes is None:
            known = ~np.isnan(self.shown)
            values, codes = self.shown[known], codes[known]
            values = values - values.mean() if len(values) else values
            rows = np.bincount(codes, minlength=bins).astype(np.float64)
            sums = np.bincount(codes, weights=values, minlength=bins).astype(np.float64)
            return correlation_ratio(rows, sums, float(values @ values)), "correlation ratio"
        known = self.codes < len(self.names)
        flat = codes[known] * len(self.names) + self.codes[known]
        counts = np.bincount(flat, minlength=bins * len(self.names))
        table = counts.reshape(bins, len(self.names)).astype(np.float64)
        return cramers_v(table), "Cramér's V"


def _names(table: pa.Table, data: Data) -> tuple[str, ...]:
    """Name the classes; where the label is unfit to learn, whatever there is."""
    try:
        return classes(table, data.label)
    except DataError:
        return tuple(sorted(pc.unique(table[data.label.column].drop_null()).to_pylist()))


def _are_of(shown_class: int, codes: Codes, names: tuple[str, ...]) -> Numbers:
    """Tell of each row whether it is of a class; a row without a label is NaN."""
    return np.where(codes < len(names), (codes == shown_class).astype(np.float64), np.nan)


def _describe_column(
    column: pa.ChunkedArray, name: str, declared: Column, label: _Target
) -> ColumnDescription:
    is_text = pa.types.is_string(column.type) or pa.types.is_boolean(column.type)
    figures = _describe_categories(column, label) if is_text else _describe_numbers(column, label)
    if name == label.name:
        figures |= {"association": None, "association_kind": ""}
    if Role.PERSONAL in declared.role:
        figures = {name: figures[name] for name in figures if name not in _VALUES_SHOWN}
    return ColumnDescription(
        name=name,
        type=declared.type.value,
        role=", ".join(declared.role),
        rows=len(column),
        missing=column.null_count,
        **figures,
    )


def _describe_categories(column: pa.ChunkedArray, label: _Target) -> dict[str, Any]:
    """Count the commonest values; the others are one category, and missing is another."""
    if pa.types.is_boolean(column.type):
        column = pc.if_else(column, "true", "false")
    encoded = pc.dictionary_encode(column).combine_chunks()
    values = encoded.dictionary
    distinct = len(values)
    indices = encoded.indices.fill_null(distinct).to_numpy().astype(np.int64)
    rows = np.bincount(indices, minlength=distinct + 1)[:distinct]
    common = np.argsort(-rows, kind="stable")[:MOST_CATEGORIES]
    places = np.full(distinct + 1, len(common), dtype=np.int64)
    places[common] = np.arange(len(common))
    places[distinct] = len(common) + 1
    codes = places[indices]
    shown = common[:TOP]
    means = label.mean_by(codes, len(shown))
    texts = values.take(pa.array(shown)).to_pylist()
    association, kind = label.associate(codes, len(common) + 2)
    top = tuple(
        ValueCount(value=text, rows=count, label=mean)
        for text, count, mean in zip(texts, rows[shown].tolist(), means, strict=True)
    )
    return {
        "distinct": distinct,
        "top": top,
        "association": association,
        "association_kind": kind,
    }


def _describe_numbers(column: pa.ChunkedArray, label: _Target) -> dict[str, Any]:
    values = _as_numbers(column)
    missing = np.isnan(values)
    known = np.sort(values[~missing]) if column.null_count else np.sort(values)
    if not len(known):
        association, kind = label.associate(missing.astype(np.int64), 2)
        return {"distinct": 0, "association": association, "association_kind": kind}
    histogram = _histogram(known)
    codes = _bin_codes(values, missing, np.asarray(histogram.edges))
    means = label.mean_by(codes, len(histogram.counts))
    edges = np.unique(_quantiles(known, np.linspace(0, 1, ASSOCIATION_BINS + 1)[1:-1]))
    groups = np.searchsorted(edges, values, side="left")
    groups[missing] = len(edges) + 1
    association, kind = label.associate(groups.astype(np.int64), len(edges) + 2)
    found = _quantiles(known, np.fromiter(QUANTILES.values(), float))
    return {
        "distinct": int(1 + (known[1:] != known[:-1]).sum()),
        "mean": float(known.mean()),
        "deviation": float(known.std(ddof=1)) if len(known) > 1 else 0.0,
        "quantiles": dict(zip(QUANTILES, found.tolist(), strict=True)),
        "histogram": histogram,
        "label_by_bin": means,
        "association": association,
        "association_kind": kind,
    }


def _as_numbers(column: pa.ChunkedArray) -> Numbers:
    """Give a column as numbers, times as seconds; missing is NaN."""
    if pa.types.is_timestamp(column.type):
        microseconds = column.cast(pa.timestamp("us")).cast(pa.int64())
        return np.asarray(microseconds.cast(pa.float64(), safe=False).to_numpy()) / 1e6
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _quantiles(ordered: Numbers, shares: Numbers) -> Numbers:
    """Give values of the sorted column, never between two of them."""
    return ordered[np.round(shares * (len(ordered) - 1)).astype(np.int64)]


def _histogram(ordered: Numbers) -> Histogram:
    """Count sorted values between edges; what lies beyond them is in the outer bars."""
    if not len(ordered):
        return Histogram(edges=(0.0, 1.0), counts=(0,))
    low, high = _quantiles(ordered, np.array([0.005, 0.995])).tolist()
    if low == high:
        low, high = float(ordered[0]), float(ordered[-1])
    if low == high:
        return Histogram(edges=(low, low), counts=(len(ordered),))
    edges = _edges(ordered, low, high)
    below = np.searchsorted(ordered, edges[1:-1], side="left")
    counts = np.diff(np.concatenate([[0], below, [len(ordered)]]))
    return Histogram(edges=tuple(edges.tolist()), counts=tuple(counts.tolist()))


def _edges(ordered: Numbers, low: float, high: float) -> Numbers:
    """Give each whole number a bar of its own where they are few, so that none is merged."""
    is_whole = bool((ordered == np.floor(ordered)).all())
    if is_whole and high - low < BINS:
        return np.arange(low - 0.5, high + 1)
    return np.linspace(low, high, BINS + 1)


def _bin_codes(values: Numbers, missing: NDArray[np.bool_], edges: Numbers) -> Codes:
    """Give each value the number of its bar; missing is one beyond the last."""
    codes = np.searchsorted(edges[1:-1], values, side="right").astype(np.int64)
    codes[missing] = len(edges) - 1
    return codes


def _over_time(train: pa.Table, test: pa.Table, data: Data, label: _Target) -> tuple[Period, ...]:
    if data.time is None or data.time not in train.column_names or not len(train):
        return ()
    return periods(
        Stretch(train[data.time], label.shown, is_test=False),
        Stretch(test[data.time], _shown_like(test, data, label), is_test=True),
    )


def _shown_like(table: pa.Table, data: Data, label: _Target) -> Numbers:
    """Give the label of other rows as the training rows' is shown."""
    column = table[data.label.column]
    if label.task is Task.REGRESSION:
        return _as_numbers(column)
    found = pc.index_in(column, value_set=pa.array(label.names, pa.string()))
    codes = found.fill_null(len(label.names)).to_numpy().astype(np.int64)
    return _are_of(label.shown_class, codes, label.names)
