"""A review: what monitoring says of one window of one version."""

from datetime import datetime
from enum import StrEnum

from lifecycle.monitoring.evidence import Counted, HealthFigures, Performance, Shift, Slow
from lifecycle.monitoring.span import Span
from lifecycle.monitoring.summary import Summaries
from lifecycle.section import Value
from lifecycle.verdict import Outcome, Verdict


class Cause(StrEnum):
    """What may be wrong; each has at most one alert a version."""

    DATA = "data drift"
    PREDICTION = "prediction drift"
    CONCEPT = "concept drift"
    CALIBRATION = "calibration"
    GROUPS = "groups"
    SLOW = "slow change"
    LATENCY = "latency"
    ERRORS = "errors"
    SATURATION = "saturation"
    EVENTS = "event log"
    AGE = "age"
    DISK = "disk"
    MEMORY = "memory"
    SERVICE = "service"
    MONITORING = "monitoring"


OF_THE_SERVICE = frozenset(
    {
        Cause.LATENCY, Cause.ERRORS, Cause.SATURATION, Cause.EVENTS, Cause.AGE, Cause.DISK,
        Cause.MEMORY, Cause.SERVICE,
    }
)  # fmt: skip
"""What a look at the service tells; the others are told by a window's rows and labels."""


class Finding(Value):
    """A verdict, and what it is a verdict about."""

    cause: Cause
    verdict: Verdict


class Review(Value):
    """What was found in a window of a version, and what the rules say of it.

    Parameters
    ----------
    as_of
        Labels told later are not in it; a later review of the same window takes its place.
    version
        The version that answered. Each version of a window has a review of its own; `None`
        where nobody asked anything and nothing is live.
    predictions
        How many there were.
    shifts
        Of inputs, predictions and labels, in the order of the schema.
    then, now
        The columns of the reference and of the window.
    is_look
        Whether only the service was looked at, between two windows: it is no review of a window.
    """

    project: str
    version: str | None
    span: Span
    as_of: datetime
    predictions: int = 0
    labels: Counted = Counted()
    shifts: tuple[Shift, ...] = ()
    then: Summaries = Summaries()
    now: Summaries = Summaries()
    performance: Performance | None = None
    slow: Slow | None = None
    health: HealthFigures | None = None
    findings: tuple[Finding, ...] = ()
    is_look: bool = False

    def of(self, cause: Cause) -> tuple[Verdict, ...]:
        """Give the verdicts about one cause."""
        return tuple(found.verdict for found in self.findings if found.cause is cause)

    def outcome(self, cause: Cause) -> Outcome | None:
        """Sum up a cause: fail before unknown before warn before pass; `None`: not looked at."""
        found = {verdict.outcome for verdict in self.of(cause)}
        order = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS)
        return next((outcome for outcome in order if outcome in found), None)


class Reviews(Value):
    """What one run found, oldest window first."""

    reviews: tuple[Review, ...] = ()
