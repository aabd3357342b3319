"""Monitoring and retraining by the clock of an orchestrator, where it has one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.clockwork import next_after
from adapters.declaration import LoadedProject
from adapters.stacks.activation import activate
from adapters.stacks.file import load
from lifecycle.errors import StackError
from lifecycle.section import Value
from pipelines.running import below, lineage_of, pipeline_of, purpose_of

if TYPE_CHECKING:
    from zenml.enums import ExecutionMode

NOW = ""
"""As the moment of a run: whenever it begins. The first step says for all which moment that is."""

UNDECIDED = 0
"""As the decision of a run: the first step takes it."""


class Scheduled(Value):
    """A pipeline an orchestrator runs by its clock.

    Parameters
    ----------
    remark
        What is left to be done by hand; empty where nothing is.
    """

    name: str
    cron: str
    remark: str = ""


def keeps_time(stack: str, *, root: Path) -> bool:
    """Say whether a stack's orchestrator runs pipelines by a clock of its own.

    Raises
    ------
    StackError
        If the stack is missing, half-configured or unreachable.
    """
    if load(stack, root=root).component("orchestrator").flavor == "local":
        return False  # known without waking ZenML
    from zenml.client import Client

    activate(stack, root=root)
    return bool(Client().active_stack.orchestrator.config.is_schedulable)


def schedule(loaded: LoadedProject, *, stack: str, root: Path) -> tuple[Scheduled, ...]:
    """Let the orchestrator monitor a project, and ask whether to retrain it, as is declared.

    What was scheduled of the project before is replaced. Both go by the same cron line: a decision
    rests on what monitoring has found by then, at the latest in the turn before. A scheduled
    retraining that is not due ends as refused, with the reason, and is written down like any.

    Raises
    ------
    ProjectError
        If the schedule is no cron line.
    StackError
        If the orchestrator does not take it.
    """
    project = loaded.project
    next_after(project.monitoring.schedule, datetime.now(UTC))
    activate(stack, root=root)
    home = str(below(loaded.folder, root))
    lineage = lineage_of("retraining", loaded, stack=stack, root=root)
    purpose = purpose_of(loaded)
    return (
        _schedule("monitoring", loaded, home, NOW),
        _schedule("retraining", loaded, home, purpose, lineage, UNDECIDED, NOW),
    )


def _schedule(name: str, loaded: LoadedProject, *inputs: Any) -> Scheduled:
    from zenml.config.schedule import Schedule

    project, cron = loaded.project, loaded.project.monitoring.schedule
    called = f"{project.name} {name}"
    remark = _take_away(called)
    options = pipeline_of(name).with_options(
        schedule=Schedule(name=called, cron_expression=cron, catchup=False),
        tags=[f"project:{project.name}"],
        enable_artifact_visualization=False,
        execution_mode=_mode(),
        # Airflow replaces what it was given under the same name, and keeps all else beside it.
        settings={"orchestrator.airflow": {"dag_id": called.replace(" ", "_")}},
    )
    try:
        options(project, *inputs)
    except (RuntimeError, ValueError) as error:
        _forget(called)
        raise StackError(
            f"The orchestrator does not take the schedule of {called}: {error}"
        ) from error
    return Scheduled(name=called, cron=cron, remark=remark)


def _mode() -> "ExecutionMode":
    """Stop at the first step that fails, where the orchestrator can."""
    from zenml.client import Client
    from zenml.enums import ExecutionMode

    modes = Client().active_stack.orchestrator.supported_execution_modes
    wanted = (ExecutionMode.FAIL_FAST, ExecutionMode.STOP_ON_FAILURE)
    return next((mode for mode in wanted if mode in modes), ExecutionMode.CONTINUE_ON_FAILURE)


def _take_away(called: str) -> str:
    """Take away the schedule of a name; say what is left to be done by hand."""
    from zenml.client import Client

    orchestrator, left = Client().active_stack.orchestrator, ""
    for found in Client().list_schedules(name=called):
        Client().delete_schedule(found.id)
        if not orchestrator.supports_schedule_deletion and orchestrator.flavor != "airflow":
            left = (
                f"{orchestrator.name} goes on with the schedule there was before: ZenML cannot "
                "take it away there. Take it away by hand, or everything is done twice."
            )
    return left


def _forget(called: str) -> None:
    """Take a schedule nobody goes by out of ZenML's books."""
    from zenml.client import Client

    for found in Client().list_schedules(name=called):
        Client().zen_store.delete_schedule(found.id, soft=True)
