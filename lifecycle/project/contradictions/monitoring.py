"""Contradictions between what is watched and what there is to watch."""

from collections.abc import Iterator

from lifecycle.data.declaration import Role
from lifecycle.evaluation.metric_names import metrics_for
from lifecycle.project.contradictions.parts import Parts
from lifecycle.project.faults import Fault, nearest
from lifecycle.project.places import Path


def watch_a_figure_of_the_task(parts: Parts) -> Iterator[Fault]:
    """Want a figure the task has, and a key where the query is to find labels."""
    if parts.data is None or parts.monitoring is None:
        return
    task, metric = parts.data.label.task, parts.monitoring.concept.metric
    if metric is not None and metric not in metrics_for(task):
        problem = f'is "{metric}", which is no figure of a {task.value} task here.'
        known = nearest(metric, metrics_for(task), f"Known for {task.value}")
        yield Fault(("monitoring", "concept", "metric"), problem, known)
    if parts.monitoring.labels.query and not parts.data.key:
        problem = "is true, and no data.key is declared."
        remedy = "The key is what leads from a row of the query to its prediction: declare it."
        yield Fault(("monitoring", "labels", "query"), problem, remedy)


def watch_columns_there_are(parts: Parts) -> Iterator[Fault]:
    """Want columns of the schema: a name that is misspelt would be watched for ever in vain."""
    if parts.data is None or parts.monitoring is None:
        return
    drift, concept = parts.monitoring.drift, parts.monitoring.concept
    for name in drift.columns:
        yield from _judge_shift(("monitoring", "drift", "columns", name), name, parts)
    for place, name in enumerate(drift.ignore):
        yield from _judge_name(("monitoring", "drift", "ignore", place), name, parts)
    for place, name in enumerate(concept.over):
        yield from _judge_group(("monitoring", "concept", "over", place), name, parts)


def _judge_name(path: Path, name: str, parts: Parts) -> Iterator[Fault]:
    if name not in {*parts.columns, *_label(parts)}:
        remedy = f"Declare it under schema. {nearest(name, parts.columns)}"
        yield Fault(path, f'is "{name}", which the schema does not declare.', remedy)


def _judge_shift(path: Path, name: str, parts: Parts) -> Iterator[Fault]:
    """Only what the model sees, its answers, and the label are compared."""
    column = parts.columns.get(name)
    if parts.data is not None and name == parts.data.time:
        problem = f'is "{name}", which is data.time: it always moves on.'
        yield Fault(path, problem, "It is not compared; take it out.")
    elif name not in _label(parts) and column is not None and not column.is_feature:
        roles = " and ".join(role.value for role in column.role)
        problem = f'is "{name}", declared as {roles}: the model does not see it.'
        yield Fault(path, problem, "Only features and the label are compared; take it out.")
    else:
        yield from _judge_name(path, name, parts)


def _judge_group(path: Path, name: str, parts: Parts) -> Iterator[Fault]:
    if name in _label(parts):
        remedy = "Groups are told by what is known before the answer."
        yield Fault(path, f'is the label "{name}".', remedy)
    elif Role.LEAK in parts.role_of(name):
        problem = f'is "{name}", declared as a leak: known only afterwards.'
        yield Fault(path, problem, "Groups are told by what is known before the answer.")
    elif Role.PERSONAL in parts.role_of(name):
        problem = f'is "{name}", declared as personal: it is written down masked, if at all.'
        yield Fault(path, problem, "Masked values make no groups; name another column.")
    else:
        yield from _judge_name(path, name, parts)


def _label(parts: Parts) -> tuple[str, ...]:
    return () if parts.data is None else (parts.data.label.column,)
