"""The line of time below the charts of a release, which may last minutes or weeks."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime

from markupsafe import Markup

from adapters.report.scales import Scale, element

_LETTER = 6.0
"""About how wide a letter of a label is."""

_INFINITE = float("inf")
_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0

_STEPS = (
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0,
    *(_MINUTE * many for many in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * many for many in (1, 2, 3, 6, 12)),
    *(_DAY * many for many in (1, 2, 3, 5, 7, 14, 28, 91, 182, 365)),
)  # fmt: skip


def time_ticks(x: Scale, bottom: float, most: int = 5) -> Iterator[Markup]:
    """Draw round times along the bottom; the first of a day carries its date."""
    day, end = "", -_INFINITE
    for at in round_times(x.low, x.high, most):
        where = x(at)
        moment = datetime.fromtimestamp(at, UTC)
        date = f"{moment.day} {moment:%b}"
        label = _label(moment, date, is_new=date != day, is_fine=x.high - x.low < 4 * _MINUTE)
        place = " end" if where > x.end - 24 else "" if where < x.start + 24 else " middle"
        yield element("path", d=f"M{where:.1f} {bottom:g}v4", class_="ground")
        wide = _LETTER * len(label)
        left = where - wide * {"": 0.0, " middle": 0.5, " end": 1.0}[place]
        if left < end + _LETTER:
            continue  # the mark alone, where two labels would lie on one another
        day, end = date, left + wide
        yield element("text", label, x=where, y=bottom + 18, class_=f"tick{place}")


def _label(moment: datetime, date: str, *, is_new: bool, is_fine: bool) -> str:
    clock = f"{moment:%H:%M:%S}" if is_fine else f"{moment:%H:%M}"
    if not (moment.hour or moment.minute or moment.second):
        return date
    return f"{date}, {clock}" if is_new else clock


def round_times(start: float, end: float, most: int) -> list[float]:
    """Choose at most `most` round times inside a span, of seconds since 1970.

    Examples
    --------
    >>> round_times(3600.0, 7300.0, 4)
    [3600.0, 5400.0, 7200.0]
    >>> round_times(5.0, 5.0, 4)
    [5.0]
    """
    for step in _STEPS:
        first, last = math.ceil(start / step), math.floor(end / step)
        if last - first + 1 <= most:
            return [at * step for at in range(first, last + 1)] or [start]
    return [start, end]
