"""Parts of a time: hour of the day, day of the week, month of the year."""

import numpy as np
from numpy.typing import NDArray

from lifecycle.features.declaration import CalendarPart

DAY = 86_400
YEAR = 365 * DAY

CYCLES: dict[CalendarPart, tuple[float, float, float]] = {
    # part: (lowest value, length of its cycle in its own unit, the same in seconds)
    "month": (1, 12, YEAR),
    "day_of_year": (1, 366, YEAR),
    "day_of_month": (1, 31, 31 * DAY),
    "day_of_week": (0, 7, 7 * DAY),
    "hour": (0, 24, DAY),
}
"""The parts that come round again; `year` does not."""

AUTOMATIC: tuple[CalendarPart, ...] = ("month", "day_of_week", "hour")
"""The parts `auto` considers: one for each natural cycle."""


def calendar_part(seconds: NDArray[np.int64], part: CalendarPart) -> NDArray[np.float32]:
    """Read one part off times given in seconds since 1970 (UTC).

    `day_of_week` counts from Monday = 0, `hour` has minutes as its fraction, months and days
    count from 1.

    Examples
    --------
    >>> moment = np.array(["2013-06-30T18:45"], dtype="datetime64[s]").astype(np.int64)
    >>> [float(calendar_part(moment, part)[0]) for part in ("month", "day_of_week", "hour")]
    [6.0, 6.0, 18.75]
    """
    times = seconds.astype("datetime64[s]")
    value: NDArray[np.int64] | NDArray[np.float64]
    if part == "hour":
        value = (seconds % DAY) / 3600
    elif part == "day_of_week":
        value = (seconds // DAY + 3) % 7  # 1970-01-01 was a Thursday
    elif part == "year":
        value = times.astype("datetime64[Y]").astype(np.int64) + 1970
    elif part == "month":
        value = times.astype("datetime64[M]").astype(np.int64) % 12 + 1
    else:
        start = "datetime64[Y]" if part == "day_of_year" else "datetime64[M]"
        value = (times.astype("datetime64[D]") - times.astype(start)).astype(np.int64) + 1
    return np.asarray(value, dtype=np.float32)


def parts_covered(seconds: NDArray[np.int64]) -> tuple[CalendarPart, ...]:
    """Name the parts whose whole cycle these times cover, and which differ between them.

    Examples
    --------
    >>> week = np.arange(0, 8 * DAY, 3600)
    >>> parts_covered(week)
    ('day_of_week', 'hour')
    >>> parts_covered(np.arange(0, 800 * DAY, DAY))
    ('month', 'day_of_week')
    """
    if len(seconds) == 0:
        return ()
    span = int(seconds.max()) - int(seconds.min())
    return tuple(
        part
        for part in AUTOMATIC
        if span >= 0.98 * CYCLES[part][2] and len(np.unique(calendar_part(seconds, part))) > 1
    )
