"""Reads the columns of a conformed Arrow table as NumPy arrays."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle.features.limits import LARGEST, MISSING

BETWEEN = "\x1f"
"""What stands between the two values of a crossed category (ASCII's unit separator)."""

FEW_ROWS = 8
"""Up to here Arrow's set-up for encoding a column takes longer than Python's loop."""


def read_numbers(table: pa.Table, name: str) -> NDArray[np.float32]:
    """Read a number, integer or boolean as float32, with NaN where it is missing.

    Examples
    --------
    >>> read_numbers(pa.table({"x": [True, None]}), "x")
    array([ 1., nan], dtype=float32)
    """
    column = _whole(table, name)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    numbers = column.to_numpy(zero_copy_only=False)
    if numbers.dtype == object:  # all missing: Arrow's null type has no numbers to give
        numbers = np.full(len(column), np.nan)
    with np.errstate(over="ignore"):
        cut = numbers.astype(np.float32)
    return np.asarray(np.clip(cut, -LARGEST, LARGEST, out=cut))


def read_block(table: pa.Table, names: Sequence[str]) -> NDArray[np.float32]:
    """Read several numbers at once, shape ``(rows, names)``; see `read_numbers`.

    Examples
    --------
    >>> read_block(pa.table({"x": [1, None], "y": [0.5, 2.0]}), ["y", "x"])
    array([[0.5, 1. ],
           [2. , nan]], dtype=float32)
    """
    block = np.empty((table.num_rows, len(names)), dtype=np.float32)
    chosen, end = table.select(list(names)), 0
    if any(not _is_number(kind) for kind in chosen.schema.types):
        for place, name in enumerate(names):
            block[:, place] = read_numbers(table, name)
        return block
    for batch in chosen.to_batches():
        start, end = end, end + batch.num_rows
        with np.errstate(over="ignore"):
            block[start:end] = batch.to_tensor(null_to_nan=True).to_numpy()
    return np.asarray(np.clip(block, -LARGEST, LARGEST, out=block))


def read_seconds(table: pa.Table, name: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Read times as seconds since 1970 (0 where missing), and which are missing."""
    column = _whole(table, name)
    missing = column.is_null().to_numpy(zero_copy_only=False)
    micros = column.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(0)
    return micros.to_numpy(zero_copy_only=False) // 1_000_000, missing


def read_codes(table: pa.Table, names: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Read a category, or a cross of two, as codes and the distinct values they stand for.

    A missing value stands for `MISSING`.

    Examples
    --------
    >>> codes, values = read_codes(pa.table({"x": ["b", None, "b"]}), ["x"])
    >>> [values[code] for code in codes]
    ['b', '', 'b']
    """
    codes, values = _codes(table, names[0])
    for name in names[1:]:
        more, others = _codes(table, name)
        pairs, codes = np.unique(codes * len(others) + more, return_inverse=True)
        values = [
            f"{values[pair // len(others)]}{BETWEEN}{others[pair % len(others)]}" for pair in pairs
        ]
    return codes, values


def encode_categories(table: pa.Table) -> pa.Table:
    """Dictionary-encode the strings of a table once, so that its parts need not be again."""
    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            encoded = table.column(index).combine_chunks()
            if isinstance(encoded, pa.ChunkedArray):  # combine_chunks keeps zero chunks chunked
                encoded = pa.chunked_array(encoded.chunks, type=field.type)
            table = table.set_column(index, field.name, pc.dictionary_encode(encoded))
    return table


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _codes(table: pa.Table, name: str) -> tuple[NDArray[np.int64], list[str]]:
    column = _whole(table, name)
    if len(column) <= FEW_ROWS and pa.types.is_string(column.type):
        found = [MISSING if value is None else value for value in column.to_pylist()]
        places = {value: place for place, value in enumerate(dict.fromkeys([*found, MISSING]))}
        return np.array([places[value] for value in found], dtype=np.int64), list(places)
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    values = [MISSING if value is None else value for value in column.dictionary.to_pylist()]
    if MISSING not in values:
        values.append(MISSING)
    indices = column.indices.fill_null(values.index(MISSING))
    return indices.to_numpy(zero_copy_only=False).astype(np.int64), values


def _whole(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    if column.num_chunks == 1:
        return column.chunk(0)
    joined = column.combine_chunks()
    return joined if isinstance(joined, pa.Array) else pa.array([], type=column.type)
