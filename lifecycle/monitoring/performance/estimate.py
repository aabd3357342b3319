"""What a metric is expected to be, told from calibrated scores alone, before any label.

If a score of 0.3 means that three in ten come true, the scores themselves say how many answers
will be wrong: confidence-based performance estimation. What it sees is that the rows have become
harder or easier to tell. **It cannot see that an answer no longer means what it meant** (concept
drift): then the scores are wrong about themselves too. So no verdict rests on it, and where the
truth has come the estimate is held against it.
"""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lifecycle.errors import DataError
from lifecycle.evaluation.evidence import Measure
from lifecycle.evaluation.metric_names import METRICS, metric_title, metrics_for
from lifecycle.monitoring.evidence import Estimate
from lifecycle.task import Task

Numbers = NDArray[np.float64]
_Told = tuple[float, Numbers]
"""The expected value, and how much a row adds to it if it is of each class, ``(n, k)``."""
_CONFIDENCE = 0.95
_TINY = float(np.finfo(np.float64).eps)


def estimate(
    metric: str, scores: Numbers, *, task: Task, threshold: float | None = None
) -> Estimate:
    """Tell what a metric is expected to be on rows nobody knows the truth of [1]_.

    The interval is what chance alone leaves, were the scores calibrated and the rows
    independent of one another: the variance is exact for means over rows and to the first
    order (delta method) for the others, whose value is a ratio of expectations.

    Parameters
    ----------
    scores
        Shape ``(n,)``, of several classes ``(n, k)``.
    threshold
        Binary: from which score on the answer is yes; by default 0.5.

    Raises
    ------
    DataError
        If there are no rows, or the metric cannot be told from scores alone.

    References
    ----------
    .. [1] J. Bialek, J. Kivimäki, W. Kuberski, N. Perrakis, Estimating Model Performance Under
       Covariate Shift Without Labels, arXiv:2401.08348 (2024).

    Examples
    --------
    >>> told = estimate("accuracy", np.full(400, 0.9), task=Task.BINARY)
    >>> round(told.value, 3), round(told.low, 3), round(told.high, 3)
    (0.9, 0.871, 0.929)
    """
    if not len(scores):
        raise DataError("There are no predictions to estimate anything from.")
    if not task.is_classification:
        raise DataError(
            "A predicted number does not say how sure it is: nothing can be told without labels."
        )
    if metric not in estimated_metrics(task):
        raise DataError(f"{metric_title(metric)} cannot be estimated from scores alone.")
    shares = np.column_stack([1 - scores, scores]) if task is Task.BINARY else scores
    decisions = _decide(scores, task, threshold)
    value, adds = _ESTIMATES[metric](shares, decisions)
    mean = (shares * adds).sum(axis=1)
    variance = float(np.maximum((shares * adds**2).sum(axis=1) - mean**2, 0.0).sum())
    reach = float(stats.norm.ppf(0.5 + _CONFIDENCE / 2)) * sqrt(variance)
    highest = 1.0 if METRICS[metric].higher_is_better else np.inf
    return Estimate(
        metric=metric,
        value=value,
        low=max(value - reach, 0.0),
        high=min(value + reach, highest),
        rows=len(scores),
    )


def estimated_metrics(task: Task) -> tuple[str, ...]:
    """Name the metrics that can be estimated without labels: none of regression.

    Examples
    --------
    >>> estimated_metrics(Task.MULTICLASS), estimated_metrics(Task.REGRESSION)
    (('log_loss', 'roc_auc', 'brier', 'accuracy'), ())
    """
    if task is Task.BINARY:
        return tuple(name for name in metrics_for(task) if name in _ESTIMATES)
    return tuple(name for name in metrics_for(task) if name in _SEVERAL)


def estimate_all(
    scores: Numbers, *, task: Task, threshold: float | None = None
) -> tuple[Estimate, ...]:
    """Estimate every metric that can be; one that is undefined on these scores is left out."""
    if not len(scores):
        return ()
    found = []
    for metric in estimated_metrics(task):
        try:
            found.append(estimate(metric, scores, task=task, threshold=threshold))
        except DataError:
            # Only "undefined here" is left: the others were asked for above.
            continue
    return tuple(found)


def compare_with_truth(
    estimates: Iterable[Estimate], measures: Sequence[Measure]
) -> tuple[Estimate, ...]:
    """Put beside each estimate what the metric came to be, where that is known.

    Examples
    --------
    >>> told = compare_with_truth([Estimate(metric="brier", value=0.2, rows=9)],
    ...                           [Measure(metric="brier", value=0.25, rows=8)])
    >>> told[0].truth, round(told[0].error, 2)
    (0.25, -0.05)
    """
    truth = {measure.metric: measure.value for measure in measures}
    return tuple(
        told.model_copy(update={"truth": truth.get(told.metric, told.truth)}) for told in estimates
    )


