"""Figures over the windows: what a chart of them draws at each place."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from adapters.report.monitoring.timeline import Slot
from lifecycle.evaluation.metric_names import METRICS
from lifecycle.governance import figures
from lifecycle.monitoring.declaration import Concept
from lifecycle.monitoring.evidence import Estimate, HealthFigures, InTheLarge, Performance
from lifecycle.monitoring.performance.spread import distance
from lifecycle.monitoring.review import Cause, Review
from lifecycle.verdict import Outcome


@dataclass(frozen=True)
class Point:
    """One figure of one window.

    Parameters
    ----------
    value
        `None` where there is none.
    low, high
        Its interval.
    outcome
        What the rules say of it; `None` where none was asked.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    outcome: Outcome | None = None


Points = Sequence[Point | None]


def points(slots: Iterable[Slot], read: Callable[[Review], Point | None]) -> list[Point | None]:
    """Read a figure off each window; a gap has none."""
    return [read(slot.review) if slot.review else None for slot in slots]


def metric_of(review: Review, declared: str | None) -> str | None:
    """Choose the figure that leads: the declared one, else the first that is known before."""
    found = review.performance
    if found is None:
        return declared
    known = [measure.metric for measure in (*found.measures, *found.reference)]
    known += [estimate.metric for estimate in found.estimates]
    if declared in known:
        return declared
    judged = (verdict.rule for verdict in review.of(Cause.CONCEPT))
    named = (metric for rule in judged for metric in known if metric in rule.split())
    return next(named, next(iter(known), declared))


def measured(slots: Iterable[Slot], metric: str) -> list[Point | None]:
    """Give a figure of each window, with its interval and what is said of it."""

    def read(review: Review) -> Point | None:
        outcome = _said(review, Cause.CONCEPT, metric)
        found = review.performance.measure(metric) if review.performance else None
        if found is None:
            return Point(None, outcome=Outcome.UNKNOWN)
        return Point(found.value, found.low, found.high, outcome)

    return points(slots, read)


def _said(review: Review, cause: Cause, about: str) -> Outcome | None:
    """Give what the rule says whose name ends with what it is about."""
    rules = review.of(cause)
    return next((told.outcome for told in rules if told.rule.endswith(f" {about}")), None)


def references(slots: Iterable[Slot], metric: str) -> list[Point | None]:
    """Give the own figure of the version of each window."""

    def read(review: Review) -> Point | None:
        found = review.performance.before(metric) if review.performance else None
        return Point(found.value, found.low, found.high) if found else None

    return points(slots, read)


def estimated(slots: Iterable[Slot], metric: str) -> list[Point | None]:
    """Give what was expected of each window without any label."""

    def read(review: Review) -> Point | None:
        found = estimate_of(review.performance, metric)
        return Point(found.value, found.low, found.high) if found else None

    return points(slots, read)


def estimate_of(performance: Performance | None, metric: str) -> Estimate | None:
    """Find what was expected of a metric without any label."""
    known = performance.estimates if performance else ()
    return next((found for found in known if found.metric == metric), None)


def worst_allowed(slots: Iterable[Slot], metric: str, concept: Concept) -> list[float | None]:
    """Give the figure of each window at which it is worse by as much as matters."""
    info = METRICS.get(metric)
    limits: list[float | None] = []
    for own in references(slots, metric):
        if own is None or own.value is None or info is None:
            limits.append(None)
            continue
        room = distance(metric, own.value) * concept.worse_by
        limits.append(own.value - room if info.higher_is_better else own.value + room)
    return limits


def label_shares(slots: Iterable[Slot], least: float) -> list[Point | None]:
    """Give the share of the predictions of each window that has a label."""

    def read(review: Review) -> Point:
        share = review.labels.share
        enough = share is not None and share >= least
        return Point(share, outcome=Outcome.PASS if enough else Outcome.UNKNOWN)

    return points(slots, read)


def widest_gap(review: Review) -> InTheLarge | None:
    """Find the class whose expectation lies furthest from what came."""
    known = review.performance.in_the_large if review.performance else ()
    return max(known, key=lambda found: abs(found.gap) / (found.scale or 1.0), default=None)


