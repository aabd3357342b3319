from math import log, sqrt

import numpy as np
import pytest
from scipy import optimize, stats

from lifecycle.release.evidence import ArmFigures
from lifecycle.release.testing.sequential import (
    best_clock,
    clock_of,
    difference,
    harmonic,
    limit,
    variance,
)
from tests.lifecycle.release.testing.worlds import World, simulate

RUNS = 1_000


def arm(values):
    values = np.asarray(values, dtype=float)
    return ArmFigures(
        units=len(values), total=values.sum(), squares=np.square(values).sum(), counted=len(values)
    )


def test_the_variance_is_that_of_welch():
    generator = np.random.default_rng(3)
    one, other = generator.normal(5, 2, 400), generator.normal(6, 3, 500)
    expected = one.var(ddof=1) / 400 + other.var(ddof=1) / 500

    assert variance(arm(one), arm(other)) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("false_positives", [0.001, 0.05, 0.2])
def test_the_limit_is_least_at_the_best_clock(false_positives):
    least = optimize.minimize_scalar(
        lambda clock: limit(clock, false_positives), bounds=(0.1, 100), method="bounded"
    )

    assert best_clock(false_positives) == pytest.approx(least.x, rel=1e-3)
    assert limit(best_clock(false_positives), false_positives) == pytest.approx(least.fun)


def test_the_evidence_is_a_mixture_of_likelihood_ratios_over_normal_effects():
    """Against a second way: the integral over effects, for a clock of 3."""
    spread, clock, value = 0.7, 3.0, 1.9
    mixing = spread * sqrt(clock)
    effects = np.linspace(-12, 12, 200_001)
    ratio = stats.norm.pdf(value, effects, spread) / stats.norm.pdf(value, 0, spread)
    mixed = np.trapezoid(ratio * stats.norm.pdf(effects, 0, mixing), effects)
    arms = unit_arms(value, spread)

    found = difference(*arms, clock=clock, false_positives=0.05)

    assert found.deviation == pytest.approx(spread)
    assert found.p_value == pytest.approx(min(1, 1 / mixed))


@pytest.mark.parametrize("value", [0.5, 2.2, 2.5, 6.0])
def test_zero_is_outside_the_interval_exactly_where_the_p_value_says_so(value):
    found = difference(*unit_arms(value, 0.7), clock=4.0, false_positives=0.05)

    assert (found.low > 0) == (found.p_value < 0.05)


@pytest.mark.parametrize(
    "arms",
    [
        (ArmFigures(units=0), ArmFigures(units=0)),
        (ArmFigures(units=1, total=1, squares=1), ArmFigures(units=1)),
        (ArmFigures(units=500), ArmFigures(units=500)),
        (ArmFigures(units=5, total=5, squares=5), ArmFigures(units=5, total=5, squares=5)),
    ],
)
def test_there_is_no_difference_where_nothing_tells_how_far_it_may_be_off(arms):
    assert difference(*arms, clock=clock_of(*arms, tuned=1.0), false_positives=0.05) is None


def test_arms_without_units_have_no_size():
    assert harmonic(0, 0) == 0.0


WORLDS = {
    "conversions": World(),
    "rare conversions": World(share=0.01),
    "half of the units convert": World(units=60, share=0.5, delay=5.0),
    "orders, repeated and late": World(share=0.1, again=0.4, spread=1.0),
    "no new units for two weeks": World(units=60, days=28, within=21, delay=12.0, share=0.5),
}


@pytest.mark.parametrize("name", WORLDS)
def test_daily_looks_find_nothing_where_nothing_is(name):
    days = simulate(WORLDS[name], RUNS, seed=11)
    tuned = tuned_to_the_end(days)

    assert share_found(days, tuned) <= 0.05


def test_the_same_looks_by_a_test_for_one_look_find_far_too_much():
    """So the simulation can fail."""
    days = simulate(World(), RUNS, seed=11)
    units, means = days.units, days.total / days.units
    spread = ((days.squares / units - means**2) / units).sum(axis=1)
    z = (means[:, 1] - means[:, 0]) / np.sqrt(spread)

    assert (abs(z) > 1.96).any(axis=1).mean() > 0.15


def test_the_interval_holds_the_true_difference_at_all_looks_together():
    """Where all outcomes come at once, so that the truth is the same each day."""
    world, lift = World(within=1, share=0.1), 0.02
    days = simulate(world, 400, lift=lift, seed=5)
    tuned = tuned_to_the_end(days)
    missed = [
        any(not found.low <= lift <= found.high for found in looks(days, run, tuned))
        for run in range(len(days))
    ]

    assert np.mean(missed) <= 0.05


def unit_arms(value, spread):
    """Two arms whose means differ by `value`, with that standard error."""
    units = 10_000
    squares = spread**2 / 2 * (units - 1) * units
    one = ArmFigures(units=units, total=0.0, squares=squares)
    other = ArmFigures(units=units, total=value * units, squares=squares + value**2 * units)
    return one, other


def tuned_to_the_end(days):
    return clock_of(*days.arms(0, -1), tuned=1.0) / best_clock(0.05)


def looks(days, run, tuned):
    for day in range(days.units.shape[2]):
        arms = days.arms(run, day)
        found = difference(*arms, clock=clock_of(*arms, tuned=tuned), false_positives=0.05)
        if found is not None:
            yield found


def share_found(days, tuned):
    return np.mean(
        [any(found.p_value <= 0.05 for found in looks(days, run, tuned)) for run in range(RUNS)]
    )


def test_logarithms_are_those_of_the_paper():
    """Howard et al. (2021), equation 14, with the walk's own variance as its clock."""
    clock, alpha = 5.0, 0.05
    robbins = sqrt((clock + 1) * log((clock + 1) / alpha**2)) / sqrt(clock)

    assert limit(clock, alpha) == pytest.approx(robbins)
