"""One column of whatever Arrow type into the type that was declared for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle.data.declaration import ColumnType
from lifecycle.errors import DataError

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.NUMBER: pa.float64(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.CATEGORY: pa.string(),
    ColumnType.TEXT: pa.string(),
    ColumnType.TIME: pa.timestamp("us"),
}
"""How each declared type lies in a conformed table."""

MEANINGS: dict[ColumnType, str] = {
    ColumnType.NUMBER: "a finite number",
    ColumnType.INTEGER: "a whole number",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.CATEGORY: "text",
    ColumnType.TEXT: "text",
    ColumnType.TIME: "a time in ISO 8601",
}
"""What a value of each type has to be, in words."""

YES = frozenset({"true", "t", "yes", "y", "1", "on"})
NO = frozenset({"false", "f", "no", "n", "0", "off"})

_LARGEST_INTEGER = float(2**63)


@dataclass(frozen=True)
class Cast:
    """A column in its declared type, and which of its values could not be brought there.

    Parameters
    ----------
    column
        The values; null where the value was missing or could not be cast.
    refused
        True where a value that was there could not be cast; `None` when there is none.
    """

    column: pa.ChunkedArray
    refused: NDArray[np.bool_] | None = None


class _NoWayError(Exception):
    """No value of this Arrow type can become the declared type."""


def cast(column: pa.ChunkedArray, kind: ColumnType, *, name: str = "") -> Cast:
    """Bring a column into a declared type; NaN and empty text are missing.

    Raises
    ------
    DataError
        If no value of the column's Arrow type could ever be of that type.

    Examples
    --------
    >>> cast(pa.chunked_array([["1", "2.0", "two", None]]), ColumnType.INTEGER).column.to_pylist()
    [1, 2, None, None]
    >>> cast(pa.chunked_array([[1.0, None]]), ColumnType.CATEGORY).column.to_pylist()
    ['1', None]
    """
    column = plain(column)
    if pa.types.is_null(column.type):
        return Cast(column.cast(ARROW_TYPES[kind]))
    try:
        return _CASTS[kind](column)
    except (_NoWayError, pa.ArrowNotImplementedError):
        raise DataError(
            f'Column "{name}" holds {column.type}, which cannot be read as {kind.value}. '
            "Declare another type for it, or turn it into one in the query."
        ) from None


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give the column without dictionary, without the large and view layouts, without NaN."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain(column.cast(kind.value_type))
    if pa.types.is_large_string(kind) or kind == pa.string_view():
        return column.cast(pa.string())
    if pa.types.is_floating(kind):
        nan = pc.is_nan(column)
        return pc.if_else(nan, pa.scalar(None, kind), column) if pc.any(nan).as_py() else column
    if pa.types.is_duration(kind):
        seconds = column.cast(pa.duration("us"), safe=False).cast(pa.int64()).cast(pa.float64())
        return pc.divide(seconds, 1e6)
    return column


def _to_number(column: pa.ChunkedArray) -> Cast:
    if pa.types.is_string(column.type):
        try:
            column = plain(pc.utf8_trim_whitespace(column).cast(pa.float64()))
        except pa.ArrowInvalid:
            return _parse(column, _parse_number, pa.float64())
    _require(column, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, _is_boolean)
    numbers = column.cast(pa.float64(), safe=False)
    return _without(numbers, pc.is_inf(numbers))


def _to_integer(column: pa.ChunkedArray) -> Cast:
    if pa.types.is_string(column.type):
        try:
            return Cast(pc.utf8_trim_whitespace(column).cast(pa.int64()))
        except pa.ArrowInvalid:
            return _parse(column, _parse_integer, pa.int64())
    _require(column, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, _is_boolean)
    if not pa.types.is_floating(column.type):
        try:
            return Cast(column.cast(pa.int64()))
        except pa.ArrowInvalid:
            column = column.cast(pa.float64(), safe=False)
    broken = pc.invert(
        pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), _LARGEST_INTEGER))
    )
    whole = _without(column, broken)
    return Cast(whole.column.cast(pa.int64(), safe=False), whole.refused)


def _to_boolean(column: pa.ChunkedArray) -> Cast:
    if pa.types.is_boolean(column.type):
        return Cast(column)
    if pa.types.is_string(column.type):
        return _parse(column, _parse_boolean, pa.bool_())
    _require(column, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    numbers = column.cast(pa.float64(), safe=False)
    is_one = pc.equal(numbers, 1.0)
    return _without(is_one, pc.invert(pc.or_(is_one, pc.equal(numbers, 0.0))))


def _to_text(column: pa.ChunkedArray) -> Cast:
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Cast(_write_numbers(column.cast(pa.float64(), safe=False)))
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise _NoWayError
    text = column if pa.types.is_string(kind) else column.cast(pa.string())
    empty = pc.equal(text, "")
    if pc.any(empty).as_py():
        text = pc.if_else(empty, pa.scalar(None, pa.string()), text)
    return Cast(text)


def _to_time(column: pa.ChunkedArray) -> Cast:
    kind = column.type
    if pa.types.is_string(kind):
        try:
            return Cast(pc.utf8_trim_whitespace(column).cast(pa.timestamp("us")))
        except pa.ArrowInvalid:
            return _parse(column, _parse_time, pa.timestamp("us"))
    _require(column, pa.types.is_timestamp, pa.types.is_date)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        column = column.cast(pa.timestamp(kind.unit, "UTC"))
    return Cast(column.cast(pa.timestamp("us"), safe=False))


_CASTS: dict[ColumnType, Callable[[pa.ChunkedArray], Cast]] = {
    ColumnType.NUMBER: _to_number,
    ColumnType.INTEGER: _to_integer,
    ColumnType.BOOLEAN: _to_boolean,
    ColumnType.CATEGORY: _to_text,
    ColumnType.TEXT: _to_text,
    ColumnType.TIME: _to_time,
}


def _is_boolean(kind: pa.DataType) -> bool:
    return bool(pa.types.is_boolean(kind))


def _require(column: pa.ChunkedArray, *tests: Callable[[pa.DataType], bool]) -> None:
    if not any(test(column.type) for test in tests):
        raise _NoWayError


def _without(column: pa.ChunkedArray, broken: pa.ChunkedArray) -> Cast:
    """Take out the values marked as broken; a missing mark is a missing value, not a broken one."""
    refused = broken.fill_null(False).to_numpy()
    if not refused.any():
        return Cast(column)
    return Cast(pc.if_else(pa.array(refused), pa.scalar(None, column.type), column), refused)


def _write_numbers(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write numbers as text, whole ones without a decimal point: 1.0 reads `1`."""
    whole = pc.and_(pc.equal(numbers, pc.floor(numbers)), pc.less(pc.abs(numbers), 2.0**53))
    integers = pc.if_else(whole, numbers, pa.scalar(None, pa.float64())).cast(pa.int64())
    return pc.coalesce(integers.cast(pa.string()), numbers.cast(pa.string()))


