"""Who asked when: which windows there are to look at, and which version answered in them."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from adapters.events.batches import versions
from adapters.events.reading import LABELS, PREDICTIONS, REHEARSAL, files
from lifecycle.monitoring.due import again, new_spans
from lifecycle.monitoring.review import Review
from lifecycle.monitoring.span import Length, Span
from lifecycle.monitoring.windows import Window, Windows


class _Line(msgspec.Struct):
    at: datetime
    id: str | None = None


def find_windows(
    events: Path,
    reviews: Iterable[Review],
    *,
    length: Length,
    within: timedelta,
    as_of: datetime,
    live: str | None,
) -> Windows:
    """Find the windows a run has to look at: new ones, and those whose labels came since.

    Parameters
    ----------
    events
        The folder of all events.
    reviews
        What was found before, without the columns.
    within
        How long after its end a window is still taken anew.
    live
        The version that answers now: a window in which nobody asked is one of it.
    """
    known = tuple(reviews)
    first = first_prediction(events)
    fresh = new_spans(first, [one.span for one in known], length=length, as_of=as_of)
    old = again(
        [(one.span, one.as_of) for one in known],
        within=within,
        last_label=last_label(events),
        as_of=as_of,
    )
    found = [
        window
        for span in (*old, *fresh)
        for window in _windows(events, span, live, is_again=span in set(old))
    ]
    return Windows(windows=tuple(found))


def _windows(events: Path, span: Span, live: str | None, *, is_again: bool) -> Iterator[Window]:
    asked = versions(events, since=span.start, until=span.end)
    if not asked:
        yield Window(span=span, version=live, predictions=0, is_again=is_again)
    for version, count in asked.items():
        yield Window(span=span, version=version, predictions=count, is_again=is_again)


def first_prediction(events: Path) -> datetime | None:
    """Give the moment of the first prediction; rehearsals are none."""
    for path in files(events / PREDICTIONS):
        found = [line.at for line in _lines(path) if not (line.id or "").startswith(REHEARSAL)]
        if found:
            return min(found)
    return None


def last_label(events: Path) -> datetime | None:
    """Give the moment of the last label that was told."""
    for path in reversed(files(events / LABELS)):
        found = [line.at for line in _lines(path)]
        if found:
            return max(found)
    return None


def _lines(path: Path) -> Iterator[_Line]:
    decoder = msgspec.json.Decoder(_Line)
    with path.open("rb") as file:
        for line in file:
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # torn; who reads the window counts it
