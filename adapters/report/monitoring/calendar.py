"""What was said of each window, by cause: a strip of windows for each version."""

from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle.monitoring.review import Cause, Review
from lifecycle.verdict import Outcome

WINDOWS = 60
"""Windows of a strip; of more, the newest."""

VERSIONS = 6
"""Strips; of more versions, those that answered last."""


@dataclass(frozen=True)
class Calendar:
    """The windows of one version, in order of time, and each cause with its outcomes.

    A cause nobody has ever looked at has no line.
    """

    version: str | None
    reviews: Sequence[Review]
    lines: Sequence[tuple[Cause, Sequence[Outcome | None]]]
    left: int = 0


def calendars(reviews: Sequence[Review]) -> list[Calendar]:
    """Make a strip of each version, the one that answered last first."""
    by_version: dict[str | None, list[Review]] = {}
    for review in reviews:
        by_version.setdefault(review.version, []).append(review)
    latest = sorted(by_version.values(), key=lambda own: own[-1].span.start, reverse=True)
    return [_calendar(own) for own in latest[:VERSIONS]]


def _calendar(reviews: Sequence[Review]) -> Calendar:
    shown = reviews[-WINDOWS:]
    lines = [(cause, [review.outcome(cause) for review in shown]) for cause in Cause]
    return Calendar(
        version=shown[-1].version,
        reviews=shown,
        lines=[(cause, found) for cause, found in lines if any(found)],
        left=len(reviews) - len(shown),
    )
