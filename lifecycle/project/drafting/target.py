"""What kind of question a column asks, told from its values."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lifecycle.data.cast import cast, plain
from lifecycle.data.conform import infer
from lifecycle.data.declaration import ColumnType
from lifecycle.errors import ProjectError, suggest
from lifecycle.task import Task

FEW_CLASSES = 10
"""A whole number with more values than this is an amount, not a class."""

MOST_CLASSES = 100

FEWEST_ROWS = 20
"""With fewer there are not two rows of anything in each part that has to be judged."""

FEWEST_OF_A_CLASS = 4
"""With fewer, halves of the rows cannot be compared (see the leakage rule)."""

ENOUGH_OF_A_CLASS = 10
"""As many as the check of labels wants by default."""


_AMOUNTS = (ColumnType.NUMBER, ColumnType.INTEGER)


@dataclass(frozen=True)
class Target:
    """The column to predict.

    Parameters
    ----------
    reason
        Why this task, for the draft's reader.
    left_out
        Classes with too few rows to be learnt; their rows count as unlabelled.
    rarest
        Rows of the rarest class that is left; `None` for a number.
    """

    column: str
    task: Task
    kind: ColumnType
    reason: str
    left_out: tuple[str, ...] = ()
    rarest: int | None = None


def draft_target(table: pa.Table, name: str) -> Target:
    """Tell the task from the values of the target.

    Raises
    ------
    ProjectError
        If the column is not there, or nothing can be learnt to predict it.

    Examples
    --------
    >>> draft_target(pa.table({"y": [0, 1] * 20}), "y").task.value
    'binary'
    >>> draft_target(pa.table({"y": [n / 7 for n in range(40)]}), "y").task.value
    'regression'
    """
    if name not in table.column_names:
        raise ProjectError(
            f'There is no column "{name}" in the table. {suggest(name, table.column_names)}'
        )
    column = plain(table[name])
    known = column.drop_null()
    if len(known) < FEWEST_ROWS:
        raise ProjectError(
            f'Only {len(known)} rows have a value in "{name}"; at least {FEWEST_ROWS} are needed '
            "to train and judge anything."
        )
    kind = infer(column)
    distinct = int(pc.count_distinct(known).as_py())
    if distinct < 2:
        raise ProjectError(
            f'"{name}" has one value only ({known[0].as_py()}), so there is nothing to predict.'
        )
    if kind is ColumnType.TIME:
        raise ProjectError(
            f'"{name}" holds times, which are not predicted. Make a number of it (the hours '
            "until then) in a query or in the table."
        )
    if kind in _AMOUNTS and not _is_class(known, distinct):
        reason = f"a number with {distinct:,} different values"
        return Target(name, Task.REGRESSION, ColumnType.NUMBER, reason)
    return _draft_classes(known, name, kind)


def _is_class(known: pa.ChunkedArray, distinct: int) -> bool:
    """Tell whether numbers are names: two of any kind, or few whole ones that all repeat."""
    if distinct == 2:
        return True
    if distinct > FEW_CLASSES or bool(pc.any(pc.not_equal(pc.round(known), known)).as_py()):
        return False
    rows = pc.value_counts(known).field(1)
    return bool(pc.min(rows).as_py() >= ENOUGH_OF_A_CLASS)


def _draft_classes(known: pa.ChunkedArray, name: str, kind: ColumnType) -> Target:
    counted = pc.value_counts(cast(known, ColumnType.CATEGORY, name=name).column)
    counts = dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))
    counts.pop(None, None)
    if len(counts) > MOST_CLASSES:
        raise ProjectError(
            f'"{name}" is text with {len(counts):,} different values: too many to be classes '
            f"(at most {MOST_CLASSES}). Choose another column, or join values into groups."
        )
    enough = {word for word, rows in counts.items() if rows >= ENOUGH_OF_A_CLASS}
    if len(enough) < 2:
        enough = {word for word, rows in counts.items() if rows >= FEWEST_OF_A_CLASS}
    if len(enough) < 2:
        raise ProjectError(
            f'"{name}" has too few rows of each value ({_shown(counts)}): two values with at '
            f"least {FEWEST_OF_A_CLASS} rows each are needed."
        )
    is_doubtful = kind in _AMOUNTS and len(enough) > 2
    hint = "; if they are amounts: regression" if is_doubtful else ""
    shown = ColumnType.CATEGORY if kind is ColumnType.TEXT else kind
    return Target(
        column=name,
        task=Task.BINARY if len(enough) == 2 else Task.MULTICLASS,
        kind=shown,
        reason=f"{len(enough)} different values{hint}",
        left_out=tuple(sorted(set(counts) - enough)),
        rarest=min(counts[word] for word in enough),
    )


def _shown(counts: dict[str, int]) -> str:
    shown = [f"{word}: {rows}" for word, rows in list(counts.items())[:5]]
    return ", ".join(shown) + (", ..." if len(counts) > 5 else "")
