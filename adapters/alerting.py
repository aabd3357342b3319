"""From reviews to whoever has to hear of them: decided, recorded, sent."""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from adapters.notifying import Outcome, deliver, receivers
from adapters.records import Records, RecordsError
from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.alerts import Glance, Telling, decide
from lifecycle.monitoring.declaration import Alerts
from lifecycle.monitoring.due import is_credible
from lifecycle.monitoring.review import Review

_LEASE_SECONDS = 60.0
_DECIDED = "alerts are decided of reviews as of"


class Told(NamedTuple):
    """What was told in a run, what stands, and what could not be delivered yet."""

    tellings: tuple[Telling, ...]
    standing: tuple[Alert, ...]
    outcome: Outcome


def alert(
    records: Records,
    project: str,
    reviews: Sequence[Review],
    policy: Alerts,
    *,
    now: datetime,
    state: Path,
    live: Collection[str] | None = None,
    send: bool = True,
) -> Told:
    """Decide from the reviews of one monitoring run who has to hear of what, and tell them.

    To be called once a run, with all its reviews: then each cause is told at most once,
    however many windows were caught up. Called again with the same, it changes nothing.

    Parameters
    ----------
    reviews
        Of this run, recorded or not; what was found before is taken from the records.
    now
        The moment of the run, which may be a replayed one. Sending goes by the clock.
    live
        The versions that answer, where that is known; else those of the newest window.
    send
        Whether what has to be told is sent at once, or kept for `deliver`.

    Raises
    ------
    RecordsError
        If the records cannot be used, or another run decides on this project's alerts now.
    """
    lease = records.lease(f"alerts {project}", _LEASE_SECONDS)
    if lease is None:
        raise RecordsError(f"Another run is deciding on the alerts of {project}. Run it again.")
    with lease:
        glances, alerts = _history(records, project, reviews, policy, now)
        changes = decide(project, glances, alerts, policy, now=now, live=live)
        told = records.record(changes, at=now, receivers=receivers(policy.to))
        if glances:
            latest = max(glance.as_of for glance in glances)
            records.keep_snapshot(project, _DECIDED, latest.isoformat(), at=now)
    outcome = deliver(records, project, policy.to, state=state) if send else Outcome()
    return Told(told, records.open_alerts(project), outcome)


def _history(
    records: Records, project: str, reviews: Sequence[Review], policy: Alerts, now: datetime
) -> tuple[list[Glance], tuple[Alert, ...]]:
    """Give the windows of this run with those before that count, and the alerts they met."""
    fresh = [Glance.of(review) for review in reviews]
    fresh += _undecided(records, project, now)
    spans = [glance.span for glance in fresh]
    spans += [standing.span for standing in records.open_alerts(project)]
    if not spans:
        return [], records.alerts(project, since=now - policy.repeat)
    longest = max(span.end - span.start for span in spans)
    windows = max(policy.resolve_after, policy.unknown_after)
    since = min(span.start for span in spans) - windows * longest
    alerts = records.alerts(project, since=min(since, now - policy.repeat))
    # What was found by a clock that was ahead says nothing of what is still to come.
    known = records.glances(project, since=since)
    return [*(one for one in known if is_credible(one.as_of, as_of=now)), *fresh], alerts


def _undecided(records: Records, project: str, now: datetime) -> list[Glance]:
    """Give the windows a run has recorded that was killed before it decided on them."""
    last = records.snapshot(project, _DECIDED)
    moment = None if last is None else datetime.fromisoformat(last)
    if moment is None or not is_credible(moment, as_of=now):
        return [one for one in records.glances(project) if is_credible(one.as_of, as_of=now)]
    since = records.earliest(project, after=moment)
    found = records.glances(project, since=since) if since is not None else ()
    return [one for one in found if one.as_of > moment and is_credible(one.as_of, as_of=now)]
