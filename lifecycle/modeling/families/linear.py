"""Logistic, multinomial and ridge regression."""

import json
import warnings
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from lifecycle.features.fitting import View
from lifecycle.modeling.declaration import FamilyName
from lifecycle.modeling.families.family import (
    Fit,
    Matrix,
    OutOfTime,
    Params,
    Question,
    Sample,
    Vector,
)
from lifecycle.modeling.losses import SMALLEST
from lifecycle.ports import Trial
from lifecycle.task import Task

STEPS, STEPS_BETWEEN_CHECKS = 300, 50
"""Each stretch learns the curvature anew: stretches of 20 steps took twice as long in all."""


@dataclass(frozen=True)
class LinearModel:
    """Weights and an intercept: one column of weights, or one for each of several classes."""

    kind: ClassVar[str] = "linear"
    task: Task
    weights: NDArray[np.float32]
    intercept: Vector

    def predict(self, X: Matrix) -> Vector:
        """Score rows: P(second class) ``(rows,)``, ``(rows, classes)``, or values."""
        score = (X @ self.weights).astype(np.float64) + self.intercept
        if self.task is Task.REGRESSION:
            return np.asarray(score[:, 0])
        if self.task is Task.BINARY:
            share = 1 / (1 + np.exp(-np.clip(score[:, 0], -80, 80)))
            return np.clip(share, SMALLEST, 1 - SMALLEST)
        share = np.exp(score - score.max(axis=1, keepdims=True)) + SMALLEST
        return np.asarray(share / share.sum(axis=1, keepdims=True))

    def dump(self) -> bytes:
        """Write the model down; the same model gives the same bytes."""
        content = {
            "task": self.task,
            "weights": self.weights.astype(float).tolist(),
            "intercept": self.intercept.tolist(),
        }
        return json.dumps(content).encode()

    @classmethod
    def load(cls, content: bytes) -> Self:
        """Read what `dump` wrote."""
        read = json.loads(content)
        intercept = np.array(read["intercept"], dtype=np.float64)
        weights = np.array(read["weights"], dtype=np.float32).reshape(-1, len(intercept))
        return cls(Task(read["task"]), weights, intercept)


class Linear:
    """Linear models with a quadratic penalty, the yardstick of every search."""

    name: ClassVar[FamilyName] = "linear"
    view: ClassVar[View] = "linear"

    def starts(self, question: Question, rows: int, columns: int) -> tuple[Params, ...]:
        """Give the usual penalty, then a stronger one."""
        return ({"penalty": 1.0}, {"penalty": 30.0})

    def suggest(self, trial: Trial, question: Question, rows: int) -> Params:
        """Let the trial choose a configuration."""
        return {"penalty": trial.suggest_float("penalty", 1e-2, 1e4, log=True)}

    def fit(
        self,
        params: Params,
        question: Question,
        train: Sample,
        validation: Sample | None = None,
        rounds: int | None = None,
    ) -> Fit:
        """Fit on the training rows; see `Family.fit`."""
        penalty = float(params["penalty"])
        if question.task is Task.REGRESSION:
            if validation is not None:
                question.check()
            model, is_whole = _ridge(penalty, question, train), True
        else:
            keep = validation is None
            model, is_whole = _logistic(penalty, question, train, keep=keep)
        answer = None
        if validation is not None:
            asked = validation.X
            answer = lambda rounds: model.predict(asked)  # noqa: E731
        return Fit(model, None, answer, is_whole=is_whole)


def _ridge(penalty: float, question: Question, train: Sample) -> LinearModel:
    """Solve the normal equations; their matrix is computed once for all penalties."""
    gram, moment, means, label = train.prepare("gram", lambda: _normal_equations(train))
    system = gram + penalty * np.eye(len(gram))
    from scipy import linalg

    weights = linalg.solve(system, moment, assume_a="pos").astype(np.float32)
    intercept = np.array([label - float(means @ weights)])
    return LinearModel(question.task, weights[:, None], intercept)


def _normal_equations(train: Sample) -> tuple[Vector, Vector, Vector, float]:
    X = train.X.astype(np.float64)
    means, label = X.mean(axis=0), float(train.y.mean())
    centred = X - means
    return centred.T @ centred, centred.T @ (train.y - label), means, label


def _logistic(
    penalty: float, question: Question, train: Sample, *, keep: bool
) -> tuple[LinearModel, bool]:
    """Fit in short runs, each going on from the last, so that it can be stopped between."""
    present = np.unique(train.y).astype(np.int64)
    if len(present) < 2:
        return _constant(question, train), True
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    solver = LogisticRegression(
        C=1 / penalty, max_iter=STEPS_BETWEEN_CHECKS, warm_start=True, tol=1e-4
    )
    steps, is_whole = 0, True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        while steps < STEPS:
            solver.fit(train.X, train.y)
            steps += STEPS_BETWEEN_CHECKS
            if solver.n_iter_.max() < STEPS_BETWEEN_CHECKS:
                break
            try:
                question.check()
            except OutOfTime:
                if not keep:
                    raise
                is_whole = False
                break
    weights, intercept = solver.coef_.T.astype(np.float32), solver.intercept_.astype(np.float64)
    if question.task is Task.BINARY:
        return LinearModel(question.task, weights, intercept), is_whole
    return _widen(question, present, weights, intercept), is_whole


def _widen(
    question: Question, present: NDArray[np.int64], weights: NDArray[np.float32], intercept: Vector
) -> LinearModel:
    """Give classes without any training row a weight of none and next to no probability."""
    if len(present) == 2:  # scikit-learn fits one column of weights for two classes
        weights = np.concatenate([-weights / 2, weights / 2], axis=1)
        intercept = np.concatenate([-intercept / 2, intercept / 2])
    every = np.zeros((len(weights), question.classes), dtype=np.float32)
    every[:, present] = weights
    start = np.full(question.classes, intercept.min() - 10.0)
    start[present] = intercept
    return LinearModel(question.task, every, start)


def _constant(question: Question, train: Sample) -> LinearModel:
    counts = np.bincount(train.y.astype(np.int64), minlength=question.classes) + 0.5
    odds = np.log(counts / counts.sum())
    intercept = odds[1:] - odds[:1] if question.task is Task.BINARY else odds
    weights = np.zeros((train.X.shape[1], len(intercept)), dtype=np.float32)
    return LinearModel(question.task, weights, intercept)
