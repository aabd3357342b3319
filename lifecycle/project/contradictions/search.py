"""Contradictions between the search or the features and what is asked."""

from collections.abc import Iterator

from lifecycle.data.declaration import TimeSplit
from lifecycle.modeling.declaration import metrics_of
from lifecycle.project.contradictions.parts import Parts
from lifecycle.project.faults import Fault, nearest
from lifecycle.task import Task

FEWEST_FOLDS_OVER_TIME = 3


def fit_the_search_to_the_task(parts: Parts) -> Iterator[Fault]:
    """Want a metric the task has, and a threshold only where the answer is yes or no."""
    search = parts.search
    if search is None:
        return
    if (
        isinstance(parts.split, TimeSplit)
        and search.folds is not None
        and (search.folds < FEWEST_FOLDS_OVER_TIME)
    ):
        remedy = "One fold over time misled the search: declare at least 3, or leave it out."
        yield Fault(("search", "folds"), f"is {search.folds}, and the split is by time.", remedy)
    twice = [name for at, name in enumerate(search.families) if name in search.families[:at]]
    if twice:
        yield Fault(("search", "families"), f"names {twice[0]} more than once.")
    if parts.data is None:
        return
    task = parts.data.label.task
    if search.metric is not None and search.metric not in metrics_of(task):
        problem = f"is {search.metric}, and the task is {task.value}."
        yield Fault(("search", "metric"), problem, nearest(search.metric, metrics_of(task)))
    if search.threshold is not None and task is not Task.BINARY:
        problem = f"is declared, and the task is {task.value}."
        remedy = "Only a binary answer has a threshold: leave it out."
        yield Fault(("search", "threshold"), problem, remedy)


def cross_only_features(parts: Parts) -> Iterator[Fault]:
    """Want crosses of columns that the model may see."""
    for at, pair in enumerate(parts.features.crosses if parts.features else ()):
        for side, name in enumerate(pair):
            path = ("features", "crosses", at, side)
            if parts.data is not None and name == parts.data.label.column:
                remedy = "The model may not see what it is to predict."
                yield Fault(path, f'is the label "{name}".', remedy)
            elif (column := parts.columns.get(name)) is not None and not column.is_feature:
                roles = ", ".join(role.value for role in column.role)
                remedy = "Cross features only."
                yield Fault(path, f'is "{name}", which is declared as {roles}.', remedy)
