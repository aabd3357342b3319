"""Which alerts and decisions a page shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.review import Review
from lifecycle.retraining.decision import Decision
from lifecycle.verdict import Outcome

SEVERITIES = {"critical": ("fail", "✕"), "warning": ("warn", "!"), "notice": ("warn", "·")}
"""The colour and mark of a severity; its word is always beside it."""


ENDINGS = {
    "not due": ("none", "–"),
    "running": ("none", "…"),
    "won": ("pass", "✓"),
    "awaiting": ("warn", "!"),
    "approved": ("pass", "✓"),
    "rejected": ("fail", "✕"),
    "lost": ("fail", "✕"),
    "stopped": ("fail", "✕"),
    "broke": ("fail", "✕"),
}
"""The colour and mark of how a decision ended; its word is always beside it."""

TRIGGERS = {
    Outcome.PASS: ("pass", "✓", "a reason"),
    Outcome.FAIL: ("none", "–", "no reason"),
    Outcome.WARN: ("warn", "!", "look"),
    Outcome.UNKNOWN: ("unknown", "?", "unknown"),
}
"""How it is told whether there is a reason to retrain: that there is none is no failure."""


@dataclass(frozen=True)
class Standing:
    """The alerts of a project: open ones, the gravest first, and those that are over."""

    open: Sequence[Alert] = ()
    over: Sequence[Alert] = ()


def standing(alerts: Iterable[Alert], review: Review | None) -> Standing:
    """Part the alerts of a review's project; those that are over the latest first."""
    own = [alert for alert in alerts if review is None or alert.project == review.project]
    return Standing(
        open=sorted(
            (alert for alert in own if alert.is_open),
            key=lambda alert: (gravity(alert), alert.number),
        ),
        over=sorted(
            (alert for alert in own if not alert.is_open),
            key=lambda alert: (alert.resolved or alert.seen, alert.number),
            reverse=True,
        ),
    )


def gravity(alert: Alert) -> int:
    """Rank an alert: 0 is the gravest."""
    return [*SEVERITIES].index(alert.severity)


def decided(decisions: Iterable[Decision]) -> list[Decision]:
    """Order decisions, the newest first."""
    return sorted(decisions, key=lambda found: (found.at, found.number), reverse=True)
