"""How far the training rows of a day, a week or a month are from all of them.

Weather differs from one day to the next, and prices from one season to another. That is how the
column is, and no news: a shift is news where it is more than that.
"""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from lifecycle.monitoring.counting import count
from lifecycle.monitoring.drift.usual import usual
from lifecycle.monitoring.span import Length
from lifecycle.section import Value

LENGTHS = (1, 7, 30)
"""Days of the stretches that are looked at."""

MOST_STRETCHES = 200
"""More would tell the 95th percentile no better; they are taken evenly."""

_DAY = 86_400_000_000


class Usual(Value):
    """What 95 of 100 stretches of the training rows stay below, by days and column.

    A column is missing where there were too few stretches of that length.
    """

    by_days: dict[int, dict[str, float]] = Field(default_factory=dict)

    def of(self, length: Length) -> Mapping[str, float]:
        """Give what is usual for windows of a length, from the nearest length that is known.

        Shorter stretches differ more, so where only those are known less is called a shift.

        Examples
        --------
        >>> known = Usual(by_days={1: {"temp": 0.8, "hour": 0.1}, 7: {"temp": 0.6}})
        >>> known.of(timedelta(days=7)) == {"temp": 0.6, "hour": 0.1}
        True
        """
        days = 30.0 if length == "month" else length / timedelta(days=1)
        nearest = sorted(self.by_days, key=lambda known: abs(np.log(known / days)), reverse=True)
        found: dict[str, float] = {}
        for known in nearest:
            found |= self.by_days[known]
        return found


def find_usual(train: pa.Table, columns: tuple[str, ...], time: str | None) -> Usual:
    """Compare stretches of the training rows with all of them.

    Without a column of time nothing is known.

    Parameters
    ----------
    train
        The training rows, in any order; rows without time belong to no stretch.
    """
    if time is None or not columns or not len(train):
        return Usual()
    train = train.sort_by(time)
    moments = train[time].drop_null().cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    whole = count(train, columns)
    found = {}
    for days in LENGTHS:
        stretches = [
            count(train.slice(start, rows), columns, like=whole)
            for start, rows in _stretches(moments, days * _DAY)
        ]
        found[days] = usual(stretches, whole)
    return Usual(by_days=found)


def _stretches(moments: NDArray[np.int64], length: int) -> list[tuple[int, int]]:
    """Give start and rows of each stretch that has rows; nulls come last in the sorted table."""
    _, starts, rows = np.unique(moments // length, return_index=True, return_counts=True)
    taken = np.linspace(0, len(starts) - 1, min(len(starts), MOST_STRETCHES)).round().astype(int)
    return list(zip(starts[taken].tolist(), rows[taken].tolist(), strict=True))
