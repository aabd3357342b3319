"""What names a row: a hash of its key that is the same in every run, on every machine.

The hash depends on the values alone: not on the Arrow type they lie in (1, 1.0 and "1" hash
alike), nor on chunks, on the order of rows and columns, or on the process. A stored hash would
outlive a release of pandas or pyarrow, so nothing of theirs is used to mix the bits.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle.data.cast import plain
from lifecycle.data.declaration import Data
from lifecycle.errors import DataError, suggest

Hashes = NDArray[np.uint64]

_MISSING = np.uint64(0x9E3779B97F4A7C15)
_FRACTION = np.uint64(0xD1B54A32D192ED03)
_NUMERAL = r"^\s*-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_WHOLE = r"^-?\d{1,18}$"  # whatever has so few digits fits into 64 bits


def key_columns(table: pa.Table, data: Data) -> tuple[str, ...]:
    """Name the columns that tell one row from another: the key, or all but the label.

    Raises
    ------
    DataError
        If a declared key column is not in the table.
    """
    if not data.key:
        return tuple(name for name in table.column_names if name != data.label.column)
    for name in data.key:
        if name not in table.column_names:
            raise DataError(
                f'There is no key column "{name}" in the table. {suggest(name, table.column_names)}'
            )
    return data.key


def hash_rows(table: pa.Table, columns: Sequence[str]) -> Hashes:
    """Hash the values of some columns, row by row, to 64 bits; shape ``(rows,)``.

    Examples
    --------
    >>> whole = pa.table({"id": pa.array([1, 2, None])})
    >>> text = pa.table({"id": pa.array(["1", "2", None])})
    >>> bool((hash_rows(whole, ["id"]) == hash_rows(text, ["id"])).all())
    True
    """
    total = np.zeros(len(table), dtype=np.uint64)
    for name in columns:
        total += _mix(_hash_column(table[name]) ^ _hash_text(name))
    return _mix(total)


def as_share(hashes: Hashes) -> NDArray[np.float64]:
    """Spread hashes evenly over [0, 1)."""
    return (hashes >> np.uint64(11)).astype(np.float64) / 2.0**53


def overlap(train: pa.Table, test: pa.Table, data: Data) -> int:
    """Count the test rows whose key is also the key of a training row; zero is right."""
    columns = key_columns(test, data)
    return int(np.isin(hash_rows(test, columns), hash_rows(train, columns)).sum())


def _mix(bits: Hashes) -> Hashes:
    """Spread every bit over all others: the finaliser of SplitMix64 (Steele et al., 2014)."""
    bits = bits ^ (bits >> np.uint64(30))
    bits = bits * np.uint64(0xBF58476D1CE4E5B9)
    bits = bits ^ (bits >> np.uint64(27))
    bits = bits * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def _hash_text(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little"))


def _hash_column(column: pa.ChunkedArray) -> Hashes:
    if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
        return _hash_repeating(column)
    column = plain(column)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    if pa.types.is_boolean(column.type):
        column = pc.if_else(column, "true", "false")
    if pa.types.is_integer(column.type):
        return _hash_integers(column)
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return _hash_numbers(column)
    return _hash_repeating(column.cast(pa.string()))


def _hash_integers(column: pa.ChunkedArray) -> Hashes:
    missing = column.is_null().to_numpy()
    whole = column.fill_null(0).to_numpy().astype(np.uint64)
    return np.where(missing, _MISSING, _mix(whole))


def _hash_numbers(column: pa.ChunkedArray) -> Hashes:
    """Hash numbers; a whole one as the integer it equals."""
    numbers = column.cast(pa.float64(), safe=False)
    missing = numbers.is_null().to_numpy()
    values = numbers.fill_null(0.0).to_numpy()
    is_whole = (values == np.floor(values)) & (np.abs(values) < 2.0**63)
    whole = np.where(is_whole, values, 0.0).astype(np.int64).view(np.uint64)
    bits = np.where(is_whole, whole, values.view(np.uint64) ^ _FRACTION)
    return np.where(missing, _MISSING, _mix(bits))


def _hash_repeating(column: pa.ChunkedArray) -> Hashes:
    """Hash text, each distinct value once; text that reads as a number as that number."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    encoded = column.combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # no rows at all
        return np.zeros(0, dtype=np.uint64)
    values = pa.chunked_array([encoded.dictionary])
    if pa.types.is_string(plain(values).type):
        hashes = _hash_words(plain(values))
    else:
        hashes = _hash_column(values)
    hashes = np.append(hashes, _MISSING)
    rows: Hashes = hashes[encoded.indices.fill_null(len(hashes) - 1).to_numpy()]
    return rows


def _hash_words(words: pa.ChunkedArray) -> Hashes:
    missing = words.is_null().to_numpy()
    is_number = pc.match_substring_regex(words, _NUMERAL).fill_null(False)
    hashes = np.empty(len(words), dtype=np.uint64)
    mask = is_number.to_numpy()
    hashes[mask] = _hash_numerals(pc.utf8_trim_whitespace(words.filter(is_number)))
    others = words.filter(pc.invert(is_number)).fill_null("").to_pylist()
    digests = b"".join(blake2b(word.encode(), digest_size=8).digest() for word in others)
    hashes[~mask] = np.frombuffer(digests, dtype="<u8")
    return np.where(missing, _MISSING, hashes)


def _hash_numerals(words: pa.ChunkedArray) -> Hashes:
    """Hash each numeral as the number it means; none may depend on the others of its column."""
    is_whole = pc.match_substring_regex(words, _WHOLE)
    mask = is_whole.to_numpy()
    hashes = np.empty(len(words), dtype=np.uint64)
    hashes[mask] = _hash_integers(words.filter(is_whole).cast(pa.int64()))
    others = words.filter(pc.invert(is_whole))
    hashes[~mask] = _hash_numbers(others.cast(pa.float64()))
    exact = [_as_int64(word) for word in others.to_pylist()]  # ids of 19 digits, as some give out
    known = np.array([number is not None for number in exact], dtype=bool)
    numbers = pa.chunked_array([pa.array(exact, pa.int64())])
    hashes[np.flatnonzero(~mask)[known]] = _hash_integers(numbers)[known]
    return hashes


def _as_int64(word: str) -> int | None:
    digits = word.removeprefix("-")
    number = int(word) if digits.isdigit() and len(digits) == 19 else None
    return number if number is not None and -(2**63) <= number < 2**63 else None
