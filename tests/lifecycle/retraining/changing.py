"""Rows whose truth changes, and a champion fitted before it did."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from lifecycle.data.declaration import Data, Schema
from lifecycle.evaluation.plan import EvaluationPlan, plan_for
from lifecycle.modeling.calibration import Calibration
from lifecycle.modeling.candidate import CandidateState, Member
from lifecycle.task import Task

DAY = timedelta(days=1)
FIRST = datetime(2013, 1, 1, tzinfo=UTC)
DAYS = 200
LAST = FIRST + DAYS * DAY
SCHEMA = Schema.model_validate(
    {
        "größe, m": {"type": "number"},
        "score": {"type": "number"},
        'the "id"': {"type": "category"},
        "when": {"type": "time", "role": "ignore"},
        "y": {"type": "category"},
    }
)
CLASSES = {Task.BINARY: ("no", "yes"), Task.MULTICLASS: ("a", "b", "c"), Task.REGRESSION: ()}
BOOSTER = Member(
    family="xgboost",
    kind="trees",
    weight=0.7,
    rounds=20,
    params={"eta": 0.3, "max_depth": 3, "min_child_weight": 1.0, "subsample": 1.0,
            "colsample": 1.0, "reg_lambda": 1.0, "reg_alpha": 0.0},
)  # fmt: skip
LINEAR = Member(family="linear", kind="linear", weight=0.3, params={"penalty": 1.0})


def declared(task: Task = Task.BINARY) -> Data:
    label = {"column": "y", "task": task, "arrives_after": "6h"}
    start = {"from": FIRST.replace(tzinfo=None)}
    return Data.model_validate({"tables": {"t": "t.csv"}, "time": "when", "label": label,
                                "window": start})  # fmt: skip


def planned(task: Task = Task.BINARY, **given: object) -> EvaluationPlan:
    return plan_for(task=task).model_copy(update={"resamples": 200, **given})


def champion(task: Task = Task.BINARY, *, rows: int = 2_000) -> CandidateState:
    return CandidateState(
        task=task,
        classes=CLASSES[task],
        label="y",
        schema_=SCHEMA,
        features=(),
        members=(BOOSTER, LINEAR),
        calibration=Calibration(kind="sigmoid", slope=0.5, shifts=(1.0,)),
        seed=3,
        train_rows=rows,
    )


def a_table(
    task: Task = Task.BINARY,
    *,
    rows: int = 4_000,
    turns_on: tuple[tuple[int, int], ...] = (),
    noise: float = 1.0,
    seed: int = 1,
) -> pa.Table:
    """Give rows of 200 days, in which what is asked for is the other way round on some days."""
    generator = np.random.default_rng(seed)
    day = np.sort(generator.uniform(0, DAYS, rows))
    x, z = generator.normal(size=(2, rows))
    turned = np.zeros(rows, dtype=bool)
    for first, last in turns_on:
        turned |= (day >= first) & (day < last)
    signal = np.where(turned, -1, 1) * 2 * x + noise * generator.normal(size=rows)
    if task is Task.REGRESSION:
        label: object = signal
    else:
        cuts = [0.0] if task is Task.BINARY else [-1.0, 1.0]
        label = np.array(CLASSES[task])[np.digitize(signal, cuts)]
    moments = [FIRST.replace(tzinfo=None) + timedelta(days=float(one)) for one in day]
    return pa.table(
        {
            "größe, m": x,
            "score": np.where(generator.random(rows) < 0.1, np.nan, z),
            'the "id"': generator.choice(["it's", "naïve", "a b"], rows),
            "when": pa.array(moments, pa.timestamp("us")),
            "y": label,
        }
    )
