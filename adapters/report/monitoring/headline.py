"""The figures at the top of the page of a window."""

from collections.abc import Iterator

from adapters.report.headline import Tile
from adapters.report.monitoring.alarms import Standing
from adapters.report.monitoring.series import estimate_of
from lifecycle.evaluation.metric_names import METRICS
from lifecycle.governance import figures
from lifecycle.monitoring.review import Cause, Review
from lifecycle.verdict import Outcome


def tiles(review: Review, *, metric: str | None, alerts: Standing) -> list[Tile]:
    """Give the four figures of a window: its answers, its columns, its labels, its alerts."""
    return [
        *_performance(review, metric),
        _moved(review),
        _labels(review),
        _alerts(review, alerts),
    ]


def _performance(review: Review, metric: str | None) -> Iterator[Tile]:
    if metric is None:
        return
    title, info = figures.metric_title(metric), METRICS.get(metric)
    way = f"; {'higher' if info.higher_is_better else 'lower'} is better" if info else ""
    found = review.performance.measure(metric) if review.performance else None
    before = review.performance.before(metric) if review.performance else None
    test = f"{figures.measure(before)} in its own test" if before else "its test is not known"
    if found is not None:
        value, _, interval = figures.measure(found).partition(" ")
        yield Tile(title, value, interval, f"{test}{way}")
        return
    expected = estimate_of(review.performance, metric)
    guess = ""
    if expected is not None:
        value = figures.interval(expected.value, expected.low, expected.high)
        guess = f"about {value} expected from the scores alone; "
    yield Tile(title, "unknown", note=f"{guess}{test}{way}")


def _moved(review: Review) -> Tile:
    """Count the columns by what their rules say, as the list of columns does."""
    looked = len(review.shifts)
    outcomes = [review.outcome(cause) for cause in (Cause.DATA, Cause.PREDICTION)]
    if not looked or all(outcome is None for outcome in outcomes):
        return Tile("rules about drift that fail", "unknown", note="no column was looked at")
    verdicts = (*review.of(Cause.DATA), *review.of(Cause.PREDICTION))
    failed = sum(verdict.outcome is Outcome.FAIL for verdict in verdicts)
    unknown = sum(verdict.outcome is Outcome.UNKNOWN for verdict in verdicts)
    note = f"of {figures.plural(len(verdicts), 'rule')} about {figures.plural(looked, 'column')}"
    more = f"; {figures.count(unknown)} without an answer" if unknown else ""
    value = "unknown" if unknown and unknown == len(verdicts) else figures.count(failed)
    return Tile("rules about drift that fail", value, note=note + more)


def _labels(review: Review) -> Tile:
    labels = review.labels
    if labels.share is None:
        return Tile("predictions with a label", "none", note="nobody asked in this window")
    note = f"{figures.count(labels.labelled)} of {figures.plural(labels.predictions, 'prediction')}"
    return Tile("predictions with a label", figures.share(labels.share), note=note)


def _alerts(review: Review, alerts: Standing) -> Tile:
    silent = sum(alert.is_silenced(review.as_of) for alert in alerts.open)
    graver = sum(alert.severity == "critical" for alert in alerts.open)
    told = [f"{figures.count(graver)} critical"] if graver else []
    told += [f"{figures.count(silent)} silenced"] if silent else []
    return Tile("open alerts", figures.count(len(alerts.open)), note=", ".join(told))
