from datetime import UTC, datetime, timedelta

import numpy as np

from lifecycle.release.declaration import Experiment
from lifecycle.release.evidence import (
    ArmFigures,
    ExperimentFigures,
    MetricFigures,
    SettledFigures,
)
from lifecycle.release.testing.concluding import conclude, judge_test, waits
from lifecycle.release.testing.planning import design
from lifecycle.verdict import Outcome
from tests.lifecycle.release.testing.worlds import World, simulate

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
GUARD = {"name": "returned", "better": "lower", "worse": 0.01}


def arm(units, share):
    total = round(units * share)
    return ArmFigures(units=units, total=total, squares=total, counted=total)


def counted(name, champion, challenger, settled=None):
    """Figures of (units, share) of both arms, and of both of those that are settled."""
    done = SettledFigures(
        champion=arm(*(settled or (champion, challenger))[0]),
        challenger=arm(*(settled or (champion, challenger))[1]),
    )
    return MetricFigures(
        name=name, champion=arm(*champion), challenger=arm(*challenger), settled=done
    )


def booked(champion, challenger, settled=None, **more):
    metrics = (counted("booked", champion, challenger, settled), *more.pop("guards", ()))
    return ExperimentFigures(metrics=metrics, **more)


def an_experiment(*, better="higher", kind="conversion", **given):
    metric = {"name": "booked", "better": better, "kind": kind}
    return Experiment(metric=metric, **{"effect": 0.03, "baseline": 0.1, **given})


def plan(experiment):
    return design(experiment, baseline=None, deviation=None, source="", units_a_day=None)


def concluded(figures, *, at=5 * DAY, **given):
    experiment = an_experiment(**given)
    return conclude(figures, plan(experiment), experiment, began=BEGAN, now=BEGAN + at)


def verdict(figures, rule, **given):
    experiment = an_experiment(**given)
    found = judge_test(figures, plan(experiment), experiment)
    return next(one for one in found if one.rule == rule)


def waiting(figures, *, at=5 * DAY, **given):
    experiment = an_experiment(**given)
    return waits(figures, plan(experiment), experiment, began=BEGAN, now=BEGAN + at)


def test_a_challenger_that_is_clearly_better_is_promoted():
    found = concluded(booked((5_000, 0.10), (5_000, 0.14)))

    assert found.action == "promote"
    assert "14.00 % over the 5,000 units of the challenger's arm" in found.reason
    assert "effect booked" in [one.rule for one in found.verdicts]


def test_a_challenger_that_is_clearly_worse_leaves_the_champion():
    found = concluded(booked((5_000, 0.14), (5_000, 0.10)))

    assert found.action == "finish"
    assert found.reason.startswith("The champion stays.")


def test_where_lower_is_better_the_lower_one_wins():
    assert concluded(booked((5_000, 0.14), (5_000, 0.10)), better="lower").action == "promote"
    assert concluded(booked((5_000, 0.10), (5_000, 0.14)), better="lower").action == "finish"


def test_a_win_that_is_to_be_reported_only_leaves_the_champion():
    found = concluded(booked((5_000, 0.10), (5_000, 0.14)), on_win="report")

    assert found.action == "finish"
    assert "The challenger is better" in found.reason


def test_a_test_that_is_not_decided_goes_on_and_says_for_how_many_units():
    figures = booked((2_000, 0.10), (2_010, 0.11), settled=((900, 0.1), (910, 0.11)))

    assert concluded(figures) is None
    assert "for 2,492 more units of each arm" in waiting(figures)
    assert "(900 of 3,392 are there), or until 2026-01-29 00:00" in waiting(figures)


def test_it_ends_without_a_winner_at_the_planned_units():
    found = concluded(booked((6_000, 0.10), (6_000, 0.102)))

    assert found.action == "finish"
    assert "no difference as large as 3 points was found" in found.reason
    assert waiting(booked((6_000, 0.10), (6_000, 0.102))) == "The test is at its end."


def test_units_whose_outcomes_may_still_come_are_not_yet_the_planned_ones():
    figures = booked((6_000, 0.10), (6_000, 0.102), settled=((3_000, 0.1), (3_000, 0.1)))

    assert concluded(figures) is None


def test_it_ends_without_a_winner_when_its_time_is_over():
    found = concluded(booked((500, 0.10), (500, 0.11)), at=28 * DAY)

    assert found.action == "finish"
    assert "took 28d (500 of 3,392 planned units" in found.reason


