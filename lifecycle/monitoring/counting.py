"""Columns of a table that is at hand, counted to the last row."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle.monitoring.summary import Subject, Summaries, Summary

LEVELS = 200
"""Quantiles of the reference whose shares are compared."""

MOST_VALUES = 200
"""Categories that are counted one by one."""


def count(
    table: pa.Table,
    columns: Sequence[str],
    *,
    like: Summaries | None = None,
    subject: Subject = "input",
) -> Summaries:
    """Summarise columns exactly: what a profile gives, without any sketch.

    Texts are categories; everything else is a number (see `Summary`). Infinite values are the
    largest and smallest there are.

    Parameters
    ----------
    like
        The reference whose edges and values are counted; without it the table is the reference.

    Examples
    --------
    >>> whole = count(pa.table({"x": [1, 2, 3, None], "who": ["a", "b", "b", "b"]}), ["x", "who"])
    >>> whole.columns[0].edges, whole.columns[0].missing, whole.columns[1].counts
    ((1.0, 2.0, 3.0), 1, {'b': 3, 'a': 1})
    >>> count(pa.table({"who": ["c", "a"]}), ["who"], like=whole).columns[0].counts
    {'b': 0, 'a': 1, 'c': 1}
    """
    found = []
    for name in columns:
        column = table[name]
        reference = like.find(name, subject) if like is not None else None
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        summarise = _category if pa.types.is_string(column.type) else _number
        found.append(summarise(name, subject, column, reference))
    return Summaries(columns=tuple(found))


def _category(
    name: str, subject: Subject, column: pa.ChunkedArray, reference: Summary | None
) -> Summary:
    known = column.drop_null()
    counted = pc.value_counts(known)
    rows = dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))
    frequent = sorted(rows, key=lambda value: (-rows[value], value))
    kept = list(reference.counts) if reference is not None else []
    kept += [value for value in frequent if value not in set(kept)][:MOST_VALUES]
    kept = kept if reference is not None else kept[:MOST_VALUES]
    counts = {value: rows.get(value, 0) for value in kept}
    return Summary(
        name=name,
        subject=subject,
        kind="category",
        rows=len(column),
        missing=len(column) - len(known),
        distinct=float(len(rows)),
        counts=counts,
        other=len(known) - sum(counts.values()),
    )


def _number(
    name: str, subject: Subject, column: pa.ChunkedArray, reference: Summary | None
) -> Summary:
    values = np.sort(_as_numbers(column))
    finite = values[np.isfinite(values)]
    edges = np.asarray(reference.edges) if reference is not None else _edges(values)
    told = {} if not len(finite) else {
        "mean": float(finite.mean()),
        "deviation": float(finite.std()),
        "minimum": float(values[0]),
        "maximum": float(values[-1]),
    }  # fmt: skip
    places = np.searchsorted(values, edges, side="right")
    shares = places / len(values) if len(values) else np.zeros(len(edges))
    below = (
        np.searchsorted(values, edges[0], side="left") / len(values) if told and len(edges) else 0
    )
    return Summary(
        name=name,
        subject=subject,
        kind="number",
        rows=len(column),
        missing=len(column) - len(values),
        distinct=float(1 + np.count_nonzero(values[1:] != values[:-1])) if len(values) else 0.0,
        edges=tuple(edges.tolist()),
        cumulative=tuple(shares.tolist()),
        below=float(below),
        **told,
    )


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose quantiles that are values themselves, each once; `values` are in order."""
    if not len(values):
        return values
    places = np.linspace(0, len(values) - 1, LEVELS + 1).round().astype(int)
    return np.unique(values[places])


def _as_numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Give the known values; NaN is none."""
    known = column.drop_null()
    if pa.types.is_timestamp(known.type):
        known = known.cast(pa.timestamp("us")).cast(pa.int64())
    numbers: NDArray[np.float64] = known.cast(pa.float64(), safe=False).to_numpy()
    return np.asarray(numbers[~np.isnan(numbers)])
