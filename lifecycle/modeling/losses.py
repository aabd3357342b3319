"""What a search makes small: each metric as a loss, on rows not trained on."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lifecycle.modeling.declaration import Metric

Labels = NDArray[np.float64]
Scores = NDArray[np.float64]

SMALLEST = 1e-7
"""Probabilities are kept this far from 0 and 1: the resolution of a 32-bit float near 1."""


def row_losses(metric: Metric, labels: Labels, scores: Scores) -> NDArray[np.float64]:
    """Give the loss of each row, whose mean is what models are fitted to and weighed by.

    Metrics that are no mean over rows are stood in for by the log loss, or in regression by
    the squared error.

    Parameters
    ----------
    labels
        Class indices, or values, shape ``(rows,)``.
    scores
        Binary: P(second class) ``(rows,)``; several classes: ``(rows, classes)``; regression:
        predictions ``(rows,)``.

    Examples
    --------
    >>> row_losses("rmse", np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    array([0., 4.])
    """
    if metric in ("rmse", "r2"):
        return np.asarray((labels - scores) ** 2)
    if metric == "mae":
        return np.abs(labels - scores)
    if scores.ndim == 1:
        hit = np.where(labels == 1, scores, 1 - scores)
    else:
        hit = scores[np.arange(len(labels)), labels.astype(np.int64)]
    if metric == "brier":
        return np.asarray((1 - hit) ** 2) if scores.ndim == 1 else _brier_rows(labels, scores)
    return np.asarray(-np.log(np.clip(hit, SMALLEST, None)))


def loss(metric: Metric, labels: Labels, scores: Scores) -> float:
    """Give the metric turned so that lower is better.

    Where a metric cannot be told (the area under a curve of one class), the answer is NaN.

    Examples
    --------
    >>> labels, scores = np.array([0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.8])
    >>> loss("roc_auc", labels, scores), round(loss("log_loss", labels, scores), 3)
    (-1.0, 0.415)
    """
    if metric in ("log_loss", "brier", "mae"):
        return float(row_losses(metric, labels, scores).mean())
    if metric == "rmse":
        return float(np.sqrt(row_losses(metric, labels, scores).mean()))
    if len(np.unique(labels)) < 2 and metric != "accuracy":
        return float("nan")
    return -_HIGHER_IS_BETTER[metric](labels, scores)


def figure(metric: Metric, loss_value: float) -> float:
    """Turn a loss back into the metric as it is usually read."""
    return -loss_value if metric in _HIGHER_IS_BETTER else loss_value


def _brier_rows(labels: Labels, scores: Scores) -> NDArray[np.float64]:
    truth = np.zeros_like(scores)
    truth[np.arange(len(labels)), labels.astype(np.int64)] = 1
    return np.asarray(((scores - truth) ** 2).sum(axis=1))


def _roc_auc(labels: Labels, scores: Scores) -> float:
    from sklearn import metrics  # here and below: slow to import, and scoring does without

    if scores.ndim == 1:
        return float(metrics.roc_auc_score(labels, scores))
    present = [one for one in range(scores.shape[1]) if 0 < (labels == one).sum() < len(labels)]
    return float(np.mean([metrics.roc_auc_score(labels == one, scores[:, one]) for one in present]))


def _accuracy(labels: Labels, scores: Scores) -> float:
    decided = scores >= 0.5 if scores.ndim == 1 else scores.argmax(axis=1)
    return float((decided == labels).mean())


def _average_precision(labels: Labels, scores: Scores) -> float:
    from sklearn import metrics

    return float(metrics.average_precision_score(labels, scores))


def _r2(labels: Labels, scores: Scores) -> float:
    from sklearn import metrics

    return float(metrics.r2_score(labels, scores))


_HIGHER_IS_BETTER: dict[Metric, Callable[[Labels, Scores], float]] = {
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "accuracy": _accuracy,
    "r2": _r2,
}
