"""Columns as Arrow's JSON reader has found them, brought into the types of their fields."""

import pyarrow as pa
import pyarrow.compute as pc

from adapters.events.typed import arrow_type, typed
from lifecycle.data.declaration import ColumnType
from lifecycle.serving.contract import Field
from lifecycle.serving.values import write_category

_EXACT = 2.0**53


def convert(column: pa.ChunkedArray, one: Field) -> pa.ChunkedArray | None:
    """Bring a column into the type of its field, as `typed` does; `None`: not in this way.

    Examples
    --------
    >>> convert(pa.chunked_array([[7.0, None]]), Field(name="id", type="integer")).to_pylist()
    [7, None]
    >>> convert(pa.chunked_array([[7.5]]), Field(name="id", type="integer")) is None
    True
    """
    wanted = arrow_type(one)
    if wanted == pa.string():
        return _texts(column)
    if one.type is ColumnType.TIME:
        if pa.types.is_timestamp(column.type):
            return pc.floor_temporal(column, unit="second")
        return pa.chunked_array([typed(column.to_pylist(), one)])
    if column.type != wanted:  # whole numbers that were written as 7.0
        if not _are_whole(column):
            return None
        return column.cast(wanted)
    return column


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    if pa.types.is_string(column.type):
        if not empties(column):
            return column
        empty = pc.equal(pc.binary_length(column), 0)
        return pc.if_else(empty, pa.scalar(None, pa.string()), column)
    if pa.types.is_floating(column.type) and not _are_exact(column):
        return None
    encoded = column.dictionary_encode().combine_chunks()
    texts = [write_category(value) for value in encoded.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string()).take(encoded.indices)])


def empties(column: pa.ChunkedArray) -> int:
    """Count the empty texts of a column, which are missing."""
    if not pa.types.is_string(column.type):
        return 0
    return pc.sum(pc.equal(pc.binary_length(column), 0)).as_py() or 0


def _are_exact(numbers: pa.ChunkedArray) -> bool:
    """Whether whole numbers among them are as they were written, though they are 64-bit floats."""
    return pc.all(pc.less(pc.abs(numbers), _EXACT)).as_py() is not False


def _are_whole(numbers: pa.ChunkedArray) -> bool:
    return _are_exact(numbers) and pc.all(pc.equal(numbers, pc.floor(numbers))).as_py() is not False
