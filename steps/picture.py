"""Write the pages people look at."""

from datetime import datetime
from typing import Annotated

from zenml import step

from adapters.monitoring.pages import write_pages
from adapters.stacks.environment import state
from lifecycle.governance.figures import plural
from lifecycle.monitoring.alarm import Alarm
from lifecycle.monitoring.review import Reviews
from lifecycle.project.project import Project
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def picture(looked: Reviews, alarm: Alarm, project: Project, as_of: str) -> Annotated[str, "pages"]:
    """Write a page for each window, the list of them, and the figures for Prometheus."""
    del alarm  # taken so that the pages show the alerts of this run
    index, pages = write_pages(
        looked, project, state=state(ROOT), now=datetime.fromisoformat(as_of)
    )
    tell("picture", f"{plural(pages, 'page')} below {index.parent.name}")
    return str(index)
