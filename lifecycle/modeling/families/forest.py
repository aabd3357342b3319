"""A random forest grown by XGBoost: every tree fits the labels themselves.

Boosting sums trees that each correct the sum so far. Here the gradient handed to XGBoost is
always that of a sum of zero, under squared error, so each tree predicts the mean label of its
leaf; a learning rate of one over the number of rounds makes their sum the mean. The result is
a random forest that needs no other library, stores as a booster does, and can be stopped
after each round.
"""

from typing import ClassVar

import numpy as np
import xgboost as xgb

from lifecycle.features.fitting import View
from lifecycle.modeling.declaration import FamilyName
from lifecycle.modeling.families.family import (
    Fit,
    OutOfTime,
    Params,
    Question,
    Sample,
    Vector,
)
from lifecycle.modeling.families.trees import BINS, TreeModel, binned, label_scale
from lifecycle.ports import Trial
from lifecycle.task import Task

TREES_A_ROUND = 8

MANY_ROWS = 50_000
"""From here on each tree is dear, and learns enough from a part of the rows."""


class Forest:
    """A random forest; one round is a handful of trees."""

    name: ClassVar[FamilyName] = "forest"
    view: ClassVar[View] = "trees"

    def starts(self, question: Question, rows: int, columns: int) -> tuple[Params, ...]:
        """Give the defaults: fewer, smaller trees where many rows make each of them dear."""
        is_large = rows > MANY_ROWS
        return (
            {
                "rounds": 6 if is_large else 16,
                "max_depth": 12 if is_large else 16,
                "leaf": 20.0 if is_large else 2.0,
                "subsample": 0.3 if is_large else 0.63,
                "colsample": 0.4,
            },
        )

    def suggest(self, trial: Trial, question: Question, rows: int) -> Params:
        """Let the trial choose a configuration."""
        is_large = rows > MANY_ROWS
        return {
            "rounds": 6 if is_large else 16,
            "max_depth": trial.suggest_int("max_depth", 5, 16),
            "leaf": trial.suggest_float("leaf", 1.0, 100.0, log=True),
            "subsample": trial.suggest_float("subsample", 0.2, 0.7),
            "colsample": trial.suggest_float("colsample", 0.15, 0.8),
        }

    def fit(
        self,
        params: Params,
        question: Question,
        train: Sample,
        validation: Sample | None = None,
        rounds: int | None = None,
    ) -> Fit:
        """Fit on the training rows; see `Family.fit`."""
        planned = int(params["rounds"])
        data = binned(train, question)
        centre, spread = label_scale(train, question)
        gradient = _gradient(question, train)
        booster = xgb.Booster(_settings(params, question, planned), [data])
        done = 0
        try:
            while done < planned:
                booster.boost(data, done, grad=gradient, hess=np.ones_like(gradient))
                done += 1
                question.check()
        except OutOfTime:
            if validation is not None:
                raise
        scale = spread * planned / done
        model = TreeModel(booster, question.task, link=False, offset=centre, scale=scale)
        answer = None
        if validation is not None:
            asked = binned(validation, question, train)
            answer = lambda rounds: model.predict_binned(asked)  # noqa: E731
        return Fit(model, done, answer, is_whole=done == planned)


def _gradient(question: Question, train: Sample) -> Vector:
    """Give the gradient of half the squared error at a sum of zero: the label, turned round."""
    if question.task is Task.MULTICLASS:
        return -np.asarray(train.y[:, None] == np.arange(question.classes), dtype=np.float64)
    centre, spread = label_scale(train, question)
    return np.asarray((centre - train.y) / spread)


def _settings(params: Params, question: Question, rounds: int) -> dict[str, object]:
    settings: dict[str, object] = {
        "max_depth": params["max_depth"],
        "min_child_weight": params["leaf"],
        "subsample": params["subsample"],
        "colsample_bynode": params["colsample"],
        "eta": 1 / rounds,
        "reg_lambda": 0.5,
        "num_parallel_tree": TREES_A_ROUND,
        "max_bin": BINS,
        "seed": question.seed,
        "nthread": question.threads,
    }
    if question.task is Task.MULTICLASS:
        several = {"objective": "multi:softprob", "num_class": question.classes, "base_score": 0.0}
        return settings | several
    return settings | {"objective": "reg:squarederror", "base_score": 0.0}
