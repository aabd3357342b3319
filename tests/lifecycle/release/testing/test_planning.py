import re
from math import sqrt

import pytest
from scipy import stats

from lifecycle.release.declaration import Experiment
from lifecycle.release.testing.planning import DesignError, design, tuning
from lifecycle.release.testing.sequential import best_clock


def planned(*, baseline=None, deviation=None, units_a_day=None, kind="conversion", **test):
    metric = {"name": "booked", "kind": kind, "better": test.pop("better", "higher")}
    experiment = Experiment(metric={**metric, **test.pop("metric", {})}, **test)
    return design(
        experiment, baseline=baseline, deviation=deviation, source="seen", units_a_day=units_a_day
    )


@pytest.mark.parametrize("effect", [0.005, 0.01, 0.05])
def test_the_effect_is_found_with_the_power_at_the_last_look_alone(effect):
    plan = planned(effect=effect, baseline=0.1)
    spread = sqrt((0.1 * 0.9 + (0.1 + effect) * (0.9 - effect)) / plan.units)
    power = stats.norm.sf(sqrt(1 + best_clock(0.05)) - effect / spread)

    assert power == pytest.approx(0.8, abs=0.002)


def test_the_walk_is_tuned_to_the_planned_size():
    plan = planned(effect=0.5, baseline=3.0, deviation=10.0, kind="sum")
    walk = plan.units / 2 * plan.deviation**2

    assert walk / tuning(plan) == pytest.approx(best_clock(0.05))
    assert plan.mixing == pytest.approx(plan.deviation * sqrt(2 * best_clock(0.05) / plan.units))


def test_a_lower_metric_needs_fewer_units_as_its_effect_makes_it_rarer():
    higher = planned(effect=0.02, baseline=0.1)
    lower = planned(effect=0.02, baseline=0.1, better="lower")

    assert lower.units < higher.units


def test_what_is_declared_goes_before_what_was_measured():
    plan = planned(effect=0.02, baseline=0.3, metric={"within": "1d"}, units_a_day=10_000)
    declared = design(
        Experiment(metric={"name": "booked"}, effect=0.02, baseline=0.1),
        baseline=0.3, deviation=None, source="seen", units_a_day=None,
    )  # fmt: skip

    assert (plan.baseline, plan.source) == (0.3, "seen")
    assert (declared.baseline, declared.source) == (0.1, "declared")


def test_it_takes_as_long_as_units_take_to_come_and_the_last_one_its_time():
    half = planned(effect=0.02, baseline=0.1, units_a_day=2_000, shares=[0.1, 0.5], most="60d")

    assert half.days == pytest.approx(2 * half.units / 1_000 + 7, abs=0.1)


def test_nobody_can_tell_how_long_it_takes_without_the_units_of_a_day():
    assert planned(effect=0.02, baseline=0.1).days is None


def test_a_large_effect_still_needs_enough_units_to_be_judged_at_all():
    assert planned(effect=0.9, baseline=0.05).units >= 25 / 0.05 / 2
    assert planned(effect=50.0, baseline=1.0, deviation=1.0, kind="sum").units == 100


def test_a_conversion_nobody_does_yet_can_be_planned():
    assert planned(effect=0.01, baseline=0.0).units > 100


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"effect": 0.01}, r"Nobody knows what .*POST /outcomes"),
        ({"effect": 0.5, "kind": "sum", "baseline": 3.0}, r"release\.test\.deviation"),
        ({"effect": 0.5, "kind": "sum", "baseline": 3.0, "deviation": 0.0}, "deviation"),
        ({"effect": 0.02, "baseline": 0.005, "better": "lower"}, r"at most 0\.5 points are left"),
        ({"effect": 0.6, "baseline": 0.5}, "at most 50 points are left"),
        ({"effect": 0.1, "baseline": 12.0}, "Declare kind: sum"),
        ({"effect": 0.001, "baseline": 0.1, "units_a_day": 500}, "about .* points can be found"),
        ({"effect": 0.1, "baseline": 0.1, "most": "7d"}, "shorter `within`"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_what_to_do(given, told):
    with pytest.raises(DesignError, match=told):
        planned(**given)


def test_the_effect_that_is_advised_fits_into_the_time():
    with pytest.raises(DesignError) as refused:
        planned(effect=0.001, baseline=0.1, units_a_day=5_000)
    advised = float(re.search(r"about ([\d.]+) points", str(refused.value))[1]) / 100

    assert planned(effect=advised * 1.05, baseline=0.1, units_a_day=5_000).days <= 28


def test_the_rule_is_told_before():
    plan = planned(
        effect=0.01, baseline=0.05, units_a_day=4_000, on_win="report",
        guard=[{"name": "returned", "better": "lower", "worse": 0.005}],
    )  # fmt: skip
    told = " ".join(plan.told)

    assert "reported only" in told
    assert "15,616 units of each arm" in told
    assert "If returned is worse with the challenger by clearly more than 0.5 points" in told
