"""The decision threshold: from which probability on the answer is yes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lifecycle.modeling.declaration import Cost, CostThreshold, MetricThreshold

Vector = NDArray[np.float64]


def choose_threshold(
    declared: float | CostThreshold | MetricThreshold | None, labels: Vector, scores: Vector
) -> tuple[float, str]:
    """Choose the threshold as declared, and tell why it is what it is.

    Parameters
    ----------
    labels, scores
        0 and 1, and calibrated probabilities of rows the model was not fitted on.

    Examples
    --------
    >>> labels, scores = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.3, 0.9])
    >>> choose_threshold(MetricThreshold(metric="f1"), labels, scores)[0]
    0.25
    >>> choose_threshold(None, labels, scores)[0]
    0.5
    """
    if declared is None:
        return 0.5, "both errors cost the same, none was declared"
    if isinstance(declared, CostThreshold):
        return _by_cost(declared.cost, labels, scores)
    if isinstance(declared, MetricThreshold):
        return _by_metric(declared.metric, labels, scores)
    return float(declared), "as declared"


def _by_cost(cost: Cost, labels: Vector, scores: Vector) -> tuple[float, str]:
    """Trust the calibrated probabilities, unless the rows clearly tell otherwise.

    With right probabilities the expected cost is lowest at `fp / (fp + fn)`. The threshold
    that was cheapest on the rows at hand replaces it only where it is cheaper by more than a
    standard error: it fits these very rows.
    """
    expected = cost.false_positive / (cost.false_positive + cost.false_negative)
    edges, true_positives, false_positives = _counts(labels, scores)
    missed = labels.sum() - true_positives
    total = cost.false_positive * false_positives + cost.false_negative * missed
    cheapest = float(edges[int(np.argmin(total))])
    gain = _costs(cost, labels, scores >= expected) - _costs(cost, labels, scores >= cheapest)
    told = f"{cost.false_positive:g} a false alarm, {cost.false_negative:g} a miss"
    if gain.mean() > gain.std() / np.sqrt(len(gain)):
        return cheapest, f"cheapest on rows not trained on, at {told}"
    return expected, f"lowest expected cost, at {told}"


def _costs(cost: Cost, labels: Vector, decided: NDArray[np.bool_]) -> Vector:
    alarm = cost.false_positive * (decided & (labels == 0))
    return np.asarray(alarm + cost.false_negative * (~decided & (labels == 1)))


def _by_metric(metric: str, labels: Vector, scores: Vector) -> tuple[float, str]:
    edges, true_positives, false_positives = _counts(labels, scores)
    values = _METRICS[metric](
        true_positives, false_positives, labels.sum(), len(labels) - labels.sum()
    )
    best = int(np.argmax(values))
    return float(edges[best]), f"highest {metric} on rows not trained on ({values[best]:.3f})"


def _counts(labels: Vector, scores: Vector) -> tuple[Vector, Vector, Vector]:
    """Count the hits and false alarms of every threshold that makes a difference.

    Thresholds lie half way between neighbouring scores.
    """
    order = np.argsort(-scores, kind="stable")
    falling, hit = scores[order], labels[order]
    last = np.flatnonzero(np.append(np.diff(falling) != 0, True))
    below = np.append(falling[last[1:]], 0.0) if len(last) > 1 else np.zeros(1)
    edges = (falling[last] + below) / 2
    hits = np.cumsum(hit)[last]
    return edges, hits, last + 1 - hits


_METRICS: dict[str, Callable[[Vector, Vector, float, float], Vector]] = {
    "f1": lambda tp, fp, yes, no: 2 * tp / np.maximum(yes + tp + fp, 1),
    "accuracy": lambda tp, fp, yes, no: (tp + no - fp) / (yes + no),
    "balanced_accuracy": lambda tp, fp, yes, no: (tp / max(yes, 1) + (no - fp) / max(no, 1)) / 2,
    "youden": lambda tp, fp, yes, no: tp / max(yes, 1) - fp / max(no, 1),
}
