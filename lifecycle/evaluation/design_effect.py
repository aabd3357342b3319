"""How much rows hang together in what a predictor gets wrong on the whole."""

import numpy as np

from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.resampling import Units
from lifecycle.task import Task


def residual_effect(answers: Answers, units: Units) -> float | None:
    """How many rows tell as much about the mean residual as one that stands for itself [1]_.

    The variance of the mean of truth less expectation between the pieces, over what as many
    single rows would have. One is ideal, and what single rows have; `None` where there are too
    few pieces, or no residual at all. Of several classes it is the largest.

    References
    ----------
    .. [1] L. Kish, Survey Sampling, Wiley (1965): the design effect.

    Examples
    --------
    >>> truth = np.repeat([0.0, 1.0], 50)
    >>> days = Units("day", np.repeat(np.arange(10), 10), 10)
    >>> told = Answers(Task.REGRESSION, (), truth, np.full(100, 0.5), np.full(100, 0.5))
    >>> round(residual_effect(told, days), 1)
    11.1
    >>> residual_effect(told, Units("row", np.arange(100), 100))
    1.0
    """
    if len(answers) < 2 or units.count < 2:
        return None
    if units.are_rows:
        return 1.0
    if answers.task is Task.REGRESSION:
        residuals = (answers.truth - answers.scores)[:, None]
    else:
        residuals = np.eye(len(answers.classes))[answers.truth] - answers.probabilities()
    centred = residuals - residuals.mean(axis=0)
    between = [np.bincount(units.codes, weights=each, minlength=units.count) for each in centred.T]
    single = (centred**2).sum(axis=0)
    pieces = units.count / (units.count - 1)
    known = [
        float((added**2).sum() * pieces / alone)
        for added, alone in zip(between, single, strict=True)
        if alone > 0
    ]
    return max(1.0, *known) if known else None
