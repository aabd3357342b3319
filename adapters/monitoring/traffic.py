"""Who asked when: which windows there are to look at, and which version answered in them."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from adapters.events.batches import versions
from adapters.events.lines import Event, decoded
from adapters.events.reading import LABELS, PREDICTIONS, REHEARSAL, files
from adapters.events.segment import CLOSED
from lifecycle.monitoring.due import again, is_credible, new_spans
from lifecycle.monitoring.review import Review
from lifecycle.monitoring.span import Length, Span
from lifecycle.monitoring.windows import Window, Windows

_WRITERS = 64
"""Files that may be closed at the same time: one for each process that answers."""

_TAIL = 65_536
"""Bytes at the end of a file; the last line is among them."""


class _Asked(Event, tag_field="event", tag="prediction", frozen=True, gc=False):
    id: str


class _Told(Event, tag_field="event", tag="label", frozen=True, gc=False):
    pass


def find_windows(
    events: Path,
    reviews: Iterable[Review],
    *,
    length: Length,
    within: timedelta,
    keep: timedelta,
    as_of: datetime,
    live: str | None,
) -> Windows:
    """Find the windows a run has to look at: new ones, and those whose labels came since.

    Parameters
    ----------
    events
        The folder of all events.
    reviews
        What was found before, without the columns. What was found as of a moment that is still
        to come was found by a clock that was wrong, and does not count.
    within
        How long after its end a window is still taken anew.
    keep
        What ended longer ago would be forgotten at once.
    live
        The version that answers now: a window in which nobody asked is one of it.
    """
    known = [one for one in reviews if is_credible(one.as_of, as_of=as_of)]
    starts = [one.span.start for one in known]
    first = min(starts) if starts else first_prediction(events)
    fresh = new_spans(first, [one.span for one in known], length=length, as_of=as_of, keep=keep)
    old = again(
        # Where nobody asked, no label can tell anything.
        [(one.span, one.as_of) for one in known if one.predictions],
        within=within,
        last_label=last_label(events, before=as_of),
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
        found = [
            line.at
            for piece in decoded(path, _Asked)
            for line in piece.events
            if not line.id.startswith(REHEARSAL)
        ]
        if found:
            return min(found)
    return None


def last_label(events: Path, *, before: datetime) -> datetime | None:
    """Give the moment of the last label that was told before another moment.

    Several processes write at once, each to a file of its own; only their ends are read.
    """
    listed = files(events / LABELS)
    written = [path for path in listed if not path.name.endswith(CLOSED)]
    closed = [path for path in listed if path.name.endswith(CLOSED)][-_WRITERS:]
    told = (at for path in (*closed, *written) for at in _ends(path) if at < before)
    return max(told, default=None)


def _ends(path: Path) -> Iterator[datetime]:
    """Give the moments of the last lines of a file."""
    decoder = msgspec.json.Decoder(_Told)
    finished = path.with_name(path.name.partition(CLOSED)[0] + CLOSED)
    for place in dict.fromkeys((path, finished)):  # it may be finished since it was listed
        with suppress(FileNotFoundError), place.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            for line in file.read().splitlines():
                with suppress(ValueError, UnicodeDecodeError):  # torn, or cut
                    yield decoder.decode(line).at
            return
