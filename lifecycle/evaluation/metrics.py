"""The value of each named metric, by scikit-learn, and the loss of single rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr
from sklearn import metrics

from lifecycle.errors import DataError
from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.calibration import expected_calibration_error
from lifecycle.evaluation.metric_names import METRICS
from lifecycle.task import Task


def compute(metric: str, answers: Answers) -> float:
    """Compute one metric.

    Raises
    ------
    DataError
        If the metric is not defined for the task or on these rows; the text says why.

    Examples
    --------
    >>> import numpy as np
    >>> yes_no = Answers(Task.BINARY, ("no", "yes"), np.array([0, 1]), np.array([0.2, 0.9]),
    ...                  np.array([0, 1]))
    >>> compute("roc_auc", yes_no), compute("accuracy", yes_no)
    (1.0, 1.0)
    """
    if metric not in METRICS or answers.task not in METRICS[metric].tasks:
        raise DataError(f'"{metric}" is not defined for {answers.task.value}.')
    return float(_COMPUTE[metric](answers))


def _log_loss(answers: Answers) -> float:
    return float(row_losses("log_loss", answers).mean())


def _roc_auc(answers: Answers) -> float:
    _want_every_class(answers)
    if answers.task is Task.BINARY:
        return float(metrics.roc_auc_score(answers.truth, answers.scores))
    return float(
        np.mean(
            [
                metrics.roc_auc_score(answers.truth == index, answers.scores[:, index])
                for index in range(len(answers.classes))
            ]
        )
    )


def _want_every_class(answers: Answers) -> None:
    counts = np.bincount(answers.truth, minlength=len(answers.classes))
    absent = [name for name, rows in zip(answers.classes, counts, strict=True) if not rows]
    if absent:
        raise DataError(
            f"It needs rows of every class, and of the {len(answers):,} rows none is "
            f"{' or '.join(absent[:5])}."
        )


def _average_precision(answers: Answers) -> float:
    if not answers.truth.any():
        raise DataError(f"None of the {len(answers):,} rows is {answers.classes[1]}.")
    return float(metrics.average_precision_score(answers.truth, answers.scores))


def _brier(answers: Answers) -> float:
    return float(row_losses("brier", answers).mean())


def _r2(answers: Answers) -> float:
    if len(answers) < 2 or np.ptp(answers.truth) == 0:
        raise DataError("It needs labels that differ, and all of them are the same.")
    return float(metrics.r2_score(answers.truth, answers.scores))


def _mape(answers: Answers) -> float:
    if not answers.truth.all():
        raise DataError("A percentage of zero is not defined, and some labels are zero.")
    return float(metrics.mean_absolute_percentage_error(answers.truth, answers.scores))


def _deciding(function: Callable[..., Any], **settings: Any) -> Callable[[Answers], float]:
    return lambda answers: float(function(answers.truth, answers.decisions, **settings))


def _balanced_accuracy(answers: Answers) -> float:
    present = np.unique(answers.truth)
    return float(
        metrics.recall_score(answers.truth, answers.decisions, labels=present, average="macro")
    )


_COMPUTE: dict[str, Callable[[Answers], float]] = {
    "log_loss": _log_loss,
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "brier": _brier,
    "accuracy": _deciding(metrics.accuracy_score),
    "balanced_accuracy": _balanced_accuracy,
    "f1": _deciding(metrics.f1_score, zero_division=0.0),
    "precision": _deciding(metrics.precision_score, zero_division=0.0),
    "recall": _deciding(metrics.recall_score, zero_division=0.0),
    "f1_macro": _deciding(metrics.f1_score, average="macro", zero_division=0.0),
    "expected_calibration_error": lambda answers: expected_calibration_error(answers).error,
    "rmse": lambda answers: metrics.root_mean_squared_error(answers.truth, answers.scores),
    "mae": lambda answers: metrics.mean_absolute_error(answers.truth, answers.scores),
    "r2": _r2,
    "median_absolute_error": lambda answers: metrics.median_absolute_error(
        answers.truth, answers.scores
    ),
    "mape": _mape,
}


def row_losses(metric: str, answers: Answers) -> NDArray[np.float64]:
    """Give each row's loss, whose mean makes the metric; lower is better for every metric.

    Of `rmse` the square of the mean, of `accuracy` one minus it: see `from_mean_loss`.
    A probability of zero counts as the smallest step a number has, as in scikit-learn.
    """
    if metric == "log_loss":
        own = np.take_along_axis(answers.probabilities(), answers.truth[:, None], axis=1)[:, 0]
        tiny = np.finfo(np.float64).eps
        return np.asarray(-np.log(np.clip(own, tiny, 1 - tiny)))
    if metric == "brier":
        return _squared_distances(answers)
    if metric == "accuracy":
        return np.asarray(answers.truth != answers.decisions, dtype=np.float64)
    residuals = answers.truth - answers.scores
    if metric == "rmse":
        return np.asarray(residuals**2)
    if metric == "mae":
        return np.asarray(np.abs(residuals))
    if metric == "mape" and answers.truth.all():
        return np.asarray(np.abs(residuals / answers.truth))
    raise DataError(f'"{metric}" has no loss of a single row.')


def expected_losses(metric: str, answers: Answers) -> NDArray[np.float64] | None:
    """Give each row's loss as the scores themselves expect it; nothing where they tell none."""
    if not answers.task.is_classification:
        return None
    shares = answers.probabilities()
    if metric == "log_loss":
        return np.asarray(entr(shares).sum(axis=1))
    if metric == "brier":
        scale = 2 if answers.task is Task.BINARY else 1
        return np.asarray((shares * (1 - shares)).sum(axis=1) / scale)
    own = np.take_along_axis(shares, answers.decisions[:, None].astype(np.int64), axis=1)
    return np.asarray(1 - own[:, 0])


def _squared_distances(answers: Answers) -> NDArray[np.float64]:
    if answers.task is Task.BINARY:
        return np.asarray((answers.truth - answers.scores) ** 2)
    hits = np.eye(len(answers.classes))[answers.truth]
    return np.asarray(((hits - answers.scores) ** 2).sum(axis=1))


def from_mean_loss(metric: str, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn mean row losses into the metric.

    Examples
    --------
    >>> from_mean_loss("rmse", np.array([4.0])), from_mean_loss("accuracy", np.array([0.25]))
    (array([2.]), array([0.75]))
    """
    if metric == "rmse":
        return np.sqrt(mean)
    return 1 - mean if metric == "accuracy" else mean
