"""Gradient-boosted trees by XGBoost, stopped early on the validation rows."""

from functools import partial
from typing import ClassVar

import numpy as np
import xgboost as xgb
from xgboost.callback import EarlyStopping, TrainingCallback

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

MOST_ROUNDS = 3000

MANY_ROWS = 20_000
"""From here on a leaf of a deep tree can still hold many rows."""

PATIENCE = 4.0
"""Rounds without gain, times the learning rate, after which boosting stops."""


class _Watch(TrainingCallback):  # type: ignore[misc]
    """Asks after each round whether to go on; keeps the rounds so far where that is wanted."""

    def __init__(self, question: Question, *, keep: bool) -> None:
        self.question, self.keep, self.is_cut = question, keep, False

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: dict) -> bool:  # type: ignore[type-arg]
        """Say whether training must end."""
        try:
            self.question.check()
        except OutOfTime:
            if not self.keep:
                raise
            self.is_cut = True
        return self.is_cut


class XGBoost:
    """Gradient-boosted trees; the number of rounds is found by early stopping."""

    name: ClassVar[FamilyName] = "xgboost"
    view: ClassVar[View] = "trees"

    def starts(self, question: Question, rows: int, columns: int) -> tuple[Params, ...]:
        """Give XGBoost's own defaults, then slower, more cautious learners.

        The second is what the number of rows suggests, in round figures from the middle of
        each range: many rows bear deep trees, as long as each leaf holds many of them; few
        rows bear shallow ones. Both learn slowly from a part of the rows and columns, which
        makes trees differ and their sum steadier.
        """
        return (
            _params(0.3, 6, 1.0, 1.0, 1.0, 1.0, 0.0),
            _params(0.05, 8, 50.0, 0.7, 0.4, 10.0, 0.0)
            if rows > MANY_ROWS
            else _params(0.05, 3, 3.0, 0.7, 0.5, 5.0, 0.0),
            _params(0.08, 6, 10.0, 0.8, 0.6, 5.0, 0.0),
            _params(0.1, 3, 5.0, 0.8, 0.7, 3.0, 0.0),
        )

    def suggest(self, trial: Trial, question: Question, rows: int) -> Params:
        """Let the trial choose a configuration."""
        return _params(
            trial.suggest_float("eta", 0.02, 0.3, log=True),
            trial.suggest_int("max_depth", 2, 11),
            trial.suggest_float("min_child_weight", 0.5, 200.0, log=True),
            trial.suggest_float("subsample", 0.5, 1.0),
            trial.suggest_float("colsample", 0.2, 1.0),
            trial.suggest_float("reg_lambda", 0.1, 100.0, log=True),
            trial.suggest_float("reg_alpha", 0.0, 5.0),
        )

    def fit(
        self,
        params: Params,
        question: Question,
        train: Sample,
        validation: Sample | None = None,
        rounds: int | None = None,
    ) -> Fit:
        """Fit on the training rows; see `Family.fit`."""
        centre, spread = label_scale(train, question)
        watch = _Watch(question, keep=validation is None)
        callbacks: list[TrainingCallback] = [watch]
        evals: list[tuple[xgb.DMatrix, str]] = []
        if validation is not None:
            evals = [(binned(validation, question, train), "validation")]
            patience = int(np.clip(PATIENCE / float(params["eta"]), 15, 100))
            callbacks.append(EarlyStopping(rounds=patience))
        history: dict[str, dict[str, list[float]]] = {}
        booster = xgb.train(
            _settings(params, question, train.y),
            binned(train, question),
            num_boost_round=rounds or MOST_ROUNDS,
            evals=evals,
            evals_result=history,
            callbacks=callbacks,
            verbose_eval=False,
        )
        model = TreeModel(booster, question.task, link=True, offset=centre, scale=spread)
        if validation is None:
            return Fit(model, booster.num_boosted_rounds(), is_whole=not watch.is_cut)
        (curve,) = history["validation"].values()
        answer = partial(model.predict_binned, evals[0][0])
        return Fit(model, booster.best_iteration + 1, answer, tuple(curve))


def _params(
    eta: float,
    max_depth: int,
    min_child_weight: float,
    subsample: float,
    colsample: float,
    reg_lambda: float,
    reg_alpha: float,
) -> Params:
    return {
        "eta": eta,
        "max_depth": max_depth,
        "min_child_weight": min_child_weight,
        "subsample": subsample,
        "colsample": colsample,
        "reg_lambda": reg_lambda,
        "reg_alpha": reg_alpha,
    }


def _settings(params: Params, question: Question, labels: Vector) -> dict[str, object]:
    settings: dict[str, object] = dict(params)
    settings["colsample_bynode"] = settings.pop("colsample")
    settings |= {"max_bin": BINS, "seed": question.seed, "nthread": question.threads}
    if question.task is Task.BINARY:
        share = float(np.clip(labels.mean(), 1e-6, 1 - 1e-6))
        return settings | {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "base_score": share,
        }
    if question.task is Task.MULTICLASS:
        return settings | {
            "objective": "multi:softprob",
            "eval_metric": "mlogloss",
            "num_class": question.classes,
        }
    absolute = question.metric == "mae"
    return settings | {
        "objective": "reg:absoluteerror" if absolute else "reg:squarederror",
        "eval_metric": "mae" if absolute else "rmse",
        "base_score": 0.0,
    }