def test_nothing_is_judged_of_few_units_or_of_few_outcomes():
    few = verdict(booked((60, 0.1), (70, 0.9)), "effect booked")
    rare = verdict(booked((4_000, 0.001), (4_000, 0.002)), "effect booked")
    all_of_them = verdict(booked((4_000, 1.0), (4_000, 0.999)), "effect booked")

    assert {one.outcome for one in (few, rare, all_of_them)} == {Outcome.UNKNOWN}
    assert "from 100 units in each arm on" in few.reason
    assert "from 25 units with an outcome on; there are 12" in rare.reason
    assert "from 25 units with no outcome on; there are 4" in all_of_them.reason


def test_a_conversion_that_breaks_altogether_is_found():
    assert concluded(booked((1_000, 0.05), (1_000, 0.0))).action == "finish"


def test_a_sum_that_is_the_same_of_all_units_cannot_be_compared():
    found = verdict(
        booked((500, 0.0), (500, 1.0)), "effect booked", kind="sum", deviation=1.0, effect=0.1
    )

    assert found.outcome is Outcome.UNKNOWN
    assert "the same of every unit" in found.reason


def test_missing_figures_are_unknown_and_never_a_win():
    found = judge_test(ExperimentFigures(metrics=()), plan(an_experiment()), an_experiment())

    assert [one.outcome for one in found if one.rule in ("sample ratio", "effect booked")] == [
        Outcome.UNKNOWN, Outcome.UNKNOWN
    ]  # fmt: skip
    assert concluded(ExperimentFigures(metrics=())) is None
    assert concluded(ExperimentFigures(metrics=()), at=28 * DAY).action == "finish"


def test_a_sample_ratio_mismatch_voids_a_win():
    found = concluded(booked((5_000, 0.10), (5_500, 0.14)))

    assert found.action == "finish"
    assert "The test is void" in found.reason
    assert "5,500 units were first seen in the challenger's arm" in found.reason


def test_a_unit_in_both_arms_voids_the_test():
    found = concluded(booked((5_000, 0.10), (5_000, 0.14), crossed=1))

    assert found.action == "finish"
    assert "1 unit was seen in both arms" in found.reason


def test_answers_of_the_other_version_are_told_and_do_not_stop_a_win():
    figures = booked((5_000, 0.10), (5_000, 0.14), answered_by_other=3)

    assert verdict(figures, "answered by the other").outcome is Outcome.WARN
    assert concluded(figures).action == "promote"


