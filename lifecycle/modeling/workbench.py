"""Where trials are tried: each fold's features are fitted once and serve every trial."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.features.declaration import Features
from lifecycle.features.fitting import FittedFeatures, View, fit_features
from lifecycle.features.plan import Feature
from lifecycle.modeling.families.family import (
    Family,
    Fit,
    OutOfTime,
    Params,
    Question,
    Sample,
    Vector,
)
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
    rounds
        The number of rounds that is best for the mean of the folds, the same for each: one
        chosen for every fold by itself would flatter whatever the folds disagree on.
    scores
        Of every row a fold answered for; NaN for the others.
    """

    losses: tuple[float, ...]
    rounds: int | None
    scores: Vector
    fits: tuple[Fit, ...] = ()

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
    most_rows
        A fold with more rows to fit on is thinned to this many, by chance.
    """

    table: pa.Table
    labels: Vector
    plan: tuple[Feature, ...]
    features: Features
    folds: Folds
    question: Question
    most_rows: int | None = None
    _samples: dict[tuple[View, int], tuple[Sample, Sample]] = field(default_factory=dict)
    _states: dict[tuple[View, int], FittedFeatures] = field(default_factory=dict)

    def with_plan(self, plan: Sequence[Feature]) -> "Workbench":
        """Set up the same rows with other features."""
        return replace(self, plan=tuple(plan), _samples={}, _states={})

    def samples(self, view: View, fold: int) -> tuple[Sample, Sample]:
        """Give the encoded rows of a fold: to fit on and to answer for."""
        if (view, fold) not in self._samples:
            known, asked = self._known(fold), self.folds.pairs[fold][1]
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
        fits = self._fit_folds(family, params, question, after_fold)
        rounds = _common_rounds(fits)
        several = question.task is Task.MULTICLASS
        rows = len(self.labels)
        scores = np.full((rows, question.classes) if several else rows, np.nan)
        losses: list[float] = []
        for fit, (_, asked) in zip(fits, self.folds.pairs, strict=True):
            scores[asked] = _answer(fit, rounds)
            losses.append(_fold_loss(question, self.labels[asked], scores[asked]))
        return Tried(tuple(losses), rounds, scores, tuple(fits))

    def _fit_folds(
        self,
        family: Family,
        params: Params,
        question: Question,
        after_fold: Callable[[int, float], None],
    ) -> list[Fit]:
        """Fit each fold in a thread of its own, as many at a time as there are threads.

        Two fits with one thread each are done sooner than two, one after the other, with two:
        nobody waits for anybody, least of all where other programs use the machine.
        """
        over = Event()

        def check() -> None:
            if over.is_set():
                raise OutOfTime
            question.check()

        def fit(fold: int) -> tuple[Fit, float]:
            alone = replace(question, threads=1, check=check)
            check()
            train, validation = self.samples(family.view, fold)
            fitted = family.fit(params, alone, train, validation)
            return fitted, _fold_loss(alone, validation.y, _answer(fitted, fitted.rounds))

        for fold in range(len(self.folds)):  # the cache of encoded rows is filled by one thread
            question.check()
            self.samples(family.view, fold)
        fits: list[Fit] = []
        losses: list[float] = []
        with ThreadPoolExecutor(question.threads) as pool:
            waiting = [pool.submit(fit, fold) for fold in range(len(self.folds))]
            try:
                for fold, one in enumerate(waiting):
                    fitted, lost = one.result()
                    fits.append(fitted)
                    losses.append(lost)
                    after_fold(fold, float(np.mean(losses)))
            except BaseException:
                over.set()
                pool.shutdown(cancel_futures=True)
                raise
        return fits

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
        rounds: int | None,
    ) -> Fit:
        """Fit a configuration on all rows, with as many rounds as the folds found right.

        More rows bear more rounds: they grow with the square root of the rows.
        """
        if rounds is None:
            return family.fit(params, question, train)
        return family.fit(params, question, train, rounds=max(1, round(rounds * self.growth)))

    def refit_effort(self, tried: Tried) -> float:
        """Estimate how long a fit on all rows takes, as a multiple of the whole trial."""
        effort = len(self.labels) / self.fitted_rows
        if tried.rounds is not None:
            made = float(np.mean([len(fit.curve) for fit in tried.fits]))
            effort *= self.growth * tried.rounds / made
        return 1.1 * effort

    @property
    def fitted_rows(self) -> int:
        """Rows a trial is fitted on, all folds together."""
        limit = self.most_rows or len(self.labels)
        return sum(min(len(known), limit) for known, _ in self.folds.pairs)

    @property
    def growth(self) -> float:
        """By how much the rounds grow from the folds to all rows."""
        return float(np.sqrt(len(self.labels) * len(self.folds) / self.fitted_rows))

    def _known(self, fold: int) -> NDArray[np.int64]:
        known = self.folds.pairs[fold][0]
        if self.most_rows is None or len(known) <= self.most_rows:
            return known
        generator = np.random.default_rng([self.question.seed, fold])
        return np.sort(generator.permutation(known)[: self.most_rows])

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
        return np.asarray((labels - labels.mean()) / (labels.std() or 1.0))[:, None]
    if question.task is Task.BINARY:
        return labels[:, None]
    counts = np.bincount(labels.astype(np.int64), minlength=question.classes)
    frequent = np.sort(np.argsort(-counts, kind="stable")[:ENCODED_CLASSES])
    return np.asarray(labels[:, None] == frequent, dtype=np.float64)


def _common_rounds(fits: Sequence[Fit]) -> int | None:
    """Find the number of rounds with the lowest mean of the folds' curves."""
    if not all(fit.curve for fit in fits):
        return None
    shortest = min(len(fit.curve) for fit in fits)
    return 1 + int(np.argmin(np.mean([fit.curve[:shortest] for fit in fits], axis=0)))


def _answer(fit: Fit, rounds: int | None) -> Vector:
    if fit.answer is None:
        raise ValueError("the fit was given no validation rows to answer for")
    return fit.answer(rounds)


def _fold_loss(question: Question, labels: Vector, scores: Vector) -> float:
    """Give the metric's loss; its stand-in where a fold has one class only."""
    value = loss(question.metric, labels, scores)
    return value if np.isfinite(value) else 0.0
