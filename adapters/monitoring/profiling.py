"""The profile of a window, put together from kept profiles of its days."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from adapters import profiles
from adapters.monitoring.knowledge import Known
from adapters.profiles import Store, fill
from lifecycle.monitoring.span import Span, spans
from lifecycle.monitoring.summary import Summaries

DAY = timedelta(days=1)


def prepare(
    known: Known, windows: Iterable[Span], *, events: Path, store: Store, as_of: datetime
) -> tuple[str, ...]:
    """Profile all windows of a version in as few passes over the log as can be.

    Gives what has to be told: profiles that were damaged, and are made anew.
    """
    parts = sorted({part for span in windows for part in parts_of(span)}, key=lambda one: one.start)
    made = fill(store, events, known.contract, parts, version=known.number, now=as_of)
    return made.told


def summarise_window(
    known: Known, span: Span, *, events: Path, store: Store, as_of: datetime
) -> Summaries:
    """Count a window's inputs and answers at the edges of what the version has learnt from."""
    parts = parts_of(span)
    made = fill(store, events, known.contract, parts, version=known.number, now=as_of)
    whole = profiles.merge(made.profiles[part] for part in parts)
    found = profiles.summarise(whole, known.contract, like=known.then)
    wanted = {(column.subject, column.name) for column in known.then.columns}
    return Summaries(
        columns=tuple(one for one in found.columns if (one.subject, one.name) in wanted)
    )


def parts_of(span: Span) -> tuple[Span, ...]:
    """Part a window into whole days, or leave it as it is.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> week = Span(start=datetime(2013, 1, 3, tzinfo=UTC), end=datetime(2013, 1, 10, tzinfo=UTC))
    >>> len(parts_of(week)), parts_of(Span(start=week.start, end=week.start + DAY / 4))[0].end.hour
    (7, 6)
    """
    days = spans(span.start, span.end, DAY)
    is_whole = days and days[0].start == span.start and days[-1].end == span.end
    return days if is_whole else (span,)
