"""Find labels where the tables have come to know them."""

from typing import Annotated

from zenml import step

from adapters.clock import moment_of
from adapters.hosting import events_folder
from adapters.monitoring.relabelling import relabel as run_query_again
from adapters.stacks.environment import state
from lifecycle.project.project import Project
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def relabel(
    project: Project, home: str, as_of: str
) -> tuple[Annotated[int, "relabelled"], Annotated[str, "as_of"]]:
    """Run the declared query again for labels of what was predicted, where that is declared."""
    moment = moment_of(as_of)
    told = moment.isoformat()
    if not project.monitoring.labels.query:
        return 0, told
    folder = state(ROOT)
    found = run_query_again(
        project,
        events=events_folder(folder, project.name),
        home=ROOT / home,
        state=folder,
        as_of=moment,
    )
    tell("relabel", f"{found:,} labels found by running the query again")
    return found, told
