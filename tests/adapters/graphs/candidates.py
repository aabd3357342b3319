"""Small candidates fitted on tables of every type of column."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from lifecycle.data.declaration import Schema
from lifecycle.features.declaration import Features
from lifecycle.features.fitting import fit_features
from lifecycle.features.plan import plan_features
from lifecycle.modeling.calibration import Calibration
from lifecycle.modeling.candidate import Candidate, CandidateState, Member
from lifecycle.modeling.families import FAMILIES
from lifecycle.modeling.families.family import Question, Sample
from lifecycle.modeling.workbench import target_columns
from lifecycle.task import Task

PARTS = ("year", "month", "day_of_year", "day_of_month", "day_of_week", "hour")

EVERYTHING = Features(calendar=PARTS, crosses=(("origin", "dest"), ("dest", "hour")), one_hot=5)
NONE = Calibration(kind="none")

SCHEMA = Schema(
    {
        "when": {"type": "time"},
        "origin": {"type": "category", "values": ["EWR", "JFK", "LGA"]},
        "dest": {"type": "category"},
        "distance": {"type": "number", "min": 10, "max": 5000},
        "hour": {"type": "integer", "min": 0, "max": 23},
        "delay": {"type": "number"},
        "is_cold": {"type": "boolean"},
        "remark": {"type": "text"},
    }
)


def a_table(rows: int = 600, seed: int = 0, *, missing: float = 0.1) -> pa.Table:
    """Give rows with a column of every type, each of which misses some values."""
    generator = np.random.default_rng(seed)
    origins, dests = np.array(["EWR", "JFK", "LGA"]), np.array([f"D{one:02}" for one in range(30)])
    start = np.datetime64("2011-03-05T07:30", "us").astype(np.int64)
    columns = {
        "when": start + generator.integers(0, 4 * 365 * 86_400_000_000, rows),
        "origin": generator.choice(origins, rows),
        "dest": generator.choice(dests, rows),
        "distance": generator.gamma(2.0, 500.0, rows).round(1),
        "hour": generator.integers(0, 24, rows),
        "delay": generator.normal(0, 1e4, rows),
        "is_cold": generator.random(rows) < 0.3,
        "remark": generator.choice(np.array(["on time", "ill", "n/a"]), rows),
    }
    types = {
        "when": pa.timestamp("us"), "hour": pa.int64(), "is_cold": pa.bool_(),
        "distance": pa.float64(), "delay": pa.float64(),
    }  # fmt: skip
    return pa.table(
        {
            name: pa.array(
                values, types.get(name, pa.string()), mask=generator.random(rows) < missing
            )
            for name, values in columns.items()
        }
    )


def labels_of(table: pa.Table, task: Task, seed: int = 0) -> np.ndarray:
    """Give labels that depend on the columns of `a_table` that are there, and on chance."""
    generator = np.random.default_rng(seed)
    signal = generator.normal(0, 0.5, table.num_rows)
    for name in table.column_names:
        codes = table[name].combine_chunks().dictionary_encode().indices.fill_null(0)
        ranks = codes.to_numpy(zero_copy_only=False).astype(float)
        signal += np.sin(ranks / 5)
    if task is Task.REGRESSION:
        return signal * 40 + 200
    cuts = np.quantile(signal, [0.6] if task is Task.BINARY else [0.4, 0.8])
    return np.digitize(signal, cuts).astype(float)


def a_candidate(
    table: pa.Table,
    task: Task,
    members: Mapping[str, float] | Sequence[str] = ("xgboost",),
    *,
    schema: Schema = SCHEMA,
    features: Features = EVERYTHING,
    calibration: Calibration = NONE,
    threshold: float | None = None,
    rounds: int = 12,
) -> Candidate:
    """Fit the families with their defaults, and weigh them as told or evenly."""
    weights = dict(members) if isinstance(members, Mapping) else {
        name: 1 / len(members) for name in members
    }  # fmt: skip
    labels = labels_of(table, task)
    classes = {Task.BINARY: ("no", "yes"), Task.MULTICLASS: ("a", "b", "c")}.get(task, ())
    metric = "rmse" if task is Task.REGRESSION else "log_loss"
    question = Question(task, max(len(classes), 1), metric, 0, threads=1, check=lambda: None)
    plan = plan_features(table, schema, features)
    views = {
        view: fit_features(
            table, target_columns(question, labels), plan, view=view, features=features, seed=0
        )
        for view in sorted({FAMILIES[name].view for name in weights})
    }
    parts, models = [], []
    for name, weight in weights.items():
        family = FAMILIES[name]
        params = family.starts(question, table.num_rows, 10)[0]
        sample = Sample(views[family.view][1], labels)
        fit = family.fit(params, question, sample, rounds=rounds)
        parts.append(
            Member(family=name, kind=fit.model.kind, weight=weight, params=params, rounds=rounds)
        )
        models.append(fit.model)
    state = CandidateState(
        task=task,
        classes=classes,
        label="label",
        schema_=schema,
        features=tuple(state for state, _ in views.values()),
        members=tuple(parts),
        calibration=calibration,
        threshold=threshold,
        seed=0,
    )
    return Candidate(state, tuple(models))
