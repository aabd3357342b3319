"""The pages of a project's windows, and its figures for Prometheus."""

from datetime import datetime
from pathlib import Path

from adapters.gauges import publish
from adapters.monitoring.run import windows_only
from adapters.records import Records
from adapters.report.monitoring.page import file_name, render, render_index
from adapters.supervision.place import replace_file
from lifecycle.monitoring.review import Reviews
from lifecycle.project.project import Project

_HISTORY = 60
"""Windows that are drawn beside one another."""


def write_pages(
    looked: Reviews, project: Project, *, state: Path, now: datetime
) -> tuple[Path, int]:
    """Write a page for each window of this run, and the list of all; give where that is."""
    folder = state / "reports" / project.name / "monitoring"
    folder.mkdir(parents=True, exist_ok=True)
    metric = project.search.metric_for(project.data.label.task)
    about, declared = project.about, project.monitoring
    with Records.open(state) as records:
        kept = tuple(windows_only(records.reviews(project.name, light=True)))
        alerts, decisions = records.alerts(project.name), records.decisions(project.name)
    pages = tuple(windows_only(looked.reviews))
    for review in pages:
        history = [one for one in kept if one.span.start <= review.span.start][-_HISTORY:]
        page = render(
            review, history=history, alerts=alerts, decisions=decisions,
            about=about, declared=declared, metric=metric,
        )  # fmt: skip
        replace_file(folder / file_name(review), page)
    index = folder / "index.html"
    listed = render_index(kept, alerts, decisions, about=about, declared=declared, metric=metric)
    replace_file(index, listed)
    publish(
        project.name,
        [*kept, *looked.reviews],
        alerts,
        decisions[-1] if decisions else None,
        state=state,
        ran=now,
        labels_take=project.data.label.arrives_after,
    )
    return index, len(pages)
