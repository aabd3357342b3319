"""Where trials are tried: each fold's features are fitted once and serve every trial."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.features.declaration import Features
from lifecycle.features.fitting import FittedFeatures, View, fit_features
from lifecycle.features.plan import Feature
from lifecycle.modeling.families.family import Family, Fit, Params, Question, Sample, Vector
from lifecycle.modeling.folds import Folds
from lifecycle.modeling.losses import loss
from lifecycle.task import Task

ENCODED_CLASSES = 8
"""Target encoding has one column for each class, for this many of the most frequent."""


@dataclass(frozen=True)
class Tried:
    """What became of one configuration on the folds.

    Parameters
    ----------
    scores
        Of every row a fold answered for; NaN for the others.
    """

    losses: tuple[float, ...]
    rounds: tuple[int, ...]
    scores: Vector

    @property
    def loss(self) -> float:
        """Mean loss over the folds."""
        return float(np.mean(self.losses))


@dataclass
class Workbench:
    """Training rows with their folds, and what was fitted of them so far.

    Parameters
    ----------
    table
        Its strings are best dictionary-encoded already (`encode_categories`).
    labels
        Class indices, or values, shape ``(rows,)``.
    """

    table: pa.Table
    labels: Vector
    plan: tuple[Feature, ...]
    features: Features
    folds: Folds
    question: Question
    _samples: dict[tuple[View, int], tuple[Sample, Sample]] = field(default_factory=dict)
    _states: dict[tuple[View, int], FittedFeatures] = field(default_factory=dict)

    def with_plan(self, plan: Sequence[Feature]) -> "Workbench":
        """Set up the same rows with other features."""
        return replace(self, plan=tuple(plan), _samples={}, _states={})

    def samples(self, view: View, fold: int) -> tuple[Sample, Sample]:
        """Give the encoded rows of a fold: to fit on and to answer for."""
        if (view, fold) not in self._samples:
            known, asked = self.folds.pairs[fold]
            state, X = self._fit(self.table.take(pa.array(known)), self.labels[known], view)
            self._states[view, fold] = state
            valid = state.transform(self.table.take(pa.array(asked)))
            self._samples[view, fold] = (
                Sample(X, self.labels[known]),
                Sample(valid, self.labels[asked]),
            )
        return self._samples[view, fold]

    def spans(self, view: View, fold: int) -> dict[str, slice]:
        """Give the columns of a fold's matrix each feature makes up."""
        self.samples(view, fold)
        return self._states[view, fold].spans

    def try_out(
        self,
        family: Family,
        params: Params,
        question: Question,
        after_fold: Callable[[int, float], None] = lambda fold, mean: None,
    ) -> Tried:
        """Fit a configuration on every fold and answer for the rows left out.

        Parameters
        ----------
        after_fold
            Told the number of each fold that is done and the mean loss so far; may raise to
            end the trial.
        """
        losses: list[float] = []
        rounds: list[int] = []
        shape = (len(self.labels), question.classes)
        several = question.task is Task.MULTICLASS
        scores = np.full(shape if several else shape[0], np.nan)
        for fold, (_, asked) in enumerate(self.folds.pairs):
            question.check()
            train, validation = self.samples(family.view, fold)
            fit = family.fit(params, question, train, validation)
            scores[asked] = fit.validation
            losses.append(_fold_loss(question, validation.y, scores[asked]))
            if fit.rounds is not None:
                rounds.append(fit.rounds)
            after_fold(fold, float(np.mean(losses)))
        return Tried(tuple(losses), tuple(rounds), scores)

    def fit_whole(self, view: View) -> tuple[FittedFeatures, Sample]:
        """Fit the features on all rows."""
        state, X = self._fit(self.table, self.labels, view)
        return state, Sample(X, self.labels)

    def refit(
        self,
        family: Family,
        params: Params,
        question: Question,
        train: Sample,
        rounds: Sequence[int],
    ) -> Fit:
        """Fit a configuration on all rows, with as many rounds as the folds found right.

        More rows bear more rounds: the mean over the folds grows with the square root of
        the rows.
        """
        if not rounds:
            return family.fit(params, question, train)
        fitted = np.mean([len(known) for known, _ in self.folds.pairs])
        growth = np.sqrt(len(self.labels) / fitted)
        return family.fit(params, question, train, rounds=max(1, round(np.mean(rounds) * growth)))

    def _fit(
        self, table: pa.Table, labels: Vector, view: View
    ) -> tuple[FittedFeatures, NDArray[np.float32]]:
        return fit_features(
            table,
            target_columns(self.question, labels),
            self.plan,
            view=view,
            features=self.features,
            seed=self.question.seed,
        )


def target_columns(question: Question, labels: Vector) -> Vector:
    """Give what target encoding averages, shape ``(rows, width)``."""
    if question.task is Task.REGRESSION:
        return ((labels - labels.mean()) / (labels.std() or 1.0))[:, None]
    if question.task is Task.BINARY:
        return labels[:, None]
    counts = np.bincount(labels.astype(np.int64), minlength=question.classes)
    frequent = np.sort(np.argsort(-counts, kind="stable")[:ENCODED_CLASSES])
    return (labels[:, None] == frequent).astype(np.float64)


def _fold_loss(question: Question, labels: Vector, scores: Vector) -> float:
    """Give the metric's loss; its stand-in where a fold has one class only."""
    value = loss(question.metric, labels, scores)
    return value if np.isfinite(value) else 0.0
