"""A weighted average of several models, where it clearly beats the best of them."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from lifecycle.modeling.declaration import Metric
from lifecycle.modeling.losses import loss, row_losses

Vector = NDArray[np.float64]
Name = TypeVar("Name", bound=str)

EVENNESS = 0.01
"""How strongly weights are drawn together: models that differ by less than this share of the
loss are told apart by noise, and averaged evenly."""

SMALLEST_WEIGHT = 0.08
"""A member that weighs less is not worth the time it takes to answer."""

WEIGHED_ROWS = 50_000
"""Weights are found on this many rows at most: a few numbers need no more."""


def blend(scores: Mapping[Name, Vector], weights: Mapping[Name, float]) -> Vector:
    """Average scores by weights that add up to one.

    Examples
    --------
    >>> blend({"a": np.array([0.2]), "b": np.array([0.4])}, {"a": 0.5, "b": 0.5}).round(3)
    array([0.3])
    """
    return np.asarray(sum(weight * scores[name] for name, weight in weights.items()))


def choose_weights(
    metric: Metric,
    labels: Vector,
    scores: Mapping[Name, Vector],
    best: Name,
    *,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> dict[Name, float]:
    """Weigh the models against one another, or give the best one all the weight.

    The average has to lower the mean loss of rows by more than a standard error, and must not
    worsen the metric itself: one model alone is faster and easier to explain.

    Parameters
    ----------
    scores
        Of rows none of the models was fitted on.
    best
        The model that wins alone.
    check
        Called between steps; what it raises ends the search for weights.
    """
    alone = {best: 1.0}
    rows = np.arange(len(labels))
    if len(rows) > WEIGHED_ROWS:
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:WEIGHED_ROWS])
    some = {name: score[rows] for name, score in scores.items()}
    weights = _lightest(metric, labels[rows], some, check)
    if len(weights) < 2:
        return alone
    mixed = blend(scores, weights)
    gain = row_losses(metric, labels, scores[best]) - row_losses(metric, labels, mixed)
    clearly = gain.mean() > gain.std() / np.sqrt(len(gain))
    no_worse = loss(metric, labels, mixed) <= loss(metric, labels, scores[best])
    return weights if clearly and no_worse else alone


def _lightest(
    metric: Metric, labels: Vector, scores: Mapping[Name, Vector], check: Callable[[], None]
) -> dict[Name, float]:
    """Find the weights with the smallest mean loss, without the members that hardly weigh."""
    names = list(scores)
    while len(names) > 1:
        found = _minimise(metric, labels, [scores[name] for name in names], check)
        if found.min() >= SMALLEST_WEIGHT:
            rounded = np.round(found, 3)
            rounded[int(rounded.argmax())] += 1 - rounded.sum()
            return dict(zip(names, rounded.tolist(), strict=True))
        names.pop(int(found.argmin()))
    return {names[0]: 1.0}


def _minimise(
    metric: Metric, labels: Vector, scores: list[Vector], check: Callable[[], None]
) -> Vector:
    count = len(scores)
    scale = max(float(row_losses(metric, labels, scores[0]).mean()), 1e-12)

    def objective(weights: Vector) -> float:
        check()
        mixed = sum(weight * score for weight, score in zip(weights, scores, strict=True))
        relative = float(row_losses(metric, labels, np.asarray(mixed)).mean()) / scale
        return relative + EVENNESS * float(((weights - 1 / count) ** 2).sum())

    found = minimize(
        objective,
        np.full(count, 1 / count),
        method="SLSQP",
        bounds=[(0, 1)] * count,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
    )
    weights = np.clip(found.x, 0, 1)
    return np.asarray(weights / weights.sum())