class TestGuards:
    """`returned` must not rise by more than a point."""

    def win(self, champion, challenger, settled=None):
        guard = counted("returned", champion, challenger, settled)
        return booked((5_000, 0.10), (5_000, 0.14), guards=(guard,))

    def test_one_that_is_clearly_worse_rolls_back_even_a_win(self):
        found = concluded(self.win((4_000, 0.05), (4_000, 0.10)), guard=[GUARD])

        assert found.action == "roll back"
        assert "clearly worse by 1 point or more" in found.reason

    def test_one_where_higher_is_better_rolls_back_when_it_falls(self):
        guard = {**GUARD, "better": "higher"}

        assert concluded(self.win((4_000, 0.10), (4_000, 0.05)), guard=[guard]).action == (
            "roll back"
        )

    def test_worse_by_less_than_is_allowed_is_no_harm(self):
        figures = self.win((90_000, 0.050), (90_000, 0.054))

        assert verdict(figures, "guard returned", guard=[GUARD]).outcome is Outcome.PASS
        assert concluded(figures, guard=[GUARD]).action == "promote"

    def test_a_win_waits_until_a_guard_is_proven(self):
        settled = ((1_000, 0.05), (1_000, 0.05))
        figures = self.win((5_000, 0.05), (5_000, 0.05), settled)
        figures = figures.model_copy(
            update={"metrics": (
                counted("booked", (5_000, 0.10), (5_000, 0.14), settled), figures.metrics[1]
            )}
        )  # fmt: skip

        assert verdict(figures, "guard returned", guard=[GUARD]).outcome is Outcome.UNKNOWN
        assert concluded(figures, guard=[GUARD]) is None
        assert "waits for evidence on guard returned" in waiting(figures, guard=[GUARD])

    def test_harm_is_seen_before_any_unit_is_settled(self):
        none = ((0, 0.0), (0, 0.0))

        assert concluded(
            self.win((4_000, 0.05), (4_000, 0.10), none), guard=[GUARD]
        ).action == "roll back"  # fmt: skip

    def test_at_the_planned_end_what_cannot_be_told_is_a_warning(self):
        figures = self.win((5_000, 0.05), (5_000, 0.05))

        assert verdict(figures, "guard returned", guard=[GUARD]).outcome is Outcome.WARN
        assert concluded(figures, guard=[GUARD]).action == "promote"

    def test_few_outcomes_at_the_planned_end_are_a_warning_and_none_are_unknown(self):
        few = self.win((5_000, 0.001), (5_000, 0.001))
        none = self.win((5_000, 0.0), (5_000, 0.0))

        assert verdict(few, "guard returned", guard=[GUARD]).outcome is Outcome.WARN
        assert verdict(none, "guard returned", guard=[GUARD]).outcome is Outcome.UNKNOWN

    def test_a_win_whose_guard_nobody_tells_anything_of_ends_with_the_champion(self):
        figures = self.win((5_000, 0.0), (5_000, 0.0))

        assert concluded(figures, guard=[GUARD]) is None
        found = concluded(figures, guard=[GUARD], at=28 * DAY)
        assert found.action == "finish"
        assert "there are 0 among 10,000 units" in found.reason

    def test_one_that_may_not_get_worse_at_all_only_has_to_show_no_harm(self):
        figures = self.win((5_000, 0.050), (5_000, 0.052))

        assert verdict(
            figures, "guard returned", guard=[{**GUARD, "worse": 0}]
        ).outcome is Outcome.PASS  # fmt: skip

    def test_one_nobody_has_counted_is_unknown(self):
        figures = booked((5_000, 0.10), (5_000, 0.14))

        assert verdict(figures, "guard returned", guard=[GUARD]).outcome is Outcome.UNKNOWN
        assert concluded(figures, guard=[GUARD]) is None

    def test_the_same_outcomes_may_be_counted_in_two_ways(self):
        guard = {"name": "booked", "kind": "sum", "worse": 0.0}
        figures = booked(
            (5_000, 0.10), (5_000, 0.14), guards=(counted("booked", (5_000, 0.3), (5_000, 0.1)),)
        )

        assert concluded(figures, guard=[guard]).action == "roll back"


class TestDailyLooks:
    """Whole tests, from plan to decision, looked at each day."""

    def run(self, world, runs, *, lift, seed, effect):
        experiment = Experiment(
            metric={"name": "booked"}, effect=effect, baseline=world.share, most="60d"
        )
        made = plan(experiment)
        days = simulate(world, runs, lift=lift, seed=seed)
        return [self.decision(days, run, made, experiment) for run in range(runs)]

    def decision(self, days, run, made, experiment):
        for day in range(days.units.shape[2]):
            found = conclude(
                days.figures(run, day), made, experiment, began=BEGAN, now=BEGAN + day * DAY
            )
            if found is not None:
                return found.action, found.reason.startswith('The champion stays. "booked" is')
        return None, False

    def test_alike_versions_are_told_apart_in_no_more_tests_than_declared(self):
        found = self.run(World(units=250, share=0.1), 1_000, lift=0.0, seed=3, effect=0.03)
        decided = [action == "promote" or is_loss for action, is_loss in found]

        assert np.mean(decided) <= 0.05
        assert np.mean([action == "finish" for action, _ in found]) > 0.9  # all have their units

    def test_the_planned_effect_is_found_with_the_planned_power(self):
        found = self.run(World(units=250, share=0.1), 500, lift=0.03, seed=4, effect=0.03)

        assert np.mean([action == "promote" for action, _ in found]) >= 0.8

    def test_a_guard_rolls_alike_versions_back_in_no_more_tests_than_declared(self):
        experiment = an_experiment(guard=[{"name": "booked", "worse": 0.0}], most="60d")
        made = plan(experiment)
        days = simulate(World(units=250, share=0.03, delay=4.0), 1_000, seed=6)
        broken = [self.fails(days, run, made, experiment) for run in range(len(days))]

        assert np.mean(broken) <= 0.05

    def fails(self, days, run, made, experiment):
        for day in range(days.units.shape[2]):
            found = days.figures(run, day)
            both = found.model_copy(update={"metrics": found.metrics * 2})
            guard = judge_test(both, made, experiment).root[-1]
            assert guard.rule == "guard booked"
            if guard.outcome is Outcome.FAIL:
                return True
        return False
