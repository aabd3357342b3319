"""Situations to decide in, told in as few words as a test needs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle.monitoring.review import Cause
from lifecycle.monitoring.span import span_of
from lifecycle.retraining.decision import Decision, Reason
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.due import decide
from lifecycle.retraining.situation import Champion, Looked, Situation
from lifecycle.verdict import Outcome

DAY = timedelta(days=1)
AS_OF = datetime(2013, 6, 1, tzinfo=UTC)
CHAMPION = Champion(version="3", trained_at=datetime(2013, 1, 1, tzinfo=UTC))
ASKS = Retraining(min_labels=1_000, cooldown=7 * DAY)
MONTHS = {name: place + 1 for place, name in enumerate(["jan", "feb", "mar", "apr", "may"])}


def month(name: str, **outcomes: str) -> Looked:
    """Tell of a window: `month("may", DATA="fail")`."""
    span = span_of(datetime(2013, MONTHS[name], 15, tzinfo=UTC), "month")
    found = {Cause[cause]: Outcome(outcome) for cause, outcome in outcomes.items()}
    return Looked(span=span, as_of=AS_OF, outcomes=found)


def situation(**given: Any) -> Situation:
    """Give one in which drift was found in May and nothing speaks against a retraining."""
    usual = {
        "project": "flights",
        "as_of": AS_OF,
        "champion": CHAMPION,
        "windows": (month("apr", DATA="pass"), month("may", DATA="fail")),
        "labels": 5_000,
    }
    return Situation(**{**usual, **given})


def retraining(number: int, days_ago: float, ending: str, **given: Any) -> Decision:
    """Give an earlier retraining of version 3."""
    at = AS_OF - days_ago * DAY
    usual = {"project": "flights", "at": at, "as_of": at, "champion": "3", "is_due": True}
    return Decision(**{**usual, "number": number, "ending": ending, **given})


def rested_on(*names: str, kind: str = "drift") -> tuple[Reason, ...]:
    """Give the reason of a retraining that rested on some months."""
    return (Reason(kind=kind, told="It has.", windows=tuple(month(name).span for name in names)),)


def deciding(found: Situation, policy: Retraining = ASKS) -> Decision:
    """Decide as of the situation."""
    return decide(found, policy, now=found.as_of)


def outcome(decision: Decision, rule: str) -> str:
    """Give what one check or trigger said."""
    verdicts = (*decision.triggers, *decision.checks)
    return next(one.outcome.value for one in verdicts if one.rule == rule)


def why(decision: Decision, rule: str) -> str:
    """Give the sentence of one check or trigger."""
    verdicts = (*decision.triggers, *decision.checks)
    return next(one.reason for one in verdicts if one.rule == rule)
