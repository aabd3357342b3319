"""Trials a minute of our search against the Optuna loop around XGBClassifier most people write.

Both try the same configurations of boosted trees, with two threads, on the same folds of the same
rows: the first of the flights project. The naive loop fits a ColumnTransformer and an XGBClassifier
anew in every trial and fold, and lets Optuna choose between 100 and 1000 trees. Ours is what the
search does: features fitted and cut into bins once per fold, early stopping. The two take turns, so
that a busy machine slows both. Pruning and the smaller sample of rows, which would favour ours, are
left out. The lowest loss tells whether the faster trials are worth as much.

    python -m benchmarks.trials_per_minute [rows] [trials]
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pyarrow as pa
from sklearn.compose import make_column_transformer
from sklearn.metrics import log_loss
from sklearn.preprocessing import OneHotEncoder, TargetEncoder
from xgboost import XGBClassifier

from adapters.declaration import load
from adapters.warehouse import gather
from lifecycle.data.conform import conform, resolve
from lifecycle.data.declaration import Data, Schema
from lifecycle.features.declaration import Features
from lifecycle.modeling.declaration import Search
from lifecycle.modeling.families import FAMILIES
from lifecycle.modeling.folds import Folds
from lifecycle.modeling.preparation import prepare

THREADS = 2
FEW_VALUES = 10

Objective = Callable[[optuna.Trial], float]


def first_flights(rows: int) -> tuple[pa.Table, Data, Schema]:
    loaded = load("flights", root=Path(__file__).resolve().parent.parent)
    project = loaded.project
    raw, _ = gather(project.data, project.columns, home=loaded.folder)
    table, _, _ = conform(raw, project.columns, project.data)
    schema = resolve(raw, project.columns, project.data)
    return table.sort_by(str(project.data.time)).slice(0, rows), project.data, schema


def configuration(trial: optuna.Trial) -> dict[str, float | int]:
    """Propose the same parameters on both sides."""
    return {
        "eta": trial.suggest_float("eta", 0.03, 0.3, log=True),
        "max_depth": trial.suggest_int("max_depth", 3, 9),
        "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 100.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample": trial.suggest_float("colsample", 0.3, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 30.0, log=True),
        "reg_alpha": trial.suggest_float("reg_alpha", 0.0, 5.0),
    }


def naive(frame: pd.DataFrame, labels: np.ndarray, folds: Folds) -> Objective:
    """Give the objective most people write."""
    texts = list(frame.select_dtypes(object).columns)
    few = [name for name in texts if frame[name].nunique() <= FEW_VALUES]
    many = [name for name in texts if name not in few]

    def objective(trial: optuna.Trial) -> float:
        params = configuration(trial)
        trees = trial.suggest_int("n_estimators", 100, 1000)
        losses = []
        for known, asked in folds.pairs:
            columns = make_column_transformer(
                (OneHotEncoder(handle_unknown="ignore", sparse_output=False), few),
                (TargetEncoder(), many),
                remainder="passthrough",
            )
            X = columns.fit_transform(frame.iloc[known], labels[known])
            model = XGBClassifier(
                n_estimators=trees,
                learning_rate=params["eta"],
                max_depth=params["max_depth"],
                min_child_weight=params["min_child_weight"],
                subsample=params["subsample"],
                colsample_bynode=params["colsample"],
                reg_lambda=params["reg_lambda"],
                reg_alpha=params["reg_alpha"],
                n_jobs=THREADS,
                random_state=0,
            ).fit(X, labels[known])
            scores = model.predict_proba(columns.transform(frame.iloc[asked]))
            losses.append(log_loss(labels[asked], scores))
        return float(np.mean(losses))

    return objective


def plain_frame(table: pa.Table, schema: Schema, labels: str) -> pd.DataFrame:
    """Give the columns the search sees as well: texts, numbers, and parts of the time."""
    seen = [name for name in table.column_names if name != labels and schema[name].is_feature]
    frame = table.select(seen).to_pandas()
    for name in seen:
        column = frame[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            frame = frame.drop(columns=name)
            frame[[f"{name}.weekday", f"{name}.hour"]] = np.c_[
                column.dt.day_of_week, column.dt.hour
            ]
        elif not pd.api.types.is_numeric_dtype(column):
            frame[name] = column.astype(object).fillna("").astype(str).astype(object)
    return frame


def race(objectives: dict[str, Objective], trials: int) -> dict[str, tuple[float, float]]:
    """Let the objectives take turns; give the seconds of the clock and of the CPU of each."""
    studies = {
        name: optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        for name in objectives
    }
    spent = dict.fromkeys(objectives, (0.0, 0.0))
    for _ in range(trials):
        for name, objective in objectives.items():
            wall, cpu = time.perf_counter(), time.process_time()
            studies[name].optimize(objective, n_trials=1)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            spent[name] = (spent[name][0] + wall, spent[name][1] + cpu)
    for name, (wall, cpu) in spent.items():
        print(
            f"{name:>6}: {60 * trials / wall:6.1f} trials a minute, {cpu / trials:6.1f} CPU s a "
            f"trial, lowest loss {studies[name].best_value:.4f}"
        )
    return spent


def main(rows: int = 60_000, trials: int = 6) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table, data, schema = first_flights(rows)
    bench, _ = prepare(
        table,
        data=data,
        schema=schema,
        split=None,
        features=Features(),
        search=Search(folds=3, threads=THREADS, rows=None),
        cores=THREADS,
    )
    frame = plain_frame(table, schema, data.label.column)
    family = FAMILIES["xgboost"]
    spent = race(
        {
            "naive": naive(frame, bench.labels, bench.folds),
            "ours": lambda trial: bench.try_out(family, configuration(trial), bench.question).loss,
        },
        trials,
    )
    (wall, cpu), (own_wall, own_cpu) = spent["naive"], spent["ours"]
    print(f" ratio: {wall / own_wall:.1f} by the clock, {cpu / own_cpu:.1f} by CPU")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
