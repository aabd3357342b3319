"""The page of one release, and the list of all releases of a project."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment

from adapters.report.environment import environment
from adapters.report.excerpts import counted, first
from adapters.report.release import (
    answers,
    charts,
    effects,
    headline,
    rails,
    telling,
    totals,
    travels,
)
from adapters.supervision.place import replace_file
from lifecycle.release.release import Look, Movement, Release

INDEX = "index.html"

MOVES = 60
"""Movements that are listed; a canary of three steps has five."""


def render(release: Release, movements: Sequence[Movement], looks: Sequence[Look]) -> str:
    """Write the page of a release: whole, without a script, of a fixed size.

    Of many looks, slices or movements it shows those that matter most and says how many it
    leaves out. All text of the data is escaped.

    Parameters
    ----------
    movements
        Of the project; those of other releases are left out.
    looks
        Of the release, in any order; none: nothing has been looked at yet.
    """
    own = travels.movements_of(release, movements)
    seen = sorted((look for look in looks if look.release == release.number), key=_by_time)
    last = seen[-1] if seen else None
    release = _as_of(release, last)
    span = travels.span_of(release, own, seen)
    marks = travels.marks_of(own, span)
    return _environment().get_template("release.html.j2").render(
        release=release,
        last=last,
        looks=len(seen),
        span=span,
        marks=marks,
        ending=headline.ending(release),
        reasons=headline.reasons(release),
        tiles=headline.tiles(release, last),
        stretches=travels.stretches(own, span),
        versions=travels.versions(own, release),
        moves=first(reversed([*own, *travels.afterwards(release, movements)]), MOVES),
        guard=rails.rails(release, seen),
        totals=totals.totals(release, last),
        said=answers.said(release, seen),
        test=effects.test_of(release, seen),
    )  # fmt: skip


def render_index(releases: Sequence[Release], movements: Sequence[Movement]) -> str:
    """Write the list of all releases of a project, and what was live when."""
    ordered = sorted(releases, key=lambda release: release.number)
    moved = sorted(movements, key=lambda movement: movement.number)
    span = travels.span_of_all(ordered, moved)
    newest = ordered[-1] if ordered else None
    project = newest.project if newest else moved[-1].project if moved else ""
    return _environment().get_template("releases.html.j2").render(
        project=project,
        newest=newest,
        ending=headline.ending(newest) if newest else None,
        reasons=headline.reasons(newest) if newest else [],
        releases=first(reversed(ordered), 200),
        moves=first(reversed(moved), 200),
        span=span,
        marks=travels.marks_of(moved, span) if span else [],
        stretches=travels.stretches(moved, span) if span else [],
        versions=travels.versions(moved),
        live=travels.live_of(moved),
    )  # fmt: skip


def write(
    folder: Path, release: Release, movements: Sequence[Movement], looks: Sequence[Look]
) -> Path:
    """Write the page of a release into a folder, at once or not at all; give where it is.

    The folder is made where it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / file_name(release)
    replace_file(page, render(release, movements, looks))
    return page


def write_index(folder: Path, releases: Sequence[Release], movements: Sequence[Movement]) -> Path:
    """Write the list of a project's releases into a folder, as `write` does."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / INDEX
    replace_file(page, render_index(releases, movements))
    return page


def file_name(release: Release) -> str:
    """Name the page of a release; the pages of a project lie in one folder."""
    return f"{release.number}.html"


def folder(reports: Path, project: str) -> Path:
    """Tell where the pages of a project's releases lie.

    Examples
    --------
    >>> folder(Path("reports"), "flights").as_posix()
    'reports/flights/releases'
    """
    return reports / project / "releases"


def _as_of(release: Release, last: Look | None) -> Release:
    """Let a release say what was judged last, by whichever of the two knows it later."""
    if last is None or (release.judged is not None and release.judged > last.at):
        return release
    return release.model_copy(update={"verdicts": last.verdicts, "judged": last.at})


def _by_time(look: Look) -> float:
    return look.at.timestamp()


@cache
def _environment() -> Environment:
    made = environment(
        (Path(__file__).parent,),
        charts=charts,
        counted=counted,
        file_name=file_name,
        first=first,
        telling=telling,
        INDEX=INDEX,
    )
    made.filters.update(moment=telling.moment, sentence=telling.sentence)
    return made
