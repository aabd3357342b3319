"""What of monitoring's results is shown to Prometheus."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.gauges.figures import COLUMNS, SHOWN, VERSIONS, figures_of
from lifecycle.evaluation.evidence import Measure
from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.evidence import Counted, Estimate, HealthFigures, Performance, Shift
from lifecycle.monitoring.review import Cause, Finding, Review
from lifecycle.monitoring.span import Span, span_of
from lifecycle.retraining.decision import Decision
from lifecycle.verdict import Outcome, Verdict

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def window(days_ago: int = 0) -> Span:
    return span_of(NOON - DAY - days_ago * DAY, DAY)


def a_review(days_ago: int = 0, version: str | None = "3", **more) -> Review:
    told = {"project": "flights", "version": version, "span": window(days_ago), "as_of": NOON}
    return Review(**{**told, **more})


def a_shift(column: str, distance: float | None = 0.1, **more) -> Shift:
    return Shift(**{"column": column, "kind": "number", "rows": 500, "limit": 0.2, **more},
                 distance=distance)  # fmt: skip


def a_measure(value: float, metric: str = "log_loss") -> Measure:
    return Measure(
        metric=metric, value=value, low=value - 0.1, high=value + 0.1, confidence=0.95, rows=900
    )


def a_finding(cause: Cause, outcome: Outcome) -> Finding:
    return Finding(cause=cause, verdict=Verdict(rule="x", outcome=outcome, reason="So it is."))


def shown(*reviews: Review, alerts=(), decision=None, labels_take=None) -> dict[tuple, float]:
    """Give every figure by its name and the values of its labels, less the project's."""
    found = figures_of("flights", reviews, alerts, decision, ran=NOON, labels_take=labels_take)
    assert all(dict(figure.labels)["project"] == "flights" for figure in found)
    assert len({figure[0::3] for figure in found}) == len(found)
    return {
        (
            figure.name.removeprefix("perennial_"),
            *(value for name, value in figure.labels if name != "project"),
        ): figure.value
        for figure in found
    }


def test_a_project_without_reviews_shows_that_monitoring_ran() -> None:
    found = shown()

    assert found[("monitoring_last_run_timestamp_seconds",)] == NOON.timestamp()
    assert {name for name, *_ in found} == {
        "monitoring_last_run_timestamp_seconds", "alerts_open"
    }  # fmt: skip


def test_columns_are_shown_with_distance_limit_and_what_is_missing() -> None:
    found = shown(
        a_review(
            predictions=500,
            shifts=(
                a_shift("a b", 0.25, missing=0.5, outside=0.01),
                a_shift('id "x"', None, kind="category", unseen=0.3),
                a_shift("score", 0.02, subject="prediction"),
            ),
        )
    )

    assert found["drift_distance", "3", "a b", "input"] == 0.25
    assert found["drift_limit", "3", "a b", "input"] == 0.2
    assert found["column_missing_share", "3", "a b", "input"] == 0.5
    assert found["column_outside_share", "3", "a b", "input"] == 0.01
    assert found["column_unseen_share", "3", 'id "x"', "input"] == 0.3
    assert ("drift_distance", "3", 'id "x"', "input") not in found
    assert found["drift_distance", "3", "score", "prediction"] == 0.02
    assert found["monitoring_predictions", "3"] == 500


def test_of_many_columns_those_that_moved_most_are_shown_and_predictions_always() -> None:
    shifts = [a_shift(f"c{number}", number / 5_000) for number in range(1_000)]
    gone = a_shift("gone", None, is_gone=True)

    found = shown(a_review(shifts=(*shifts, gone, a_shift("score", 0, subject="prediction"))))

    columns = {labels[1] for name, *labels in found if name == "drift_limit"}
    assert len(columns) == COLUMNS
    assert {"score", "gone", "c999", "c900"} <= columns
    assert "c100" not in columns
    assert found["drift_columns_left_out", "3"] == 1_002 - COLUMNS


def test_verdicts_are_numbers_and_what_was_not_looked_at_is_not_there() -> None:
    found = shown(
        a_review(
            findings=(
                a_finding(Cause.DATA, Outcome.WARN),
                a_finding(Cause.DATA, Outcome.FAIL),
                a_finding(Cause.CONCEPT, Outcome.UNKNOWN),
                a_finding(Cause.AGE, Outcome.PASS),
                a_finding(Cause.DISK, Outcome.WARN),
            ),
            health=HealthFigures(at=NOON),
        )
    )

    verdicts = {labels[1]: value for (name, *labels), value in found.items() if name == "verdict"}
    assert verdicts == {"data drift": 3, "concept drift": 2, "age": 0, "disk": 1}


def test_the_newest_window_counts_and_every_version_in_it() -> None:
    found = shown(
        a_review(2, predictions=7),
        a_review(0, predictions=5),
        a_review(1, predictions=6),
        a_review(0, version="4", predictions=4),
    )

    assert found["monitoring_predictions", "3"] == 5
    assert found["monitoring_predictions", "4"] == 4
    assert found["monitoring_window_end_timestamp_seconds", "3"] == window(0).end.timestamp()


def test_a_version_that_answers_no_more_is_not_shown_with_what_it_once_was() -> None:
    before = a_review(1, version="2", findings=(a_finding(Cause.DATA, Outcome.FAIL),))

    found = shown(before, a_review(0))

    assert {labels[0] for name, *labels in found if name != "alerts_open" and labels} == {"3"}


