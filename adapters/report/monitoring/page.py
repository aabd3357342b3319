"""The page of one window of one version, and the list of all windows of a project."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment

from adapters.report.environment import environment
from adapters.report.excerpts import counted, first
from adapters.report.monitoring import alarms, charts, columns, headline, series, telling, timeline
from adapters.report.monitoring.calendar import calendars
from lifecycle.evaluation.metric_names import METRICS
from lifecycle.governance.caveats import is_worse
from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.declaration import Monitoring
from lifecycle.monitoring.review import Review
from lifecycle.project.about import About
from lifecycle.retraining.decision import Decision

CARDS = 12
"""Columns whose distributions are drawn."""

ROWS = 24
"""Columns followed over the windows."""

LISTED = 60
"""Columns beyond those that are listed with their figures."""

INDEX = "index.html"


def render(
    review: Review,
    *,
    history: Sequence[Review] = (),
    alerts: Sequence[Alert] = (),
    decisions: Sequence[Decision] = (),
    about: About | None = None,
    declared: Monitoring | None = None,
    metric: str | None = None,
) -> str:
    """Write the page of one window: whole, without a script, of a fixed size.

    Of many columns, groups or alerts it shows those that matter most and says how many it
    leaves out. All text of the data is escaped.

    Parameters
    ----------
    history
        Other reviews of the project, in any order; `review` itself may be among them.
    alerts, decisions
        Of the project; those of others are left out.
    about
        What is predicted and what for.
    declared
        Limits that are drawn; by default the usual ones.
    metric
        The figure that leads; by default that of `declared.concept`, else the first measured.
    """
    declared = declared or Monitoring()
    slots = timeline.timeline(history, review)
    leading = series.metric_of(review, metric or declared.concept.metric)
    own = [decision for decision in decisions if decision.project == review.project]
    standing = alarms.standing(alerts, review)
    return _environment().get_template("monitoring.html.j2").render(
        review=review,
        performance=review.performance,
        slots=slots,
        columns=columns.columns_of(review, slots),
        metric=leading,
        declared=declared,
        about=about,
        alerts=standing,
        decisions=alarms.decided(own),
        ending=telling.conclude(review),
        reasons=telling.reasons(review),
        tiles=headline.tiles(review, metric=leading, alerts=standing),
        steps=telling.next_steps(review, alerts=standing.open, decisions=own),
        others=timeline.others_of(review, history),
        concept_limit=[series.worst_allowed(slots, leading, declared.concept)] if leading else [],
    )  # fmt: skip


def render_index(
    reviews: Sequence[Review],
    alerts: Sequence[Alert] = (),
    decisions: Sequence[Decision] = (),
    *,
    about: About | None = None,
    declared: Monitoring | None = None,
    metric: str | None = None,
) -> str:
    """Write the list of all windows of a project: what was said of each, with a link to it."""
    declared = declared or Monitoring()
    ordered = sorted(
        (review for review in reviews if not review.is_look),
        key=lambda review: (review.span.start, review.version or ""),
    )
    newest = telling.leading(ordered)
    slots = timeline.timeline(ordered, most=60)
    leading = series.metric_of(newest, metric or declared.concept.metric) if newest else None
    return _environment().get_template("windows.html.j2").render(
        project=newest.project if newest else "",
        newest=newest,
        reviews=first(reversed(ordered), 120),
        calendars=calendars(ordered),
        slots=slots,
        metric=leading,
        declared=declared,
        about=about,
        alerts=alarms.standing(alerts, newest),
        decisions=alarms.decided(decisions),
        ending=telling.conclude(newest) if newest else None,
        concept_limit=[series.worst_allowed(slots, leading, declared.concept)] if leading else [],
    )  # fmt: skip


def file_name(review: Review) -> str:
    """Name the page of a window and version; pages of a project lie in one folder.

    Examples
    --------
    >>> from datetime import datetime
    >>> from lifecycle.monitoring.span import Span
    >>> april = Span(start=datetime(2013, 4, 1, tzinfo=UTC), end=datetime(2013, 5, 1, tzinfo=UTC))
    >>> file_name(Review(project="flights", version="3", span=april, as_of=april.end))
    '2013-04-01-to-2013-05-01-version-3.html'
    """
    start, end = (_stamp(moment) for moment in (review.span.start, review.span.end))
    version = re.sub(r"[^A-Za-z0-9_.-]", "-", review.version or "none")[:60]
    return f"{start}-to-{end}-version-{version}.html"


def _stamp(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    whole = not (moment.hour or moment.minute or moment.second)
    return f"{moment:%Y-%m-%d}" if whole else f"{moment:%Y-%m-%dT%H%M%S}"


def folder(reports: Path, project: str) -> Path:
    """Tell where the pages of a project lie.

    Examples
    --------
    >>> folder(Path("reports"), "flights").as_posix()
    'reports/flights/monitoring'
    """
    return reports / project / "monitoring"


@cache
def _environment() -> Environment:
    made = environment(
        (Path(__file__).parent,),
        alarms=alarms,
        charts=charts,
        counted=counted,
        unlike_before=columns.unlike_before,
        file_name=file_name,
        first=first,
        INDEX=INDEX,
        is_better=lambda metric: METRICS[metric].higher_is_better if metric in METRICS else None,
        is_worse=is_worse,
        series=series,
        telling=telling,
        timeline=timeline,
        CARDS=CARDS,
        ROWS=ROWS,
        LISTED=LISTED,
    )
    made.filters.update(
        distance=columns.distance_title,
        moment=telling.moment,
        sentence=telling.sentence,
        window=timeline.short_name,
    )
    return made
