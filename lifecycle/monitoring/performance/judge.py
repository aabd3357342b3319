"""Whether a version is still as good as it was: what labels say, and for how much that holds."""

from collections.abc import Iterator, Sequence

from lifecycle.evaluation.evidence import Evaluation, Measure
from lifecycle.evaluation.gates.wording import figure, misfit, unknown, words
from lifecycle.evaluation.metric_names import METRICS, metric_title
from lifecycle.monitoring.declaration import Concept, Labels
from lifecycle.monitoring.evidence import GroupChange, InTheLarge, Performance, Slow
from lifecycle.monitoring.performance.spread import (
    Worsening,
    allowed_loss,
    loss_metric,
    to_mean_loss,
    worsening,
)
from lifecycle.monitoring.performance.wording import between, percent, too_few
from lifecycle.monitoring.review import Cause, Finding
from lifecycle.task import Task
from lifecycle.verdict import Outcome, Verdict

_NAMED = 5
"""Groups named in one sentence."""


def judge_performance(
    performance: Performance,
    evaluation: Evaluation,
    concept: Concept,
    labels: Labels,
    primary: str,
) -> tuple[Finding, ...]:
    """Hold a window against the version's own evaluation.

    A figure **fails** if its distance from the ideal has grown by more than `worse_by` and
    the interval of that growth lies above zero. It is **unknown** if it looks so much worse and
    that may be chance, or if there are too few labels; an estimate without labels changes
    nothing in that. Everything else **passes**; a column whose groups are all too small is left
    out, unless no other can be told either. So while nothing changes at most half of
    `1 - confidence` of the windows fail.

    Parameters
    ----------
    primary
        The metric of the search, which is judged where `concept` names none.
    """
    found = [
        Finding(cause=cause, verdict=verdict)
        for cause, verdicts in (
            (Cause.CONCEPT, _judge_metric(performance, evaluation, concept, labels, primary)),
            (Cause.CONCEPT, _judge_residuals(performance, concept, labels)),
            (Cause.CALIBRATION, _judge_in_the_large(performance, evaluation, concept, labels)),
            (Cause.GROUPS, _judge_groups(performance, evaluation, concept, labels)),
        )
        for verdict in verdicts
    ]
    return tuple(found)


def _lacking(performance: Performance, labels: Labels, rows: int) -> str:
    """Say why labels do not suffice, with how many there are; nothing where they do."""
    lacking = too_few(performance.labels, rows, labels)
    return f"{performance.reason} {lacking}" if lacking else ""


def _judge_metric(
    performance: Performance,
    evaluation: Evaluation,
    concept: Concept,
    labels: Labels,
    primary: str,
) -> Iterator[Verdict]:
    metric = concept.metric or primary
    rule = f"concept {metric}"
    now, before = performance.measure(metric), performance.before(metric)
    lacking = _lacking(performance, labels, now.rows if now else performance.labels.labelled)
    if wrong := misfit(metric, evaluation):
        yield unknown(rule, f"concept.metric: {wrong}")
    elif lacking:
        yield unknown(rule, f"{lacking}{_tell_estimate(performance, metric)}")
    elif now is None:
        yield unknown(rule, f"{words(metric)} is undefined here. {_why(performance, metric)}")
    elif before is None:
        yield unknown(rule, evaluation.why_missing(f"metric {metric}"))
    else:
        found = worsening(now, before, worse_by=concept.worse_by, confidence=concept.confidence)
        told = "" if found is None else _tell_hardness(performance, found, now, before)
        yield _judge_worsening(rule, words(metric), now, before, found, performance, concept, told)


def _why(performance: Performance, metric: str) -> str:
    reasons = (each.reason for each in performance.missing if each.evidence == f"metric {metric}")
    return next(reasons, "The window does not hold it.")


def _tell_estimate(performance: Performance, metric: str) -> str:
    """Say what the scores alone expect, and what that cannot show."""
    told = next((each for each in performance.estimates if each.metric == metric), None)
    if told is None:
        return ""
    ends = (
        ""
        if told.low is None or told.high is None
        else f" ({figure(told.low)} to {figure(told.high)})"
    )
    return (
        f" By the scores alone {metric_title(metric)} would be {figure(told.value)}{ends} on "
        f"{told.rows:,} rows; that cannot show whether the answers still mean what they meant."
    )


def _tell_hardness(
    performance: Performance, found: Worsening, now: Measure, before: Measure
) -> str:
    """Say how much of a worsening the scores themselves expected: rows that are harder."""
    told = next((each for each in performance.estimates if each.metric == now.metric), None)
    if told is None or not (found.matters and found.is_certain):
        return ""
    return (
        f" The scores themselves expected {figure(told.value)}: what lies beyond that is not "
        f"because the rows are harder to tell."
    )


