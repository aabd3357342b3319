"""Fairness figures are fairlearn's, and missing evidence is no figure."""

import fairlearn.metrics as fair
import numpy as np
import pyarrow as pa
import pytest

from lifecycle.evaluation.fairness import measure_fairness
from lifecycle.evaluation.metric_names import fairness_metrics_for
from lifecycle.evaluation.plan import FairnessNeed
from lifecycle.task import Task
from tests.lifecycle.evaluation.rehearsal import binary, random_answers

_REFERENCE = {
    "demographic_parity_difference": fair.demographic_parity_difference,
    "demographic_parity_ratio": fair.demographic_parity_ratio,
    "equalized_odds_difference": fair.equalized_odds_difference,
    "equalized_odds_ratio": fair.equalized_odds_ratio,
    "equal_opportunity_difference": fair.equal_opportunity_difference,
    "equal_opportunity_ratio": fair.equal_opportunity_ratio,
}


def need(metric, column="who", min_rows=10, small_groups="unknown"):
    return FairnessNeed(metric=metric, column=column, min_rows=min_rows, small_groups=small_groups)


def take(metric, answers, who, **settings):
    return measure_fairness((need(metric, **settings),), answers, pa.table({"who": who}))[0]


def groups(rows, seed=0, names=("left", "right", "top")):
    return np.random.default_rng(seed).choice(names, rows)


@pytest.mark.parametrize("metric", sorted(_REFERENCE))
def test_a_binary_figure_is_that_of_fairlearn(metric):
    answers, who = random_answers(Task.BINARY, 2_000, seed=1), groups(2_000)

    found = take(metric, answers, who)

    expected = _REFERENCE[metric](
        answers.truth, answers.decisions, sensitive_features=np.array(who)
    )
    assert found.value == pytest.approx(expected)
    assert found.rows_by_group == {
        name: int((who == name).sum()) for name in ("left", "right", "top")
    }


def test_rates_by_group_are_told():
    answers, who = random_answers(Task.BINARY, 2_000, seed=1), groups(2_000)

    found = take("demographic_parity_difference", answers, who)

    own = who == "left"
    assert found.by_group["left"]["selection_rate"] == pytest.approx(answers.decisions[own].mean())
    assert found.by_group["left"]["accuracy"] == pytest.approx(
        (answers.decisions == answers.truth)[own].mean()
    )


@pytest.mark.parametrize("metric", ["demographic_parity_difference", "equalized_odds_ratio"])
def test_of_several_classes_the_worst_against_the_rest_is_told(metric):
    answers, who = random_answers(Task.MULTICLASS, 3_000, seed=1), groups(3_000)

    found = take(metric, answers, who)

    each = [
        _REFERENCE[metric](
            answers.truth == index, answers.decisions == index, sensitive_features=who
        )
        for index in range(3)
    ]
    assert found.value == pytest.approx(min(each) if metric.endswith("ratio") else max(each))


def test_a_regression_is_held_to_the_mean_error_of_its_groups():
    answers, who = random_answers(Task.REGRESSION, 1_000, seed=1), groups(1_000)

    found = take("mean_error_difference", answers, who)

    errors = answers.scores - answers.truth
    means = [errors[who == name].mean() for name in ("left", "right", "top")]
    assert found.value == pytest.approx(max(means) - min(means))


@pytest.mark.parametrize("metric", fairness_metrics_for(Task.BINARY))
def test_a_group_without_positives_is_not_taken_for_a_rate_of_zero(metric):
    generator = np.random.default_rng(0)
    truth = generator.random(300) < 0.5
    who = np.repeat(["left", "right", "none"], 100)
    truth[who == "none"] = False

    found = take(metric, binary(truth, generator.random(300)), who)

    reads_positives = "odds" in metric or "opportunity" in metric
    assert (found.value is None) == reads_positives


def test_a_missing_column_is_no_figure():
    answers = random_answers(Task.BINARY, 100, seed=1)

    found = take("demographic_parity_difference", answers, groups(100), column="gender")

    assert found.value is None
    assert found.reason == 'The test rows have no column "gender".'


def test_one_group_alone_is_no_figure():
    answers = random_answers(Task.BINARY, 100, seed=1)

    found = take("demographic_parity_difference", answers, ["left"] * 100)

    assert found.value is None


def small():
    who = np.array(["left"] * 500 + ["right"] * 500 + ["few"] * 6 + ["fewer"] * 5)
    return random_answers(Task.BINARY, len(who), seed=1), who


def test_a_small_group_leaves_no_figure_and_says_what_to_do():
    found = take("demographic_parity_difference", *small())

    assert found.value is None
    assert "few (6), fewer (5)" in found.reason
    assert "pool or leave_out" in found.reason


def test_small_groups_can_be_judged_as_one():
    found = take("demographic_parity_difference", *small(), small_groups="pool")

    assert found.rows_by_group == {"left": 500, "right": 500, "small groups": 11}
    assert found.value is not None


def test_small_groups_can_be_left_out_and_are_named():
    found = take("demographic_parity_difference", *small(), small_groups="leave_out")

    assert found.rows_by_group == {"left": 500, "right": 500}
    assert "few (6), fewer (5). They are left out." in found.reason


def test_a_pool_that_is_too_small_is_no_figure():
    found = take("demographic_parity_difference", *small(), small_groups="pool", min_rows=50)

    assert found.value is None


def test_missing_values_are_a_group():
    answers = random_answers(Task.BINARY, 300, seed=1)
    who = pa.array(["left", None, "right"] * 100)

    found = take("demographic_parity_difference", answers, who)

    assert set(found.rows_by_group) == {"left", "missing", "right"}


def test_a_figure_of_another_task_is_no_figure():
    found = take("mean_error_difference", random_answers(Task.BINARY, 100, seed=1), groups(100))

    assert found.value is None
    assert "not defined for binary" in found.reason
