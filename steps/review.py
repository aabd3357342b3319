"""Look at windows from all sides."""

from datetime import datetime
from typing import Annotated

from zenml import step

from adapters.hosting import events_folder
from adapters.monitoring.run import review_all
from adapters.stacks.environment import state
from lifecycle.monitoring.review import Reviews
from lifecycle.monitoring.windows import Windows
from lifecycle.project.project import Project
from lifecycle.verdict import Outcome
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def review(windows: Windows, project: Project, as_of: str) -> Annotated[Reviews, "reviews"]:
    """Compare each window with what its version has learnt from, and was found to be."""
    folder = state(ROOT)
    found = review_all(
        windows,
        project,
        events=events_folder(folder, project.name),
        state=folder,
        as_of=datetime.fromisoformat(as_of),
    )
    outcomes = [finding.verdict.outcome for one in found.reviews for finding in one.findings]
    failed, unknown = outcomes.count(Outcome.FAIL), outcomes.count(Outcome.UNKNOWN)
    tell("review", f"{len(outcomes)} rules, {failed} failed, {unknown} unknown")
    return found
