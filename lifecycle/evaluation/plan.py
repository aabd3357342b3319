"""What an evaluation has to measure: what the gates read, without their limits.

The plan enters the evaluation's cache key in place of the gates, so that moving a limit
judges again without measuring again.
"""

from collections.abc import Iterable
from typing import Protocol

from lifecycle.errors import ProjectError, suggest
from lifecycle.evaluation.declaration import EvaluationSettings, SmallGroups
from lifecycle.evaluation.metric_names import METRICS, metrics_for, primary_metric
from lifecycle.section import Value
from lifecycle.task import Task


class FairnessNeed(Value):
    """One fairness figure over the groups of one column."""

    metric: str
    column: str
    min_rows: int
    small_groups: SmallGroups


class Needs(Value):
    """What a gate reads from an evaluation.

    Parameters
    ----------
    metrics
        Figures of the candidate.
    compared
        Metrics in which the candidate is compared with baselines and champion.
    sliced
        Metrics that are told apart by slice.
    over
        Columns whose groups are sliced.
    """

    metrics: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    sliced: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    fairness: tuple[FairnessNeed, ...] = ()


class Needing(Protocol):
    """Anything that reads an evaluation: a gate."""

    def needs(self) -> Needs:
        """Tell what it reads."""
        ...


class EvaluationPlan(Value):
    """What one evaluation measures; holds no limit of any gate.

    Parameters
    ----------
    metrics, compared, sliced, over, fairness
        As in `Needs`, of all gates and the section together, each once. A metric that the
        task does not have is left out: its gate says so.
    """

    primary: str
    metrics: tuple[str, ...]
    compared: tuple[str, ...]
    sliced: tuple[str, ...]
    over: tuple[str, ...]
    fairness: tuple[FairnessNeed, ...]
    unit: str | None
    resamples: int
    confidence: float
    min_rows: int


def plan_for(
    gates: Iterable[Needing] = (),
    settings: EvaluationSettings | None = None,
    *,
    task: Task,
    primary: str | None = None,
    group: str | None = None,
) -> EvaluationPlan:
    """Gather what gates and section read into the one plan of an evaluation.

    Parameters
    ----------
    primary
        The metric of the search, which is primary where the section names none.
    group
        The column the split keeps together.

    Raises
    ------
    ProjectError
        If the section names a metric the task does not have.

    Examples
    --------
    >>> plan_for(task=Task.BINARY).primary
    'log_loss'
    """
    settings = settings or EvaluationSettings()
    needs = [gate.needs() for gate in gates]
    legal = metrics_for(task)
    for name in filter(None, (settings.metric, primary, *settings.metrics)):
        if name not in legal:
            raise ProjectError(f'"{name}" is no metric of {task.value}. {suggest(name, legal)}')
    chosen = settings.metric or primary or primary_metric(task)
    sliced = {_sliceable(chosen, task), *(name for need in needs for name in need.sliced)}
    compared = {chosen, *(name for need in needs for name in need.compared)}
    read = {name for need in needs for name in need.metrics} | sliced | compared
    fairness = {wanted for need in needs for wanted in need.fairness}
    return EvaluationPlan(
        primary=chosen,
        metrics=_known(read | set(settings.metrics or legal), legal),
        compared=_known(compared, legal),
        sliced=tuple(name for name in _known(sliced, legal) if METRICS[name].per_row),
        over=tuple(sorted({*settings.over, *(name for need in needs for name in need.over)})),
        fairness=tuple(sorted(fairness, key=lambda need: need.model_dump_json())),
        unit=settings.unit or group,
        resamples=settings.resamples,
        confidence=settings.confidence,
        min_rows=settings.min_rows,
    )


def _sliceable(primary: str, task: Task) -> str:
    return primary if METRICS[primary].per_row else primary_metric(task)


def _known(names: set[str], legal: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in legal if name in names)
