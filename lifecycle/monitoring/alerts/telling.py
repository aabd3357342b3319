"""What is said of an alert: plain words for people, and the same as values for machines."""

from collections.abc import Iterator
from datetime import UTC, datetime

from lifecycle.monitoring.alert import Alert, Kind
from lifecycle.monitoring.review import Cause
from lifecycle.section import Value

_WORDS = {
    Cause.CALIBRATION: "scores that are off on the whole",
    Cause.GROUPS: "groups that are answered worse",
    Cause.LATENCY: "slow answers",
    Cause.ERRORS: "failed requests",
    Cause.SATURATION: "requests turned away",
    Cause.EVENTS: "trouble with the event log",
    Cause.AGE: "a model that is too old",
    Cause.DISK: "a disk that is nearly full",
    Cause.MEMORY: "too much memory in use",
    Cause.SERVICE: "a service that does not answer",
    Cause.MONITORING: "trouble with monitoring itself",
}
"""What is the matter, where the name of the cause alone does not say it."""

_RETRAIN = (
    "python run.py --pipeline retraining --project {project} trains a successor if one is due, "
    "and else says why not."
)
_LOOK = "python run.py status shows what runs and whether it answers."
_NEXT = {
    Cause.LATENCY: _LOOK,
    Cause.ERRORS: _LOOK,
    Cause.SATURATION: _LOOK,
    Cause.MEMORY: _LOOK,
    Cause.SERVICE: _LOOK + " python run.py resume begins again what was deployed.",
    Cause.EVENTS: _LOOK + " Look whether the folder of events can be written.",
    Cause.DISK: "Free some space, or keep less: monitoring.keep.",
    Cause.MONITORING: "python run.py --pipeline monitoring --project {project} looks again.",
}


class Telling(Value):
    """One thing said of an alert.

    Parameters
    ----------
    title
        One line; `text` says the rest.
    alert
        As it was then: what a machine reads.
    """

    kind: Kind
    at: datetime
    title: str
    text: str
    alert: Alert


def telling_of(alert: Alert, kind: Kind, *, at: datetime) -> Telling:
    """Put into words what is to be told of a recorded alert."""
    said = "\n".join(_say(alert, kind))
    return Telling(kind=kind, at=at, title=_headline(alert, kind), text=said, alert=alert)


def title_of(
    project: str, version: str | None, cause: Cause, *, since: datetime, is_unknown: bool = False
) -> str:
    """Name an alert.

    Examples
    --------
    >>> title_of("flights", "3", Cause.CONCEPT, since=datetime(2013, 7, 1, tzinfo=UTC))
    'flights version 3: concept drift since 1 Jul 2013'
    >>> title_of("flights", None, Cause.DISK, since=datetime(2013, 7, 1, 6, tzinfo=UTC))
    'flights: a disk that is nearly full since 1 Jul 2013 06:00'
    """
    who = project if version is None else f"{project} version {version}"
    if is_unknown:
        return f"{who}: nothing can be told of {cause.value} since {moment(since)}"
    return f"{who}: {_WORDS.get(cause, cause.value)} since {moment(since)}"


def moment(when: datetime) -> str:
    """Write a moment in UTC; midnight as its day alone.

    Examples
    --------
    >>> moment(datetime(2013, 7, 1, tzinfo=UTC)), moment(datetime(2013, 7, 1, 9, 5, tzinfo=UTC))
    ('1 Jul 2013', '1 Jul 2013 09:05')
    """
    when = when.astimezone(UTC)
    return f"{when:%-d %b %Y}" if not (when.hour or when.minute) else f"{when:%-d %b %Y %H:%M}"


def _headline(alert: Alert, kind: Kind) -> str:
    endings = {
        "opened": alert.severity,
        "worse": f"now {alert.severity}",
        "again": f"{alert.severity}, still there",
        "resolved": "over",
        "passed": f"{alert.severity}, over by now",
    }
    return f"{alert.title} ({endings[kind]})"


def _say(alert: Alert, kind: Kind) -> Iterator[str]:
    if kind in ("resolved", "passed"):
        yield alert.why_resolved
    yield _windows(alert)
    listed = [f"- {verdict.reason}" for verdict in alert.verdicts]
    if listed:
        yield ""
        yield "It was found:" if not alert.is_open else "What was found:"
        yield from listed
    if alert.more:
        yield f"- and {alert.more} more of the same kind."
    if alert.number:
        yield ""
        yield from _advise(alert)


def _windows(alert: Alert) -> str:
    times = "1 window" if alert.windows == 1 else f"{alert.windows} windows"
    found = "Nothing could be told in" if alert.is_unknown else "Found in"
    return f"{found} {times}, the last from {alert.span}."


def _advise(alert: Alert) -> Iterator[str]:
    if alert.is_open:
        advice = _NEXT.get(alert.cause, _RETRAIN)
        if alert.is_unknown and advice is _RETRAIN:
            advice = "Look whether requests and labels come in: python run.py status."
        yield "What to do: " + advice.format(project=alert.project)
    yield f"All of it: python run.py alerts show {alert.number}"
    if alert.is_open:
        yield (
            f"Not to hear of it for a while: "
            f'python run.py alerts silence {alert.number} --for 3d --why "..."'
        )
