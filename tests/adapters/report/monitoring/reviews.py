"""Reviews of whole windows: a plausible year of flights, other tasks, and extreme ones.

The distributions are counted on simulated rows, so that then, now and the distances belong
together as those of a real window do.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecycle.evaluation.evidence import Measure, Missing, Slice
from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.evidence import (
    Counted,
    Estimate,
    GroupChange,
    HealthFigures,
    InTheLarge,
    Performance,
    Residuals,
    Shift,
    Slow,
)
from lifecycle.monitoring.review import Cause, Finding, Review
from lifecycle.monitoring.span import Span, span_of
from lifecycle.monitoring.summary import Summaries, Summary
from lifecycle.retraining.decision import Decision, Reason, WindowChoice, WindowTrial
from lifecycle.verdict import Outcome, Verdict, Verdicts
from tests.lifecycle.governance.stories import HOSTILE

LATE_IN_THE_YEAR = datetime(2013, 12, 31, 6, 15, tzinfo=UTC)
ROWS = 4_000


def month(number: int, year: int = 2013) -> Span:
    return span_of(datetime(year, number, 1, tzinfo=UTC), "month")


def verdict(
    rule: str, outcome: str, measured: Any = None, limit: Any = None, reason: str = "It is so."
) -> Verdict:
    return Verdict(
        rule=rule, outcome=Outcome(outcome), measured=measured, limit=limit, reason=reason
    )


def finding(cause: Cause, *args: Any, **more: Any) -> Finding:
    return Finding(cause=cause, verdict=verdict(*args, **more))


def numbers(
    name: str, then: NDArray[Any], now: NDArray[Any] | None, **more: Any
) -> tuple[Summary, Summary]:
    """Count numbers then and now at the quantiles of then."""
    edges = np.unique(np.quantile(then, np.linspace(0, 1, 101), method="higher"))
    values = np.array([]) if now is None else now
    known = values[~np.isnan(values)]
    shared = {"name": name, "kind": "number", "edges": tuple(edges.tolist()), **more}

    def counted(rows: NDArray[Any], all_rows: int) -> Summary:
        parts = np.searchsorted(np.sort(rows), edges, side="right") / max(len(rows), 1)
        return Summary(
            **shared,
            rows=all_rows,
            missing=all_rows - len(rows),
            cumulative=tuple(parts.tolist()),
            below=float((rows < edges[0]).mean()) if len(rows) else 0.0,
            error=0.01,
            minimum=float(rows.min()) if len(rows) else None,
            maximum=float(rows.max()) if len(rows) else None,
        )

    return counted(then, len(then)), counted(known, len(values))


def categories(
    name: str, then: dict[str, int], now: dict[str, int], **more: Any
) -> tuple[Summary, Summary]:
    shared = {"name": name, "kind": "category", **more}
    return (
        Summary(**shared, rows=sum(then.values()), missing=0, counts=then),
        Summary(**shared, rows=sum(now.values()), missing=0, counts=now),
    )


def shift(then: Summary, now: Summary, *, limit: float = 0.2, **more: Any) -> Shift:
    """Measure how far a column has moved, as simply as can be."""
    distance = None
    if now.known and then.known and then.kind == "number":
        distance = float(np.max(np.abs(np.subtract(then.cumulative, now.cumulative))))
    elif now.known and then.known:
        values = {*then.counts, *now.counts}
        distance = 0.5 * sum(
            abs(then.counts.get(v, 0) / then.known - now.counts.get(v, 0) / now.known)
            for v in values
        )
    unseen = sum(many for value, many in now.counts.items() if value not in then.counts)
    return Shift(
        column=then.name,
        subject=then.subject,
        kind=then.kind,
        rows=now.rows,
        distance=distance,
        highest=None if distance is None else min(distance + 0.02, 1.0),
        p_value=None if distance is None else 0.4 if distance < 0.03 else 0.0001,
        adjusted=None if distance is None else 0.6 if distance < 0.03 else 0.0004,
        limit=limit,
        figures={} if distance is None else {"population_stability_index": distance * 1.7},
        missing=now.missing / now.rows if now.rows else 0.0,
        missing_before=then.missing / then.rows if then.rows else 0.0,
        unseen=unseen / now.known if now.known and then.kind == "category" else None,
        outside=now.below if then.kind == "number" and now.known else None,
        **more,
    )


def drift_findings(shifts: Sequence[Shift]) -> list[Finding]:
    found = []
    for one in shifts:
        cause = Cause.PREDICTION if one.subject == "prediction" else Cause.DATA
        if one.distance is None:
            told = f"{one.column} cannot be compared: the window has {one.rows} rows."
            found.append(finding(cause, f"drift {one.column}", "unknown", None, one.limit, told))
            continue
        failed = one.distance >= one.limit
        told = (
            f"{one.column} has moved by {one.distance:.3f} from the training rows; "
            f"up to {one.limit:g} is allowed."
            if failed
            else f"{one.column} is where it was, give or take {one.distance:.3f}."
        )
        outcome = "fail" if failed else "pass"
        found.append(finding(cause, f"drift {one.column}", outcome, one.distance, one.limit, told))
    return found


@cache
def _flight_columns(at: int, rows: int) -> tuple[tuple[Summary, Summary], ...]:
    """Simulate the columns of a month, `at` months after training; summer is unlike spring."""
    rng = np.random.default_rng(at)
    old = np.random.default_rng(99)
    warm = 18 * np.sin(np.pi * (at + 1) / 8)
    gone = rng.random(rows) < 0.02 + 0.03 * max(at - 4, 0)
    temperature = np.where(gone, np.nan, rng.normal(45 + warm, 14, rows))
    carriers = {"UA": 0.19, "EV": 0.17, "B6": 0.16, "DL": 0.14, "AA": 0.10, "MQ": 0.08}
    then = {name: round(ROWS * part) for name, part in carriers.items()}
    now = {name: round(rows * part * (1 - 0.02 * at)) for name, part in carriers.items()}
    if at >= 5:
        now["ZZ"] = round(rows * 0.04 * (at - 4))
    day = 86_400e6
    start = datetime(2013, 1, 1, tzinfo=UTC).timestamp() * 1e6
    return (
        numbers("temp", old.normal(45, 15, ROWS), temperature),
        numbers("dep_hour", old.integers(5, 20, ROWS), rng.integers(5, 20, rows)),
        numbers("distance", old.gamma(2, 500, ROWS), rng.gamma(2, 500 + 12 * at, rows)),
        numbers("wind_speed", old.gamma(4, 3, ROWS), rng.gamma(4, 3, rows)),
        categories("carrier", then, now),
        categories("origin", {"EWR": 1500, "JFK": 1300, "LGA": 1200},
                   {"EWR": rows // 3, "JFK": rows // 3, "LGA": rows - 2 * (rows // 3)}),
        numbers("time_hour", start + day * old.uniform(0, 90, ROWS),
                start + day * rng.uniform(90 + 30 * at, 120 + 30 * at, rows), is_time=True),
        numbers("score", old.beta(2, 6, ROWS), rng.beta(2 + 0.15 * at, 6, rows),
                subject="prediction"),
        categories("decision", {"on time": 3000, "late": 1000},
                   {"on time": round(rows * (0.75 - 0.02 * at)), "late": round(rows * 0.25)},
                   subject="prediction"),
    )  # fmt: skip


def flights(at: int, *, version: str = "1", labelled: float | None = None) -> Review:
    """Give the month that begins `at` months after March 2013."""
    span = month(4 + at)
    rows = 3_000 + 200 * at
    pairs = _flight_columns(at, rows)
    limits = {"score": 0.15, "time_hour": 1.0}
    shifts = tuple(
        shift(then, now, limit=limits.get(then.name, 0.2), usual=0.06 + 0.01 * len(then.name))
        for then, now in pairs
    )
    share = labelled if labelled is not None else (0.96 if at < 7 else 0.31)
    labels = Counted(
        predictions=rows,
        labelled=round(rows * share),
        told=round(rows * share) + 41,
        repeated=12,
        corrected=7,
        unmatched=22,
        torn=1,
    )
    performance = _performance(at, labels, span)
    return Review(
        project="flights",
        version=version,
        span=span,
        as_of=span.end + timedelta(hours=6, minutes=15),
        predictions=rows,
        labels=labels,
        shifts=shifts,
        then=Summaries(columns=tuple(then for then, _ in pairs)),
        now=Summaries(columns=tuple(now for _, now in pairs)),
        performance=performance,
        slow=Slow(
            evidence=1.5 * 3.1**max(at - 1, 0), limit=200.0, windows=at + 1, rows=rows * (at + 1),
            is_changed=at >= 6, since=month(7).start if at >= 6 else None,
        ),
        health=_health(at, span),
        findings=(
            *drift_findings([one for one in shifts if one.column != "time_hour"]),
            *_performance_findings(at, performance, share),
            *_health_findings(at),
        ),
    )  # fmt: skip


def _measure(metric: str, value: float, half: float, rows: int) -> Measure:
    return Measure(metric=metric, value=value, low=value - half, high=value + half, rows=rows)


def _performance(at: int, labels: Counted, span: Span) -> Performance:
    loss = 0.513 + 0.014 * at
    rows = labels.labelled
    half = 0.9 / max(rows, 1) ** 0.5
    reference = (
        _measure("log_loss", 0.5132, 0.006, 53_160),
        _measure("roc_auc", 0.742, 0.005, 53_160),
        _measure("brier", 0.169, 0.003, 53_160),
    )
    measures = () if not rows else (
        _measure("log_loss", loss, half, rows),
        _measure("roc_auc", 0.742 - 0.012 * at, half / 2, rows),
        _measure("brier", 0.169 + 0.006 * at, half / 3, rows),
    )  # fmt: skip
    gap = 0.012 * at
    return Performance(
        as_of=span.end + timedelta(hours=6, minutes=15),
        labels=labels,
        measures=measures,
        reference=reference,
        in_the_large=()
        if not rows
        else (
            InTheLarge(
                name="late", expected=0.24, truth=0.24 + gap, gap=gap, low=gap - 0.015,
                high=gap + 0.015, rows=rows,
            ),
        ),
        slices=tuple(
            Slice(
                column="origin", value=value, kind="group", metric="log_loss",
                measured=loss + worse, gap=worse, rows=rows // 3, expected=loss,
                p_value=0.0004 if worse > 0.05 else 0.4,
            )
            for value, worse in (("EWR", 0.012 + 0.01 * at), ("JFK", -0.01), ("LGA", 0.002))
        ) if rows else (),
        estimates=(
            Estimate(
                metric="log_loss", value=0.518 + 0.004 * at, low=0.508 + 0.004 * at,
                high=0.528 + 0.004 * at, rows=labels.predictions, truth=loss if rows else None,
            ),
        ),
    )  # fmt: skip


def _performance_findings(at: int, performance: Performance, share: float) -> list[Finding]:
    found = performance.measure("log_loss")
    if found is None or share < 0.5:
        few = f"{share:.1%} of the predictions have a label; 50% are wanted before it is judged."
        rules = {
            Cause.CONCEPT: "concept log_loss",
            Cause.CALIBRATION: "calibration in the large",
            Cause.GROUPS: "groups origin",
        }
        return [finding(cause, rule, "unknown", None, None, few) for cause, rule in rules.items()]
    worse = found.value / 0.5132 - 1
    failed = worse > 0.1
    return [
        finding(
            Cause.CONCEPT, "concept log_loss", "fail" if failed else "pass", found.value,
            0.5645, f"log loss is {found.value:.4f} on {found.rows:,} labelled rows, "
            f"{worse:.1%} worse than 0.5132 in the version's own test; 10% is allowed.",
        ),
        finding(
            Cause.CALIBRATION, "calibration in the large late", "warn" if at > 4 else "pass",
            0.012 * at, 0.05, f"24% were expected to be late and {0.24 + 0.012 * at:.1%} were.",
        ),
        finding(
            Cause.GROUPS, "groups origin", "pass", None, None, "No group is worse than all rows.",
        ),
        finding(
            Cause.SLOW, "slow change", "fail" if at >= 6 else "pass", 1.5 * 3.1**max(at - 1, 0),
            200.0,
            "The evidence that it has been getting worse has grown beyond its limit.",
        ),
    ]  # fmt: skip


def _health(at: int, span: Span) -> HealthFigures:
    return HealthFigures(
        at=span.end, answers=True, seconds=2_592_000, requests=3_000 + 200 * at, failed=at,
        turned_away=0, p50_ms=4, p99_ms=18 + 3 * at, waiting_ms=2, lag_seconds=0.2, lost=0,
        memory_mb=410 + 6 * at, disk_free=0.62 - 0.02 * at, disk_free_gb=120 - 4 * at,
        events_mb=40 * (at + 1), youngest_row=datetime(2013, 3, 31, tzinfo=UTC),
    )  # fmt: skip


def _health_findings(at: int) -> list[Finding]:
    return [
        finding(Cause.LATENCY, "p99", "pass", 18.0 + 3 * at, 250.0, "99 of 100 are answered."),
        finding(Cause.ERRORS, "errors", "pass", at / 3000, 0.01, "Few requests failed."),
        finding(Cause.DISK, "disk", "pass", 0.62 - 0.02 * at, 0.1, "Much of the disk is free."),
        finding(Cause.AGE, "age", "pass", 30.0 * at, 365.0, "It is young."),
    ]


def year() -> list[Review]:
    """Give nine months of flights: version 1 grows stale, version 2 takes over in October."""
    first = [flights(at) for at in range(6)]
    second = [
        flights(at, version="2").model_copy(
            update={
                "shifts": _calmer(flights(at).shifts),
                "findings": tuple(
                    finding(Cause.DATA, f"drift {one.column}", "pass", one.distance, one.limit)
                    for one in _calmer(flights(at).shifts)
                ),
            }
        )
        for at in range(6, 9)
    ]
    return [*first, *second]


def _calmer(shifts: Sequence[Shift]) -> tuple[Shift, ...]:
    return tuple(
        one.model_copy(update={"distance": None if one.distance is None else one.distance / 5})
        for one in shifts
    )


def alerts() -> list[Alert]:
    shared = {"project": "flights", "version": "1", "span": month(9)}
    found = flights(5)
    day = timedelta(days=1)
    return [
        Alert(
            **shared, number=3, cause=Cause.DATA, severity="warning", windows=3,
            title="flights version 1: data drift since 1 Jul 2013", verdicts=found.of(Cause.DATA),
            opened=month(7).end, seen=month(9).end, told=month(9).end,
        ),
        Alert(
            **shared, number=4, cause=Cause.CONCEPT, severity="critical", windows=1,
            title="flights version 1: concept drift since 1 Sep 2013",
            verdicts=found.of(Cause.CONCEPT), opened=month(9).end, seen=month(9).end,
            told=month(9).end,
        ),
        Alert(
            **shared, number=2, cause=Cause.MEMORY, severity="warning", windows=2,
            title="flights version 1: too much memory in use since 1 May 2013",
            opened=month(5).end, seen=month(6).end, told=month(6).end,
            silenced_until=month(12).end + 30 * day, silenced_by="ada", why_silenced="known",
        ),
        Alert(
            **shared, number=1, cause=Cause.LATENCY, severity="warning", windows=1,
            title="flights version 1: slow answers since 1 Apr 2013",
            opened=month(4).end, seen=month(4).end, told=month(4).end, resolved=month(5).end,
            why_resolved="99 of 100 requests are answered within 18 ms again.",
        ),
    ]  # fmt: skip


def decisions() -> list[Decision]:
    checks = Verdicts(
        (
            verdict("cooldown", "pass", 61.0, 7.0, "61 days since the last retraining."),
            verdict("labels", "pass", 15_210.0, 1_000.0, "15,210 labels have come since."),
        )
    )
    return [
        Decision(
            number=1, project="flights", at=month(7).end, as_of=month(7).end, champion="1",
            is_due=False, labels=9_100, ending="not due",
            triggers=Verdicts((verdict("drift", "fail", "0 windows running", reason="No drift."),)),
            told="not due: drift was found in 0 of 1 windows.",
        ),
        Decision(
            number=2, project="flights", at=month(9).end, as_of=month(9).end, champion="1",
            is_due=True, labels=21_400, ending="won", version="2", run="retraining-2013-10-01",
            told="due: because the rows have moved and the answers have become worse.",
            reasons=(
                Reason(kind="drift", told="temp has moved by 0.41; up to 0.2 is allowed."),
                Reason(kind="concept", told="log loss is 0.583 where 0.513 was measured."),
            ),
            checks=checks,
            window=WindowChoice(
                window="all", start=datetime(2013, 1, 1, tzinfo=UTC), end=month(9).end,
                test_from=datetime(2013, 9, 17, tzinfo=UTC),
                reason="All rows do better on the newest ones than the last 90 days.",
                trials=(
                    WindowTrial(window="all", rows=231_000, metric="log_loss", value=0.521,
                                low=0.515, high=0.527),
                    WindowTrial(window="90d", rows=80_100, metric="log_loss", value=0.529,
                                low=0.523, high=0.535),
                ),
            ),
        ),
    ]  # fmt: skip


def stale() -> Review:
    """Version 1 in September: data, scores and answers have moved."""
    return flights(5)


def fine() -> Review:
    """The first month: everything holds."""
    review = flights(0)
    kept = tuple(one for one in review.findings if one.verdict.outcome is Outcome.PASS)
    return review.model_copy(update={"findings": kept})


def unlabelled() -> Review:
    """A window whose labels have not come."""
    return flights(1, labelled=0.0)


def half_labelled() -> Review:
    """A window with fewer labels than are wanted."""
    return flights(7)


def empty() -> Review:
    """A window nobody asked anything in."""
    span = month(4)
    return Review(
        project="flights",
        version="1",
        span=span,
        as_of=span.end,
        findings=(
            finding(Cause.DATA, "drift rows", "unknown", 0.0, 200.0, "Nobody asked anything."),
        ),
    )


def nothing() -> Review:
    """A window of which not even a version is known, and no rule was asked."""
    return Review(project="flights", version=None, span=month(4), as_of=month(4).end)


def one_row() -> Review:
    """A window of a single row."""
    then, _ = numbers("temp", np.random.default_rng(0).normal(0, 1, 500), None)
    _, now = numbers("temp", np.random.default_rng(0).normal(0, 1, 500), np.array([0.3]))
    moved = shift(then, now).model_copy(update={"distance": None, "adjusted": None})
    return Review(
        project="flights",
        version="1",
        span=span_of(datetime(2013, 4, 1, 9, tzinfo=UTC), timedelta(hours=1)),
        as_of=datetime(2013, 4, 1, 10, tzinfo=UTC),
        predictions=1,
        labels=Counted(predictions=1),
        shifts=(moved,),
        then=Summaries(columns=(then,)),
        now=Summaries(columns=(now,)),
        findings=tuple(drift_findings([moved])),
    )


def gone() -> Review:
    """A window in which a column has vanished, and another has come."""
    review = flights(2)
    first = review.shifts[0].model_copy(update={"is_gone": True, "distance": None})
    added = Shift(column="gate", kind="category", rows=9, limit=0.2, is_new=True)
    told = finding(Cause.DATA, "gone temp", "fail", None, None, "The column temp is gone.")
    return review.model_copy(
        update={
            "shifts": (first, *review.shifts[1:], added),
            "now": Summaries(columns=review.now.columns[1:]),
            "findings": (told, *review.findings[1:]),
        }
    )


def wide(columns: int = 300) -> Review:
    """Three hundred columns with long names, a third of them drifted."""
    rng = np.random.default_rng(5)
    base = rng.normal(0, 1, 800)
    pairs = [
        numbers(f"a_rather_long_name_of_column_{at:03d}", base, base[:400] + 0.9 * (at % 3 == 0))
        for at in range(columns)
    ]
    many = {f"value {at}": 200 - at for at in range(200)}
    pairs += [categories("many values", many, {**many, "a new one " + "x" * 300: 900})]
    shifts = tuple(shift(then, now) for then, now in pairs)
    return flights(3).model_copy(
        update={
            "shifts": shifts,
            "then": Summaries(columns=tuple(then for then, _ in pairs)),
            "now": Summaries(columns=tuple(now for _, now in pairs)),
            "findings": tuple(drift_findings(shifts)),
        }
    )


def hostile() -> Review:
    """Names and values that try to be something else."""
    pairs = []
    for at, name in enumerate(HOSTILE):
        pairs.append(categories(f"{name}{at}", {name: 50, "b": 50}, {name: 10, "c": 90}))
    shifts = tuple(shift(then, now) for then, now in pairs)
    return Review(
        project="flights",
        version=HOSTILE[0],
        span=month(4),
        as_of=month(4).end,
        predictions=100,
        labels=Counted(predictions=100, labelled=3),
        shifts=shifts,
        then=Summaries(columns=tuple(then for then, _ in pairs)),
        now=Summaries(columns=tuple(now for _, now in pairs)),
        findings=tuple(
            finding(Cause.DATA, f"drift {text}", "fail", text, 0.2, text) for text in HOSTILE
        ),
    )


def regression() -> Review:
    """A mean temperature, in degrees, that the model answers too low."""
    rng = np.random.default_rng(3)
    then, now = numbers("pressure", rng.normal(1010, 8, 900), rng.normal(1004, 9, 600))
    scores = numbers("score", rng.normal(12, 6, 900), rng.normal(15, 6, 600), subject="prediction")
    truths = numbers("temp", rng.normal(12, 7, 900), rng.normal(17, 7, 600), subject="label")
    pairs = [(then, now), scores, truths]
    shifts = tuple(shift(*pair) for pair in pairs)
    labels = Counted(predictions=600, labelled=590, told=590)
    span = span_of(datetime(2013, 6, 4, tzinfo=UTC), timedelta(days=1))
    return Review(
        project="weather",
        version="4",
        span=span,
        as_of=span.end,
        predictions=600,
        labels=labels,
        shifts=shifts,
        then=Summaries(columns=tuple(pair[0] for pair in pairs)),
        now=Summaries(columns=tuple(pair[1] for pair in pairs)),
        performance=Performance(
            as_of=span.end,
            labels=labels,
            measures=(_measure("rmse", 3.4, 0.3, 590), _measure("r2", 0.71, 0.05, 590)),
            reference=(_measure("rmse", 2.4, 0.1, 8_000), _measure("r2", 0.88, 0.01, 8_000)),
            in_the_large=(
                InTheLarge(name="temp", expected=15.1, truth=17.0, gap=1.9, low=1.6, high=2.2,
                           scale=7.1, rows=590),
            ),
            residuals=Residuals(
                mean=1.9, mean_before=0.02, deviation=_measure("rmse", 2.8, 0.2, 590),
            ),
            groups=(
                GroupChange(column="site", value="north", metric="rmse", rows=200, measured=4.1,
                            excess=3.2, before=0.4, p_value=0.0002),
                GroupChange(column="site", value="south", metric="rmse", rows=390, measured=2.9,
                            excess=-1.1, p_value=1.0),
            ),
            missing=(Missing(evidence="metric mape", reason="A label is zero."),),
        ),
        slow=Slow(evidence=0.0, limit=200.0, windows=0, rows=0, reason="No window has labels."),
        findings=(
            *drift_findings(shifts),
            finding(Cause.CONCEPT, "concept rmse", "fail", 3.4, 2.64, "RMSE is 3.4 K."),
        ),
    )  # fmt: skip


def multiclass() -> Review:
    """Forty classes, one of which is expected far too seldom."""
    review = flights(2)
    classes = tuple(
        InTheLarge(name=f"class {at}", expected=0.025, truth=0.025 + 0.05 * (at == 7),
                   gap=0.05 * (at == 7), low=-0.005, high=0.06, rows=900)
        for at in range(40)
    )  # fmt: skip
    assert review.performance
    return review.model_copy(
        update={"performance": review.performance.model_copy(update={"in_the_large": classes})}
    )


def long_history(windows: int = 400) -> list[Review]:
    """Four hundred days of two versions, with a gap."""
    base = flights(3)
    start = datetime(2013, 1, 1, tzinfo=UTC)
    days = [at for at in range(windows) if not windows - 12 < at < windows - 8]
    return [
        base.model_copy(
            update={
                "span": span_of(start + timedelta(days=at), timedelta(days=1)),
                "version": "1" if at < windows - 20 else "2",
            }
        )
        for at in days
    ]
