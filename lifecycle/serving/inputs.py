"""Rows as a served model takes them: a few dense arrays, see `Layout`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Inputs:
    """Rows in the order of a `Layout`; an array is there even where it has no columns.

    Parameters
    ----------
    numbers
        `float32`, shape ``(rows, n)``, cut at 1e30; missing is NaN.
    times
        `int64`, shape ``(rows, t)``, seconds since 1970 (UTC); missing is `MISSING_TIME`.
    texts
        Objects that are `str`, shape ``(rows, s)``; missing is the empty string.
    """

    numbers: NDArray[np.float32]
    times: NDArray[np.int64]
    texts: NDArray[Any]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.numbers)


@dataclass(frozen=True)
class Answers:
    """What a model says of rows.

    Parameters
    ----------
    scores
        Binary: P(positive) ``(rows,)``; multiclass ``(rows, classes)``; regression ``(rows,)``.
    decisions
        Class indices, shape ``(rows,)``; `None` in regression.
    """

    scores: NDArray[np.float64]
    decisions: NDArray[np.int64] | None


@dataclass(frozen=True)
class Reason:
    """How far one column moved a score away from that of the typical row.

    Parameters
    ----------
    column
        Its name; `a × b` for a pair of columns crossed into one category.
    contribution
        In units of the score; over all columns they add up to score minus reference score.
    """

    column: str
    contribution: float
