"""Which figures of monitoring are shown to Prometheus, and under which names.

`SHOWN` names all there are, with what they mean. The number of series is bounded: the newest
versions, and of each the columns that moved most.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import get_args

from adapters.gauges.exposition import Figure
from lifecycle.monitoring.alert import Alert, Severity
from lifecycle.monitoring.evidence import HealthFigures, Shift
from lifecycle.monitoring.review import Cause, Review
from lifecycle.retraining.decision import Decision
from lifecycle.verdict import Outcome

COLUMNS = 200
"""Most columns of a version that are shown."""

VERSIONS = 5
"""Most versions of a project that are shown."""

METRICS = 50
"""Most metrics of a version that are shown."""

BY_LABELS = frozenset({Cause.CONCEPT, Cause.CALIBRATION, Cause.GROUPS, Cause.SLOW})
"""Causes that are judged by labels, so in a window that is old enough to have them."""

OF_HEALTH = frozenset(
    {
        Cause.LATENCY, Cause.ERRORS, Cause.SATURATION, Cause.EVENTS, Cause.AGE, Cause.DISK,
        Cause.MEMORY, Cause.SERVICE,
    }
)  # fmt: skip
"""Causes that are judged when the service is looked at, whatever window that is in."""

VALUE_OF = {Outcome.PASS: 0, Outcome.WARN: 1, Outcome.UNKNOWN: 2, Outcome.FAIL: 3}
"""Verdicts as numbers, in the order of how much they ask of somebody."""

SHOWN: Mapping[str, str] = {
    "perennial_monitoring_last_run_timestamp_seconds": "When monitoring last ran to its end.",
    "perennial_monitoring_window_end_timestamp_seconds": "The end of the last reviewed window.",
    "perennial_monitoring_predictions": "Predictions of the last reviewed window.",
    "perennial_drift_distance": "How far a column has moved from its reference, in [0, 1].",
    "perennial_drift_limit": "From which distance on a shift matters.",
    "perennial_column_missing_share": "The share of a column's rows without a value.",
    "perennial_column_unseen_share": "The share of rows with a category not seen in training.",
    "perennial_column_outside_share": "The share of rows beyond the range seen in training.",
    "perennial_drift_columns_left_out": "Columns that moved least, of which nothing is shown.",
    "perennial_performance": "How good the answers were, by metric.",
    "perennial_performance_low": "The lower end of its interval.",
    "perennial_performance_high": "The upper end of its interval.",
    "perennial_performance_reference": "The version's own figure, on its test rows.",
    "perennial_performance_estimate": "What the metric is expected to be, told without labels.",
    "perennial_performance_window_end_timestamp_seconds": "Of which window the performance is.",
    "perennial_label_share": "The share of predictions with a label, in a window that is ripe.",
    "perennial_verdict": "By cause: 0 pass, 1 warn, 2 unknown, 3 fail.",
    "perennial_alerts_open": "Alerts that are open, by severity.",
    "perennial_retraining_is_due": "Whether the last decision was to retrain.",
    "perennial_retraining_last_decision_timestamp_seconds": "When that was decided.",
    "perennial_retraining_ending": "1 at what became of it.",
    "perennial_model_youngest_row_timestamp_seconds": "The latest moment it was trained on.",
    "perennial_service_answers": "Whether the service said that it is ready, at the last look.",
    "perennial_event_log_bytes": "What the event log takes.",
    "perennial_event_log_lag_seconds": "From the last answer to the last one written down.",
    "perennial_disk_free_share": "The share of the disk that is free, in [0, 1].",
    "perennial_disk_free_bytes": "What of the disk is free.",
    "perennial_monitoring_unreadable_files": "Files of figures that cannot be read.",
}
"""Every name, and what it is."""

Labels = dict[str, str]


def figures_of(
    project: str,
    reviews: Iterable[Review],
    alerts: Iterable[Alert],
    decision: Decision | None,
    *,
    ran: datetime,
    labels_take: timedelta | None = None,
) -> tuple[Figure, ...]:
    """Give everything that is shown of a project.

    Parameters
    ----------
    reviews
        Of some windows, in any order. Shown are the versions that were asked in the newest
        window, and the one that was looked at last; Prometheus remembers the others. Of each
        the newest window counts; for what is told by labels, the newest that is ripe.
    alerts
        Resolved ones do not count.
    decision
        The last one about retraining.
    ran
        When monitoring ran.
    labels_take
        How long after a prediction its label comes (`data.label.arrives_after`): a window is
        ripe when it had ended so long before it was reviewed.
    """
    labels = {"project": project}
    found = [_figure("perennial_monitoring_last_run_timestamp_seconds", ran.timestamp(), labels)]
    newest_first = sorted(reviews, key=lambda one: (one.span.end, one.as_of), reverse=True)
    windows = [review for review in newest_first if not review.is_look]
    looks = [(one.health.at, one) for one in newest_first if one.health is not None]
    looked = max(looks, key=lambda look: look[0], default=(None, None))[1]
    for version in _shown(windows, looked):
        of_it = [review for review in windows if review.version == version]
        ripe = [one for one in of_it if one.as_of - one.span.end >= (labels_take or timedelta(0))]
        named = labels | {"version": version or ""}
        found += _of_window(of_it, named)
        found += _of_performance(of_it, named)
        found += _of_labels(ripe, named)
        found += _of_verdicts(of_it, ripe, looked, version, named)
    if looked is not None and looked.health is not None:
        found += _of_health(looked.health, labels | {"version": looked.version or ""})
    found += _of_alerts(alerts, labels)
    found += _of_decision(decision, labels) if decision is not None else ()
    return tuple(figure for figure in found if isfinite(figure.value))


def _shown(windows: Sequence[Review], looked: Review | None) -> list[str | None]:
    """Name the versions that were asked in the newest window, and the one looked at last."""
    asked = [one.version for one in windows if one.span.end == windows[0].span.end]
    found = dict.fromkeys([*([looked.version] if looked is not None else []), *asked])
    return [*found][:VERSIONS]


def _of_window(windows: Sequence[Review], labels: Labels) -> Iterator[Figure]:
    if not windows:
        return
    review = windows[0]
    end = review.span.end.timestamp()
    yield _figure("perennial_monitoring_window_end_timestamp_seconds", end, labels)
    yield _figure("perennial_monitoring_predictions", review.predictions, labels)
    shown, left_out = _moved_most(review.shifts)
    yield _figure("perennial_drift_columns_left_out", left_out, labels)
    for shift in shown:
        yield from _of_shift(shift, labels | {"column": shift.column, "subject": shift.subject})


def _of_verdicts(
    windows: Sequence[Review],
    ripe: Sequence[Review],
    looked: Review | None,
    version: str | None,
    labels: Labels,
) -> Iterator[Figure]:
    look = looked if looked is not None and looked.version == version else None
    for cause in Cause:
        window = next(iter((ripe or windows) if cause in BY_LABELS else windows), None)
        review = look if cause in OF_HEALTH else window
        outcome = review.outcome(cause) if review is not None else None
        if outcome is not None:
            yield _figure("perennial_verdict", VALUE_OF[outcome], labels | {"cause": cause.value})


def _moved_most(shifts: Sequence[Shift]) -> tuple[Sequence[Shift], int]:
    """Keep predictions and labels, and of the inputs those nearest to or beyond their limits."""
    if len(shifts) <= COLUMNS:
        return shifts, 0
    ranked = sorted(shifts, key=lambda shift: (shift.subject == "input", -_moved(shift)))
    return ranked[:COLUMNS], len(shifts) - COLUMNS


def _moved(shift: Shift) -> float:
    if shift.is_gone:
        return float("inf")
    change = abs(shift.missing - shift.missing_before)
    return max((shift.distance or 0.0) / shift.limit, change, shift.unseen or 0, shift.outside or 0)


def _of_shift(shift: Shift, labels: Labels) -> Iterator[Figure]:
    yield _figure("perennial_drift_limit", shift.limit, labels)
    yield _figure("perennial_column_missing_share", shift.missing, labels)
    for name, value in (
        ("perennial_drift_distance", shift.distance),
        ("perennial_column_unseen_share", shift.unseen),
        ("perennial_column_outside_share", shift.outside),
    ):
        if value is not None:
            yield _figure(name, value, labels)


def _of_performance(reviews: Sequence[Review], labels: Labels) -> Iterator[Figure]:
    for review in reviews:
        if review.performance is None or not review.performance.measures:
            continue
        end = review.span.end.timestamp()
        yield _figure("perennial_performance_window_end_timestamp_seconds", end, labels)
        for measure in review.performance.measures[:METRICS]:
            named = labels | {"metric": measure.metric}
            before = review.performance.before(measure.metric)
            for name, value in (
                ("perennial_performance", measure.value),
                ("perennial_performance_low", measure.low),
                ("perennial_performance_high", measure.high),
                ("perennial_performance_reference", before.value if before else None),
            ):
                if value is not None:
                    yield _figure(name, value, named)
        break
    newest = reviews[0].performance if reviews else None
    for estimate in newest.estimates[:METRICS] if newest else ():
        named = labels | {"metric": estimate.metric}
        yield _figure("perennial_performance_estimate", estimate.value, named)


def _of_labels(ripe: Sequence[Review], labels: Labels) -> Iterator[Figure]:
    share = next((one.labels.share for one in ripe if one.labels.share is not None), None)
    if share is not None:
        yield _figure("perennial_label_share", share, labels)


def _of_health(health: HealthFigures, labels: Labels) -> Iterator[Figure]:
    told = {
        "perennial_model_youngest_row_timestamp_seconds": _youngest(health),
        "perennial_service_answers": health.answers,
        "perennial_event_log_bytes": _times(health.events_mb, 1e6),
        "perennial_event_log_lag_seconds": health.lag_seconds,
        "perennial_disk_free_share": health.disk_free,
        "perennial_disk_free_bytes": _times(health.disk_free_gb, 1e9),
    }
    for name, value in told.items():
        if value is not None:
            yield _figure(name, value, labels)


def _youngest(health: HealthFigures) -> float | None:
    return None if health.youngest_row is None else health.youngest_row.timestamp()


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _of_alerts(alerts: Iterable[Alert], labels: Labels) -> Iterator[Figure]:
    severities = [alert.severity for alert in alerts if alert.is_open]
    for severity in get_args(Severity):
        count = severities.count(severity)
        yield _figure("perennial_alerts_open", count, labels | {"severity": severity})


def _of_decision(decision: Decision, labels: Labels) -> Iterator[Figure]:
    at = decision.at.timestamp()
    yield _figure("perennial_retraining_is_due", decision.is_due, labels)
    yield _figure("perennial_retraining_last_decision_timestamp_seconds", at, labels)
    yield _figure("perennial_retraining_ending", 1, labels | {"ending": decision.ending})


def _figure(name: str, value: float, labels: Labels) -> Figure:
    return Figure(name, SHOWN[name], float(value), tuple(labels.items()))
