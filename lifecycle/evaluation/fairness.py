"""Whether groups of people are treated alike, by fairlearn's definitions."""

from collections.abc import Callable, Mapping
from typing import Any

import fairlearn.metrics as fair
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, mean_absolute_error

from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.evidence import Fairness
from lifecycle.evaluation.metric_names import FAIRNESS_METRICS
from lifecycle.evaluation.partitions import cut
from lifecycle.evaluation.plan import FairnessNeed
from lifecycle.task import Task

Rates = dict[str, Callable[..., Any]]

_RATES: Rates = {
    "selection_rate": fair.selection_rate,
    "true_positive_rate": fair.true_positive_rate,
    "false_positive_rate": fair.false_positive_rate,
    "accuracy": accuracy_score,
}
_ERRORS: Rates = {
    "mean_error": lambda truth, scores: float(np.mean(scores - truth)),
    "mean_absolute_error": mean_absolute_error,
}
_READS: dict[str, tuple[str, ...]] = {
    "demographic_parity_difference": ("selection_rate",),
    "demographic_parity_ratio": ("selection_rate",),
    "equalized_odds_difference": ("true_positive_rate", "false_positive_rate"),
    "equalized_odds_ratio": ("true_positive_rate", "false_positive_rate"),
    "equal_opportunity_difference": ("true_positive_rate",),
    "equal_opportunity_ratio": ("true_positive_rate",),
    "accuracy_difference": ("accuracy",),
    "mean_error_difference": ("mean_error",),
    "mean_absolute_error_difference": ("mean_absolute_error",),
}


def measure_fairness(
    needs: tuple[FairnessNeed, ...], answers: Answers, test: pa.Table
) -> tuple[Fairness, ...]:
    """Take each fairness figure that was asked for.

    A difference is the largest minus the smallest rate of any two groups (0 is ideal), a ratio
    the smallest over the largest (1 is ideal); equalized odds take the worse of true and false
    positive rate. With several classes each is taken one against the rest, and the worst told.
    Without the column, or with a group too small to tell, there is no value but a reason.
    """
    return tuple(_measure(need, answers, test) for need in needs)


def _measure(need: FairnessNeed, answers: Answers, test: pa.Table) -> Fairness:
    info = FAIRNESS_METRICS.get(need.metric)
    if info is None or answers.task not in info.tasks:
        return _none(need, f'"{need.metric}" is not defined for {answers.task.value}.')
    if need.column not in test.column_names:
        return _none(need, f'The test rows have no column "{need.column}".')
    partition = cut(test, need.column, ranges=4)
    groups = np.array(partition.labels, dtype=object)[partition.codes]
    groups, note, is_known = _keep_large(need, answers, groups)
    is_kept = groups != ""
    if not is_known:
        return _none(need, note)
    if len(set(groups[is_kept])) < 2:
        return _none(need, note or f"{need.column} holds one group only.")
    kept = answers.at(np.flatnonzero(is_kept))
    frames = _frames(kept, groups[is_kept])
    values = [_summarise(need.metric, frame, info.is_ratio) for frame in frames.values()]
    return Fairness(
        metric=need.metric,
        column=need.column,
        value=min(values) if info.is_ratio else max(values),
        by_group=_by_group(frames),
        rows_by_group=_count(groups[is_kept]),
        reason=note,
        need=need,
    )


def _none(need: FairnessNeed, reason: str) -> Fairness:
    return Fairness(metric=need.metric, column=need.column, value=None, reason=reason, need=need)


def _count(groups: NDArray[Any]) -> dict[str, int]:
    names, rows = np.unique(groups.astype(str), return_counts=True)
    return {str(name): int(count) for name, count in zip(names, rows, strict=True)}


