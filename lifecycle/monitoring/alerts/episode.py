"""Stretches of windows in which a cause was there, read off one window after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lifecycle.monitoring.alert import Alert, Severity
from lifecycle.monitoring.alerts.glance import Glance
from lifecycle.monitoring.alerts.severity import severity_of, worst
from lifecycle.monitoring.declaration import Alerts
from lifecycle.monitoring.review import Cause
from lifecycle.monitoring.span import Span
from lifecycle.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Episode:
    """A cause from the window it was first found in until it was gone for long enough.

    Parameters
    ----------
    starts
        Where the windows begin that it was found in.
    seen
        When it was last found.
    quiet
        How many windows after the last one were good.
    is_over
        Whether these were enough.
    """

    is_unknown: bool
    severity: Severity
    starts: tuple[datetime, ...]
    last: Span
    seen: datetime
    verdicts: tuple[Verdict, ...]
    more: int
    quiet: int = 0
    is_over: bool = False

    @property
    def began(self) -> datetime:
        """The start of its first window."""
        return self.starts[0]

    def meets(self, alert: Alert) -> bool:
        """Whether an alert has been about this."""
        is_same_time = alert.began <= self.last.start and self.began < alert.span.end
        return is_same_time and (self.is_unknown or not alert.is_unknown)


def episodes(
    timeline: Sequence[Glance], cause: Cause, policy: Alerts, standing: Alert | None = None
) -> tuple[Episode, ...]:
    """Read the episodes of one cause off the windows of one version.

    A window in which it was found begins an episode or goes on with it. `resolve_after` good
    windows end it. Of a window in which nothing could be told, neither; but `unknown_after` of
    them running are an episode of their own, until something is found, good or bad. A window
    in which the cause was not looked at says nothing at all.

    Parameters
    ----------
    timeline
        Each window once, in their order.
    standing
        An open alert. Where nothing can be told any more of the window it was last found in, it
        stands there all the same: an answer that is missing makes nothing undone.
    """
    reader = _Reader(cause, policy)
    stands = standing is not None and not _is_told(timeline, cause, standing)
    for glance in timeline:
        if stands and standing is not None and glance.span.start > standing.span.start:
            reader.begin_with(standing)
            stands = False
        reader.read(glance)
    if stands and standing is not None:
        reader.begin_with(standing)
    return reader.found


def _is_told(timeline: Sequence[Glance], cause: Cause, alert: Alert) -> bool:
    """Whether the timeline speaks of the window an alert was last found in."""
    said = {glance.outcomes.get(cause) for glance in timeline if glance.span == alert.span}
    return bool(said - ({None} if alert.is_unknown else {None, Outcome.UNKNOWN}))


class _Reader:
    def __init__(self, cause: Cause, policy: Alerts) -> None:
        self._cause, self._policy = cause, policy
        self._over: list[Episode] = []
        self._now: Episode | None = None
        self._unknown: list[datetime] = []

    @property
    def found(self) -> tuple[Episode, ...]:
        return (*self._over, *([self._now] if self._now else []))

    def begin_with(self, alert: Alert) -> None:
        if self._now is not None and (alert.is_unknown or not self._now.is_unknown):
            return  # what is read off the windows says at least as much
        self._now = Episode(
            is_unknown=alert.is_unknown,
            severity=alert.severity,
            starts=(alert.began,),
            last=alert.span,
            seen=alert.seen,
            verdicts=alert.verdicts,
            more=alert.more,
        )

    def read(self, glance: Glance) -> None:
        outcome = glance.outcomes.get(self._cause)
        if outcome is None:
            return
        if outcome is Outcome.UNKNOWN:
            self._unknown.append(glance.span.start)
            self._cannot_tell(glance)
            return
        self._unknown = []
        if outcome is Outcome.PASS:
            self._is_good()
        else:
            self._is_there(glance, is_unknown=False, starts=(glance.span.start,))

    def _cannot_tell(self, glance: Glance) -> None:
        if self._now is None and len(self._unknown) >= self._policy.unknown_after:
            self._is_there(glance, is_unknown=True, starts=tuple(self._unknown))
        elif self._now is not None and self._now.is_unknown:
            self._is_there(glance, is_unknown=True, starts=(glance.span.start,))

    def _is_good(self) -> None:
        if self._now is None:
            return
        self._now = replace(self._now, quiet=self._now.quiet + 1)
        if self._now.quiet >= self._policy.resolve_after:
            self._over.append(replace(self._now, is_over=True))
            self._now = None

    def _is_there(self, glance: Glance, *, is_unknown: bool, starts: tuple[datetime, ...]) -> None:
        before = self._now if self._now and self._now.is_unknown == is_unknown else None
        outcome = glance.outcomes[self._cause]
        severity = severity_of(self._cause, outcome) or "notice"
        self._now = Episode(
            is_unknown=is_unknown,
            severity=worst(severity, before.severity) if before else severity,
            starts=(*before.starts, *starts) if before else starts,
            last=glance.span,
            seen=glance.as_of,
            verdicts=glance.verdicts.get(self._cause, ()),
            more=glance.more.get(self._cause, 0),
        )
