"""Choose the rows a successor learns from."""

from typing import Annotated

from zenml import get_step_context, step

from adapters.clock import moment_of
from adapters.records import Records
from adapters.retraining.deciding import begun, take_aim
from adapters.stacks.environment import state
from lifecycle.data.declaration import Data, GroupSplit, RandomSplit, TimeSplit
from lifecycle.governance.lineage import Lineage
from lifecycle.project.project import Project
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def aim(
    project: Project, home: str, lineage: Lineage, decision: int, as_of: str
) -> tuple[
    Annotated[Data, "data"],
    Annotated[TimeSplit | RandomSplit | GroupSplit, "split"],
    Annotated[Lineage, "lineage"],
    Annotated[int, "decision"],
    Annotated[str, "as_of"],
]:
    """Choose the rows to train on and to hold out; decide first where nobody has."""
    moment = moment_of(as_of)
    if not decision:  # it was begun by a schedule, which was declared long ago
        run = get_step_context().pipeline_run.name
        lineage = lineage.model_copy(update={"run": run, "started": moment.isoformat()})
    with Records.open(state(ROOT)) as records:
        made = begun(project, decision, records=records, state=state(ROOT), as_of=moment)
        aimed = take_aim(project, home=ROOT / home, as_of=moment)
        records.change(made.number, window=aimed.choice, run=lineage.run)
    tell("aim", aimed.choice.reason)
    reasons = " ".join(reason.told for reason in made.reasons)
    traced = lineage.model_copy(
        update={
            "reason": reasons,
            "window_start": aimed.choice.start and aimed.choice.start.isoformat(),
            "window_end": aimed.choice.end.isoformat(),
        }
    )
    data, split, number, decided = aimed.data, aimed.split, made.number, moment.isoformat()
    return data, split, traced, number, decided
