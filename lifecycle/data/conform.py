"""Every column in the type that was declared for it; a row that cannot be is refused."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle.data.cast import MEANINGS, cast, plain
from lifecycle.data.declaration import Column, ColumnType, Data, Role, Schema
from lifecycle.data.intake import Refusal
from lifecycle.errors import DataError

REFUSALS_KEPT = 20
"""How many refused rows are told one by one; all are counted."""

FEW_VALUES = 50
"""A text column with at most so many distinct values is a category, however few its rows."""


def conform(
    table: pa.Table, schema: Schema, data: Data
) -> tuple[pa.Table, tuple[Refusal, ...], int]:
    """Cast every column to its declared or inferred type.

    Missing values are null afterwards: NaN and empty text become null, so that training sees
    what serving sees. A value that cannot be cast refuses its whole row.

    Returns
    -------
    table
        The rows that could be read, in their order.
    refusals
        The first `REFUSALS_KEPT` refused rows, each with its row number or key, the column,
        the value and the reason.
    refused
        How many rows were refused in all.

    Raises
    ------
    DataError
        If two columns share a name, or a column can never be of its declared type.
    """
    require_distinct_names(table)
    resolved = resolve(table, schema, data)
    columns: dict[str, pa.ChunkedArray] = {}
    broken: dict[str, NDArray[np.bool_]] = {}
    for name in table.column_names:
        done = cast(table[name], resolved[name].type, name=name)
        columns[name] = done.column
        if done.refused is not None:
            broken[name] = done.refused
    conformed = pa.table(columns)
    if not broken:
        return conformed, (), 0
    refused = np.logical_or.reduce(list(broken.values()))
    refusals = _tell(table, broken, np.flatnonzero(refused)[:REFUSALS_KEPT], resolved, data)
    return conformed.filter(pa.array(~refused)), refusals, int(refused.sum())


def resolve(table: pa.Table, schema: Schema, data: Data) -> Schema:
    """Give the full schema of a table: what is declared, and what is inferred for the rest.

    The label is text in classification and a number in regression, whatever was declared, and
    never a feature. Key and time columns that are not declared are not features either; to
    learn from one, declare it. A column that is declared but not there stays in the schema,
    at its end, so that the check can miss it.
    """
    columns = {name: _resolve_one(table[name], name, schema, data) for name in table.column_names}
    gone = {name: column for name, column in schema.root.items() if name not in columns}
    return Schema(root={**columns, **gone})


def require_distinct_names(table: pa.Table) -> None:
    """Raise a `DataError` if two columns share a name."""
    twice = [name for name, times in Counter(table.column_names).items() if times > 1]
    if twice:
        names = ", ".join(f'"{name}"' for name in twice)
        raise DataError(
            f"More than one column is called {names}. Give each a name of its own in the query: "
            f"SELECT a.{twice[0]}, b.{twice[0]} AS {twice[0]}_2 ..."
        )


def _resolve_one(column: pa.ChunkedArray, name: str, schema: Schema, data: Data) -> Column:
    declared = schema.root.get(name)
    if name == data.label.column:
        return _resolve_label(declared, data)
    if declared is not None:
        return declared
    kind = ColumnType.TIME if name == data.time else infer(column)
    is_named = name == data.time or name in data.key
    is_ignored = is_named or column.null_count == len(column)
    return Column(type=kind, role=(Role.IGNORE,) if is_ignored else (Role.FEATURE,))


def _resolve_label(declared: Column | None, data: Data) -> Column:
    is_class = data.label.task.is_classification
    kind = ColumnType.CATEGORY if is_class else ColumnType.NUMBER
    if declared is None:
        return Column(type=kind, role=(Role.IGNORE,))
    roles = tuple(role for role in declared.role if role is not Role.FEATURE)
    return declared.model_copy(update={"type": kind, "role": roles or (Role.IGNORE,)})


def infer(column: pa.ChunkedArray) -> ColumnType:
    """Tell a column's type from its Arrow type and, for text, from how its values repeat.

    Text of which more than half the values are distinct (and more than `FEW_VALUES` are) is
    free text or an identifier; other text is a category.

    Examples
    --------
    >>> infer(pa.chunked_array([["EWR", "JFK", "EWR"]])).value
    'category'
    >>> infer(pa.chunked_array([[f"id {row}" for row in range(100)]])).value
    'text'
    """
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_boolean(kind):
        return ColumnType.BOOLEAN
    if pa.types.is_integer(kind):
        return ColumnType.INTEGER
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return ColumnType.TIME
    is_number = pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if is_number or pa.types.is_duration(kind) or pa.types.is_null(kind):
        return ColumnType.NUMBER
    if not pa.types.is_string(plain(column[:0]).type):
        return ColumnType.CATEGORY
    distinct = pc.count_distinct(plain(column)).as_py()
    known = len(column) - column.null_count
    return ColumnType.TEXT if distinct > max(FEW_VALUES, known / 2) else ColumnType.CATEGORY


def _tell(
    table: pa.Table,
    broken: dict[str, NDArray[np.bool_]],
    rows: NDArray[np.intp],
    schema: Schema,
    data: Data,
) -> tuple[Refusal, ...]:
    """Say of each row where it stands, and which value of it could not be read."""
    keys = [name for name in data.key if name in table.column_names]
    refusals = []
    for row in rows.tolist():
        name = next(name for name, mask in broken.items() if mask[row])
        value = _show(table, name, row, schema)
        key = ", ".join(f"{column}={_show(table, column, row, schema)}" for column in keys)
        refusals.append(
            Refusal(
                table="query",
                where=f"row {row + 1}" + (f" ({key})" if key else ""),
                reason=f'column "{name}": "{value[:80]}" is not {MEANINGS[schema[name].type]}',
                text=value[:200],
            )
        )
    return tuple(refusals)


def _show(table: pa.Table, name: str, row: int, schema: Schema) -> str:
    """Write one value for a message; a personal one is hidden."""
    is_personal = Role.PERSONAL in schema[name].role
    return "(personal)" if is_personal else str(table[name][row].as_py())
