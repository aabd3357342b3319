"""Small predictors with real arithmetic, and tables whose truth is known."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit, softmax

from lifecycle.data.declaration import Data, Schema
from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.evaluate import evaluate
from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.gates import Gates
from lifecycle.evaluation.plan import plan_for
from lifecycle.task import Task

SCHEMA = Schema.model_validate(
    {
        "a": {"type": "number"},
        "b": {"type": "number"},
        "idle": {"type": "number"},
        "group": {"type": "category", "role": ["feature", "sensitive"]},
    }
)
DAY_US = 86_400_000_000


@dataclass
class Logistic:
    """The truth of `draw_binary` where `a` is 1 and the rest as it stands."""

    a: float = 1.0
    b: float = 0.5
    sharpness: float = 1.0
    unfair_to: str = ""
    noise: float = 0.0
    threshold: float = 0.4
    size_bytes: int = 10_000
    classes: tuple[str, ...] = ("no", "yes")
    task: Task = Task.BINARY

    def score(self, table: pa.Table) -> NDArray[np.float64]:
        a, b = (table[name].to_numpy() for name in ("a", "b"))
        logit = self.sharpness * (self.a * a + self.b * b - 0.5)
        if self.noise:
            # A fixed function of the row, as unrelated to the truth as noise is.
            logit = logit + self.noise * np.sin(1e4 * a + 3e3 * b)
        if self.unfair_to:
            unfair = np.array(table["group"].to_pylist()) == self.unfair_to
            logit = np.where(unfair, -3.0, logit)
        return expit(logit)

    def decide(self, scores: NDArray[np.float64]) -> NDArray[Any]:
        return (scores >= self.threshold).astype(np.int64)


@dataclass
class Linear:
    """The truth of `draw_regression`, missed by `bias` and a noise of its own."""

    a: float = 1.0
    bias: float = 0.0
    noise: float = 0.0
    classes: tuple[str, ...] = ()
    task: Task = Task.REGRESSION

    def score(self, table: pa.Table) -> NDArray[np.float64]:
        a, b = (table[name].to_numpy() for name in ("a", "b"))
        return self.a * a + 0.5 * b + 10 + self.bias + self.noise * np.sin(1e4 * a + 3e3 * b)

    def decide(self, scores: NDArray[np.float64]) -> NDArray[Any]:
        return scores


@dataclass
class Softmax:
    """The truth of `draw_multiclass`."""

    classes: tuple[str, ...] = ("red", "green", "blue")
    task: Task = Task.MULTICLASS
    slopes: dict[str, float] = field(
        default_factory=lambda: {"red": -1.5, "green": 0.0, "blue": 1.5}
    )

    def score(self, table: pa.Table) -> NDArray[np.float64]:
        slopes = np.array([self.slopes[name] for name in self.classes])
        return softmax(table["a"].to_numpy()[:, None] * slopes, axis=1)

    def decide(self, scores: NDArray[np.float64]) -> NDArray[Any]:
        return scores.argmax(axis=1)


def _columns(rows: int, generator: np.random.Generator, start: int) -> dict[str, Any]:
    a, b, idle = generator.normal(size=(3, rows))
    moments = np.sort(generator.integers(0, 60 * DAY_US, rows)) + start * 60 * DAY_US
    return {
        "id": np.arange(rows) + start * 10_000_000,
        "a": a,
        "b": b,
        "idle": idle,
        "group": generator.choice(["left", "right", "top"], size=rows),
        "when": pa.array(moments, pa.timestamp("us")),
    }


def draw_binary(rows: int, seed: int, start: int = 0) -> pa.Table:
    generator = np.random.default_rng(seed)
    columns = _columns(rows, generator, start)
    is_yes = generator.random(rows) < Logistic().score(pa.table(columns))
    return pa.table({**columns, "y": np.where(is_yes, "yes", "no")})


def draw_regression(rows: int, seed: int, start: int = 0) -> pa.Table:
    generator = np.random.default_rng(seed)
    columns = _columns(rows, generator, start)
    truth = Linear().score(pa.table(columns)) + generator.normal(size=rows)
    return pa.table({**columns, "y": truth})


def draw_multiclass(rows: int, seed: int, start: int = 0) -> pa.Table:
    generator = np.random.default_rng(seed)
    columns = _columns(rows, generator, start)
    shares = Softmax().score(pa.table(columns)).cumsum(axis=1)
    picks = (generator.random(rows)[:, None] > shares).sum(axis=1)
    return pa.table({**columns, "y": np.array(Softmax().classes)[picks]})


def declare(task: Task = Task.BINARY, *, time: str | None = None, **label: Any) -> Data:
    return Data.model_validate(
        {
            "tables": {"rows": "rows.csv"},
            "key": ["id"],
            "time": time,
            "label": {"column": "y", "task": task, **label},
        }
    )


def ticking(seconds: float) -> Callable[[], float]:
    """Give a clock on which everything takes as long."""
    ticks = itertools.count()
    return lambda: next(ticks) * seconds


_DRAW = {
    Task.BINARY: draw_binary,
    Task.REGRESSION: draw_regression,
    Task.MULTICLASS: draw_multiclass,
}


def take_evidence(
    candidate: Any = None,
    *,
    gates: Gates | None = None,
    test: pa.Table | None = None,
    train: pa.Table | None = None,
    time: str | None = None,
    seconds: float = 0.001,
    **rest: Any,
) -> Evaluation:
    """Evaluate a candidate on drawn rows; anything may be replaced."""
    candidate = candidate or Logistic()
    draw = _DRAW[candidate.task]
    return evaluate(
        candidate,
        draw(2_000, 2, start=1) if test is None else test,
        draw(2_000, 1) if train is None else train,
        data=rest.pop("data", None) or declare(candidate.task, time=time),
        schema=rest.pop("schema", SCHEMA),
        plan=rest.pop("plan", None) or plan_for(gates or Gates(), task=candidate.task),
        seed=0,
        clock=ticking(seconds),
        **rest,
    )


def binary(truth: NDArray[Any], scores: NDArray[np.float64], threshold: float = 0.5) -> Answers:
    decisions = (scores >= threshold).astype(np.int64)
    return Answers(Task.BINARY, ("no", "yes"), truth.astype(np.int64), scores, decisions)


def regression(truth: NDArray[np.float64], scores: NDArray[np.float64]) -> Answers:
    return Answers(Task.REGRESSION, (), truth, scores, scores)


def multiclass(truth: NDArray[Any], scores: NDArray[np.float64]) -> Answers:
    classes = tuple(f"class {index}" for index in range(scores.shape[1]))
    return Answers(Task.MULTICLASS, classes, truth, scores, scores.argmax(axis=1))


def random_answers(task: Task, rows: int, seed: int, *, digits: int = 9) -> Answers:
    """Draw answers that have something to do with the truth; few digits make ties."""
    generator = np.random.default_rng(seed)
    if task is Task.REGRESSION:
        truth = generator.normal(5, 1, rows)
        return regression(truth, np.round(truth + generator.normal(size=rows), digits))
    if task is Task.BINARY:
        scores = np.round(generator.beta(2, 3, rows), digits)
        return binary(generator.random(rows) < scores, scores)
    scores = np.round(generator.dirichlet([1, 2, 3], rows), digits)
    scores /= scores.sum(axis=1, keepdims=True)
    picks = (generator.random(rows)[:, None] > scores.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    return multiclass(picks, scores)
