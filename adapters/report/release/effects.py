"""An A/B test over time: its plan, its units, and what was found of each metric."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.report.release.lines import Line, Point, flat, is_drawn, line
from lifecycle.release.declaration import Experiment, Metric
from lifecycle.release.evidence import ArmFigures, ExperimentFigures, MetricFigures
from lifecycle.release.release import Design, Look, Release
from lifecycle.release.testing.planning import tuning
from lifecycle.release.testing.sequential import (
    FEWEST_OUTCOMES,
    FEWEST_UNITS,
    Difference,
    best_clock,
    clock_of,
    difference,
    harmonic,
)
from lifecycle.release.testing.srm import mismatch_p_value


@dataclass(frozen=True)
class Effect:
    """What was found of one metric, last; `is_guard`: it must not get worse."""

    metric: Metric
    figures: MetricFigures | None
    effect: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    is_guard: bool = False


@dataclass(frozen=True)
class Test:
    """A test as its page shows it."""

    declared: Experiment
    design: Design | None
    figures: ExperimentFigures | None
    effects: tuple[Effect, ...]
    sequence: Line | None
    p_values: Line | None
    p_limit: tuple[Line, ...]
    units: tuple[Line, ...]
    split_p_value: float | None


def test_of(release: Release, looks: Sequence[Look]) -> Test | None:
    """Gather what the looks found of a test; `None` where the release is none."""
    declared = release.policy.test
    if release.strategy != "ab" or declared is None:
        return None
    figures = looks[-1].findings.test if looks else None
    metrics: list[Metric] = [declared.metric, *declared.guard]
    sequence = line(looks, lambda look: _point(release, look), name="effect", tone="challenger")
    p_values = line(looks, lambda look: _p_value(release, look), name="p-value", tone="challenger")
    return Test(
        declared=declared,
        design=release.design,
        figures=figures,
        effects=tuple(
            _effect(release, metric, figures, is_guard=at > 0) for at, metric in enumerate(metrics)
        ),
        sequence=sequence if is_drawn(sequence) else None,
        p_values=p_values if is_drawn(p_values) else None,
        p_limit=flat(looks, (release.design or declared).false_positives),
        units=_units(looks),
        split_p_value=_split(figures),
    )


def _units(looks: Sequence[Look]) -> tuple[Line, ...]:
    def of(arm: str) -> Line:
        def read(look: Look) -> Point | None:
            found = look.findings.test
            if found is None or not found.metrics:
                return None
            return Point(look.at.timestamp(), float(getattr(found.metrics[0], arm).units))

        return line(looks, read, name=arm, tone=arm)

    return tuple(one for one in (of("champion"), of("challenger")) if is_drawn(one))


def _effect(
    release: Release, metric: Metric, figures: ExperimentFigures | None, *, is_guard: bool
) -> Effect:
    named = (one for one in (figures.metrics if figures else ()) if one.name == metric.name)
    found = next(named, None)
    taken = difference_of(found, metric, release.design, is_guard=is_guard) if found else None
    if taken is None:
        return Effect(metric, found, _apart(found), is_guard=is_guard)
    return Effect(
        metric, found, taken.value, taken.low, taken.high, taken.p_value, is_guard=is_guard
    )


def difference_of(
    found: MetricFigures, metric: Metric, design: Design | None, *, is_guard: bool = False
) -> Difference | None:
    """Take the difference of both arms as the rules of the test do; `None`: too early.

    The deciding metric's clock is the variance that was planned. A guard has none planned; at
    the planned number of units its interval is as narrow.
    """
    arms = found.champion, found.challenger
    if design is None or _is_early(metric, *arms):
        return None
    if is_guard:
        size = harmonic(arms[0].units, arms[1].units) / (design.units / 2)
        clock = size * best_clock(design.false_positives)
    else:
        clock = clock_of(*arms, tuned=tuning(design))
    return difference(*arms, clock=clock, false_positives=design.false_positives)


def _is_early(metric: Metric, champion: ArmFigures, challenger: ArmFigures) -> bool:
    units = champion.units + challenger.units
    if min(champion.units, challenger.units) < FEWEST_UNITS:
        return True
    if metric.kind == "sum":
        return False
    told = int(champion.total + challenger.total)
    return min(told, units - told) < FEWEST_OUTCOMES


def _apart(found: MetricFigures | None) -> float | None:
    """Give the plain difference, where it is too early for an interval."""
    if found is None or found.champion.mean is None or found.challenger.mean is None:
        return None
    return found.challenger.mean - found.champion.mean


def _taken(release: Release, look: Look) -> Difference | None:
    found, declared = look.findings.test, release.policy.test
    if found is None or declared is None or not found.metrics:
        return None
    return difference_of(found.metrics[0], declared.metric, release.design)


def _point(release: Release, look: Look) -> Point | None:
    taken = _taken(release, look)
    if taken is None:
        return None
    return Point(look.at.timestamp(), taken.value, taken.low, taken.high)


def _p_value(release: Release, look: Look) -> Point | None:
    taken = _taken(release, look)
    return None if taken is None else Point(look.at.timestamp(), taken.p_value)


def _split(figures: ExperimentFigures | None) -> float | None:
    """Give how likely so uneven a split of the units is."""
    if figures is None or not figures.metrics:
        return None
    first = figures.metrics[0]
    return mismatch_p_value(first.champion.units, first.challenger.units)
