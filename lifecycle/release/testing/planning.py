"""The plan of an A/B test: how many units it needs, and the rule that will decide it."""

from math import ceil, sqrt
from statistics import NormalDist

from lifecycle.errors import PerennialError
from lifecycle.release.declaration import Experiment
from lifecycle.release.release import Design
from lifecycle.release.testing.sequential import (
    FEWEST_OUTCOMES,
    FEWEST_UNITS,
    best_clock,
)
from lifecycle.release.testing.telling import amount, count, rule
from lifecycle.section import write_duration

DECLARED = "declared"


class DesignError(PerennialError):
    """A test cannot be planned as it is declared."""


def design(
    experiment: Experiment,
    *,
    baseline: float | None,
    deviation: float | None,
    source: str,
    units_a_day: float | None,
) -> Design:
    """Plan a test: how many units it needs, how long that takes, and how it will be decided.

    The effect is found with the declared power at the last look alone, by the limit of the
    sequential test there; all looks before only add to it, so the true power is higher. The test
    is tuned to have its narrowest interval at that last look [1]_. An arm then needs about twice
    the units of a test that is looked at once, and mostly ends long before it has them.

    Parameters
    ----------
    baseline, deviation, source
        What past outcomes say of the metric, and where that is from; what is declared goes
        first. The deviation of conversions follows from their baseline.
    units_a_day
        How many units are seen a day, in the test or not; `None`: nobody can tell.

    Raises
    ------
    DesignError
        If the baseline is not known, there can be no such effect, or finding it takes longer
        than the test may.

    References
    ----------
    .. [1] S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Annals of Statistics 49 (2021), 3.5.

    Examples
    --------
    >>> experiment = Experiment(metric={"name": "booked"}, effect=0.01, baseline=0.05)
    >>> plan = design(experiment, baseline=None, deviation=None, source="", units_a_day=4_000)
    >>> plan.units, plan.days
    (15616, 14.8)
    """
    if experiment.baseline is not None:
        baseline, source = experiment.baseline, DECLARED
        deviation = experiment.deviation if experiment.deviation is not None else deviation
    spreads = _spreads(experiment, baseline, deviation)
    assert baseline is not None
    clock = best_clock(experiment.false_positives)
    needed = sqrt(1 + clock) + NormalDist().inv_cdf(experiment.power)
    both = spreads[0] ** 2 + spreads[1] ** 2
    units = max(
        ceil(both * (needed / experiment.effect) ** 2),
        FEWEST_UNITS,
        _until_outcomes(experiment, baseline),
    )
    days = _days(experiment, units, units_a_day)
    _require_time(experiment, units, days)
    # The walk's variance at the planned size, in units of the best tuning: see `sequential`.
    tuned = units / 2 * both / 2 / clock
    own = spreads[0] or spreads[1]
    made = Design(
        metric=experiment.metric.name,
        baseline=baseline,
        deviation=own,
        source=source,
        effect=experiment.effect,
        power=experiment.power,
        false_positives=experiment.false_positives,
        units=units,
        days=days,
        mixing=own**2 / sqrt(tuned),
    )
    return made.model_copy(update={"told": rule(experiment, made)})


def tuning(plan: Design) -> float:
    """Give the variance of the walk that the test is tuned to: fixed by the plan.

    A mixture over effects with the deviation `mixing`, for units that deviate as planned.
    """
    return plan.deviation**4 / plan.mixing**2


def _spreads(
    experiment: Experiment, baseline: float | None, deviation: float | None
) -> tuple[float, float]:
    """Give the deviation of a unit's value without the effect, and with it."""
    name = experiment.metric.name
    if baseline is None:
        raise DesignError(
            f'Nobody knows what "{name}" is without a change: release.test.baseline is not '
            f'declared, and no outcomes called "{name}" were told of units seen before. Declare '
            f"baseline{'' if experiment.metric.kind == 'conversion' else ' and deviation'}, or "
            "send outcomes (POST /outcomes) for as long as `within` says and release then."
        )
    if experiment.metric.kind == "conversion":
        return _of_conversions(experiment, baseline)
    if not deviation:
        raise DesignError(
            f'Nobody knows how much "{name}" differs from unit to unit: release.test.deviation '
            "is not declared, and past outcomes do not tell it. Declare its standard deviation "
            "over all units, those without any outcome (0) among them."
        )
    return deviation, deviation


def _of_conversions(experiment: Experiment, baseline: float) -> tuple[float, float]:
    name, effect = experiment.metric.name, experiment.effect
    if not 0 <= baseline <= 1:
        raise DesignError(
            f'The baseline of "{name}" is {baseline:g}. It is a conversion: the share of the '
            "units that do it, from 0 to 1. Declare kind: sum for an amount."
        )
    wanted = baseline + (effect if experiment.metric.better == "higher" else -effect)
    if not 0 <= wanted <= 1:
        most = baseline if wanted < 0 else 1 - baseline
        raise DesignError(
            f'"{name}" cannot become {experiment.metric.better} by {amount(effect, "conversion")} '
            f"from {baseline:.2%}: at most {amount(most, 'conversion')} are left. Declare a "
            "smaller release.test.effect; it is a difference, not a ratio: 0.01 is one point of "
            "percent."
        )
    return sqrt(baseline * (1 - baseline)), sqrt(wanted * (1 - wanted))


def _until_outcomes(experiment: Experiment, baseline: float) -> int:
    """Give how many units of an arm it takes to see enough outcomes to be judged at all."""
    if experiment.metric.kind != "conversion" or not baseline:
        return 0
    rarer = min(baseline, 1 - baseline) or experiment.effect
    return ceil(FEWEST_OUTCOMES / rarer / 2)


def _days(experiment: Experiment, units: int, units_a_day: float | None) -> float | None:
    """Give how long it takes to see all units and then to wait for the outcomes of the last."""
    if not units_a_day:
        return None
    seen = 2 * units / (units_a_day * experiment.shares[-1])
    return round(seen + experiment.metric.within.total_seconds() / 86_400, 1)


def _require_time(experiment: Experiment, units: int, days: float | None) -> None:
    most = experiment.most.total_seconds() / 86_400
    within = experiment.metric.within.total_seconds() / 86_400
    if most <= within:
        raise DesignError(
            f"The test may take {write_duration(experiment.most)} (release.test.most), and "
            f"outcomes count for {write_duration(experiment.metric.within)} (metric.within): no "
            "unit's time would be over before the test is. Declare a longer `most` or a shorter "
            "`within`."
        )
    if days is None or days <= most:
        return
    # The units needed go with the square of the effect, and so does the time to see them.
    effect = experiment.effect * sqrt((days - within) / (most - within))
    raise DesignError(
        f"To find an effect of {amount(experiment.effect, experiment.metric.kind)} on "
        f'"{experiment.metric.name}" with a power of {experiment.power:.0%}, each arm needs '
        f"{count(units)} units. At the present number of units a day that takes {days:,.1f} days, "
        f"and release.test.most allows {most:,.1f}. Declare a larger effect (about "
        f"{amount(effect, experiment.metric.kind)} can be found in that time), a larger last "
        f"share ({experiment.shares[-1]:.0%} of the units are in the test), or a longer `most`."
    )
