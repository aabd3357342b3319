"""The situation a decision about retraining is taken in: all its evidence, and nothing else."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import Field

from lifecycle.monitoring.review import Cause, Review
from lifecycle.monitoring.span import Span
from lifecycle.retraining.decision import Decision
from lifecycle.section import Value
from lifecycle.verdict import Outcome, Verdict

CAUSES = {
    "drift": (Cause.DATA, Cause.PREDICTION),
    "concept": (Cause.CONCEPT, Cause.CALIBRATION, Cause.SLOW),
}
"""What counts as which reason.

The mean score follows whatever the inputs do, so what comes true moving away from it is a change
of the answer given the inputs: `calibration` in the large is concept drift by definition, and so
is a slow change of the losses. A group that does worse (`GROUPS`) and everything about the
service's health is told to people; training again is no answer to it.
"""


class Champion(Value):
    """The version that holds the title.

    Parameters
    ----------
    trained_at
        As of when it was trained.
    trained_until
        No row it has learnt from is later; `None` where the rows have no time.
    live_since
        What was found before is not about it being champion; `None` where that is not known.
    """

    version: str
    trained_at: datetime
    trained_until: datetime | None = None
    live_since: datetime | None = None


class Looked(Value):
    """What a review said of one window of the champion, by cause."""

    span: Span
    as_of: datetime
    outcomes: dict[Cause, Outcome] = Field(default_factory=dict)

    def outcome(self, causes: Iterable[Cause]) -> Outcome | None:
        """Sum several causes up: fail before unknown before warn before pass, as in `Review`.

        Examples
        --------
        >>> from lifecycle.monitoring.span import span_of
        >>> from datetime import UTC
        >>> at = datetime(2013, 5, 1, tzinfo=UTC)
        >>> looked = Looked(span=span_of(at, "month"), as_of=at, outcomes={"concept drift": "pass",
        ...     "slow change": "unknown"})
        >>> looked.outcome([Cause.CONCEPT, Cause.SLOW]), looked.outcome([Cause.DATA])
        (<Outcome.UNKNOWN: 'unknown'>, None)
        """
        found = {self.outcomes[cause] for cause in causes if cause in self.outcomes}
        order = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS)
        return next((outcome for outcome in order if outcome in found), None)


class Running(Value):
    """A retraining that has begun and not ended.

    Parameters
    ----------
    heard
        When it was last known to be alive.
    is_dead
        Whether that it has died is known, and nobody has to wait for it.
    """

    run: str
    since: datetime
    heard: datetime
    is_dead: bool = False


class Situation(Value):
    """Everything a decision about retraining is taken on.

    Parameters
    ----------
    as_of
        Until when events were looked at.
    windows
        Reviews of the champion's windows.
    labels
        How many have been told since `counted_since`; `None` where they cannot be counted.
    decisions
        Earlier ones, the negative ones among them or not.
    running
        A retraining that has not ended.
    challenger
        The version that has the alias now.
    room
        Whether rows that neither has seen can be held out; see `aiming.find_room`.
    by
        Who asks for it by hand; empty where nobody does.
    """

    project: str
    as_of: datetime
    champion: Champion | None = None
    windows: tuple[Looked, ...] = ()
    labels: int | None = None
    decisions: tuple[Decision, ...] = ()
    running: Running | None = None
    challenger: str | None = None
    room: Verdict | None = None
    by: str = ""

    @property
    def retrainings(self) -> tuple[Decision, ...]:
        """The decisions that began something, in their order."""
        begun = [one for one in self.decisions if one.is_due]
        return tuple(sorted(begun, key=lambda one: (one.number, one.at)))

    @property
    def answered(self) -> tuple[Decision, ...]:
        """The retrainings that came to an answer; one that broke or died has given none."""
        return tuple(one for one in self.retrainings if one.ending not in ("broke", "running"))

    @property
    def counted_since(self) -> datetime | None:
        """From when on labels are new: the last retraining, or the champion's training."""
        moments = [one.as_of for one in self.answered[-1:]]
        if self.champion is not None:
            moments.append(self.champion.trained_at)
        return max(moments, default=None)

    @property
    def labels_in_all(self) -> int:
        """Labels that have come in all, as far as decisions have counted them."""
        before = self.answered[-1].labels if self.answered else 0
        return before + (self.labels or 0)


def looked_at(reviews: Iterable[Review], *, version: str) -> tuple[Looked, ...]:
    """Take from reviews what a decision needs of one version, in the order of time."""
    found = [
        Looked(
            span=review.span,
            as_of=review.as_of,
            outcomes={
                cause: outcome
                for causes in CAUSES.values()
                for cause in causes
                if (outcome := review.outcome(cause)) is not None
            },
        )
        for review in reviews
        if review.version == version and not review.is_look
    ]
    return tuple(sorted(found, key=lambda one: one.span.start))
