"""A story of days told in letters, for the tests of alerts.

`.` is a pass, `x` a failure, `w` a warning, `?` unknown, `-` not looked at.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.alerts import Changes, Glance, decide
from lifecycle.monitoring.declaration import Alerts
from lifecycle.monitoring.review import Cause, Finding, Review
from lifecycle.monitoring.span import Span
from lifecycle.verdict import Outcome, Verdict

DAY = timedelta(days=1)
JULY = datetime(2013, 7, 1, tzinfo=UTC)
OUTCOMES = {".": Outcome.PASS, "x": Outcome.FAIL, "w": Outcome.WARN, "?": Outcome.UNKNOWN}


def day(number: int, length: timedelta = DAY) -> Span:
    return Span(start=JULY + number * length, end=JULY + (number + 1) * length)


def verdict(outcome: Outcome, column: str = "distance") -> Verdict:
    reason = f'Column "{column}" says {outcome.value}.'
    return Verdict(rule=f"drift {column}", outcome=outcome, measured=0.3, limit=0.2, reason=reason)


def review(
    number: int,
    letter: str,
    cause: Cause = Cause.DATA,
    *,
    version: str | None = "3",
    as_of: datetime | None = None,
    columns: Sequence[str] = ("distance",),
    predictions: int = 900,
) -> Review:
    span = day(number)
    found = OUTCOMES.get(letter)
    verdicts = [] if found is None else [verdict(found, column) for column in columns]
    return Review(
        project="flights",
        version=version,
        span=span,
        as_of=as_of or span.end,
        predictions=predictions,
        findings=tuple(Finding(cause=cause, verdict=each) for each in verdicts),
    )


def days(
    letters: str, cause: Cause = Cause.DATA, *, version: str | None = "3", start: int = 0
) -> list[Glance]:
    return [
        Glance.of(review(start + number, letter, cause, version=version))
        for number, letter in enumerate(letters)
    ]


class Told:
    """Alerts as they become, run after run, with what was told."""

    def __init__(self, policy: Alerts | None = None) -> None:
        self.policy = policy or Alerts()
        self.alerts: list[Alert] = []
        self.tellings: list[tuple[str, str]] = []
        self.changes = Changes()

    def run(
        self,
        glances: Sequence[Glance],
        *,
        now: datetime | None = None,
        live: set[str] | None = None,
    ) -> "Told":
        at = now or max(glance.span.end for glance in glances)
        self.changes = decide("flights", glances, self.alerts, self.policy, now=at, live=live)
        for change in self.changes.changes:
            alert = change.alert
            if alert.number:
                self.alerts[alert.number - 1] = alert
            else:
                alert = alert.model_copy(update={"number": len(self.alerts) + 1})
                self.alerts.append(alert)
            if change.tell:
                self.tellings.append((change.tell, alert.severity))
        return self

    def run_daily(self, letters: str, cause: Cause = Cause.DATA) -> "Told":
        for number in range(len(letters)):
            self.run(days(letters[: number + 1], cause))
        return self

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.tellings]

    @property
    def standing(self) -> list[Alert]:
        return [alert for alert in self.alerts if alert.is_open]
