"""Trials a minute of our search against plain Optuna loops around XGBClassifier.

All try configurations of boosted trees on the same folds of the same rows, with two threads.
The naive loop fits a scikit-learn ColumnTransformer and an XGBClassifier in every trial and
fold and lets Optuna choose the number of trees; the careful one stops early instead. Ours is
what the search does: features fitted and cut into bins once per fold, at most 60,000 rows a
fold, early stopping. Prints trials a minute of CPU time and of the clock, the best loss of
each, and the ratios. Pruning is left out on all sides.

    python -m benchmarks.trials_per_minute [rows] [trials]
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import optuna
import pandas as pd
import pyarrow as pa
from sklearn.compose import make_column_transformer
from sklearn.metrics import log_loss
from sklearn.preprocessing import OneHotEncoder, TargetEncoder
from xgboost import XGBClassifier

from lifecycle.data.declaration import Data, Schema
from lifecycle.features.columns import encode_categories
from lifecycle.features.declaration import Features
from lifecycle.features.plan import plan_features
from lifecycle.modeling.families import FAMILIES
from lifecycle.modeling.families.family import Question
from lifecycle.modeling.folds import Folds, make_folds
from lifecycle.modeling.workbench import Workbench
from lifecycle.task import Task

NUMBERS, FEW, MANY = 15, 4, 6
THREADS = 2


def make_rows(rows: int) -> tuple[pa.Table, np.ndarray]:
    """Make a table of 25 columns, and a label that depends on a few of them."""
    generator = np.random.default_rng(0)
    columns: dict[str, object] = {f"n{i}": generator.normal(size=rows) for i in range(NUMBERS)}
    codes = {f"f{i}": generator.integers(0, 4, rows) for i in range(FEW)}
    codes |= {f"m{i}": generator.integers(0, 30 * 3**i, rows) for i in range(MANY)}
    columns |= {name: [f"v{code}" for code in code] for name, code in codes.items()}
    odds = columns["n0"] * (codes["f0"] - 1.5) + np.sin(codes["m1"]) + columns["n1"] - 1
    labels = (generator.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    return pa.table({**columns, "y": np.where(labels == 1, "yes", "no").tolist()}), labels


def configuration(trial: optuna.Trial) -> dict[str, float | int]:
    """Propose the same parameters on both sides."""
    return {
        "eta": trial.suggest_float("eta", 0.05, 0.3, log=True),
        "max_depth": trial.suggest_int("max_depth", 3, 9),
        "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 100.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample": trial.suggest_float("colsample", 0.3, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 30.0, log=True),
        "reg_alpha": trial.suggest_float("reg_alpha", 0.0, 5.0),
    }


def plain(
    frame: pd.DataFrame, labels: np.ndarray, folds: Folds, *, stop_early: bool
) -> Callable[..., float]:
    """Give the objective most people write."""

    def objective(trial: optuna.Trial) -> float:
        params = configuration(trial)
        trees = 3000 if stop_early else trial.suggest_int("n_estimators", 100, 1000)
        losses = []
        for known, asked in folds.pairs:
            columns = make_column_transformer(
                (OneHotEncoder(handle_unknown="ignore", sparse_output=False), FEW_NAMES),
                (TargetEncoder(), MANY_NAMES),
                remainder="passthrough",
            )
            X = columns.fit_transform(frame.iloc[known], labels[known])
            X_asked = columns.transform(frame.iloc[asked])
            model = XGBClassifier(
                n_estimators=trees,
                learning_rate=params["eta"],
                max_depth=params["max_depth"],
                min_child_weight=params["min_child_weight"],
                subsample=params["subsample"],
                colsample_bynode=params["colsample"],
                reg_lambda=params["reg_lambda"],
                reg_alpha=params["reg_alpha"],
                early_stopping_rounds=50 if stop_early else None,
                n_jobs=THREADS,
                random_state=0,
            )
            model.fit(X, labels[known], eval_set=[(X_asked, labels[asked])], verbose=False)
            losses.append(log_loss(labels[asked], model.predict_proba(X_asked)))
        return float(np.mean(losses))

    return objective


def ours(bench: Workbench) -> Callable[..., float]:
    """Give the objective of our search."""
    family = FAMILIES["xgboost"]

    def objective(trial: optuna.Trial) -> float:
        return bench.try_out(family, configuration(trial), bench.question).loss

    return objective


def measure(name: str, objective: Callable[..., float], trials: int) -> tuple[float, float]:
    """Run the trials; give trials a minute of CPU and of the clock."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    cpu, wall = time.process_time(), time.perf_counter()
    study.optimize(objective, n_trials=trials)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(
        f"{name:>7}: {60 * trials / cpu:6.1f} trials a CPU minute, {60 * trials / wall:6.1f} "
        f"a minute, best loss {study.best_value:.4f}"
    )
    return trials / cpu, trials / wall


FEW_NAMES = [f"f{i}" for i in range(FEW)]
MANY_NAMES = [f"m{i}" for i in range(MANY)]


def main(rows: int = 100_000, trials: int = 8) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table, labels = make_rows(rows)
    numbers = {f"n{i}": {"type": "number"} for i in range(NUMBERS)}
    categories = {name: {"type": "category"} for name in (*FEW_NAMES, *MANY_NAMES)}
    schema = Schema.model_validate({**numbers, **categories})
    data = Data.model_validate(
        {"tables": {"t": "t.csv"}, "label": {"column": "y", "task": "binary"}}
    )
    folds = make_folds(table, labels, data, None, folds=3, seed=0)
    question = Question(Task.BINARY, 2, "log_loss", 0, THREADS, lambda: None)
    encoded = encode_categories(table)
    plan = plan_features(encoded, schema, Features())
    bench = Workbench(encoded, labels, plan, Features(), folds, question, most_rows=60_000)
    frame = table.drop_columns(["y"]).to_pandas()
    own = measure("ours", ours(bench), trials)
    for name, stop_early in (("naive", False), ("careful", True)):
        theirs = measure(name, plain(frame, labels, folds, stop_early=stop_early), trials)
        print(f"  ratio: {own[0] / theirs[0]:.2f} by CPU, {own[1] / theirs[1]:.2f} by the clock")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
