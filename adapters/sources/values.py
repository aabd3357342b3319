"""Rows of Python values, as database drivers give them, as Arrow columns."""

import json
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from adapters.sources.plain import plain_type


def to_array(values: Sequence[Any]) -> pa.Array:
    """Infer the type of a batch of values; what Arrow has no single type for becomes text.

    Examples
    --------
    >>> to_array([1, None, 2.5]).type, to_array([1, "one"]).to_pylist()
    (DataType(double), ['1', 'one'])
    """
    try:
        if any(isinstance(value, Decimal) for value in values):
            return _to_numbers(values)
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return _to_text(values)
    if pa.types.is_nested(array.type) or isinstance(array.type, pa.BaseExtensionType):
        return _to_text(values)
    return array.cast(plain_type(array.type))


def unite(batches: Sequence[pa.Array]) -> pa.ChunkedArray:
    """Put the batches of one column together in a type that holds all their values.

    Examples
    --------
    >>> unite([pa.nulls(1), pa.array([1]), pa.array([0.5])]).to_pylist()
    [None, 1.0, 0.5]
    """
    schemas = [pa.schema([("", batch.type)]) for batch in batches]
    try:
        kind = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        kind = pa.string()
    return pa.chunked_array([_cast(batch, kind) for batch in batches], kind)


def _cast(batch: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind) and not (
        pa.types.is_string(batch.type) or pa.types.is_null(batch.type)
    ):
        return _to_text(batch.to_pylist())
    return batch.cast(kind, safe=False)


def _to_numbers(values: Sequence[Any]) -> pa.Array:
    """Turn exact decimals into integers where all are whole and small enough, else floats."""
    kind = int if all(_is_whole(value) for value in values if value is not None) else float
    numbers = [None if value is None else kind(value) for value in values]
    return pa.array(numbers, pa.int64() if kind is int else pa.float64())


def _is_whole(value: Any) -> bool:
    return math.isfinite(value) and abs(value) < 2**63 and value == int(value)


def _to_text(values: Iterable[Any]) -> pa.Array:
    texts = [None if value is None else _write(value) for value in values]
    return pa.array(texts, pa.string())


def _write(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
