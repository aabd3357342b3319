"""The pages of a project's windows, and its figures for Prometheus."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from adapters.gauges import publish
from adapters.monitoring.run import windows_only
from adapters.records import Records
from adapters.report.monitoring.page import file_name, render, render_index
from adapters.supervision.place import replace_file
from lifecycle.monitoring.due import is_credible
from lifecycle.monitoring.review import Review, Reviews
from lifecycle.project.project import Project
from lifecycle.retraining.decision import Decision

_HISTORY = 60
"""Windows that are drawn beside one another; pages that were lost are written anew as far back."""

_NOT_DUE = 50
"""Decisions that began nothing are shown so far back: there is one every hour."""

_INDEX = "index.html"


def write_pages(
    looked: Reviews, project: Project, *, state: Path, now: datetime
) -> tuple[Path, int]:
    """Write a page for each window of this run, and the list of all; give where that is.

    Also those a run did not come to that was killed. Pages of forgotten windows are taken away.
    """
    folder = state / "reports" / project.name / "monitoring"
    folder.mkdir(parents=True, exist_ok=True)
    metric = project.search.metric_for(project.data.label.task)
    about, declared = project.about, project.monitoring
    with Records.open(state) as records:
        found = windows_only(records.reviews(project.name, light=True))
        kept = tuple(one for one in found if is_credible(one.as_of, as_of=now))
        alerts, decisions = records.alerts(project.name), _decisions(records, project.name)
        fresh = tuple(windows_only(looked.reviews))
        pages = (*_unwritten(folder, records, kept, fresh), *fresh)
    for review in pages:
        history = [one for one in kept if one.span.start <= review.span.start][-_HISTORY:]
        page = render(
            review, history=history, alerts=alerts, decisions=decisions,
            about=about, declared=declared, metric=metric,
        )  # fmt: skip
        replace_file(folder / file_name(review), page)
    _sweep(folder, kept)
    index = folder / _INDEX
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


def _decisions(records: Records, project: str) -> tuple[Decision, ...]:
    """Give all decisions that began something, and the newest of the others."""
    found = (*records.decisions(project, begun=True), *records.decisions(project, _NOT_DUE))
    return tuple(sorted({one.number: one for one in found}.values(), key=lambda one: one.number))


def _unwritten(
    folder: Path, records: Records, kept: Sequence[Review], fresh: Sequence[Review]
) -> Iterator[Review]:
    """Find the newest windows that are recorded and have no page."""
    names = {file_name(review) for review in fresh}
    for light in kept[-_HISTORY:]:
        name, span = file_name(light), light.span
        if name not in names and not (folder / name).exists():
            found = records.reviews(
                light.project, version=light.version or "", since=span.start, until=span.end
            )
            yield from (review for review in found if review.span == span)


def _sweep(folder: Path, kept: Iterable[Review]) -> None:
    wanted = {_INDEX, *(file_name(review) for review in kept)}
    for page in folder.glob("*.html"):
        if page.name not in wanted:
            page.unlink(missing_ok=True)
