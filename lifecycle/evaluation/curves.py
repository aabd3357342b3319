"""The points behind the pictures: at most 200 a curve, whatever the number of rows."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.calibration import expected_calibration_error
from lifecycle.evaluation.evidence import Confusion, Curve
from lifecycle.task import Task

_MOST_POINTS = 200
_MOST_CLASSES = 10
_RESIDUAL_BINS, _PREDICTION_BINS = 40, 20
Numbers = NDArray[np.float64]


def draw_curves(answers: Answers) -> tuple[Curve, ...]:
    """Draw what the task has: see `Curve` for their axes."""
    if answers.task is Task.REGRESSION:
        return _residuals(answers), _predicted(answers)
    curves = []
    for index in _shown_classes(answers):
        is_hit = answers.truth == index
        if 0 < is_hit.sum() < len(answers):
            scores = answers.probabilities()[:, index]
            label = "" if answers.task is Task.BINARY else answers.classes[index]
            curves += _ranking(is_hit, scores, label)
    return (*curves, _calibration(answers))


def count_decisions(answers: Answers) -> Confusion | None:
    """Count rows by true and decided class."""
    if answers.task is Task.REGRESSION:
        return None
    counts = confusion_matrix(answers.truth, answers.decisions, labels=range(len(answers.classes)))
    rows = tuple(tuple(int(count) for count in row) for row in counts)
    return Confusion(classes=answers.classes, counts=rows)


def _shown_classes(answers: Answers) -> list[int]:
    if answers.task is Task.BINARY:
        return [1]
    rows = np.bincount(answers.truth, minlength=len(answers.classes))
    return sorted(int(index) for index in np.argsort(-rows, kind="stable")[:_MOST_CLASSES])


def _ranking(is_hit: NDArray[np.bool_], scores: Numbers, label: str) -> list[Curve]:
    false_rate, true_rate, _ = roc_curve(is_hit, scores)
    precision, recall, _ = precision_recall_curve(is_hit, scores)
    return [
        _curve("roc", label, *thin(false_rate, true_rate)),
        _curve("precision_recall", label, *thin(recall[::-1], precision[::-1])),
    ]


def thin(x: Numbers, y: Numbers, most: int = _MOST_POINTS) -> tuple[Numbers, Numbers]:
    """Keep points evenly along a curve, both ends among them.

    Examples
    --------
    >>> thin(np.arange(5.0), np.zeros(5), most=3)[0]
    array([0., 2., 4.])
    """
    if len(x) <= most:
        return x, y
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    kept = np.searchsorted(length, np.linspace(0, length[-1], most))
    kept = np.unique(np.concatenate([[0], kept, [len(x) - 1]]).clip(max=len(x) - 1))
    return x[kept], y[kept]


def _calibration(answers: Answers) -> Curve:
    found = expected_calibration_error(answers)
    return _curve("calibration", "", found.scores, found.shares, found.rows.astype(float))


def _residuals(answers: Answers) -> Curve:
    """Bin label minus prediction; the far ends of the outermost 1 % share the last bins."""
    residuals = answers.truth - answers.scores
    low, high = np.quantile(residuals, [0.005, 0.995])
    if low == high:
        low, high = low - 0.5, high + 0.5
    rows, edges = np.histogram(residuals.clip(low, high), _RESIDUAL_BINS, range=(low, high))
    middle = (edges[1:] + edges[:-1]) / 2
    return _curve("residuals", "", middle, rows / len(residuals), rows.astype(float))


def _predicted(answers: Answers) -> Curve:
    """Mean label over mean prediction, in bins of equally many rows."""
    order = np.argsort(answers.scores, kind="stable")
    bins = [each for each in np.array_split(order, _PREDICTION_BINS) if len(each)]
    x, y = (
        np.array([values[each].mean() for each in bins])
        for values in (answers.scores, answers.truth)
    )
    return _curve("predicted", "", x, y, np.array([len(each) for each in bins], dtype=float))


def _curve(name: str, label: str, x: Numbers, y: Numbers, weight: Numbers | None = None) -> Curve:
    return Curve(
        name=name,
        label=label,
        x=tuple(x.tolist()),
        y=tuple(y.tolist()),
        weight=() if weight is None else tuple(weight.tolist()),
    )
