"""The label: which classes there are, which of them is positive, and codes for a model."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle.data.cast import NO, YES
from lifecycle.data.declaration import Label
from lifecycle.errors import DataError, suggest
from lifecycle.task import Task

_YES = YES | {"positive", "pos"}
_NO = NO | {"negative", "neg", "-1", "none"}


def classes(table: pa.Table, label: Label) -> tuple[str, ...]:
    """Give the names of the classes; binary: (negative, positive); regression: none.

    The positive class is the declared one; else the one that reads as yes while the other
    reads as no; else the rarer one. Several classes come in numerical order if all are
    numbers, else in alphabetical order.

    Raises
    ------
    DataError
        If a binary label has not two values, a multiclass label fewer than three, or the
        declared positive class does not occur.

    Examples
    --------
    >>> label = Label(column="late", task=Task.BINARY)
    >>> classes(pa.table({"late": ["true", "false", "true"]}), label)
    ('false', 'true')
    >>> classes(pa.table({"late": ["cat", "cat", "dog", None]}), label)
    ('cat', 'dog')
    """
    if label.task is Task.REGRESSION:
        return ()
    counts = _count(table, label)
    names = sorted(counts, key=_order)
    if label.task is Task.MULTICLASS:
        _require_classes(len(names) >= 3, names, label, "at least 3")
        return tuple(names)
    _require_classes(len(names) == 2, names, label, "exactly 2")
    positive = _find_positive(counts, label)
    negative = next(name for name in names if name != positive)
    return negative, positive


def encode(table: pa.Table, label: Label, classes: tuple[str, ...]) -> NDArray[Any]:
    """Give the label as a model takes it: class codes (int64), or numbers (float64).

    Raises
    ------
    DataError
        If a label is missing or is none of the classes.

    Examples
    --------
    >>> label = Label(column="late", task=Task.BINARY)
    >>> encode(pa.table({"late": ["true", "false"]}), label, ("false", "true")).tolist()
    [1, 0]
    """
    column = _column(table, label)
    if column.null_count:
        raise DataError(
            f'{column.null_count} of {len(column)} rows have no label in "{label.column}". '
            "Keep them out of training (WHERE it IS NOT NULL) or wait for the label to arrive."
        )
    if label.task is Task.REGRESSION:
        return np.asarray(column.to_numpy(), dtype=np.float64)
    codes = pc.index_in(column.cast(pa.string()), value_set=pa.array(classes, pa.string()))
    if codes.null_count:
        strange = pc.unique(column.filter(pc.is_null(codes))).to_pylist()
        raise DataError(
            f'Label "{label.column}" holds {_quote(strange)}, '
            f"of which the model knows nothing. {suggest(str(strange[0]), classes)}"
        )
    return np.asarray(codes.to_numpy(), dtype=np.int64)


def _column(table: pa.Table, label: Label) -> pa.ChunkedArray:
    if label.column not in table.column_names:
        raise DataError(
            f'There is no label column "{label.column}" in the table. '
            f"{suggest(label.column, table.column_names)}"
        )
    return table[label.column]


def _count(table: pa.Table, label: Label) -> dict[str, int]:
    counted = pc.value_counts(_column(table, label).drop_null().cast(pa.string()))
    return dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))


def _order(name: str) -> tuple[int, float, str]:
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def _require_classes(holds: bool, names: list[str], label: Label, allowed: str) -> None:
    if holds:
        return
    fitting = {0: "", 1: "", 2: " Declare task: binary."}.get(len(names), "")
    if label.task is Task.BINARY and len(names) > 2:
        fitting = " Declare task: multiclass, or make it a yes-or-no question in the query."
    raise DataError(
        f'Label "{label.column}" has {len(names)} different values ({_quote(names)}); '
        f"a {label.task.value} label has {allowed}.{fitting}"
    )


def _find_positive(counts: dict[str, int], label: Label) -> str:
    if label.positive is not None:
        if label.positive not in counts:
            raise DataError(
                f'The positive class "{label.positive}" does not occur in "{label.column}". '
                f"{suggest(label.positive, counts)}"
            )
        return label.positive
    first, second = sorted(counts, key=_order)
    for yes, no in ((second, first), (first, second)):
        if yes.lower() in _YES and no.lower() in _NO:
            return yes
    return first if counts[first] < counts[second] else second


def _quote(names: list[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:5])
    return shown + (", ..." if len(names) > 5 else "") if names else "none at all"
