"""Short names for content: equal content, equal fingerprint, in every process."""

import hashlib
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic_core import to_jsonable_python

DIGEST_BYTES = 16
"""Enough that two different tables never meet by chance (2**64 tables for an even chance)."""

_INTEGERS = {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}


def fingerprint(value: Any) -> str:
    """Name the content of a pydantic model or of anything JSON can hold.

    The order of keys does not count, the order of lists does.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    >>> fingerprint([1, 2]) == fingerprint([2, 1])
    False
    """
    plain = to_jsonable_python(value)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def table_fingerprint(table: pa.Table) -> str:
    """Name the content of a table: column names, types, values, and their order.

    How the table is cut into chunks, whether it is a slice of a larger one, what lies in memory
    under a missing value, and how text is stored (plain, large, as a dictionary) do not count.

    Examples
    --------
    >>> table = pa.table({"x": [1, None, 3]})
    >>> table_fingerprint(table) == table_fingerprint(pa.concat_tables([table[:1], table[1:]]))
    True
    >>> table_fingerprint(table) == table_fingerprint(table.slice(1))
    False
    """
    hasher = TableHasher(table.schema)
    for batch in table.to_batches():
        hasher.update(batch)
    return hasher.fingerprint()


class TableHasher:
    """Fingerprints a table that comes in batches; how it was cut does not count.

    Parameters
    ----------
    schema
        Names and types of the columns that will come.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns = [_ColumnHasher() for _ in schema]
        self._rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Take in the next rows."""
        for hasher, column in zip(self._columns, batch.columns, strict=True):
            hasher.update(column)
        self._rows += batch.num_rows

    def fingerprint(self) -> str:
        """Name everything taken in so far."""
        columns = [
            [field.name, _type_name(field.type), *hasher.digests()]
            for field, hasher in zip(self._schema, self._columns, strict=True)
        ]
        return fingerprint([self._rows, columns])


class _ColumnHasher:
    """Values, lengths of values and positions of missing ones, each hashed as one long stream.

    Streams make the result independent of chunks; positions instead of Arrow's validity bits
    make it independent of where a chunk starts within a byte.
    """

    def __init__(self) -> None:
        self._values, self._lengths, self._missing = (hashlib.blake2b() for _ in range(3))
        self._rows = 0

    def update(self, column: pa.Array) -> None:
        if not len(column):
            return
        if isinstance(column, pa.ExtensionArray):
            column = column.storage
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if column.null_count:
            missing = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
            self._missing.update((missing + self._rows).astype("<i8").data)
        self._rows += len(column)
        if pa.types.is_null(column.type):
            return
        if (numbers := _as_integers(column)) is not None:
            self._values.update(numbers.data)
        else:
            self._update_texts(column)

    def _update_texts(self, column: pa.Array) -> None:
        lengths, data = _as_bytes(column)
        self._lengths.update(lengths.data)
        self._values.update(data)

    def digests(self) -> list[str]:
        streams = (self._values, self._lengths, self._missing)
        return [stream.hexdigest()[: 2 * DIGEST_BYTES] for stream in streams]


def _type_name(kind: pa.DataType) -> str:
    """Name a type by what its values are, not by how they are stored."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if _is_text(kind):
        return "string"
    return "binary" if _is_binary(kind) else str(kind)


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_binary(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def _as_integers(column: pa.Array) -> NDArray[Any] | None:
    """Give numbers, times and booleans as integers of the same bits, zero where missing."""
    types, kind = pa.types, column.type
    if types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif types.is_integer(kind) or types.is_floating(kind) or types.is_temporal(kind):
        try:
            column = column.view(_INTEGERS[kind.bit_width])
        except (KeyError, pa.ArrowNotImplementedError):  # intervals of months and days
            return None
    else:
        return None
    if column.null_count:
        column = pc.fill_null(column, 0)
    return column.to_numpy()  # type: ignore[no-any-return]


def _as_bytes(column: pa.Array) -> tuple[NDArray[Any], pa.Buffer | bytes]:
    """Give the length of each value in bytes, zero where missing, and all values end to end."""
    if not (_is_text(column.type) or _is_binary(column.type)):
        # Nested and decimal values are rare here: their written form is slow, and exact.
        texts = [None if value is None else repr(value) for value in column.to_pylist()]
        column = pa.array(texts, pa.large_string())
    column = column.cast(pa.binary() if column.nbytes < 2**31 else pa.large_binary())
    if column.null_count:
        column = pc.fill_null(column, b"")
    width = "<i4" if pa.types.is_binary(column.type) else "<i8"
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, dtype=width)[column.offset : column.offset + len(column) + 1]
    lengths = np.diff(ends).astype("<u4")
    return lengths, b"" if data is None else data[int(ends[0]) : int(ends[-1])]
