"""Inputs as they were sent, brought into the types of their fields."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from lifecycle.data.cast import ARROW_TYPES, cast
from lifecycle.data.declaration import ColumnType
from lifecycle.errors import DataError
from lifecycle.serving.contract import MISSING_TIME, Field
from lifecycle.serving.events import canonical
from lifecycle.serving.times import NoTimeError, read_times
from lifecycle.serving.values import write_category


def arrow_type(field: Field) -> pa.DataType:
    """Give the Arrow type of a field's values; those of a personal one are masked, so text."""
    return pa.string() if field.personal else ARROW_TYPES[field.type]


def typed(values: Sequence[Any], field: Field) -> pa.Array:
    """Give values of JSON in the type of a field, as training has them.

    A value that is none of the type is missing: it was sent to a version with another contract,
    since the one that has this contract would have refused it. Times are cut to seconds, as the
    model reads them.

    Examples
    --------
    >>> typed([1, 2.5, None, "x"], Field(name="size", type="number")).to_pylist()
    [1.0, 2.5, None, None]
    >>> typed([1.0, "b", True, ""], Field(name="kind", type="category")).to_pylist()
    ['1', 'b', 'true', None]
    """
    if field.personal or field.type in (ColumnType.CATEGORY, ColumnType.TEXT):
        return pa.array([_text(value) for value in values], pa.string())
    if field.type is ColumnType.TIME:
        return _times(values)
    try:
        return pa.array(values, ARROW_TYPES[field.type])
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _one_by_one(values, field)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    return None if value is None or isinstance(value, list | dict) else write_category(value)


def _times(values: Sequence[Any]) -> pa.Array:
    texts = [value if isinstance(value, str) else None for value in values]
    try:
        seconds = read_times(texts)
    except NoTimeError:
        seconds = np.array([_seconds(text) for text in texts], dtype=np.int64)
    missing = seconds == MISSING_TIME
    moments = pa.array(np.where(missing, 0, seconds) * 1_000_000, mask=missing)
    return moments.cast(pa.timestamp("us"))


def _seconds(text: str | None) -> int:
    try:
        return MISSING_TIME if text is None else int(read_times([text])[0])
    except NoTimeError:
        return MISSING_TIME


def _one_by_one(values: Sequence[Any], field: Field) -> pa.Array:
    texts = pa.chunked_array([[canonical(value, ColumnType.TEXT) for value in values]], pa.string())
    try:
        return cast(texts, field.type, name=field.name).column.combine_chunks()
    except DataError:
        return pa.nulls(len(values), ARROW_TYPES[field.type])
