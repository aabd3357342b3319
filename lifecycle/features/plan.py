"""Which features there will be: decided once, from the declaration and the training rows.

The plan looks at the rows but never at the label, so that every fold has the same features.
"""

from itertools import chain
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lifecycle.data.declaration import ColumnType, Schema
from lifecycle.features.calendar import parts_covered
from lifecycle.features.columns import read_codes, read_seconds
from lifecycle.features.declaration import CalendarPart, Features
from lifecycle.section import Value


class Feature(Value):
    """One thing the model may look at, before anything is fitted.

    Parameters
    ----------
    name
        The column's name; `time.hour` for a part of a time, `a × b` for a cross.
    columns
        The columns of the table it is made of.
    missing
        Whether any training row misses it.
    values
        The distinct values of a category that is to get a column for each; empty for one
        with more than that.
    """

    name: str
    kind: Literal["number", "category", "calendar", "presence"]
    columns: tuple[str, ...]
    part: CalendarPart | None = None
    missing: bool = False
    distinct: int = 0
    values: tuple[str, ...] = ()


def plan_features(table: pa.Table, schema: Schema, features: Features) -> tuple[Feature, ...]:
    """Plan the features of all columns the model may see.

    A column that is missing in every row, or has one value in all of them, gives none.

    Examples
    --------
    >>> schema = Schema({"x": {"type": "number"}, "c": {"type": "category"}})
    >>> table = pa.table({"x": [1.0, 2.0], "c": ["a", "b"]})
    >>> [feature.name for feature in plan_features(table, schema, Features())]
    ['x', 'c']
    """
    present = set(table.column_names)
    names = [name for name in schema.names() if name in present]
    seen = [name for name in names if schema[name].is_feature]
    single = chain.from_iterable(
        _of_column(table, name, schema[name].type, features) for name in seen
    )
    crossed = (_category(table, pair, features) for pair in features.crosses)
    return tuple(feature for feature in chain(single, crossed) if feature is not None)


def _of_column(
    table: pa.Table, name: str, kind: ColumnType, features: Features
) -> list[Feature | None]:
    column = table.column(name)
    missing = column.null_count > 0
    if kind is ColumnType.CATEGORY:
        return [_category(table, (name,), features)]
    if kind is ColumnType.TIME:
        return _times(table, name, features)
    if column.null_count == len(column):
        return []
    if kind is ColumnType.TEXT:
        return [Feature(name=name, kind="presence", columns=(name,))] if missing else []
    lowest, highest = pc.min_max(column).values()
    constant = lowest.as_py() == highest.as_py()
    if constant and not missing:
        return []
    return [Feature(name=name, kind="number", columns=(name,), missing=missing)]


def _category(table: pa.Table, columns: tuple[str, ...], features: Features) -> Feature | None:
    codes, values = read_codes(table, columns)
    present = np.flatnonzero(np.bincount(codes, minlength=len(values)))
    distinct = sorted({values[code] for code in present})
    if len(distinct) < 2:
        return None
    few = len(distinct) <= max(features.one_hot, features.one_hot_trees)
    return Feature(
        name=" × ".join(columns),
        kind="category",
        columns=columns,
        distinct=len(distinct),
        values=tuple(distinct) if few else (),
    )


def _times(table: pa.Table, name: str, features: Features) -> list[Feature | None]:
    seconds, missing = read_seconds(table, name)
    known = seconds[~missing]
    if features.calendar == "none" or len(known) == 0:
        return []
    parts = parts_covered(known) if features.calendar == "auto" else features.calendar
    return [
        Feature(
            name=f"{name}.{part}",
            kind="calendar",
            columns=(name,),
            part=part,
            missing=bool(missing.any()),
        )
        for part in parts
    ]
