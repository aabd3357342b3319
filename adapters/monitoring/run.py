"""What the steps of a monitoring run do: review, look at the service, tell."""

import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from adapters import clock, registry
from adapters.alerting import alert
from adapters.health.looking import look
from adapters.monitoring.knowledge import Known, know, youngest_row
from adapters.monitoring.profiling import prepare
from adapters.monitoring.reviewing import Desk
from adapters.profiles import Store
from adapters.records import Records
from adapters.supervision.record import read_live
from lifecycle.errors import RegistryError
from lifecycle.monitoring.alarm import Alarm
from lifecycle.monitoring.declaration import Alerts
from lifecycle.monitoring.evidence import HealthFigures, LossSums
from lifecycle.monitoring.health.rules import judge_health
from lifecycle.monitoring.health.snapshot import Snapshot
from lifecycle.monitoring.review import OF_THE_SERVICE, Cause, Finding, Review, Reviews
from lifecycle.monitoring.span import Span
from lifecycle.monitoring.windows import Window, Windows
from lifecycle.project.project import Project
from lifecycle.verdict import Outcome, Verdict

_METRICS = "metrics"
_log = logging.getLogger("perennial.monitoring")


def store_of(state: Path, project: str) -> Store:
    """Give the place of a project's profiles."""
    return Store(state / "monitoring" / project / "profiles")


def review_all(
    windows: Windows, project: Project, *, events: Path, state: Path, as_of: datetime
) -> Reviews:
    """Review windows of all versions, oldest first; a version is fetched once."""
    desk = Desk(project, events, store_of(state, project.name), as_of)
    with Records.open(state) as records:
        earlier = records.reviews(project.name, light=True)
    costs, before = _costs(earlier), {(one.version, one.span): one for one in earlier}
    known = {
        version: _prepare(desk, version, windows, state)
        for version in dict.fromkeys(window.version for window in windows.windows)
        if version is not None
    }
    made = []
    for window in sorted(windows.windows, key=lambda one: one.span.start):
        review = _review(desk, window, known, costs)
        if review.version and review.performance and review.performance.losses:
            costs[review.version][review.span] = review.performance.losses
        made.append(_with_health(review, before.get((review.version, review.span))))
    return Reviews(reviews=tuple(made))


def _with_health(review: Review, before: Review | None) -> Review:
    """Keep how the service was: labels that came since say nothing about that."""
    if before is None or before.health is None:
        return review
    kept = tuple(found for found in before.findings if found.cause in OF_THE_SERVICE)
    return review.model_copy(
        update={"health": before.health, "findings": (*review.findings, *kept)}
    )


def _costs(reviews: tuple[Review, ...]) -> dict[str, dict[Span, LossSums]]:
    found: dict[str, dict[Span, LossSums]] = defaultdict(dict)
    for review in reviews:
        if review.version and review.performance and review.performance.losses:
            found[review.version][review.span] = review.performance.losses
    return found


def _review(
    desk: Desk,
    window: Window,
    known: dict[str, Known | RegistryError],
    costs: dict[str, dict[Span, LossSums]],
) -> Review:
    bare = Review(
        project=desk.project.name, version=window.version, span=window.span, as_of=desk.as_of
    )
    if window.version is None:
        return bare
    version = known[window.version]
    if isinstance(version, RegistryError):
        verdict = Verdict(rule="version", outcome=Outcome.UNKNOWN, reason=str(version))
        finding = Finding(cause=Cause.MONITORING, verdict=verdict)
        return bare.model_copy(update={"findings": (finding,), "predictions": window.predictions})
    history = [(span, sums) for span, sums in costs[window.version].items()]
    return desk.review(version, window, history=history)


def _prepare(desk: Desk, version: str, windows: Windows, state: Path) -> Known | RegistryError:
    """Gather what is known of a version, and profile its windows in one pass over the log.

    A version that is not in the registry stops no other.
    """
    try:
        known = know(desk.project, version, state=state)
    except RegistryError as error:
        return error
    spans = [window.span for window in windows.windows if window.version == version]
    for told in prepare(known, spans, events=desk.events, store=desk.store, as_of=desk.as_of):
        _log.warning(told)
    return known


def look_at_service(reviews: Reviews, project: Project, *, state: Path, now: datetime) -> Reviews:
    """Add how the service is now: to the newest window of what answers, or as a look by itself.

    A window that tells already how it was then goes on telling that.
    """
    live = read_live(state, project.name)
    with Records.open(state) as records:
        before = records.snapshot(project.name, _METRICS)
        figures, taken = look(
            live,
            project.serving,
            project=project.name,
            state=state,
            before=None if before is None else Snapshot.model_validate(before),
            youngest_row=None if live is None else _youngest_row(project, live.version),
            now=now,
        )
        if taken is not None:
            records.keep_snapshot(project.name, _METRICS, taken.model_dump(mode="json"), at=now)
    findings = judge_health(figures, project.monitoring.health, now=now)
    version = None if live is None else live.version
    found = list(reviews.reviews)
    newest = max(
        (place for place, one in enumerate(found) if one.version == version),
        key=lambda place: found[place].span.end,
        default=None,
    )
    if newest is None or found[newest].health is not None:
        return Reviews(reviews=(*found, _look(project, version, figures, findings, now)))
    found[newest] = found[newest].model_copy(
        update={"health": figures, "findings": (*found[newest].findings, *findings)}
    )
    return Reviews(reviews=tuple(found))


def _youngest_row(project: Project, version: str) -> datetime | None:
    """Give the youngest row of what answers; of what is not in the registry nobody knows it."""
    with suppress(RegistryError):
        return youngest_row(registry.story_of(project.name, version))
    return None


def _look(
    project: Project,
    version: str | None,
    figures: HealthFigures,
    findings: tuple[Finding, ...],
    now: datetime,
) -> Review:
    since = now - timedelta(seconds=max(1.0, figures.seconds or 1.0))
    return Review(
        project=project.name,
        version=version,
        span=Span(start=since, end=now),
        as_of=now,
        health=figures,
        findings=findings,
        is_look=True,
    )


def tell_alerts(
    reviews: Reviews, policy: Alerts, project: str, *, state: Path, now: datetime
) -> Alarm:
    """Record what was found, decide who has to hear of what, and tell them."""
    live = read_live(state, project)
    with Records.open(state) as records:
        for review in reviews.reviews:
            records.keep(review, now=clock.now())
        told = alert(
            records, project, reviews.reviews, policy,
            now=now, state=state, live=None if live is None else (live.version,),
        )  # fmt: skip
    return Alarm(
        titles=tuple(telling.title for telling in told.tellings),
        standing=told.standing,
        delivered=told.outcome.delivered,
        waiting=told.outcome.waiting,
        problems=tuple(told.outcome.problems),
    )


def windows_only(reviews: tuple[Review, ...]) -> Iterator[Review]:
    """Leave out looks between windows."""
    return (review for review in reviews if not review.is_look)
