"""Figures of a release in words: shares, lengths of time, how many."""

from datetime import timedelta
from math import isfinite

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def percent(share: float) -> str:
    """Write a share as a percentage with three digits; what is nearly all is not all.

    Examples
    --------
    >>> percent(0.25), percent(0.00123), percent(0), percent(1), percent(0.99999)
    ('25%', '0.123%', '0%', '100%', '99.999%')
    """
    return f"{100 * share:.5g}%" if 0.99 < share < 1 else f"{100 * share:.3g}%"


def many(number: int, what: str) -> str:
    """Write how many there are.

    Examples
    --------
    >>> many(1, "request"), many(1_200, "row")
    ('1 request', '1,200 rows')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def length(time: timedelta) -> str:
    """Write a length of time in its two largest units; nothing is shorter than a second.

    Examples
    --------
    >>> length(timedelta(seconds=250)), length(timedelta(hours=2)), length(timedelta(0))
    ('4 min 10 s', '2 h', '0 s')
    >>> length(timedelta(seconds=0.2)), length(timedelta(days=1, minutes=3))
    ('1 s', '1 d')
    """
    left = max(0, -(-time // timedelta(seconds=1)))
    for place, (unit, size) in enumerate(_UNITS[:-1]):
        if left >= size:
            below, step = _UNITS[place + 1]
            rest = left % size // step
            return f"{left // size} {unit}" + (f" {rest} {below}" if rest else "")
    return f"{left} s"


def milliseconds(time: float) -> str:
    """Write a time in milliseconds.

    Examples
    --------
    >>> milliseconds(50), milliseconds(2.5), milliseconds(float("inf"))
    ('50 ms', '2.5 ms', 'any time')
    """
    return f"{time:,.4g} ms" if isfinite(time) else "any time"


def roughly(number: int) -> str:
    """Write a number that was only estimated, rounded up to two digits.

    Examples
    --------
    >>> roughly(7), roughly(371), roughly(12_001)
    ('7', '380', '13,000')
    """
    size = 10 ** max(0, len(str(number)) - 2)
    return f"{-(-number // size) * size:,}"