def gaps(slots: Iterable[Slot], name: str) -> list[Point | None]:
    """Give truth less expectation of each window, in the unit its limit is declared in."""

    def read(review: Review) -> Point | None:
        known = review.performance.in_the_large if review.performance else ()
        found = next((one for one in known if one.name == name), None)
        if found is None:
            return Point(None, outcome=Outcome.UNKNOWN)
        scale = found.scale or 1.0
        low = None if found.low is None else found.low / scale
        high = None if found.high is None else found.high / scale
        return Point(found.gap / scale, low, high, _said(review, Cause.CALIBRATION, name))

    return points(slots, read)


def evidence(slots: Iterable[Slot]) -> list[Point | None]:
    """Give how much evidence of a slow change had piled up after each window."""

    def read(review: Review) -> Point | None:
        found = review.slow
        if found is None or found.reason:
            return Point(None, outcome=Outcome.UNKNOWN)
        return Point(found.evidence, outcome=review.outcome(Cause.SLOW))

    return points(slots, read)


def evidence_limits(slots: Iterable[Slot]) -> list[float | None]:
    """Give what the evidence of a slow change is held against in each window."""
    return [slot.review.slow.limit if slot.review and slot.review.slow else None for slot in slots]


@dataclass(frozen=True)
class Health:
    """One figure of the service over the windows; `limit` is what is declared."""

    title: str
    points: Points
    limit: float | None = None
    is_share: bool = False


def health(slots: Sequence[Slot], limits: dict[str, float | None]) -> list[Health]:
    """Give the figures of the service that were known in at least one window."""
    kinds: tuple[tuple[str, str, bool, Callable[[HealthFigures], float | None]], ...] = (
        ("99 of 100 answered within, ms", "p99_ms", False, lambda found: found.p99_ms),
        ("requests that failed", "errors", True, lambda found: part(found.failed, found)),
        ("turned away", "turned_away", True, lambda found: part(found.turned_away, found)),
        ("memory, MB", "memory_mb", False, lambda found: found.memory_mb),
        ("disk that is free", "disk", True, lambda found: found.disk_free),
        ("requests", "requests", False, lambda found: found.requests),
    )
    shown = []
    for title, name, is_share, read in kinds:
        known = points(slots, lambda review, read=read: _healthy(review, read))  # type: ignore[misc]
        if any(point and point.value is not None for point in known):
            shown.append(Health(title, known, limits.get(name), is_share))
    return shown


def _healthy(review: Review, read: Callable[[HealthFigures], float | None]) -> Point | None:
    return Point(read(review.health)) if review.health else None


def part(some: int | None, figures_of: HealthFigures) -> float | None:
    """Give a share of the requests; of none, nothing."""
    if some is None or not figures_of.requests:
        return None
    return some / figures_of.requests


def facts(found: HealthFigures) -> list[tuple[str, str]]:
    """List what is known of the service, each figure with its unit."""
    told = (
        ("says it is ready", None if found.answers is None else "yes" if found.answers else "no"),
        ("looked at", found.seconds and f"{_length(found.seconds)} of it"),
        ("requests", None if found.requests is None else figures.count(found.requests)),
        ("failed", None if found.failed is None else figures.count(found.failed)),
        ("not as the contract asks", None if found.unfit is None else figures.count(found.unfit)),
        ("turned away", None if found.turned_away is None else figures.count(found.turned_away)),
        ("half within", found.p50_ms and f"{figures.number(found.p50_ms)} ms"),
        ("99 of 100 within", found.p99_ms and f"{figures.number(found.p99_ms)} ms"),
        ("waited", found.waiting_ms and f"{figures.number(found.waiting_ms)} ms"),
        ("event log behind by", _seconds(found.lag_seconds)),
        ("events lost", None if found.lost is None else figures.count(found.lost)),
        ("memory", found.memory_mb and f"{figures.number(found.memory_mb)} MB"),
        ("event log", found.events_mb and f"{figures.number(found.events_mb)} MB"),
        ("disk free", _free(found)),
    )
    return [(name, value) for name, value in told if value]


def _length(seconds: float) -> str:
    days = seconds / 86_400
    return figures.duration(seconds) if days < 2 else f"{figures.number(round(days, 1))} days"


def _seconds(value: float | None) -> str | None:
    return None if value is None else figures.duration(value)


def _free(found: HealthFigures) -> str | None:
    if found.disk_free is None:
        return None
    size = "" if found.disk_free_gb is None else f", {figures.number(found.disk_free_gb)} GB"
    return f"{figures.share(found.disk_free)}{size}"
