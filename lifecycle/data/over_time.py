"""The label in each period of time: its drift is seen before it is measured."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.data.description import Period

MOST_PERIODS = 60
"""More bars than these cannot be told apart in a picture as wide as a page."""

_UNITS = ("h", "D", "W", "M", "3M", "Y")  # NumPy's, the finest first

Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class Stretch:
    """Rows with their times and what is averaged of their label.

    Parameters
    ----------
    shown
        A number of each row, NaN where the label is missing; `None` where there is no mean.
    """

    times: pa.ChunkedArray
    shown: NDArray[np.float64] | None
    is_test: bool

    @property
    def moments(self) -> Times:
        """The times that are known."""
        return np.asarray(self.times.drop_null().to_numpy(), dtype="M8[us]")


def periods(*stretches: Stretch) -> tuple[Period, ...]:
    """Average the label in each period, in order; a period across the cut is told in two.

    The period is the finest of hour, day, week, month, quarter and year of which there are at
    most `MOST_PERIODS`.
    """
    unit = _unit(np.concatenate([stretch.moments for stretch in stretches]))
    found = [period for stretch in stretches for period in _average(stretch, unit)]
    return tuple(sorted(found, key=lambda period: (period.start, period.is_test)))


def _unit(times: Times) -> str:
    for unit in _UNITS:
        if len(np.unique(_starts(times, unit))) <= MOST_PERIODS:
            return unit
    return _UNITS[-1]


def _starts(times: Times, unit: str) -> Times:
    """Give the start of the period each time lies in; weeks start on Monday."""
    shift = np.timedelta64(4 if unit == "W" else 0, "D")  # NumPy's weeks start on Thursday
    floored = (times - shift).astype(f"M8[{unit}]").astype("M8[s]")
    return np.asarray(floored + shift, dtype="M8[s]")


def _average(stretch: Stretch, unit: str) -> list[Period]:
    starts, codes = np.unique(_starts(stretch.moments, unit), return_inverse=True)
    rows = np.bincount(codes, minlength=len(starts))
    means: list[float | None] = [None] * len(starts)
    if stretch.shown is not None:
        values = stretch.shown[stretch.times.is_valid().to_numpy()]
        known = ~np.isnan(values)
        sums = np.bincount(codes[known], weights=values[known], minlength=len(starts))
        labels = np.bincount(codes[known], minlength=len(starts))
        means = [
            float(total / count) if count else None
            for total, count in zip(sums.tolist(), labels.tolist(), strict=True)
        ]
    return [
        Period(start=str(start), rows=int(count), label=mean, is_test=stretch.is_test)
        for start, count, mean in zip(starts, rows, means, strict=True)
    ]
