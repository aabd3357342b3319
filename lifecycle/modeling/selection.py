"""Which features are left out: those that do not help on rows not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecycle.features.plan import Feature
from lifecycle.modeling.families import FAMILIES
from lifecycle.modeling.families.family import Family, Matrix, Model, Params, Question, Vector
from lifecycle.modeling.losses import row_losses
from lifecycle.modeling.workbench import Tried, Workbench

PROBE: Params = {
    "eta": 0.15,
    "max_depth": 6,
    "min_child_weight": 5.0,
    "subsample": 0.8,
    "colsample": 0.6,
    "reg_lambda": 3.0,
    "reg_alpha": 0.0,
}
"""A quick, careful booster: features are judged by what it makes of them."""

SHUFFLED_CELLS = 250_000
"""Rows times features each fold's importance is taken on."""

CHEAP_CELLS = 2_000_000
"""Up to this many rows times features a linear model has its say on the selection, too."""

TRIFLE = 0.003
"""The share of the loss that fewer features may cost, one standard error included."""


@dataclass(frozen=True)
class Selection:
    """What is kept, and what is left out."""

    kept: tuple[Feature, ...]
    dropped: tuple[str, ...]


def select_features(bench: Workbench, question: Question) -> Selection:
    """Leave out features that do not help, if models are no worse without them.

    Over time, a number that in every fold lies beyond what was seen before it (a year, a
    running number) says no more than how late it is, and is left out. Then a feature goes
    whose shuffling does not worsen a probing model, provided that a model without all of
    them, or without the worse half of them, is no worse.
    """
    beyond = _beyond(bench)
    bench = _without(bench, beyond)
    before = _judge(bench, question)
    useless = _useless(bench, question, before[0])
    for count in (len(useless), len(useless) // 2):
        if not 0 < count < len(bench.plan):
            continue
        fewer = _without(bench, useless[:count])
        after = _judge(fewer, question)
        if all(_is_no_worse(bench, *pair) for pair in zip(before, after, strict=True)):
            return Selection(fewer.plan, (*beyond, *useless[:count]))
    return Selection(bench.plan, tuple(beyond))


def _is_no_worse(bench: Workbench, before: Tried, after: Tried) -> bool:
    """Say whether the mean loss of rows is shown not to grow by more than a trifle.

    Not shown to grow is not enough: on few rows nothing is ever shown, and useful features
    would go.
    """
    answered = np.unique(np.concatenate([asked for _, asked in bench.folds.pairs]))
    metric, labels = bench.question.metric, bench.labels[answered]
    losses = row_losses(metric, labels, before.scores[answered])
    growth = row_losses(metric, labels, after.scores[answered]) - losses
    most = growth.mean() + growth.std() / np.sqrt(len(growth))
    return bool(most <= TRIFLE * losses.mean())


def _without(bench: Workbench, names: Sequence[str]) -> Workbench:
    if not names:
        return bench
    return bench.with_plan([feature for feature in bench.plan if feature.name not in names])


def _beyond(bench: Workbench) -> list[str]:
    """Name the numbers that nearly always lie outside of the range seen before."""
    if bench.folds.kind != "time":
        return []
    found = {feature.name for feature in bench.plan if feature.kind in ("number", "calendar")}
    for fold in range(len(bench.folds)):
        train, asked = bench.samples("trees", fold)
        spans = bench.spans("trees", fold)
        found = {
            name for name in found if _is_outside(train.X[:, spans[name]], asked.X[:, spans[name]])
        }
    names = [feature.name for feature in bench.plan if feature.name in found]
    return names if len(names) < len(bench.plan) else []


def _is_outside(seen: Matrix, asked: Matrix) -> bool:
    seen, asked = seen[~np.isnan(seen)], asked[~np.isnan(asked)]
    if len(seen) == 0 or len(asked) == 0:
        return False
    return float(((asked < seen.min()) | (asked > seen.max())).mean()) > 0.9


def _useless(bench: Workbench, question: Question, probe: Tried) -> list[str]:
    """Name the features whose shuffling does no harm, the most useless first.

    On the mean of the folds it must do none at all, and in no fold clearly some: what helps
    in one stretch of time may help in the next.
    """
    generator = np.random.default_rng(question.seed)
    rows = max(200, SHUFFLED_CELLS // len(bench.plan))
    means, clear = [], []
    for fold, fit in enumerate(probe.fits):
        _, asked = bench.samples("trees", fold)
        chosen = generator.permutation(len(asked.y))[:rows]
        spans = list(bench.spans("trees", fold).values())
        X, y = asked.X[chosen], asked.y[chosen]
        harm, error = _harms(fit.model, question, X, y, spans, generator)
        means.append(harm)
        clear.append(harm > error)
    harm = np.mean(means, axis=0)
    is_useless = (harm <= 0) & ~np.any(clear, axis=0)
    return [
        bench.plan[place].name for place in np.argsort(harm, kind="stable") if is_useless[place]
    ]


def _harms(
    model: Model,
    question: Question,
    X: Matrix,
    y: Vector,
    spans: Sequence[slice],
    generator: np.random.Generator,
) -> tuple[Vector, Vector]:
    """Measure how much the loss of rows grows when each feature is shuffled, and its error."""
    before = row_losses(question.metric, y, model.predict(X))
    harms, errors = np.zeros(len(spans)), np.zeros(len(spans))
    for place, span in enumerate(spans):
        question.check()
        kept = X[:, span].copy()
        X[:, span] = kept[generator.permutation(len(X))]
        growth = row_losses(question.metric, y, model.predict(X)) - before
        harms[place], errors[place] = growth.mean(), growth.std() / np.sqrt(len(y))
        X[:, span] = kept
    return harms, errors


def _judge(bench: Workbench, question: Question) -> list[Tried]:
    judges: list[tuple[Family, Params]] = [(FAMILIES["xgboost"], PROBE)]
    if len(bench.labels) * len(bench.plan) <= CHEAP_CELLS:
        judges.append((FAMILIES["linear"], {"penalty": 1.0}))
    return [bench.try_out(family, params, question) for family, params in judges]
