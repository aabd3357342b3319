"""Whether what came is on the whole what was expected: calibration in the large, residuals."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.bootstrap import measure, resample
from lifecycle.evaluation.evidence import Evaluation, Measure
from lifecycle.evaluation.resampling import Units
from lifecycle.monitoring.evidence import InTheLarge, Residuals
from lifecycle.monitoring.performance.spread import design_effect, mean_interval, widen
from lifecycle.task import Task

Numbers = NDArray[np.float64]


def compare_in_the_large(
    answers: Answers, units: Units, evaluation: Evaluation, *, label: str, confidence: float
) -> tuple[InTheLarge, ...]:
    """Hold the mean of what came against the mean of what was expected [1]_.

    A gap of zero is ideal; above zero more came than was expected. Of several classes each is
    told, with intervals that hold for all of them together (Bonferroni). The spread allows
    for rows that hang together, in this window and as far as the test rows show it.

    References
    ----------
    .. [1] D. R. Cox, Two further applications of a model for binary regression, Biometrika 45
       (1958); E. Steyerberg, Clinical Prediction Models, Springer (2019), on calibration in
       the large.
    """
    if not len(answers):
        return ()
    effect = design_effect(evaluation)
    columns = _columns(answers, label)
    each = 1 - (1 - confidence) / len(columns)
    scale = _deviation_of_labels(answers, evaluation)
    told = []
    for name, (truth, expected) in columns.items():
        chance = float((expected * (1 - expected)).mean()) if answers.task.is_classification else 0
        ends = mean_interval(
            truth - expected, units, least_variance=chance, effect=effect, confidence=each
        )
        told.append(
            InTheLarge(
                name=name,
                expected=float(expected.mean()),
                truth=float(truth.mean()),
                gap=float((truth - expected).mean()),
                low=None if ends is None else ends[0],
                high=None if ends is None else ends[1],
                scale=scale,
                rows=len(answers),
            )
        )
    return tuple(told)


def _columns(answers: Answers, label: str) -> dict[str, tuple[Numbers, Numbers]]:
    """Give truth and expectation of each class, or of the label."""
    if answers.task is Task.REGRESSION:
        return {label: (answers.truth.astype(np.float64), answers.scores)}
    shares = answers.probabilities()
    told = (1,) if answers.task is Task.BINARY else range(len(answers.classes))
    return {
        answers.classes[index]: ((answers.truth == index).astype(np.float64), shares[:, index])
        for index in told
    }


def _deviation_of_labels(answers: Answers, evaluation: Evaluation) -> float:
    """Give what a gap is measured in: in regression the deviation of the test rows' labels."""
    if answers.task.is_classification:
        return 1.0
    error, explained = evaluation.measure("rmse"), evaluation.measure("r2")
    if error is not None and explained is not None and explained.value < 1:
        return float(error.value / sqrt(1 - explained.value)) or 1.0
    return float(answers.truth.std()) or 1.0


def tell_residuals(
    answers: Answers, units: Units, evaluation: Evaluation, *, confidence: float, seed: int
) -> Residuals | None:
    """Tell mean and deviation of the labels less the predictions, now and before (regression)."""
    if answers.task is not Task.REGRESSION or not len(answers):
        return None
    mean = float((answers.truth - answers.scores).mean())
    centred = Answers(
        answers.task, (), answers.truth, answers.scores + mean, answers.decisions + mean
    )
    samples = resample({("", "rmse"): centred}, units, resamples=500, seed=seed)
    told = measure("rmse", centred, samples.get(("", "rmse")), confidence=confidence)
    own, before = evaluation.measure("rmse"), _mean_before(evaluation)
    return Residuals(
        mean=mean,
        mean_before=before,
        deviation=widen(told, own, pieces=units.count),
        before=_centre(own, before),
    )


def _mean_before(evaluation: Evaluation) -> float | None:
    """Read the mean residual of the test rows off the curve of labels over predictions."""
    curve = next((each for each in evaluation.curves if each.name == "predicted"), None)
    if curve is None or not sum(curve.weight):
        return None
    return float(np.average(np.subtract(curve.y, curve.x), weights=curve.weight))


def _centre(own: Measure | None, mean: float | None) -> Measure | None:
    """Take the mean residual out of the RMSE of the test rows."""
    if own is None or mean is None or own.value <= 0:
        return own
    ratio = sqrt(max(1 - (mean / own.value) ** 2, 0.0))
    return own.model_copy(
        update={
            "value": own.value * ratio,
            "low": None if own.low is None else own.low * ratio,
            "high": None if own.high is None else own.high * ratio,
            "quantiles": tuple(each * ratio for each in own.quantiles),
        }
    )
