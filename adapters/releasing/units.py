"""The units of an A/B test, and what they did: counted from the event log."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adapters.clock import now
from adapters.releasing.units_lines import (
    CHALLENGER,
    NEITHER,
    NOBODY,
    Moments,
    Names,
    Outcomes,
    hashes,
)
from adapters.releasing.units_tally import Asked, Tally, tally
from lifecycle.errors import PerennialError
from lifecycle.release.declaration import Metric
from lifecycle.release.evidence import (
    ArmFigures,
    ExperimentFigures,
    MetricFigures,
    SettledFigures,
)
from lifecycle.release.release import Release
from lifecycle.release.testing.sequential import FEWEST_OUTCOMES, FEWEST_UNITS

BEFORE = timedelta(days=28)
"""How far back past outcomes tell what a metric is without a change."""

_DAY_US = 86_400 * 10**6
Values = NDArray[np.float64]


class NoTestError(PerennialError):
    """A release is no A/B test, so there are no arms to count."""


@dataclass(frozen=True)
class Units:
    """Units in the order of their names: when each was first in the test, and in which arm."""

    name: Names
    first: Moments
    is_challenger: NDArray[np.bool_]
    others: Names
    """Those that were seen, but not in the test."""
    crossed: int = 0

    def find(self, names: Names) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Find the places of names, and say which of them were found at all."""
        if not len(self.name):
            return np.zeros(len(names), np.intp), np.zeros(len(names), np.bool_)
        places = np.minimum(np.searchsorted(self.name, names), len(self.name) - 1)
        return places, self.name[places] == names


@dataclass(frozen=True)
class Counted:
    """The value of each unit, and of which any outcome is told; and what did not count."""

    values: Values
    has_any: NDArray[np.bool_]
    told: int = 0
    repeated: int = 0
    late: int = 0
    strange: int = 0


def figures(state: Path, release: Release, as_of: datetime) -> ExperimentFigures:
    """Count what an A/B test has brought by a moment.

    A unit is in the arm it was first seen in, from its first request there on. What it did
    within `within` after that counts; when it did it is what was said of it, and otherwise when
    it was told. Told again under the same name and id, an outcome counts once, as it was told
    last: a value of zero takes it back. Outcomes of a request are those of its unit.

    Parameters
    ----------
    state
        The folder below which all state is kept.

    Raises
    ------
    NoTestError
        If the release is no test.
    DataError
        If a line of the log is of a form that this version of Perennial does not know.
    """
    if release.policy.test is None:
        raise NoTestError(
            f"Release {release.number} of {release.project} has no release.test; only an A/B "
            "test has arms to count."
        )
    versions = release.champion, release.challenger
    folder = state / "events" / release.project
    read = tally(Asked(folder, release.number, versions, release.began))
    moment = _microseconds(as_of)
    units = _units(read, moment)
    outcomes = _known_by(read, moment)
    metrics = (release.policy.test.metric, *release.policy.test.guard)
    counted = [_count(metric, units, outcomes) for metric in metrics]
    first = {metric.name: one for metric, one in zip(metrics[::-1], counted[::-1], strict=True)}
    return ExperimentFigures(
        metrics=tuple(
            _metric(metric, units, one, moment)
            for metric, one in zip(metrics, counted, strict=True)
        ),
        crossed=units.crossed,
        answered_by_other=int((read.others <= moment).sum()),
        outcomes=sum(one.told for one in first.values()),
        repeated=sum(one.repeated for one in first.values()),
        late=sum(one.late for one in first.values()),
        strange=sum(one.strange for one in first.values()),
    )


def history(
    state: Path, project: str, metric: Metric, *, until: datetime | None = None
) -> tuple[float | None, float | None, float | None, str]:
    """Measure what a metric was of units seen before: baseline, deviation, units a day, source.

    As if a test had begun 28 days ago: a unit's time begins with its first request since, and
    units whose time is not over are left out, as are those that met the challenger of a test.
    What cannot be told from what there is, is `None`: at least 100 units and outcomes of 25 for
    the metric, a day of requests for the number of units a day.
    """
    end = now() if until is None else until
    asked = Asked(state / "events" / project, None, ("", ""), end - BEFORE)
    read = tally(asked, keeps=False)
    moment, since = _microseconds(end), _microseconds(end - BEFORE)
    units, begin = _past_units(read, since=since, until=moment)
    span = (moment - begin) / _DAY_US
    a_day = len(units.name) / span if span >= 1 else None
    over = units.first + _length(metric) <= moment
    settled = replace(
        units, name=units.name[over], first=units.first[over],
        is_challenger=units.is_challenger[over],
    )  # fmt: skip
    counted = _count(metric, settled, _known_by(read, moment))
    if len(settled.name) < FEWEST_UNITS or counted.has_any.sum() < FEWEST_OUTCOMES:
        return None, None, a_day, ""
    source = (
        f"measured over {len(settled.name):,} units first seen in the {span:,.1f} days until "
        f"{end:%Y-%m-%d %H:%M}"
    )
    return float(counted.values.mean()), float(counted.values.std(ddof=1)), a_day, source


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


