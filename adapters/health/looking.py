"""One look at a service: is it there, what has it done since, is there room."""

from datetime import UTC, datetime
from pathlib import Path

from adapters.health.asking import ask_figures, ask_ready
from adapters.health.last import Last, last
from adapters.health.room import room, size_mb
from adapters.health.taking import Standing, snapshot, standing
from lifecycle.errors import PerennialError
from lifecycle.monitoring.evidence import HealthFigures
from lifecycle.monitoring.health.snapshot import Between, Snapshot
from lifecycle.monitoring.health.stretch import Stretch, since
from lifecycle.serving.declaration import Serving
from lifecycle.serving.live import Live

NOTHING = "Nothing is deployed, so no service could be looked at."


def look(
    live: Live | None,
    serving: Serving,
    *,
    project: str | None = None,
    state: Path,
    before: Snapshot | None,
    youngest_row: datetime | None,
    now: datetime,
) -> tuple[HealthFigures, Snapshot | None]:
    """Look at what answers for a project, and give what is to be kept for the next look.

    Parameters
    ----------
    live
        What is live; `None`: nothing is.
    serving
        How it is served: it tells whether a key is needed.
    project
        Whose event log is looked at where nothing is live.
    before
        What the last look gave.
    youngest_row
        The latest moment the version was trained on, where that is known.
    now
        When this is; `before` was taken by the same clock.

    Returns
    -------
    figures, snapshot
        Where the second is `None` none could be taken: keep the one before.
    """
    name = project if live is None else live.project
    figures, taken = HealthFigures(at=now, problem=NOTHING), None
    if live is not None:
        figures, taken = _ask(live, serving, state=state, before=before, now=now)
    events = None if name is None else state / "events" / name
    told = Last(None, None)
    if events is not None:
        answering = None if taken is None else taken.version
        told = last(events, version=answering, since=None if taken is None else taken.began)
    free = room(*(folder for folder in (state, events) if folder is not None))
    more = {
        "youngest_row": None if youngest_row is None else _aware(youngest_row),
        "last_asked": told.asked,
        "lag_seconds": None if taken is None else _lag(before, taken, told.written),
        "disk_free": None if free is None else free.share,
        "disk_free_gb": None if free is None else free.gb,
        "events_mb": None if events is None else size_mb(events),
    }
    return figures.model_copy(update=more), taken


def _ask(
    live: Live, serving: Serving, *, state: Path, before: Snapshot | None, now: datetime
) -> tuple[HealthFigures, Snapshot | None]:
    is_ready, problem = ask_ready(live)
    try:
        samples = ask_figures(live, serving, state=state)
        taken = snapshot(samples, at=now)
    except PerennialError as error:
        return HealthFigures(at=now, answers=is_ready, problem=problem or str(error)), None
    if taken.manifest != live.manifest:
        problem = (
            f"version {taken.version} listens at {live.host}, port {live.port}, where version "
            f"{live.version} was deployed"
        )
        return HealthFigures(at=now, answers=False, problem=problem), None
    figures = _figures(since(before, taken), standing(samples), taken)
    return figures.model_copy(update={"answers": is_ready, "problem": problem}), taken


def _figures(stretch: Stretch, present: Standing, taken: Snapshot) -> HealthFigures:
    median, slowest = stretch.seconds.quantile(0.5), stretch.seconds.quantile(0.99)
    waits = stretch.waits.quantile(0.99)
    return HealthFigures(
        at=taken.at,
        seconds=stretch.length,
        requests=stretch.requests,
        failed=stretch.failed,
        turned_away=stretch.turned_away,
        unfit=stretch.unfit,
        lost=stretch.unwritten,
        restarts=stretch.restarts,
        began=taken.began,
        p50_ms=_high(median),
        p99_ms=_high(slowest),
        p99_low_ms=_low(slowest),
        waiting_ms=_high(waits),
        waiting_low_ms=_low(waits),
        in_flight=present.in_flight,
        memory_mb=present.memory_mb,
    )


def _low(found: Between | None) -> float | None:
    return None if found is None else found.low * 1_000


def _high(found: Between | None) -> float | None:
    return None if found is None or found.high is None else found.high * 1_000


def _lag(before: Snapshot | None, taken: Snapshot, written: datetime | None) -> float | None:
    """Say how far the log is behind the last answer, if there was one since the last look.

    The log is read after the service was asked, so it may be ahead, which is no lag.
    """
    if taken.asked is None or (before is not None and before.asked == taken.asked):
        return None
    known = written or taken.began
    return None if known is None else max(0.0, (taken.asked - known).total_seconds())


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