def test_a_look_between_windows_tells_of_health_and_hides_no_window() -> None:
    drifts = (a_finding(Cause.DATA, Outcome.FAIL), a_finding(Cause.LATENCY, Outcome.FAIL))
    looked = a_review(
        span=Span(start=NOON - timedelta(hours=1), end=NOON),
        is_look=True,
        health=HealthFigures(at=NOON, disk_free=0.5),
        findings=(a_finding(Cause.DISK, Outcome.PASS),),
    )

    found = shown(looked, a_review(0, predictions=5, shifts=(a_shift("a"),), findings=drifts))

    assert found["monitoring_predictions", "3"] == 5
    assert found["drift_distance", "3", "a", "input"] == 0.1
    assert found["verdict", "3", "data drift"] == 3
    assert found["verdict", "3", "disk"] == 0
    assert ("verdict", "3", "latency") not in found  # nobody has asked since
    assert found["disk_free_share", "3"] == 0.5


def test_what_labels_tell_is_told_of_a_window_that_is_old_enough_to_have_them() -> None:
    green = a_review(0, findings=(a_finding(Cause.CONCEPT, Outcome.UNKNOWN),))
    ripe = a_review(3, findings=(a_finding(Cause.CONCEPT, Outcome.FAIL),))

    assert shown(green, ripe)["verdict", "3", "concept drift"] == 2
    assert shown(green, ripe, labels_take=2 * DAY)["verdict", "3", "concept drift"] == 3


def test_a_review_made_anew_takes_the_place_of_the_one_before() -> None:
    anew = a_review(predictions=9, as_of=NOON + DAY)

    assert shown(anew, a_review(predictions=5))["monitoring_predictions", "3"] == 9


def test_of_many_versions_at_once_a_few_are_shown() -> None:
    found = shown(*(a_review(0, version=str(number)) for number in range(12)))

    versions = {labels[0] for name, *labels in found if name == "monitoring_predictions"}
    assert len(versions) == VERSIONS


def test_performance_is_that_of_the_newest_window_that_has_any() -> None:
    known = Performance(
        as_of=NOON, labels=Counted(), measures=(a_measure(0.5),), reference=(a_measure(0.4),)
    )
    unknown = Performance(
        as_of=NOON,
        labels=Counted(),
        estimates=(Estimate(metric="log_loss", value=0.45, rows=100),),
    )

    found = shown(a_review(0, performance=unknown), a_review(2, performance=known), a_review(1))

    assert found["performance", "3", "log_loss"] == 0.5
    assert found["performance_low", "3", "log_loss"] == 0.4
    assert found["performance_high", "3", "log_loss"] == 0.6
    assert found["performance_reference", "3", "log_loss"] == 0.4
    assert found["performance_estimate", "3", "log_loss"] == 0.45
    ended = found["performance_window_end_timestamp_seconds", "3"]
    assert ended == window(2).end.timestamp()


def test_the_share_of_labels_is_that_of_a_window_that_is_ripe() -> None:
    green = a_review(0, labels=Counted(predictions=100, labelled=3))
    ripe = a_review(3, labels=Counted(predictions=100, labelled=80))

    assert shown(green, ripe)["label_share", "3"] == 0.03
    assert shown(green, ripe, labels_take=2 * DAY)["label_share", "3"] == 0.8
    assert ("label_share", "3") not in shown(green, labels_take=2 * DAY)


def test_health_is_shown_in_base_units() -> None:
    health = HealthFigures(
        at=NOON, answers=True, disk_free=0.25, disk_free_gb=50, events_mb=3, lag_seconds=0.5,
        youngest_row=NOON - DAY,
    )  # fmt: skip

    found = shown(a_review(health=health))

    assert found["service_answers", "3"] == 1
    assert found["disk_free_share", "3"] == 0.25
    assert found["disk_free_bytes", "3"] == 50e9
    assert found["event_log_bytes", "3"] == 3e6
    assert found["event_log_lag_seconds", "3"] == 0.5
    assert found["model_youngest_row_timestamp_seconds", "3"] == (NOON - DAY).timestamp()


def test_open_alerts_are_counted_by_severity_and_none_is_a_zero() -> None:
    def alert(number: int, **more) -> Alert:
        told = {"project": "flights", "version": "3", "cause": Cause.DATA, "severity": "warning"}
        moments = {"span": window(), "opened": NOON, "seen": NOON}
        return Alert(number=number, title="x", **{**told, **moments, **more})

    found = shown(alerts=[alert(1), alert(2), alert(3, severity="critical", resolved=NOON)])

    assert found["alerts_open", "warning"] == 2
    assert found["alerts_open", "critical"] == 0
    assert found["alerts_open", "notice"] == 0


def test_the_last_decision_is_shown_with_its_ending() -> None:
    decision = Decision(project="flights", at=NOON, as_of=NOON, is_due=True, ending="lost")

    found = shown(decision=decision)

    assert found[("retraining_is_due",)] == 1
    assert found["retraining_ending", "lost"] == 1
    assert found[("retraining_last_decision_timestamp_seconds",)] == NOON.timestamp()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_finite_number_is_not_shown(value) -> None:
    performance = Performance(
        as_of=NOON, labels=Counted(), measures=(a_measure(0.5).model_copy(update={"value": value}),)
    )

    found = shown(a_review(performance=performance))

    assert ("performance", "3", "log_loss") not in found
    assert ("performance_low", "3", "log_loss") in found


def test_nobody_asked_anything_and_nothing_is_live() -> None:
    assert shown(a_review(version=None))["monitoring_predictions", ""] == 0


def test_every_name_is_told_what_it_is_and_ends_in_its_unit() -> None:
    assert all(told.endswith(".") for told in SHOWN.values())
    assert not [name for name in SHOWN if name.endswith(("_mb", "_ms", "_total"))]
