"""The profile of a window, put together from kept profiles of its days."""

from datetime import timedelta
from pathlib import Path

from adapters import profiles
from adapters.monitoring.knowledge import Known
from adapters.profiles import DamagedProfileError, Store
from lifecycle.monitoring.span import Span, spans
from lifecycle.monitoring.summary import Summaries

DAY = timedelta(days=1)


def summarise_window(known: Known, span: Span, *, events: Path, store: Store) -> Summaries:
    """Count a window's inputs and answers at the edges of what the version has learnt from.

    Days that are over are profiled once and kept; a damaged profile is made anew from the log.
    """
    made = profile_of(known, span, events=events, store=store)
    found = profiles.summarise(made, known.contract, like=known.then)
    wanted = {(column.subject, column.name) for column in known.then.columns}
    return Summaries(
        columns=tuple(one for one in found.columns if (one.subject, one.name) in wanted)
    )


def profile_of(known: Known, span: Span, *, events: Path, store: Store) -> bytes:
    """Give the profile of a window, reading only what is not kept yet."""
    parts = parts_of(span)
    kept = {part: _kept(store, known.number, part) for part in parts}
    missing = [part for part in parts if kept[part] is None]
    made = profiles.profile_log(events, known.contract, missing, version=known.number)
    for part, profile in made.profiles.items():
        store.put(known.number, "predictions", part, profile, rows=made.rows[part])
    return profiles.merge(found for part in parts if (found := kept[part] or made.profiles[part]))


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


def _kept(store: Store, version: str, part: Span) -> bytes | None:
    try:
        return store.get(version, "predictions", part)
    except DamagedProfileError:
        return None  # what takes its place is made from the log