def _keep_large(
    need: FairnessNeed, answers: Answers, groups: NDArray[Any]
) -> tuple[NDArray[Any], str, bool]:
    """Deal with the small groups.

    Returns
    -------
    tuple
        Each row's group ("" is left out), a note, and whether a figure can be told.
    """
    support = _support(need.metric, answers, groups)
    small = sorted(name for name, rows in support.items() if rows < need.min_rows)
    if not small:
        return groups, "", True
    named = ", ".join(f"{name} ({support[name]:,})" for name in small[:8])
    more = f" and {len(small) - 8} more" if len(small) > 8 else ""
    short = f"Fewer than {need.min_rows:,} rows behind a rate: {named}{more}."
    is_small = np.isin(groups.astype(str), small)
    if need.small_groups == "unknown":
        advice = "Take more test rows, or declare small_groups: pool or leave_out."
        return groups, f"{short} {advice}", False
    if need.small_groups == "leave_out":
        return np.where(is_small, "", groups), f"{short} They are left out.", True
    pooled = np.where(is_small, "small groups", groups)
    rows = _support(need.metric, answers, pooled)["small groups"]
    if rows < need.min_rows:
        advice = f"Even pooled there are only {rows:,}: declare small_groups: leave_out."
        return groups, f"{short} {advice}", False
    return pooled, f"{short} They are judged as one group.", True


def _support(metric: str, answers: Answers, groups: NDArray[Any]) -> dict[str, int]:
    """Count, for each group, the rows behind its least supported rate of those the figure reads."""
    needed: list[NDArray[np.bool_]] = []
    reads = _READS[metric]
    is_one_of = [answers.truth == index for index in _targets(answers)]
    if "true_positive_rate" in reads:
        needed += is_one_of
    if "false_positive_rate" in reads:
        needed += [~each for each in is_one_of]
    needed = needed or [np.ones(len(answers), dtype=bool)]
    names, codes = np.unique(groups.astype(str), return_inverse=True)
    counts = [np.bincount(codes, weights=each, minlength=len(names)) for each in needed]
    least = np.min(counts, axis=0)
    return {str(name): int(rows) for name, rows in zip(names, least, strict=True)}


def _targets(answers: Answers) -> list[int]:
    if answers.task is Task.REGRESSION:
        return []
    return [1] if answers.task is Task.BINARY else list(range(len(answers.classes)))


def _frames(answers: Answers, groups: NDArray[Any]) -> Mapping[str, fair.MetricFrame]:
    if answers.task is Task.REGRESSION:
        frame = fair.MetricFrame(
            metrics=_ERRORS,
            y_true=answers.truth,
            y_pred=answers.scores,
            sensitive_features=groups.astype(str),
        )
        return {"": frame}
    return {
        "" if answers.task is Task.BINARY else f"{answers.classes[index]}: ": _frame_rates(
            answers.truth == index, answers.decisions == index, groups
        )
        for index in _targets(answers)
    }


def _frame_rates(
    truth: NDArray[np.bool_], decided: NDArray[np.bool_], groups: NDArray[Any]
) -> fair.MetricFrame:
    """Give fairlearn each combination once, with its rows as weight: the same rates, faster."""
    names, codes = np.unique(groups.astype(str), return_inverse=True)
    rows = np.bincount(codes * 4 + truth * 2 + decided, minlength=len(names) * 4)
    cells = np.flatnonzero(rows)
    weights = {name: {"sample_weight": rows[cells]} for name in _RATES}
    return fair.MetricFrame(
        metrics=_RATES,
        y_true=cells // 2 % 2,
        y_pred=cells % 2,
        sensitive_features=names[cells // 4],
        sample_params=weights,
    )


def _summarise(metric: str, frame: fair.MetricFrame, is_ratio: bool) -> float:
    method = "between_groups"
    found = frame.ratio(method=method) if is_ratio else frame.difference(method=method)
    chosen = [float(found[name]) for name in _READS[metric]]
    if is_ratio:
        # Zero in every group: nobody is treated differently.
        return float(min(1.0 if np.isnan(value) else value for value in chosen))
    return max(chosen)


def _by_group(frames: Mapping[str, fair.MetricFrame]) -> dict[str, dict[str, float | None]]:
    told: dict[str, dict[str, float | None]] = {}
    for prefix, frame in frames.items():
        for group, rates in frame.by_group.to_dict("index").items():
            own = told.setdefault(str(group), {})
            for name, value in rates.items():
                own[f"{prefix}{name}"] = None if np.isnan(value) else float(value)
    return told
