"""What happened between two looks at a service."""

from datetime import datetime

from lifecycle.monitoring.health.snapshot import Buckets, Snapshot
from lifecycle.section import Value


class Stretch(Value):
    """What a service did since it was looked at last, or since it began where that is later.

    Parameters
    ----------
    length
        Seconds; `None` where the beginning is not known, or the clock was set back.
    restarts
        How often the same version, or one of its workers, was begun anew meanwhile; at least.
    requests, failed, turned_away, unfit, unwritten, seconds, waits
        As in `Snapshot`, of this stretch alone.
    """

    length: float | None
    restarts: int = 0
    requests: int
    failed: int
    turned_away: int
    unfit: int
    unwritten: int
    seconds: Buckets
    waits: Buckets


def since(before: Snapshot | None, now: Snapshot) -> Stretch:
    """Say what happened since a look before.

    Counters begin at zero with every start of a service. So where another package answers now,
    the service began anew, or a count has become less, everything counts that it has counted.
    What was counted between the last look and an end is lost, and is not guessed.

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> before = Snapshot(at=noon, version="3", manifest="9f", began=noon, requests=10)
    >>> later = noon + timedelta(hours=1)
    >>> now = before.model_copy(update={"at": later, "requests": 15})
    >>> since(before, now).requests
    5
    >>> again = now.model_copy(update={"began": later, "requests": 12})
    >>> since(before, again).requests, since(before, again).restarts
    (12, 1)
    """
    if before is None or before.manifest != now.manifest:
        return _whole(now)
    if before.began != now.began:
        return _whole(now, restarts=1)
    try:
        return Stretch(
            length=_seconds(before.at, now.at),
            restarts=max(0, now.starts - before.starts),
            requests=_grown(before.requests, now.requests),
            failed=_grown(before.failed, now.failed),
            turned_away=_grown(before.turned_away, now.turned_away),
            unfit=_grown(before.unfit, now.unfit),
            unwritten=_grown(before.unwritten, now.unwritten),
            seconds=now.seconds.less(before.seconds),
            waits=now.waits.less(before.waits),
        )
    except ValueError:  # counts became less: they were begun anew by whatever kept them
        return _whole(now)


def _whole(now: Snapshot, *, restarts: int = 0) -> Stretch:
    return Stretch(
        length=_seconds(now.began, now.at),
        restarts=restarts,
        requests=now.requests,
        failed=now.failed,
        turned_away=now.turned_away,
        unfit=now.unfit,
        unwritten=now.unwritten,
        seconds=now.seconds,
        waits=now.waits,
    )


def _grown(before: int, now: int) -> int:
    if now < before:
        raise ValueError("a count has become less")
    return now - before


def _seconds(start: datetime | None, end: datetime) -> float | None:
    if start is None or end < start:
        return None
    return (end - start).total_seconds()
