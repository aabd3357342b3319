"""The windows up to the one a page is about, one after another, gaps included."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

from adapters.report.monitoring.telling import moment
from lifecycle.monitoring.review import Review
from lifecycle.monitoring.span import Span

WINDOWS = 30
"""Windows drawn side by side; of more, the newest."""


@dataclass(frozen=True)
class Slot:
    """One place on the axis of windows.

    Parameters
    ----------
    review
        `None` where windows are missing between two reviews.
    is_change
        Whether another version answered than in the window before.
    """

    review: Review | None
    is_change: bool = False


def timeline(
    history: Iterable[Review], review: Review | None = None, *, most: int = WINDOWS
) -> tuple[Slot, ...]:
    """Line up one review for each window: the newest `most` of them, up to that of `review`.

    Of several versions in one window that of `review` is taken, else the one that answered
    most, so that what was found of its predecessors leads up to it. Looks at the service between
    windows are left out.

    Parameters
    ----------
    review
        Whose page it is; without one, all windows are lined up.
    """
    by_span: dict[Span, Review] = {}
    for found in (*history, *([review] if review else [])):
        if found.is_look:
            continue
        is_later = review is not None and found.span.start > review.span.start
        if is_later or (review is not None and found.project != review.project):
            continue
        known = by_span.get(found.span)
        if known is None or _rank(found, review) >= _rank(known, review):
            by_span[found.span] = found
    ordered = sorted(by_span.values(), key=lambda found: found.span.start)
    return _with_gaps(ordered)[-most:]


def _rank(found: Review, review: Review | None) -> tuple[bool, bool, int]:
    is_own = review is not None and found.version == review.version
    return found is review, is_own, found.predictions


def _with_gaps(reviews: Sequence[Review]) -> tuple[Slot, ...]:
    slots: list[Slot] = []
    before: Review | None = None
    for found in reviews:
        if before is not None and before.span.end < found.span.start:
            slots.append(Slot(None))
        is_change = before is not None and before.version != found.version
        slots.append(Slot(found, is_change))
        before = found
    return tuple(slots)


def short_name(span: Span) -> str:
    """Name a window in a few signs, as an axis can bear it.

    Examples
    --------
    >>> from datetime import datetime
    >>> april = datetime(2013, 4, 1, tzinfo=UTC)
    >>> short_name(Span(start=april, end=datetime(2013, 5, 1, tzinfo=UTC)))
    'Apr 2013'
    >>> short_name(Span(start=april, end=april + timedelta(hours=1)))
    '1 Apr, 00:00'
    """
    start, end = span.start.astimezone(UTC), span.end.astimezone(UTC)
    if start.day == end.day == 1 and not start.hour and not end.hour and end - start > _WEEK:
        return f"{start:%b %Y}"
    if end - start < timedelta(days=1):
        return f"{start:%-d %b, %H:%M}"
    return f"{start:%-d %b %Y}"


_WEEK = timedelta(days=7)


def told(slot: Slot) -> str:
    """Name a window and its version for whoever points at it."""
    if slot.review is None:
        return "no window was looked at here"
    version = f", version {slot.review.version}" if slot.review.version else ""
    return f"{short_name(slot.review.span)}{version}"


def others_of(review: Review, history: Iterable[Review]) -> list[Review]:
    """Find the reviews of other versions in the same window, by version."""
    found = {
        other.version or "": other
        for other in history
        if other.span == review.span
        and other.version != review.version
        and other.project == review.project
    }
    return [found[version] for version in sorted(found)]


def as_of_note(slots: Sequence[Slot]) -> str:
    """Say which stretch of time is drawn, for captions."""
    known = [slot.review for slot in slots if slot.review]
    if len(known) < 2:
        return "the only window so far"
    return (
        f"{len(known)} windows from {moment(known[0].span.start)} to {moment(known[-1].span.end)}"
    )