def _judge_worsening(
    rule: str,
    name: str,
    now: Measure,
    before: Measure,
    found: Worsening | None,
    performance: Performance,
    concept: Concept,
    told: str = "",
) -> Verdict:
    if found is None:
        gap = "cannot be repeated" if not METRICS[now.metric].resampled else "has too few rows"
        return unknown(
            rule,
            f"{name} is {figure(now.value)} and was {figure(before.value)} on the test rows, but "
            f"there is no interval to tell a change from chance: the figure {gap}. Choose "
            f"another concept.metric, or a longer monitoring.window. {performance.reason}",
        )
    outcome = Outcome.PASS
    if found.matters:
        outcome = Outcome.FAIL if found.is_certain else Outcome.UNKNOWN
    allowed = figure(found.allowed)
    return Verdict(
        rule=rule,
        outcome=outcome,
        measured=found.amount,
        limit=found.allowed,
        reason=(
            f"{name} is {figure(now.value)} on {now.rows:,} rows and was {figure(before.value)} "
            f"on the version's own {before.rows:,} test rows: {_tell_amount(found, concept)}; "
            f"worse by {allowed} ({percent(concept.worse_by)} of its distance from the ideal) "
            f"matters.{_conclude(found)}{told} {performance.reason}"
        ),
    )


def _tell_amount(found: Worsening, concept: Concept) -> str:
    amount, share = figure(abs(found.amount)), abs(found.share or 0.0)
    told = amount if found.share is None else f"{amount} ({percent(share)})"
    way = f"{'worse' if found.amount > 0 else 'better'} by {told}" if found.amount else "no change"
    return f"{way}, {between(found.low, found.high, concept.confidence)} of the worsening"


def _conclude(found: Worsening) -> str:
    if found.matters and not found.is_certain:
        return " That may be chance: more labels or longer windows would tell."
    if found.is_certain and not found.matters:
        return " It is worse, but by less than matters."
    return ""


def _judge_residuals(
    performance: Performance, concept: Concept, labels: Labels
) -> Iterator[Verdict]:
    """Hold the spread of the residuals (regression) against that of the test rows."""
    told = performance.residuals
    if told is None or _lacking(performance, labels, told.deviation.rows):
        return
    rule = "residual deviation"
    if told.before is None:
        yield unknown(rule, "The version's own figures hold no RMSE.")
        return
    found = worsening(
        told.deviation, told.before, worse_by=concept.worse_by, confidence=concept.confidence
    )
    name = "The deviation of the residuals"
    yield _judge_worsening(rule, name, told.deviation, told.before, found, performance, concept)


def _judge_in_the_large(
    performance: Performance, evaluation: Evaluation, concept: Concept, labels: Labels
) -> Iterator[Verdict]:
    told = performance.in_the_large
    lacking = _lacking(performance, labels, told[0].rows if told else 0)
    if lacking or not told:
        yield unknown("calibration in the large", lacking or performance.reason)
        return
    is_share = Task(evaluation.task).is_classification
    for each in told:
        yield _judge_gap(each, performance, concept, is_share=is_share)


def _judge_gap(
    told: InTheLarge, performance: Performance, concept: Concept, *, is_share: bool
) -> Verdict:
    rule = f"calibration in the large {told.name}"
    gap = abs(told.gap) / told.scale
    if told.low is None or told.high is None:
        return unknown(rule, f"One row has no spread. {performance.reason}", concept.calibration)
    is_certain = told.low > 0 or told.high < 0
    outcome = Outcome.PASS
    if gap > concept.calibration:
        outcome = Outcome.FAIL if is_certain else Outcome.UNKNOWN
    chance = " That may be chance." if outcome is Outcome.UNKNOWN else ""
    tell = _tell_share if is_share else _tell_mean
    ends = between(
        told.low, told.high, 1 - (1 - concept.confidence) / len(performance.in_the_large)
    )
    return Verdict(
        rule=rule,
        outcome=outcome,
        measured=gap,
        limit=concept.calibration,
        reason=f"{tell(told, ends, gap, concept)}{chance} {performance.reason}",
    )


def _tell_share(told: InTheLarge, ends: str, gap: float, concept: Concept) -> str:
    return (
        f"{percent(told.truth)} of {told.rows:,} rows came to be {told.name} and the scores "
        f"expected {percent(told.expected)}: a gap of {figure(told.gap)} ({ends}); "
        f"{figure(concept.calibration)} matters."
    )


def _tell_mean(told: InTheLarge, ends: str, gap: float, concept: Concept) -> str:
    return (
        f"{told.name} was {figure(told.truth)} on average over {told.rows:,} rows and "
        f"{figure(told.expected)} was predicted: a gap of {figure(told.gap)} ({ends}), "
        f"{percent(gap)} of the label's deviation; {percent(concept.calibration)} matters."
    )


