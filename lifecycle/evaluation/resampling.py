"""What the bootstrap draws, and how often: the rows, or pieces of rows that hang together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.errors import DataError, suggest

_STRETCHES = {
    "365 days": 365 * 86_400,
    "30 days": 30 * 86_400,
    "week": 7 * 86_400,
    "day": 86_400,
    "hour": 3_600,
    "minute": 60,
}
_ENOUGH_STRETCHES = 40
"""Of fewer blocks the spread is itself too uncertain: its relative error is 1 / sqrt(2 x 40)."""
_ENOUGH_GROUPS = 8
_CHUNK = 1 << 20
_MOST_DRAWS = 150_000_000


@dataclass(frozen=True)
class Units:
    """The pieces the bootstrap draws: `codes` number each row's piece, shape ``(n,)``."""

    name: str
    codes: NDArray[np.int64]
    count: int

    @property
    def are_rows(self) -> bool:
        """Whether each row is its own piece; they are then numbered in order."""
        return self.count == len(self.codes)

    @classmethod
    def of(cls, name: str, codes: NDArray[np.int64], count: int) -> "Units":
        """Make them, with the rows in order where each turns out to be its own piece."""
        return cls(name, np.arange(count) if count == len(codes) else codes, count)


def find_units(test: pa.Table, *, group: str | None, time: str | None) -> Units:
    """Choose what is drawn as one piece, so that an interval does not promise too much.

    Rows of one customer, and flights of one stormy day, go wrong together: drawn one by one
    they look like more evidence than they are. So a declared group is drawn whole. Where there
    is time, whole stretches of it are: the longest stretch of which there are at least 40.
    Otherwise rows are drawn one by one.

    Raises
    ------
    DataError
        If the declared column is not in the table.
    """
    if group is not None:
        return _by_group(test, group)
    if time is not None and time in test.column_names:
        return _by_stretch(test, time)
    return _by_row(test.num_rows)


def _by_row(rows: int, name: str = "row") -> Units:
    return Units(name, np.arange(rows), rows)


def _by_group(test: pa.Table, column: str) -> Units:
    if column not in test.column_names:
        raise DataError(
            f'The test rows have no column "{column}" to draw by. '
            f"{suggest(column, test.column_names)}"
        )
    encoded = test[column].combine_chunks().dictionary_encode(null_encoding="encode")
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    count = len(encoded.dictionary)
    if count < _ENOUGH_GROUPS:
        return _by_row(len(codes), f"row ({column} has only {count} values)")
    return Units.of(f"group {column}", codes, count)


def _by_stretch(test: pa.Table, column: str) -> Units:
    times = test[column].cast(pa.timestamp("us")).cast(pa.int64())
    seconds = times.combine_chunks().fill_null(0).to_numpy(zero_copy_only=False) // 1_000_000
    for name, length in _STRETCHES.items():
        found, codes = np.unique(seconds // length, return_inverse=True)
        if len(found) >= _ENOUGH_STRETCHES:
            return Units.of(name, codes, len(found))
    return _by_row(len(seconds))


def draw(units: Units, *, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Draw how often each piece occurs in each bootstrap sample, some samples at a time.

    Yields arrays of shape ``(samples, pieces)``; a row sums to the number of pieces. The same
    seed gives the same samples, which is what makes a comparison paired.
    """
    generator = np.random.default_rng(seed)
    step = max(1, _CHUNK // len(units.codes))
    for start in range(0, resamples, step):
        samples = min(step, resamples - start)
        picks = generator.integers(units.count, size=(samples, units.count), dtype=np.int32)
        picks += np.arange(samples)[:, None] * units.count
        counts = np.bincount(picks.ravel(), minlength=samples * units.count)
        yield counts.reshape(samples, units.count).astype(np.float64)


def affordable(resamples: int, rows: int) -> int:
    """Cut the number of samples on very large tests, where fewer tell as much; at least 200.

    Examples
    --------
    >>> affordable(1_000, 50_000), affordable(1_000, 500_000), affordable(1_000, 5_000_000)
    (1000, 300, 200)
    """
    return min(resamples, max(200, _MOST_DRAWS // rows))
