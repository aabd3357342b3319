"""A review as far as alerts go: small enough that many windows are looked over at once."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import Field

from lifecycle.monitoring.review import Cause, Review
from lifecycle.monitoring.span import Span
from lifecycle.section import Value
from lifecycle.verdict import Outcome, Verdict

LISTED = 20
"""Verdicts of a cause that are kept by word; of more, the number. Nobody reads a longer list."""

_OF_ANSWERS = frozenset(
    {Cause.DATA, Cause.PREDICTION, Cause.CONCEPT, Cause.CALIBRATION, Cause.GROUPS, Cause.SLOW}
)
"""What only a window can tell in which somebody asked; that nobody does is `health.silence`."""

_WORST_FIRST = (Outcome.FAIL, Outcome.WARN, Outcome.UNKNOWN)


class Glance(Value):
    """What a window of a version comes to.

    Parameters
    ----------
    outcomes
        Of each cause that was looked at.
    verdicts, more
        Those that are no passes, the worst first; and how many besides those listed.
    """

    version: str | None
    span: Span
    as_of: datetime
    outcomes: dict[Cause, Outcome] = Field(default_factory=dict)
    verdicts: dict[Cause, tuple[Verdict, ...]] = Field(default_factory=dict)
    more: dict[Cause, int] = Field(default_factory=dict)

    @classmethod
    def of(cls, review: Review) -> "Glance":
        """Sum up a review; of nights in which nobody asked nothing is missing."""
        outcomes = {cause: review.outcome(cause) for cause in Cause if not _is_idle(review, cause)}
        found = {cause: _worst_first(review.of(cause)) for cause in outcomes}
        return cls(
            version=review.version,
            span=review.span,
            as_of=review.as_of,
            outcomes={cause: outcome for cause, outcome in outcomes.items() if outcome},
            verdicts={cause: listed[:LISTED] for cause, listed in found.items() if listed},
            more={cause: len(all_) - LISTED for cause, all_ in found.items() if all_[LISTED:]},
        )


def latest(glances: Iterable[Glance]) -> tuple[Glance, ...]:
    """Keep of each window and version what is known last, in the order of the windows."""
    known: dict[tuple[str | None, Span], Glance] = {}
    for glance in glances:
        key = (glance.version, glance.span)
        if key not in known or known[key].as_of <= glance.as_of:
            known[key] = glance
    return tuple(sorted(known.values(), key=lambda each: (each.span.start, each.span.end)))


def _is_idle(review: Review, cause: Cause) -> bool:
    """Whether a cause cannot be told because nobody asked anything."""
    is_untold = review.outcome(cause) is Outcome.UNKNOWN
    return cause in _OF_ANSWERS and is_untold and not (review.predictions or review.is_look)


def _worst_first(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    found = [verdict for verdict in verdicts if verdict.outcome is not Outcome.PASS]
    return tuple(sorted(found, key=lambda verdict: _WORST_FIRST.index(verdict.outcome)))
