"""Times as requests write them: ISO 8601 to whole seconds since 1970, in UTC.

A date, or a date and a time to the minute, the second or a fraction of one. Without a zone it
is UTC; a date alone is its midnight, as in training. What is finer than a second is cut off.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from lifecycle.serving.contract import EARLIEST, LATEST, MISSING_TIME

Seconds = NDArray[np.int64]

_SHAPE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = ((datetime.fromisoformat(one) - _EPOCH) // _SECOND for one in (EARLIEST, LATEST))

_ALIKE = 16
"""From so many times on, reading them all at once is faster than one by one."""

_WIDTH = len("2013-07-01T18:00:00")
_MARKS = {4: "-", 7: "-", 13: ":", 16: ":"}
_DIGITS = [place for place in range(_WIDTH) if place not in _MARKS and place != 10]


class NoTimeError(ValueError):
    """A text is no time; the message is the whole reason, in a sentence."""


def read_time(text: str) -> int:
    """Read one time as seconds since 1970, rounded down.

    Raises
    ------
    NoTimeError
        If it is not ISO 8601, there is no such day or hour, or it is out of all bounds.

    Examples
    --------
    >>> read_time("1970-01-01T02:00:00.75+01:00"), read_time("1969-12-31T23:59:59.5")
    (3600, -1)
    """
    if _SHAPE.fullmatch(text) is None:
        raise NoTimeError("Write a time as 2013-07-01T18:00:00Z, or a day as 2013-07-01.")
    try:
        moment = datetime.fromisoformat(text)
        epoch = _EPOCH if moment.tzinfo is None else _EPOCH_UTC
        seconds = (moment - epoch) // _SECOND
    except (ValueError, OverflowError):
        raise NoTimeError("There is no such day, time of day or zone.") from None
    # By the year as it is written, so that a pattern in the OpenAPI document can say the same.
    if not EARLIEST[:4] <= text[:4] < LATEST[:4]:
        raise NoTimeError(f"Times lie between {EARLIEST[:10]} and {LATEST[:10]}.")
    return seconds


def read_times(texts: Sequence[str | None]) -> Seconds:
    """Read several times; a missing one is `MISSING_TIME`. Raises like `read_time`."""
    if len(texts) < _ALIKE:
        read = [MISSING_TIME if text is None else read_time(text) for text in texts]
        return np.array(read, dtype=np.int64)
    seconds = np.full(len(texts), MISSING_TIME)
    known = [text for text in texts if text is not None]
    alike = _read_alike(known)
    there = slice(None) if len(known) == len(texts) else [text is not None for text in texts]
    seconds[there] = [read_time(text) for text in known] if alike is None else alike
    return seconds


def _read_alike(texts: list[str]) -> Seconds | None:
    """Read times that are all written as `2013-07-01T18:00:00` or all with a Z after it.

    `None` if any is written otherwise, or not right: then each is read by itself.
    """
    joined = "".join(texts)
    width = len(texts[0]) if texts else 0
    is_alike = width in (_WIDTH, _WIDTH + 1) and {*map(len, texts)} == {width}
    if not (is_alike and joined.isascii()):
        return None
    letters = np.frombuffer(joined.encode("ascii"), np.uint8).reshape(-1, width)
    fits = all((letters[:, place] == ord(mark)).all() for place, mark in _MARKS.items())
    fits = fits and bool((letters[:, 10] == letters[0, 10]).all()) and joined[10] in "T "
    fits = fits and (width == _WIDTH or bool((letters[:, -1] == ord("Z")).all()))
    if not (fits and (letters[:, _DIGITS] - ord("0") <= 9).all()):  # unsigned: below 0 is above 9
        return None
    plain = np.ascontiguousarray(letters[:, :_WIDTH]).view(f"S{_WIDTH}").ravel()
    try:
        seconds = plain.astype("datetime64[s]").astype(np.int64)
    except ValueError:
        return None
    return seconds if ((seconds >= _FIRST) & (seconds < _LAST)).all() else None


_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_DAY = r"(?:19|2[01])(?:0[48]|[2468][048]|[13579][26])-02-29|2000-02-29"
_DATE = rf"(?:(?:19|2[01])[0-9]{{2}}-{_DAY}|{_LEAP_DAY})"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"

ZONELESS = rf"^{_DATE}(?:[T ]{_CLOCK}(?::[0-5][0-9](?:\.[0-9]+)?)?)?$"
"""A pattern (ECMA-262) of what `read_time` takes without a zone."""

ZONED = (
    rf"^{_DATE}[T ]{_CLOCK}(?::[0-5][0-9](?:\.[0-9]+)?)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)$"
)
"""A pattern of what it takes with one."""