def _judge_groups(
    performance: Performance, evaluation: Evaluation, concept: Concept, labels: Labels
) -> Iterator[Verdict]:
    metric = loss_metric(evaluation, concept.metric)
    columns = dict.fromkeys(
        (
            *(each.column for each in performance.slices),
            *(
                each.evidence.removeprefix("slices ")
                for each in performance.missing
                if each.evidence.startswith("slices ")
            ),
        )
    )
    own = evaluation.measure(metric)
    for column in columns or dict.fromkeys(concept.over):
        rule = f"groups {column}"
        lacking = _lacking(performance, labels, performance.labels.labelled)
        told = [each for each in performance.groups if each.column == column]
        if lacking:
            yield unknown(rule, lacking)
        elif own is None:
            yield unknown(rule, evaluation.why_missing(f"metric {metric}"))
        elif not told and performance.groups:
            # Too small in every window, it would keep what is known of the others unknown for
            # ever, and an alert about them open. It is listed in `missing`.
            continue
        elif not told:
            yield unknown(rule, f"{_why_no_groups(performance, column)} {performance.reason}")
        else:
            limit = allowed_loss(metric, to_mean_loss(metric, own.value), concept.worse_by)
            yield _judge_column(rule, column, told, limit, performance, concept)


def _why_no_groups(performance: Performance, column: str) -> str:
    wanted = f"slices {column}"
    reasons = (each.reason for each in performance.missing if each.evidence == wanted)
    return next(reasons, f"No group of {column} can be told from the others.")


def _judge_column(
    rule: str,
    column: str,
    told: Sequence[GroupChange],
    limit: float,
    performance: Performance,
    concept: Concept,
) -> Verdict:
    behind = [
        each for each in told if _grown(each) > limit and each.p_value <= 1 - concept.confidence
    ]
    worst = max(behind or told, key=_grown)
    left_out = sum(each.column == column and each.measured is None for each in performance.slices)
    note = f" {left_out:,} smaller {_plural(left_out)} left out." if left_out else ""
    reason = (
        f"Fallen behind the other rows: {_name(behind)}; {figure(limit)} a row matters."
        if behind
        else f"None of {len(told):,} groups has certainly fallen behind the other rows by more "
        f"than {figure(limit)} a row; the nearest is {_name([worst])}."
    )
    return Verdict(
        rule=rule,
        outcome=Outcome.FAIL if behind else Outcome.PASS,
        measured=_grown(worst),
        limit=limit,
        reason=f"{reason}{note} {performance.reason}",
    )


def _plural(count: int) -> str:
    return "group is" if count == 1 else "groups are"


def _grown(change: GroupChange) -> float:
    return change.excess - (change.before or 0.0)


def _name(groups: Sequence[GroupChange]) -> str:
    ordered = sorted(groups, key=_grown, reverse=True)
    named = ", ".join(
        f"{each.column} = {each.value} ({each.rows:,} rows, {_tell_change(each)})"
        for each in ordered[:_NAMED]
    )
    return named + (f" and {len(groups) - _NAMED:,} more" if len(groups) > _NAMED else "")


def _tell_change(change: GroupChange) -> str:
    before = "before is not known" if change.before is None else f"{figure(change.before)} before"
    return f"{figure(change.excess)} more a row than the others, {before}"


def judge_slow(slow: Slow, concept: Concept) -> tuple[Finding, ...]:
    """Say whether losses have crept up over the windows, and since when."""
    rule = f"slow change {slow.metric}".strip()
    if slow.reason:
        verdict = unknown(rule, slow.reason, slow.limit)
    else:
        verdict = Verdict(
            rule=rule,
            outcome=Outcome.FAIL if slow.is_changed else Outcome.PASS,
            measured=slow.evidence,
            limit=slow.limit,
            reason=_tell_slow(slow, concept),
        )
    return (Finding(cause=Cause.SLOW, verdict=verdict),)


def _tell_slow(slow: Slow, concept: Concept) -> str:
    seen = f"{slow.windows:,} windows with {slow.rows:,} labels"
    if not slow.is_changed:
        return (
            f"Over {seen} the losses have not crept up: the evidence is {figure(slow.evidence)} "
            f"of {figure(slow.limit)}."
        )
    since = "" if slow.since is None else f" since about {slow.since:%-d %b %Y %H:%M} UTC"
    amount = "" if slow.excess is None else f", by {figure(slow.excess)} a row"
    return (
        f"Over {seen} the losses are higher than on the test rows{since}{amount}: the evidence "
        f"is {figure(slow.evidence)}, and chance alone reaches {figure(slow.limit)} at most once "
        f"in {concept.windows_between_false_alarms:,} windows on average."
    )
