"""Tell the run on one page."""

from typing import Annotated

from zenml import step

from adapters import registry
from adapters.report.page import render
from lifecycle.governance.story import Story
from steps.caching import caching


@step(cache_policy=caching(__file__))
def report(story: Story) -> Annotated[str, "report"]:
    """Write the self-contained report, and keep it with the version."""
    page = render(story)
    if story.version is not None:
        registry.attach(story.name, story.version.number, "report.html", page)
    return page
