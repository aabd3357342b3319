"""Columns cut into parts: the values of a category, the ranges of a number, and what is missing."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.data.declaration import ColumnType

_FEW_VALUES = 10
"""A number with this few distinct values is cut by value, not by range."""
_MOST_VALUES = 200
"""Of a category with more, only the most frequent are told apart; the rest is one part."""
_NUMERIC = (ColumnType.NUMBER, ColumnType.INTEGER)
MISSING = "missing"


@dataclass(frozen=True)
class Partition:
    """One column cut into parts: `codes` number each row's part, shape ``(n,)``."""

    column: str
    labels: tuple[str, ...]
    codes: NDArray[np.int64]


def cut(table: pa.Table, column: str, *, ranges: int = 5) -> Partition:
    """Cut a column: a number into `ranges` of equally many rows, anything else by value.

    Missing values are a part of their own.
    """
    values = table[column]
    is_numeric = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    if is_numeric and len(values.unique().drop_null()) > _FEW_VALUES:
        return _cut_ranges(column, values, ranges)
    return _cut_values(column, values)


def can_cut(kind: ColumnType) -> bool:
    """Whether the parts of such a column mean something; those of text and time do not."""
    return kind in (*_NUMERIC, ColumnType.CATEGORY, ColumnType.BOOLEAN)


def _cut_values(column: str, values: pa.ChunkedArray) -> Partition:
    text = values.cast(pa.string()).fill_null(MISSING).to_pandas()
    codes, found = pd.factorize(text, sort=True)
    if len(found) > _MOST_VALUES:
        kept = np.bincount(codes).argsort(kind="stable")[::-1][: _MOST_VALUES - 1]
        place = np.full(len(found), len(kept))
        place[kept] = np.arange(len(kept))
        return Partition(column, (*(str(found[i]) for i in kept), "other values"), place[codes])
    return Partition(column, tuple(str(value) for value in found), codes.astype(np.int64))


def _cut_ranges(column: str, values: pa.ChunkedArray, ranges: int) -> Partition:
    numbers = values.cast(pa.float64(), safe=False).to_numpy()
    is_known = np.isfinite(numbers)
    steps = np.linspace(0, 1, ranges + 1)[1:-1]
    edges = np.unique(np.quantile(numbers[is_known], steps, method="inverted_cdf"))
    labels = [
        f"[{low}, {high})"
        for low, high in zip(["..", *map(_short, edges)], [*map(_short, edges), ".."], strict=True)
    ]
    codes = np.searchsorted(edges, numbers, side="right")
    codes[~is_known] = len(labels)
    return Partition(column, (*labels, MISSING), codes)


def _short(edge: float) -> str:
    return f"{edge:.6g}"