def _decide(scores: Numbers, task: Task, threshold: float | None) -> NDArray[np.intp]:
    if task is Task.MULTICLASS:
        return np.asarray(scores.argmax(axis=1))
    return np.asarray(scores >= (0.5 if threshold is None else threshold), dtype=np.intp)


def _mean_of(losses: Numbers, shares: Numbers) -> _Told:
    return float((shares * losses).sum(axis=1).mean()), losses / len(losses)


def _log_loss(shares: Numbers, decisions: NDArray[np.intp]) -> _Told:
    return _mean_of(-np.log(np.clip(shares, _TINY, 1 - _TINY)), shares)


def _brier(shares: Numbers, decisions: NDArray[np.intp]) -> _Told:
    if shares.shape[1] == 2:
        return _mean_of((1 - shares) ** 2, shares)
    return _mean_of(1 - 2 * shares + (shares**2).sum(axis=1, keepdims=True), shares)


def _accuracy(shares: Numbers, decisions: NDArray[np.intp]) -> _Told:
    hits = np.eye(shares.shape[1])[decisions]
    return _mean_of(hits, shares)


def _precision(shares: Numbers, decisions: NDArray[np.intp]) -> _Told:
    decided = decisions.sum()
    if not decided:
        raise DataError("No answer is yes, so that none can be right.")
    return float((shares[:, 1] * decisions).sum() / decided), _of_yes(decisions / decided)


def _recall(shares: Numbers, decisions: NDArray[np.intp]) -> _Told:
    positives = shares[:, 1].sum()
    _want(positives)
    value = float((shares[:, 1] * decisions).sum() / positives)
    return value, _of_yes((decisions - value) / positives)


def _f1(shares: Numbers, decisions: NDArray[np.intp]) -> _Told:
    both = shares[:, 1].sum() + decisions.sum()
    _want(both)
    value = float(2 * (shares[:, 1] * decisions).sum() / both)
    return value, _of_yes((2 * decisions - value) / both)


def _balanced_accuracy(shares: Numbers, decisions: NDArray[np.intp]) -> _Told:
    caught, of_positives = _recall(shares, decisions)
    spared, of_negatives = _recall(shares[:, ::-1], 1 - decisions)
    return (caught + spared) / 2, (of_positives + of_negatives[:, ::-1]) / 2


def _roc_auc(shares: Numbers, decisions: NDArray[np.intp]) -> _Told:
    if shares.shape[1] == 2:
        value, adds = _area(shares[:, 1])
        return value, _of_yes(adds)
    areas = [_area(column) for column in shares.T]
    adds = np.column_stack([each for _, each in areas]) / len(areas)
    return float(np.mean([value for value, _ in areas])), adds


def _area(shares: Numbers) -> tuple[float, Numbers]:
    """Divide expected pairs in order by expected pairs; tell what a row adds by being a yes."""
    levels, place = np.unique(shares, return_inverse=True)
    no, yes = (
        np.bincount(place, weights=each, minlength=len(levels)) for each in (1 - shares, shares)
    )
    # A row is no pair with itself, and half of the ties count.
    no_below = (np.cumsum(no) - no)[place] + (no[place] - (1 - shares)) / 2
    yes_above = (yes.sum() - np.cumsum(yes))[place] + (yes[place] - shares) / 2
    other_no, other_yes = no.sum() - (1 - shares), yes.sum() - shares
    pairs = float((shares * other_no).sum())
    _want(pairs)
    value = float((shares * no_below).sum() / pairs)
    adds = ((no_below - yes_above) - value * (other_no - other_yes)) / pairs
    return value, np.asarray(adds)


def _of_yes(adds: Numbers) -> Numbers:
    return np.column_stack([np.zeros(len(adds)), adds])


def _want(amount: float) -> None:
    if amount <= 0:
        raise DataError("The scores expect one class only.")


_ESTIMATES: dict[str, Callable[[Numbers, NDArray[np.intp]], _Told]] = {
    "log_loss": _log_loss,
    "brier": _brier,
    "accuracy": _accuracy,
    "roc_auc": _roc_auc,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "balanced_accuracy": _balanced_accuracy,
}
_SEVERAL = ("log_loss", "brier", "accuracy", "roc_auc")
