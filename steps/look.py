"""Look at the service itself."""

from datetime import datetime
from typing import Annotated

from zenml import step

from adapters.monitoring.run import look_at_service
from adapters.stacks.environment import state
from lifecycle.governance.figures import plural
from lifecycle.monitoring.review import Reviews
from lifecycle.project.project import Project
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def look(reviews: Reviews, project: Project, as_of: str) -> Annotated[Reviews, "looked"]:
    """Add how the service is now to the newest window."""
    found = look_at_service(reviews, project, state=state(ROOT), now=datetime.fromisoformat(as_of))
    figures = found.reviews[-1].health if found.reviews else None
    if figures is not None:
        tell("look", _tell(figures.answers, figures.problem, figures.requests))
    return found


def _tell(answers: bool | None, problem: str, requests: int | None) -> str:
    if not answers:
        return problem or "the service does not say that it is ready"
    return f"the service answers; {plural(requests or 0, 'request')} since the last look"
