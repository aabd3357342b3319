"""Calibration: makes a score of 0.3 mean that it happens three times in ten."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lifecycle.modeling.losses import SMALLEST, row_losses
from lifecycle.section import Value

Vector = NDArray[np.float64]


FEWEST_ROWS = 1_000
"""With fewer, a correction follows chance: it made sharp models of small tables too sure."""


class Calibration(Value):
    """A correction of log odds: `slope * log odds + shift`, one shift for each class.

    A slope below 1 takes back overconfidence; the shifts move the classes' shares.

    Parameters
    ----------
    kind
        `none` leaves scores as they are; `sigmoid` is for two classes (Platt), `vector` for
        several (vector scaling with one slope).
    """

    kind: Literal["none", "sigmoid", "vector"]
    slope: float = 1.0
    shifts: tuple[float, ...] = ()

    def apply(self, scores: Vector) -> Vector:
        """Correct scores, in the shape they come in.

        Examples
        --------
        >>> Calibration(kind="sigmoid", slope=1.0, shifts=(0.0,)).apply(np.array([0.25]))
        array([0.25])
        """
        if self.kind == "none":
            return scores
        return _correct(np.array([self.slope, *self.shifts]), scores)


def fit_calibration(
    labels: Vector, scores: Vector, check: Callable[[], None] = lambda: None
) -> Calibration:
    """Fit the correction that makes the log loss on these rows smallest.

    The rows must not be ones the scores' model was fitted on.
    """
    several = scores.ndim == 2
    start = np.array([1.0] + [0.0] * (scores.shape[1] if several else 1))

    def objective(state: Vector) -> float:
        check()
        loss = row_losses("log_loss", labels, _correct(state, scores)).mean()
        drawn_back = 1e-4 * ((state[0] - 1) ** 2 + (state[1:] ** 2).sum())
        return float(loss + drawn_back)

    bounds = [(0.05, 5.0)] + [(-5.0, 5.0)] * (len(start) - 1)
    from scipy.optimize import minimize

    found = minimize(objective, start, method="L-BFGS-B", bounds=bounds)
    return Calibration(
        kind="vector" if several else "sigmoid",
        slope=float(found.x[0]),
        shifts=tuple(float(shift) for shift in found.x[1:]),
    )


def choose_calibration(
    labels: Vector,
    scores: Vector,
    folds: Sequence[NDArray[np.int64]],
    check: Callable[[], None] = lambda: None,
) -> Calibration:
    """Give the correction if it helps on rows it was not fitted on, else none.

    It is fitted on all folds but one and judged on that one, for each of them. It has to
    lower the log loss by more than two standard errors: a correction that only follows one
    stretch of time does harm on the next.

    Parameters
    ----------
    folds
        The rows each fold answers for, as places in `labels`.
    check
        Called between steps; what it raises ends the fit.
    """
    none = Calibration(kind="none")
    if len(folds) < 2 or len(labels) < FEWEST_ROWS:
        return none
    gains = []
    for held_out in folds:
        rest = np.setdiff1d(np.concatenate(list(folds)), held_out)
        if len(np.unique(labels[rest])) < 2:
            return none
        corrected = fit_calibration(labels[rest], scores[rest], check).apply(scores[held_out])
        before = row_losses("log_loss", labels[held_out], scores[held_out])
        gains.append(before - row_losses("log_loss", labels[held_out], corrected))
    gain = np.concatenate(gains)
    if gain.mean() <= 2 * gain.std() / np.sqrt(len(gain)):
        return none
    return fit_calibration(labels, scores, check)


def _correct(state: Vector, scores: Vector) -> Vector:
    slope, shifts = state[0], state[1:]
    inside = np.clip(scores, SMALLEST, 1 - SMALLEST)
    if scores.ndim == 1:
        odds = slope * np.log(inside / (1 - inside)) + shifts[0]
        return np.asarray(1 / (1 + np.exp(-np.clip(odds, -80, 80))))
    power = slope * np.log(inside) + shifts
    power = np.exp(power - power.max(axis=1, keepdims=True))
    return np.asarray(power / power.sum(axis=1, keepdims=True))
