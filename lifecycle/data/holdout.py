"""Rows of the test set that stay with a version: what it is served must answer them alike."""

import numpy as np
import pyarrow as pa

from lifecycle.data.declaration import Role, Schema

ROWS = 10_000
"""Enough that a fault in one of a thousand rows is met ten times."""


def hold_out(test: pa.Table, schema: Schema, *, seed: int, rows: int = ROWS) -> pa.Table:
    """Choose the rows that are kept with a version, in their order.

    Personal columns are overwritten with one and the same value: what is stored of a version
    names nobody, and can still be asked for.

    Examples
    --------
    >>> schema = Schema({"name": {"type": "text", "role": "personal"}, "x": {"type": "number"}})
    >>> table = pa.table({"name": ["Ada", "Bob"], "x": [1.0, 2.0]})
    >>> hold_out(table, schema, seed=0, rows=1).column("name").to_pylist()
    ['masked']
    """
    if len(test) > rows:
        chosen = np.random.default_rng(seed).choice(len(test), size=rows, replace=False)
        test = test.take(pa.array(np.sort(chosen)))
    for name in schema.names(Role.PERSONAL):
        if name in test.column_names:
            place = test.column_names.index(name)
            mask = pa.scalar(_mask(test.column(name)), test.schema.field(place).type)
            test = test.set_column(place, name, pa.repeat(mask, len(test)))
    return test.combine_chunks()


def _mask(column: pa.ChunkedArray) -> object:
    """Give what stands for every value: a word, no, or the middle of the numbers and times."""
    if pa.types.is_string(column.type):
        return "masked"
    if pa.types.is_boolean(column.type):
        return False
    known = column.drop_null()
    return known.sort()[len(known) // 2].as_py() if len(known) else None
