"""Stretches of time: a window of monitoring, and the parts it is put together from."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from lifecycle.section import Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Length = timedelta | Literal["month"]


class Span(Value):
    """Everything with `start` <= moment < `end`, both in UTC."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        whole_days = not ((self.start - _EPOCH).seconds or (self.end - _EPOCH).seconds)
        form = "%-d %b %Y" if whole_days else "%-d %b %Y %H:%M"
        return f"{self.start:{form}} to {self.end:{form}}"

    @property
    def in_short(self) -> str:
        """Write it by its first moment and how long it is.

        Examples
        --------
        >>> span_of(datetime(2013, 2, 14, 9, tzinfo=UTC), "month").in_short
        '1 Feb 2013, 28 d'
        >>> span_of(datetime(2013, 2, 14, 9, tzinfo=UTC), timedelta(hours=6)).in_short
        '14 Feb 2013, 06:00, 6 h'
        """
        hours = (self.end - self.start) / timedelta(hours=1)
        has_time = (self.start - _EPOCH).seconds
        start = f"{self.start:%-d %b %Y, %H:%M}" if has_time else f"{self.start:%-d %b %Y}"
        return f"{start}, {hours:g} h" if hours < 24 else f"{start}, {round(hours / 24)} d"


def span_of(moment: datetime, length: Length) -> Span:
    """Give the span of a length that a moment lies in.

    Examples
    --------
    >>> str(span_of(datetime(2013, 2, 14, 9, tzinfo=UTC), "month"))
    '1 Feb 2013 to 1 Mar 2013'
    >>> str(span_of(datetime(2013, 2, 14, 9, tzinfo=UTC), timedelta(hours=6)))
    '14 Feb 2013 06:00 to 14 Feb 2013 12:00'
    """
    moment = moment.astimezone(UTC)
    if length == "month":
        start = datetime(moment.year, moment.month, 1, tzinfo=UTC)
        return Span(start=start, end=_next_month(start))
    start = _EPOCH + (moment - _EPOCH) // length * length
    return Span(start=start, end=start + length)


def spans(since: datetime, until: datetime, length: Length) -> tuple[Span, ...]:
    """Give the whole spans of a length that end between `since` (exclusive) and `until`.

    Examples
    --------
    >>> day = timedelta(days=1)
    >>> [str(span) for span in spans(_EPOCH, _EPOCH + 2.5 * day, day)]
    ['1 Jan 1970 to 2 Jan 1970', '2 Jan 1970 to 3 Jan 1970']
    """
    found = []
    span = span_of(since, length)
    while span.end <= until:
        found.append(span)
        span = span_of(span.end, length)
    return tuple(found)


def _next_month(start: datetime) -> datetime:
    return (start + timedelta(days=32)).replace(day=1)
