"""Which rows of the query's result training looks at: inside the window, and with a label."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from lifecycle.data.cast import Cast, cast
from lifecycle.data.declaration import ColumnType, Label, Window


def within(table: pa.Table, window: Window, time: str) -> tuple[pa.Table, int]:
    """Keep rows with `from` <= time < `to`, and count the others.

    A row without time lies outside any window. One whose time cannot be read stays, so that
    conforming refuses it and says why.

    Examples
    --------
    >>> table = pa.table({"at": ["2013-01-31", "2013-02-01", None, "noon"]})
    >>> kept, outside = within(table, Window.model_validate({"from": "2013-02-01"}), "at")
    >>> kept["at"].to_pylist(), outside
    (['2013-02-01', 'noon'], 2)
    """
    if window.start is None and window.end is None:
        return table, 0
    found = cast(table[time], ColumnType.TIME, name=time)
    inside = pc.is_valid(found.column)
    if window.start is not None:
        start = pc.greater_equal(found.column, _moment(window.start))
        inside = pc.and_(inside, start.fill_null(False))
    if window.end is not None:
        inside = pc.and_(inside, pc.less(found.column, _moment(window.end)).fill_null(False))
    return _keep(table, inside, found)


def having_label(table: pa.Table, label: Label) -> tuple[pa.Table, int]:
    """Keep rows that have a label, and count the others; NaN and empty text are no label.

    A label that is there and cannot be read stays, so that conforming refuses its row and says
    why.

    Examples
    --------
    >>> label = Label.model_validate({"column": "late", "task": "binary"})
    >>> kept, without = having_label(pa.table({"late": ["yes", "", None]}), label)
    >>> kept["late"].to_pylist(), without
    (['yes'], 2)
    """
    kind = ColumnType.CATEGORY if label.task.is_classification else ColumnType.NUMBER
    found = cast(table[label.column], kind, name=label.column)
    return _keep(table, pc.is_valid(found.column), found)


def _keep(table: pa.Table, mask: pa.ChunkedArray, found: Cast) -> tuple[pa.Table, int]:
    if found.refused is not None:
        mask = pc.or_(mask, pa.array(found.refused))
    dropped = table.num_rows - (pc.sum(mask).as_py() or 0)
    return (table.filter(mask), dropped) if dropped else (table, 0)


def _moment(declared: datetime) -> pa.Scalar:
    naive = declared if declared.tzinfo is None else declared.astimezone(UTC).replace(tzinfo=None)
    return pa.scalar(naive, pa.timestamp("us"))
