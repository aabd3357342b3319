"""The `search` section: how a model is looked for, and for how long."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, field_validator

from lifecycle.section import Duration, Section
from lifecycle.task import Task

Metric = Literal[
    "log_loss", "brier", "roc_auc", "average_precision", "accuracy", "rmse", "mae", "r2"
]
FamilyName = Literal["linear", "forest", "xgboost"]

_METRICS: dict[Task, tuple[Metric, ...]] = {
    Task.BINARY: ("log_loss", "brier", "roc_auc", "average_precision", "accuracy"),
    Task.MULTICLASS: ("log_loss", "brier", "roc_auc", "accuracy"),
    Task.REGRESSION: ("rmse", "mae", "r2"),
}


class Cost(Section):
    """What each kind of wrong decision costs, in any one unit."""

    false_positive: float = Field(gt=0)
    false_negative: float = Field(gt=0)


class CostThreshold(Section):
    """Decide so that the expected cost is lowest."""

    cost: Cost


class MetricThreshold(Section):
    """Decide so that a figure of the decisions is highest."""

    metric: Literal["f1", "accuracy", "balanced_accuracy", "youden"]


class Search(Section):
    """How a model is looked for.

    Parameters
    ----------
    metric
        What the search improves; by default log loss, or for regression the root of the mean
        squared error.
    trials
        How many configurations are tried at most.
    timeout
        How long the whole search may take, the winner's final fit included. A running trial
        is stopped. With a timeout the number of trials depends on the machine.
    rows
        A trial is fitted on at most this many rows of a fold, drawn by chance; the winner on
        all of them. With more rows a trial tells little more and takes longer.
    folds
        Over time the folds expand and there are at least three. By default three over time
        or from 20,000 rows on, else five.
    calibrate
        `auto` corrects the probabilities where that helps on rows not trained on.
    threshold
        Binary only: from which probability on the answer is yes: a number, the `cost` of
        both errors, or the `metric` to make highest. By default the errors cost the same.
    ensemble
        `auto` averages the best of several families where that clearly helps.
    threads
        By default all cores.
    """

    metric: Metric | None = None
    families: tuple[FamilyName, ...] = Field(default=("linear", "xgboost", "forest"), min_length=1)
    trials: int = Field(default=40, ge=1)
    timeout: Duration | None = timedelta(minutes=5)
    rows: int | None = Field(default=60_000, ge=1_000)
    folds: int | None = Field(default=None, ge=2, le=20)
    seed: int = Field(default=0, ge=0, lt=2**31)
    calibrate: Literal["auto", "none"] = "auto"
    threshold: float | CostThreshold | MetricThreshold | None = None
    ensemble: Literal["auto", "none"] = "auto"
    threads: int | None = Field(default=None, ge=1)

    @field_validator("threshold")
    @classmethod
    def _keep_threshold_inside(
        cls, threshold: float | CostThreshold | MetricThreshold | None
    ) -> float | CostThreshold | MetricThreshold | None:
        if isinstance(threshold, float) and not 0 < threshold < 1:
            raise ValueError("a threshold is a probability between 0 and 1")
        return threshold

    @field_validator("timeout")
    @classmethod
    def _refuse_no_time(cls, timeout: timedelta | None) -> timedelta | None:
        if timeout is not None and timeout <= timedelta(0):
            raise ValueError("a search needs some time, for example 60s")
        return timeout

    def metric_for(self, task: Task) -> Metric:
        """Give the metric of the search: the declared one, or the task's usual one.

        Examples
        --------
        >>> Search().metric_for(Task.REGRESSION), Search(metric="roc_auc").metric_for(Task.BINARY)
        ('rmse', 'roc_auc')
        """
        return self.metric or _METRICS[task][0]


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """Name the metrics a search can improve for a task, the usual one first.

    Examples
    --------
    >>> metrics_of(Task.REGRESSION)
    ('rmse', 'mae', 'r2')
    """
    return _METRICS[task]
