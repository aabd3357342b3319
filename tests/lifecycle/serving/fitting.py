"""Small candidates of every kind, fitted in a moment, and the rows they were fitted on."""

from datetime import datetime, timedelta

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
from lifecycle.task import Task

SCHEMA = Schema(
    {
        "x": {"type": "number"},
        "größe, m": {"type": "integer"},
        'a "quoted" one': {"type": "boolean"},
        "colour": {"type": "category"},
        "city": {"type": "category"},
        "when": {"type": "time"},
        "note": {"type": "text"},
    }
)
CROSSED = Features(crosses=[("colour", "city")], one_hot_trees=4, rare=3)
CALIBRATED = {
    Task.BINARY: Calibration(kind="sigmoid", slope=0.8, shifts=(0.3,)),
    Task.MULTICLASS: Calibration(kind="vector", slope=1.2, shifts=(0.1, -0.2, 0.3)),
    Task.REGRESSION: Calibration(kind="none"),
}
PARAMS = {
    "xgboost": {"eta": 0.3, "max_depth": 4, "min_child_weight": 1.0, "subsample": 0.9,
                "colsample": 0.9, "reg_lambda": 1.0, "reg_alpha": 0.0},
    "forest": {"rounds": 2, "max_depth": 5, "leaf": 2.0, "subsample": 0.6, "colsample": 0.6},
    "linear": {"penalty": 1.0},
}  # fmt: skip


def a_table(rows: int = 300, seed: int = 0) -> pa.Table:
    generator = np.random.default_rng(seed)
    start = datetime(2013, 1, 1)
    moments = [start + timedelta(hours=float(h)) for h in generator.uniform(0, 24 * 60, rows)]
    columns = {
        "x": generator.normal(size=rows),
        "größe, m": generator.integers(-5, 50, rows),
        'a "quoted" one': generator.random(rows) < 0.4,
        "colour": generator.choice(["red", "green", "blue's", "naïve"], rows),
        "city": generator.choice([f"c{n}" for n in range(9)], rows),
        "when": moments,
        "note": ["said"] * rows,
    }
    gaps = {name: generator.random(rows) < 0.15 for name in columns}
    return pa.table(
        {
            name: pa.array(values, from_pandas=False, mask=gaps[name])
            if isinstance(values, np.ndarray)
            else pa.array([None if gap else v for v, gap in zip(values, gaps[name], strict=True)])
            for name, values in columns.items()
        }
    )


def strange_rows(table: pa.Table) -> pa.Table:
    """Rows nobody has seen the like of: everything missing, unseen categories, far values."""
    unseen = {
        "x": [None, 1e30, -3.0],
        "größe, m": [None, 10_000, 7],
        'a "quoted" one': [None, True, False],
        "colour": [None, "ultraviolet", "red"],
        "city": [None, "c3", "nowhere"],
        "when": [None, datetime(1999, 12, 31, 23, 59), datetime(2100, 6, 1)],
        "note": [None, "", "x"],
    }
    return pa.table({name: pa.array(unseen[name], type=table[name].type) for name in unseen})


def labels_of(table: pa.Table, task: Task, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    x = np.nan_to_num(table["x"].to_numpy(zero_copy_only=False).astype(float))
    red = np.array([value == "red" for value in table["colour"].to_pylist()])
    late = np.array([v is not None and v.hour > 12 for v in table["when"].to_pylist()])
    signal = x * np.where(red, 2, -1) + late + 0.3 * generator.normal(size=len(x))
    if task is Task.REGRESSION:
        return 40 + 12 * signal
    return np.digitize(signal, [0.4] if task is Task.BINARY else [-0.2, 0.9]).astype(float)


def a_candidate(
    task: Task,
    families: tuple[str, ...],
    *,
    table: pa.Table | None = None,
    features: Features = CROSSED,
    schema: Schema = SCHEMA,
    labels: np.ndarray | None = None,
    rounds: int = 4,
    is_calibrated: bool = True,
    changed: dict[str, float] | None = None,
) -> Candidate:
    table = a_table() if table is None else table
    labels = labels_of(table, task) if labels is None else labels
    classes = {Task.BINARY: ("no", "yes"), Task.MULTICLASS: ("a", "b", "c"), Task.REGRESSION: ()}
    question = Question(
        task, max(1, len(classes[task])), "rmse" if task is Task.REGRESSION else "log_loss",
        seed=0, threads=1, check=lambda: None,
    )  # fmt: skip
    targets = labels[:, None]
    if task is Task.MULTICLASS:
        targets = (labels[:, None] == np.arange(3)).astype(float)
    plan = plan_features(table, schema, features)
    views = dict.fromkeys(FAMILIES[family].view for family in families)
    fitted = {
        view: fit_features(table, targets, plan, view=view, features=features, seed=0)
        for view in views
    }
    models, members = [], []
    for place, name in enumerate(families):
        family = FAMILIES[name]
        sample = Sample(fitted[family.view][1], labels)
        depth = {"max_depth": 3 + place} if name == "xgboost" else {}
        params = {**PARAMS[name], **depth, **(changed or {})}
        fit = family.fit(params, question, sample, rounds=rounds)
        models.append(fit.model)
        weight = 1 / len(families)
        members.append(Member(family=name, kind=fit.model.kind, weight=weight, params=params))
    state = CandidateState(
        task=task,
        classes=classes[task],
        label="y",
        schema_=schema,
        features=tuple(state for state, _ in fitted.values()),
        members=tuple(members),
        calibration=CALIBRATED[task] if is_calibrated else Calibration(kind="none"),
        threshold=0.4 if task is Task.BINARY else None,
        seed=0,
    )
    return Candidate(state, tuple(models))
