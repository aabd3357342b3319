"""The newest stretches of rows before test: what each window has to answer for, one by one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle.data.declaration import Data, TimeSplit
from lifecycle.retraining.aiming import Aim
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.windows import WindowLength

STRETCHES = 3
"""On flights one stretch misled the choice of 1 December: a calm fortnight liked what came after
the calm, and the next one was Thanksgiving. See `benchmarks.windows`."""

FEWEST = 50
"""Rows below which there is nothing to learn from or to judge by."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Stretch:
    """A stretch that is answered for, by what could be learnt before it began.

    Parameters
    ----------
    taught
        Rows whose label was known when it began.
    asked
        Rows in it.
    """

    begin: datetime
    taught: Mask
    asked: Mask
    seconds: NDArray[np.int64]

    @property
    def is_enough(self) -> bool:
        """Whether there are rows to learn from and rows to judge by."""
        return min(int(self.taught.sum()), int(self.asked.sum())) >= FEWEST

    def start(self, window: WindowLength) -> datetime | None:
        """Give the first moment of a window that ends where the stretch begins."""
        return self.begin - window if isinstance(window, timedelta) else None

    def within(self, window: WindowLength) -> Mask:
        """Mark the rows that a window teaches."""
        start = self.start(window)
        if start is None:
            return self.taught
        return np.asarray(self.taught & (self.seconds >= start.timestamp()))


def cut_stretches(
    known: pa.Table, aimed: Aim, policy: Retraining, *, count: int = STRETCHES
) -> tuple[Stretch, ...]:
    """Cut the newest stretches, the newest first; each as long as test is.

    One that holds too few rows, or has too few before it, is left out.

    Parameters
    ----------
    known
        The rows that are not test.
    """
    seconds = read_seconds(known, aimed.data)
    if not len(seconds):
        return ()
    late = aimed.data.label.arrives_after or timedelta(0)
    length, end = _length(seconds, aimed, policy), aimed.choice.test_from or aimed.choice.end
    found = []
    for turn in range(1, count + 1):
        begin = end - turn * length
        first, last = begin.timestamp(), (begin + length).timestamp()
        taught = np.asarray(seconds + late.total_seconds() <= first)
        asked = np.asarray((seconds >= first) & (seconds < last))
        found.append(Stretch(begin, taught & (seconds < first), asked, seconds))
    return tuple(one for one in found if one.is_enough)


def read_seconds(table: pa.Table, data: Data) -> NDArray[np.int64]:
    """Read the rows' times as seconds since 1970 (UTC)."""
    column: Any = table[str(data.time)].cast(pa.timestamp("s"), safe=False)
    return np.asarray(pc.cast(column, pa.int64()).to_numpy())


def _length(seconds: NDArray[np.int64], aimed: Aim, policy: Retraining) -> timedelta:
    if isinstance(aimed.split, TimeSplit) and aimed.choice.test_from is not None:
        return aimed.choice.end - aimed.choice.test_from
    if isinstance(policy.test, timedelta):
        return policy.test
    first = datetime.fromtimestamp(int(seconds.min()), UTC)
    return (aimed.choice.end - first) * policy.test
