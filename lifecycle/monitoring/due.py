"""Which windows are to be reviewed: those that are over and were not, or whose labels came."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from lifecycle.monitoring.span import Length, Span, span_of, spans

SETTLING = timedelta(minutes=1)
"""After its end, how long a window may still get lines of requests that were in work."""

AHEAD = timedelta(hours=1)
"""How much clocks of machines that share their records may differ."""


def is_credible(made: datetime, *, as_of: datetime) -> bool:
    """Say whether a review can have been made as of a moment, now that it is another.

    If not, a clock was wrong, then or now: what was found says nothing of what is still to come.
    """
    return made <= as_of + AHEAD


def new_spans(
    first: datetime | None,
    reviewed: Sequence[Span],
    *,
    length: Length,
    as_of: datetime,
    keep: timedelta | None = None,
) -> tuple[Span, ...]:
    """Give the windows that are over and were never reviewed, oldest first.

    None is left out however long nobody looked, and none is ever given twice.

    Parameters
    ----------
    first
        When the first prediction was made; `None`: there was none yet.
    reviewed
        The windows that were, of the length there is now or of one declared before.
    keep
        How long reviews are kept: a window that ended longer ago is not worth one, such as those
        since 1970, when a clock had not been set.

    Examples
    --------
    >>> from datetime import UTC
    >>> first, day = datetime(2013, 4, 1, 9, tzinfo=UTC), timedelta(days=1)
    >>> done = (Span(start=datetime(2013, 4, 1, tzinfo=UTC), end=datetime(2013, 4, 2, tzinfo=UTC)),)
    >>> now = datetime(2013, 4, 4, 0, 1, tzinfo=UTC)
    >>> [str(span) for span in new_spans(first, done, length=day, as_of=now)]
    ['2 Apr 2013 to 3 Apr 2013', '3 Apr 2013 to 4 Apr 2013']
    """
    if first is None:
        return ()
    until = as_of - SETTLING
    begin = max((span.end for span in reviewed), default=first)
    begin = max(begin, span_of(first, length).start)
    if keep is not None:
        begin = max(begin, as_of - keep)
    return tuple(span for span in spans(begin, until, length) if span not in set(reviewed))


def again(
    reviewed: Sequence[tuple[Span, datetime]],
    *,
    within: timedelta,
    last_label: datetime | None,
    as_of: datetime,
) -> tuple[Span, ...]:
    """Give the reviewed windows whose figures may have changed since, oldest first.

    Parameters
    ----------
    reviewed
        Each window with the moment its labels were read as of.
    within
        How long after its end a window is still taken anew.
    last_label
        When the last label was told.
    """
    if last_label is None:
        return ()
    found = {
        span: max(as_of_then for other, as_of_then in reviewed if other == span)
        for span, _ in reviewed
        if as_of - span.end <= within
    }
    return tuple(sorted((s for s, seen in found.items() if seen <= last_label), key=_start))


def _start(span: Span) -> datetime:
    return span.start
