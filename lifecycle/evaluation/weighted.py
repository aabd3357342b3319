"""Metrics of many bootstrap samples at once, each sample being a weight for every row.

A metric is either `Summed`, a function of weighted sums of columns, which one matrix product
gives for all samples; or `Ranked`, which needs the rows in order. Both agree with
scikit-learn's `sample_weight` (tested), but for rank metrics of many rows: these are summed by
their projection (see `projections`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.metric_names import METRICS
from lifecycle.evaluation.metrics import from_mean_loss, row_losses
from lifecycle.evaluation.projections import project_area, project_average_precision
from lifecycle.task import Task

Numbers = NDArray[np.float64]
Sums = dict[str, Numbers]


@dataclass(frozen=True)
class Summed:
    """Columns by name, shape ``(n,)`` each, and the metric made of their weighted sums.

    `combine` receives one sum a sample, shape ``(samples,)``, for each column.
    """

    columns: Sums
    combine: Callable[[Sums], Numbers]


@dataclass(frozen=True)
class Ranked:
    """The metric from the weights of all rows, shape ``(samples, n)`` to ``(samples,)``."""

    combine: Callable[[Numbers], Numbers]


_MANY_ROWS = 5_000
_RAREST_CLASS = 300
"""From here on rank metrics are projected: their spread differs by less than a percent."""


def weigh(metric: str, answers: Answers, *, many_rows: int = _MANY_ROWS) -> Summed | Ranked:
    """Prepare a metric for weights; rank metrics exactly for fewer than `many_rows`."""
    is_large = len(answers) >= many_rows
    if METRICS[metric].per_row:
        return _mean(metric, answers)
    if metric == "r2":
        return _r2(answers)
    if metric == "median_absolute_error":
        return Ranked(_median(np.abs(answers.truth - answers.scores)))
    if metric == "roc_auc" and is_large and _rarest(answers) >= _RAREST_CLASS:
        return _projected_area(answers)
    if metric == "average_precision" and is_large and _rarest(answers) >= _RAREST_CLASS:
        return _projected_precision(answers)
    if metric == "average_precision":
        return Ranked(_average_precision(answers.truth == 1, answers.scores))
    if metric == "roc_auc":
        return Ranked(_roc_auc(answers))
    return _from_counts(metric, answers)


def _rarest(answers: Answers) -> int:
    return int(np.bincount(answers.truth, minlength=len(answers.classes)).min())


def _mean(metric: str, answers: Answers) -> Summed:
    columns = {"rows": np.ones(len(answers)), metric: row_losses(metric, answers)}
    return Summed(columns, lambda sums: from_mean_loss(metric, sums[metric] / sums["rows"]))


def _r2(answers: Answers) -> Summed:
    centred = answers.truth - answers.truth.mean()
    columns = {
        "rows": np.ones(len(answers)),
        "rmse": row_losses("rmse", answers),
        "label": centred,
        "squared label": centred**2,
    }

    def combine(sums: Sums) -> Numbers:
        spread = sums["squared label"] - sums["label"] ** 2 / sums["rows"]
        return 1 - _divide(sums["rmse"], spread, empty=np.nan)

    return Summed(columns, combine)


def _divide(above: Numbers, below: Numbers, *, empty: float) -> Numbers:
    safe = np.where(below > 0, below, 1.0)
    return np.where(below > 0, above / safe, empty)


def _from_counts(metric: str, answers: Answers) -> Summed:
    classes = range(len(answers.classes))
    columns: Sums = {}
    for index in classes:
        is_true, is_decided = answers.truth == index, answers.decisions == index
        columns[f"true {index}"] = is_true.astype(np.float64)
        columns[f"decided {index}"] = is_decided.astype(np.float64)
        columns[f"hit {index}"] = (is_true & is_decided).astype(np.float64)

    def combine(sums: Sums) -> Numbers:
        true, decided, hit = (
            np.stack([sums[f"{name} {index}"] for index in classes], axis=1)
            for name in ("true", "decided", "hit")
        )
        return _COUNTED[metric](true, decided, hit)

    return Summed(columns, combine)


def _balanced_accuracy(true: Numbers, decided: Numbers, hit: Numbers) -> Numbers:
    return np.asarray(np.nanmean(_divide(hit, true, empty=np.nan), axis=1))


def _f1_macro(true: Numbers, decided: Numbers, hit: Numbers) -> Numbers:
    return np.asarray(np.nanmean(_divide(2 * hit, true + decided, empty=np.nan), axis=1))


_COUNTED: dict[str, Callable[[Numbers, Numbers, Numbers], Numbers]] = {
    "balanced_accuracy": _balanced_accuracy,
    "f1_macro": _f1_macro,
    "f1": lambda true, decided, hit: _divide(2 * hit, true + decided, empty=0.0)[:, 1],
    "precision": lambda true, decided, hit: _divide(hit, decided, empty=0.0)[:, 1],
    "recall": lambda true, decided, hit: _divide(hit, true, empty=0.0)[:, 1],
}


def _median(values: Numbers) -> Callable[[Numbers], Numbers]:
    order = np.argsort(values, kind="stable")
    ordered = values[order]

    def combine(weights: Numbers) -> Numbers:
        reached = np.cumsum(weights[:, order], axis=1)
        total = reached[:, -1:]
        low = (reached <= np.floor((total - 1) / 2)).sum(axis=1)
        high = (reached <= np.floor(total / 2)).sum(axis=1)
        return np.asarray((ordered[low] + ordered[high]) / 2)

    return combine


def _roc_auc(answers: Answers) -> Callable[[Numbers], Numbers]:
    if answers.task is Task.BINARY:
        return _area(answers.truth == 1, answers.scores)
    areas = [
        _area(answers.truth == index, answers.scores[:, index])
        for index in range(len(answers.classes))
    ]
    return lambda weights: np.mean([area(weights) for area in areas], axis=0)


def _projected_area(answers: Answers) -> Summed:
    targets = [1] if answers.task is Task.BINARY else range(len(answers.classes))
    columns: Sums = {}
    for index in targets:
        is_positive = answers.truth == index
        shares = project_area(is_positive, answers.probabilities()[:, index])
        for name, chosen in (("positive", is_positive), ("negative", ~is_positive)):
            columns[f"{name} {index}"] = chosen.astype(np.float64)
            columns[f"{name} {index} share"] = np.where(chosen, shares, 0.0)

    def combine(sums: Sums) -> Numbers:
        means = {
            name: _divide(sums[f"{name} share"], sums[name], empty=np.nan)
            for name in columns
            if not name.endswith("share")
        }
        areas = [
            means[f"positive {index}"] + means[f"negative {index}"] - _plain(columns, index)
            for index in targets
        ]
        return np.asarray(np.mean(areas, axis=0))

    return Summed(columns, combine)


def _plain(columns: Sums, index: int) -> float:
    return float(columns[f"positive {index} share"].sum() / columns[f"positive {index}"].sum())


def _projected_precision(answers: Answers) -> Summed:
    is_positive = answers.truth == 1
    precision, effect = project_average_precision(is_positive, answers.scores)
    columns = {
        "positive 1": is_positive.astype(np.float64),
        "precision": np.where(is_positive, precision, 0.0),
        "effect": effect,
    }
    return Summed(
        columns,
        lambda sums: _divide(sums["precision"], sums["positive 1"], empty=np.nan) + sums["effect"],
    )


def _area(is_positive: NDArray[np.bool_], scores: Numbers) -> Callable[[Numbers], Numbers]:
    """Share of pairs in order: for each positive the weight of the negatives below it."""
    positives, negatives = _ascending(is_positive, scores), _ascending(~is_positive, scores)
    below = np.searchsorted(scores[negatives], scores[positives], side="left")
    level = np.searchsorted(scores[negatives], scores[positives], side="right")

    def combine(weights: Numbers) -> Numbers:
        reached = _running(weights[:, negatives])
        own = weights[:, positives]
        pairs = np.einsum("sp,sp->s", own, reached[:, below] + reached[:, level]) / 2
        return _divide(pairs, own.sum(axis=1) * reached[:, -1], empty=np.nan)

    return combine


def _average_precision(
    is_positive: NDArray[np.bool_], scores: Numbers
) -> Callable[[Numbers], Numbers]:
    """Mean over the positives of the precision at each one's score."""
    positives, negatives = _ascending(is_positive, -scores), _ascending(~is_positive, -scores)
    falling = -scores[positives]
    hits_until = np.searchsorted(falling, falling, side="right")
    misses_until = np.searchsorted(-scores[negatives], falling, side="right")

    def combine(weights: Numbers) -> Numbers:
        own = weights[:, positives]
        hits = _running(own)[:, hits_until]
        misses = _running(weights[:, negatives])[:, misses_until]
        precision = _divide(hits, hits + misses, empty=0.0)
        return _divide(np.einsum("sp,sp->s", own, precision), own.sum(axis=1), empty=np.nan)

    return combine


def _ascending(chosen: NDArray[np.bool_], values: Numbers) -> NDArray[np.intp]:
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(values[rows], kind="stable")]


def _running(weights: Numbers) -> Numbers:
    start = np.zeros((len(weights), 1))
    return np.hstack([start, np.cumsum(weights, axis=1)])