def _length(metric: Metric) -> int:
    return round(metric.within.total_seconds() * 1e6)


def _units(read: Tally, moment: int) -> Units:
    """Give the units of the test: of one in both arms, the one it was in first."""
    seen = read.seen.take(read.seen.at <= moment)
    side, unit = seen.side, seen.unit
    inside = side != NEITHER
    name, at, is_challenger = unit[inside], seen.at[inside], side[inside] == CHALLENGER
    twice = np.flatnonzero(name[1:] == name[:-1])  # the champion's arm, then the challenger's
    kept = np.ones(len(name), np.bool_)
    kept[np.where(at[twice] <= at[twice + 1], twice + 1, twice)] = False
    return Units(name[kept], at[kept], is_challenger[kept], unit[~inside], crossed=len(twice))


def _past_units(read: Tally, *, since: int, until: int) -> tuple[Units, int]:
    """Give units by their first request in a window, and when its first request was."""
    seen = read.seen.take((read.seen.at >= since) & (read.seen.at < until))
    met = np.unique(seen.unit[seen.side == CHALLENGER])
    seen = seen.take(~np.isin(seen.unit, met))
    names, begins = np.unique(seen.unit, return_index=True)
    first = np.minimum.reduceat(seen.at, begins) if len(names) else seen.at
    begin = int(first.min()) if len(first) else until
    return Units(names, first, np.zeros(len(names), np.bool_), names[:0]), begin


def _known_by(read: Tally, moment: int) -> Outcomes:
    """Give the outcomes told by a moment, each with its unit."""
    known = read.outcomes.take(read.outcomes.at <= moment)
    named = np.flatnonzero(known.unit == NOBODY)
    if not len(named):
        return known
    unit = known.unit.copy()
    unit[named] = read.units_of(known.request[named])
    return replace(known, unit=unit)


def _count(metric: Metric, units: Units, outcomes: Outcomes) -> Counted:
    told = outcomes.take(outcomes.name == hashes([metric.name])[0])
    last = told.take(_last(told))
    place, is_known = units.find(last.unit)
    strange = int((~is_known & ~np.isin(last.unit, units.others)).sum())
    place, last = place[is_known], last.take(is_known)
    since = last.when - units.first[place] if len(place) else last.when
    is_late = since > _length(metric)
    counts = (since >= 0) & ~is_late
    if metric.kind == "conversion":
        counts &= last.value != 0
    place, value = place[counts], last.value[counts]
    times = np.bincount(place, minlength=len(units.name))
    has_any = times > 0
    if metric.kind == "conversion":
        values = has_any.astype(np.float64)
    else:
        values = np.bincount(place, weights=value, minlength=len(units.name)).astype(np.float64)
    repeated = len(told) - len(_last(told))
    return Counted(values, has_any, len(told), repeated, int(is_late.sum()), strange)


def _last(told: Outcomes) -> NDArray[np.intp]:
    """Give the places of the outcomes that count: of those with one id, the one told last."""
    named = np.flatnonzero(told.own != NOBODY)
    order = named[np.lexsort((told.at[named], told.own[named]))]
    own = told.own[order]
    ends = order[np.r_[own[1:] != own[:-1], True]] if len(order) else order
    return np.sort(np.r_[np.flatnonzero(told.own == NOBODY), ends])


def _metric(metric: Metric, units: Units, counted: Counted, moment: int) -> MetricFigures:
    is_over = units.first + _length(metric) <= moment
    challenger, champion = units.is_challenger, ~units.is_challenger
    return MetricFigures(
        name=metric.name,
        champion=_arm(counted, champion),
        challenger=_arm(counted, challenger),
        settled=SettledFigures(
            champion=_arm(counted, champion & is_over),
            challenger=_arm(counted, challenger & is_over),
        ),
    )


def _arm(counted: Counted, which: NDArray[np.bool_]) -> ArmFigures:
    values = counted.values[which]
    return ArmFigures(
        units=len(values),
        total=float(values.sum()),
        squares=float(np.square(values).sum()),
        counted=int(counted.has_any[which].sum()),
    )
