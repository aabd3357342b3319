"""Contradictions between what is judged and what there is to judge."""

from collections.abc import Iterator

from lifecycle.data.declaration import Role
from lifecycle.evaluation.gates.baseline import BaselineGate
from lifecycle.evaluation.gates.calibration import CalibrationGate
from lifecycle.evaluation.gates.fairness import FairnessGate
from lifecycle.evaluation.gates.metric import MetricGate
from lifecycle.evaluation.gates.slices import SlicesGate
from lifecycle.evaluation.metric_names import METRICS, fairness_metrics_for, metrics_for
from lifecycle.project.contradictions.parts import Parts
from lifecycle.project.faults import Fault, nearest
from lifecycle.project.places import Path
from lifecycle.task import Task

_AT_MOST_ONE = (
    "roc_auc", "average_precision", "brier", "accuracy", "balanced_accuracy", "f1", "precision",
    "recall", "f1_macro", "expected_calibration_error", "r2",
)  # fmt: skip
_AGAINST = {
    Task.BINARY: ("majority", "last"),
    Task.MULTICLASS: ("majority", "last"),
    Task.REGRESSION: ("mean", "last"),
}


def fit_metrics_to_the_task(parts: Parts) -> Iterator[Fault]:
    """Want every figure that is asked for to be one the task has."""
    if parts.data is None:
        return
    task = parts.data.label.task
    if parts.evaluation is not None:
        named: dict[Path, str] = {
            ("evaluation", "metrics", at): name for at, name in enumerate(parts.evaluation.metrics)
        }
        if parts.evaluation.metric is not None:
            named["evaluation", "metric"] = parts.evaluation.metric
        for path, name in named.items():
            yield from _judge_metric(path, name, metrics_for(task), task)
    for at, gate in parts.gates.items():
        metric = getattr(gate, "metric", None)
        known = fairness_metrics_for(task) if isinstance(gate, FairnessGate) else metrics_for(task)
        if metric is not None:
            yield from _judge_metric(("gates", at, "metric"), metric, known, task)
        if isinstance(gate, CalibrationGate) and not task.is_classification:
            problem = f"is calibration, and the task is {task.value}."
            remedy = "Only probabilities are calibrated: take the gate out."
            yield Fault(("gates", at, "kind"), problem, remedy)


def _judge_metric(path: Path, name: str, known: tuple[str, ...], task: Task) -> Iterator[Fault]:
    if name not in known:
        problem = f'is "{name}", which is no figure of a {task.value} task here.'
        yield Fault(path, problem, nearest(name, known, f"Known for {task.value}"))


def fit_limits_to_metrics(parts: Parts) -> Iterator[Fault]:
    """Want limits that can be met, and slices judged by a mean over rows."""
    for at, gate in parts.gates.items():
        if isinstance(gate, MetricGate):
            yield from _judge_limits(at, gate)
        if isinstance(gate, SlicesGate) and gate.metric in _not_per_row():
            legal = [name for name, info in METRICS.items() if info.per_row]
            problem = f"is {gate.metric}, which is no mean over rows, so parts do not compare."
            yield Fault(("gates", at, "metric"), problem, nearest(str(gate.metric), legal))


def _not_per_row() -> set[str | None]:
    return {name for name, info in METRICS.items() if not info.per_row}


def _judge_limits(at: int, gate: MetricGate) -> Iterator[Fault]:
    low, high = gate.at_least, gate.at_most
    if low is not None and high is not None and low > high:
        problem = f"is {low:g}, which is more than at_most ({high:g}): nothing can pass."
        yield Fault(("gates", at, "at_least"), problem, "Both limits are themselves allowed.")
    for side, limit in (("at_least", low), ("at_most", high)):
        if limit is not None and gate.metric in _AT_MOST_ONE and limit > 1:
            hint = f" Is {limit / 100:g} meant?" if limit <= 100 else ""
            problem = f"is {limit:g}, and {gate.metric} is never above 1."
            yield Fault(("gates", at, side), problem, f"Declare a limit of at most 1.{hint}")


def compare_with_what_there_is(parts: Parts) -> Iterator[Fault]:
    """Want a baseline that the task and the data have."""
    if parts.data is None:
        return
    task = parts.data.label.task
    for at, gate in parts.gates.items():
        if not isinstance(gate, BaselineGate) or gate.against is None:
            continue
        path = ("gates", at, "against")
        if gate.against not in _AGAINST[task]:
            problem = f"is {gate.against}, and the task is {task.value}."
            yield Fault(path, problem, nearest(gate.against, _AGAINST[task]))
        elif gate.against == "last" and parts.data.time is None:
            remedy = "Name the column that orders the rows in data.time."
            yield Fault(path, "is last (same as last time), and no data.time is declared.", remedy)


def look_only_at_known_groups(parts: Parts) -> Iterator[Fault]:
    """Want groups told by columns that are known when the question is asked."""
    over: dict[Path, str] = {
        ("gates", at, "over", place): name
        for at, gate in parts.gates.items()
        for place, name in enumerate(getattr(gate, "over", ()))
    }
    for place, name in enumerate(parts.evaluation.over if parts.evaluation else ()):
        over["evaluation", "over", place] = name
    for path, name in over.items():
        is_fairness = path[0] == "gates" and isinstance(parts.gates[int(path[1])], FairnessGate)
        yield from _judge_group(path, name, parts, is_fairness=is_fairness)


def _judge_group(path: Path, name: str, parts: Parts, *, is_fairness: bool) -> Iterator[Fault]:
    if parts.data is not None and name == parts.data.label.column:
        remedy = "Groups are told by what is known before the answer."
        yield Fault(path, f'is the label "{name}".', remedy)
    elif Role.LEAK in parts.role_of(name):
        problem = f'is "{name}", declared as a leak: known only afterwards.'
        yield Fault(path, problem, "Groups are told by what is known before the answer.")
    elif name not in parts.columns and is_fairness:
        remedy = f"Declare it under schema, with role: sensitive. {nearest(name, parts.columns)}"
        yield Fault(path, f'is "{name}", which the schema does not declare.', remedy)