def _parse(column: pa.ChunkedArray, read: Callable[[str], Any], kind: pa.DataType) -> Cast:
    """Read text value by value, each distinct one once; `ValueError` means it cannot be read."""
    encoded = pc.dictionary_encode(column).combine_chunks()
    values: list[Any] = []
    broken: list[bool] = []
    for text in encoded.dictionary.to_pylist():
        try:
            values.append(read(text.strip()))
            broken.append(False)
        except (ValueError, OverflowError):
            values.append(None)
            broken.append(True)
    parsed = pa.array(values, type=kind).take(encoded.indices)
    refused = pa.array(broken, type=pa.bool_()).take(encoded.indices).fill_null(False)
    mask = refused.to_numpy(zero_copy_only=False)
    return Cast(pa.chunked_array([parsed]), mask if mask.any() else None)


def _parse_number(text: str) -> float | None:
    if not text:
        return None
    if "_" in text:  # Python reads 1_000 as a number; no data file means it that way
        raise ValueError(text)
    number = float(text)
    if np.isinf(number):
        raise ValueError(text)
    return None if np.isnan(number) else number


def _parse_integer(text: str) -> int | None:
    try:
        whole = int(text) if "_" not in text else None
    except ValueError:
        whole = None
    if whole is None:
        number = _parse_number(text)
        if number is None:
            return None
        if not number.is_integer():
            raise ValueError(text)
        whole = int(number)
    if not -(2**63) <= whole < 2**63:
        raise OverflowError(text)
    return whole


def _parse_boolean(text: str) -> bool | None:
    word = text.lower()
    if not word:
        return None
    if word in YES or word in ("1.0",):
        return True
    if word in NO or word in ("0.0",):
        return False
    raise ValueError(text)


def _parse_time(text: str) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
