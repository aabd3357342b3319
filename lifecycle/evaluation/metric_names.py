"""The names of the figures a project may ask for, and what each of them is.

Only names live here, so that reading a declaration does not import scikit-learn.
"""

from dataclasses import dataclass
from typing import Literal

from lifecycle.task import Task

_CLASSES = (Task.BINARY, Task.MULTICLASS)


@dataclass(frozen=True)
class MetricInfo:
    """What one metric is.

    Parameters
    ----------
    tasks
        The tasks it is defined for.
    higher_is_better
        Which way it points.
    reads
        Whether it is computed from the scores or from the decisions taken on them.
    per_row
        Whether it is a mean over rows (or a root of one), so that parts of the rows compare.
    resampled
        Whether a bootstrap interval makes sense for it.
    """

    tasks: tuple[Task, ...]
    higher_is_better: bool
    reads: Literal["scores", "decisions"]
    per_row: bool = False
    resampled: bool = True


METRICS: dict[str, MetricInfo] = {
    "log_loss": MetricInfo(_CLASSES, False, "scores", per_row=True),
    "roc_auc": MetricInfo(_CLASSES, True, "scores"),
    "average_precision": MetricInfo((Task.BINARY,), True, "scores"),
    "brier": MetricInfo(_CLASSES, False, "scores", per_row=True),
    "accuracy": MetricInfo(_CLASSES, True, "decisions", per_row=True),
    "balanced_accuracy": MetricInfo(_CLASSES, True, "decisions"),
    "f1": MetricInfo((Task.BINARY,), True, "decisions"),
    "precision": MetricInfo((Task.BINARY,), True, "decisions"),
    "recall": MetricInfo((Task.BINARY,), True, "decisions"),
    "f1_macro": MetricInfo((Task.MULTICLASS,), True, "decisions"),
    # Resampled rows repeat, which alone moves this one up: it has a noise floor instead.
    "expected_calibration_error": MetricInfo(_CLASSES, False, "scores", resampled=False),
    "rmse": MetricInfo((Task.REGRESSION,), False, "scores", per_row=True),
    "mae": MetricInfo((Task.REGRESSION,), False, "scores", per_row=True),
    "r2": MetricInfo((Task.REGRESSION,), True, "scores"),
    "median_absolute_error": MetricInfo((Task.REGRESSION,), False, "scores"),
    "mape": MetricInfo((Task.REGRESSION,), False, "scores", per_row=True),
}


@dataclass(frozen=True)
class FairnessInfo:
    """What one fairness figure is; `is_ratio` ones are ideal at 1, the others at 0."""

    tasks: tuple[Task, ...]
    is_ratio: bool = False


FAIRNESS_METRICS: dict[str, FairnessInfo] = {
    "demographic_parity_difference": FairnessInfo(_CLASSES),
    "demographic_parity_ratio": FairnessInfo(_CLASSES, is_ratio=True),
    "equalized_odds_difference": FairnessInfo(_CLASSES),
    "equalized_odds_ratio": FairnessInfo(_CLASSES, is_ratio=True),
    "equal_opportunity_difference": FairnessInfo(_CLASSES),
    "equal_opportunity_ratio": FairnessInfo(_CLASSES, is_ratio=True),
    "accuracy_difference": FairnessInfo(_CLASSES),
    "mean_error_difference": FairnessInfo((Task.REGRESSION,)),
    "mean_absolute_error_difference": FairnessInfo((Task.REGRESSION,)),
}


_TITLES = {
    "roc_auc": "ROC AUC",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
    "mape": "MAPE",
    "mcc": "Matthews correlation",
    "f1": "F1",
    "f1_macro": "F1, macro",
    "brier": "Brier score",
}


def metric_title(metric: str) -> str:
    """Write a metric's name as the field does.

    Examples
    --------
    >>> metric_title("roc_auc"), metric_title("log_loss")
    ('ROC AUC', 'log loss')
    """
    return _TITLES.get(metric, metric.replace("_", " "))


def metrics_for(task: Task) -> tuple[str, ...]:
    """Name the metrics a task has, the usual primary one first.

    Examples
    --------
    >>> metrics_for(Task.REGRESSION)
    ('rmse', 'mae', 'r2', 'median_absolute_error', 'mape')
    """
    return tuple(name for name, info in METRICS.items() if task in info.tasks)


def primary_metric(task: Task) -> str:
    """Name the metric a task is judged by where nothing else is declared.

    Examples
    --------
    >>> primary_metric(Task.BINARY), primary_metric(Task.REGRESSION)
    ('log_loss', 'rmse')
    """
    return metrics_for(task)[0]


def fairness_metrics_for(task: Task) -> tuple[str, ...]:
    """Name the fairness figures a task has.

    Examples
    --------
    >>> fairness_metrics_for(Task.REGRESSION)
    ('mean_error_difference', 'mean_absolute_error_difference')
    """
    return tuple(name for name, info in FAIRNESS_METRICS.items() if task in info.tasks)


def gain(metric: str, value: float, other: float) -> float:
    """How much better `value` is than `other`: above zero is better whichever way it points.

    Examples
    --------
    >>> gain("log_loss", 0.5, 0.75), gain("roc_auc", 0.5, 0.75)
    (0.25, -0.25)
    """
    return value - other if METRICS[metric].higher_is_better else other - value
