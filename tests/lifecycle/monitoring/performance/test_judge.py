from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.resampling import Units
from lifecycle.monitoring.declaration import Concept, Labels
from lifecycle.monitoring.evidence import Counted
from lifecycle.monitoring.performance.judge import judge_performance
from lifecycle.monitoring.review import Cause
from lifecycle.task import Task
from lifecycle.verdict import Outcome
from tests.lifecycle.monitoring.performance.windows import CLASSES, draw, judge_version, look_at

TASKS = tuple(Task)
FEW = Labels(rows=30)


@cache
def version(task, seed=1000, rows=6000, pieces=0, storm=0.0):
    return judge_version(draw(task, rows, seed=seed, pieces=pieces, storm=storm))


def judged(performance, evaluation, *, concept=None, labels=FEW, primary=None):
    found = judge_performance(
        performance, evaluation, concept or Concept(), labels, primary or evaluation.primary
    )
    return {each.verdict.rule: each.verdict for each in found}


def first(verdicts, start):
    return next(verdict for rule, verdict in verdicts.items() if rule.startswith(start))


def nobody(task):
    width = (0, 3) if task is Task.MULTICLASS else 0
    empty = np.empty(0, dtype=np.int64)
    return Answers(task, CLASSES[task], empty, np.empty(width), empty)


@pytest.mark.parametrize("task", TASKS)
def test_figures_are_those_of_scikit_learn_with_an_interval_around_them(task):
    rows = draw(task, 500, seed=3)

    told = look_at(rows, version(task))

    name = "rmse" if task is Task.REGRESSION else "log_loss"
    second = metrics.root_mean_squared_error if name == "rmse" else metrics.log_loss
    found = told.measure(name)
    assert found.value == pytest.approx(second(rows.answers.truth, rows.answers.scores))
    assert found.low < found.value < found.high


@pytest.mark.parametrize("task", TASKS)
def test_rows_like_those_of_the_test_pass_in_everything(task):
    told = look_at(draw(task, 4000, seed=4), version(task))

    outcomes = {rule: verdict.outcome for rule, verdict in judged(told, version(task)).items()}

    assert set(outcomes.values()) == {Outcome.PASS}
    assert "groups group" in outcomes


@pytest.mark.parametrize("task", TASKS)
def test_a_truth_that_has_come_loose_from_what_is_known_fails_and_says_how_much(task):
    told = look_at(draw(task, 3000, seed=5, blur=0.7), version(task))

    verdict = first(judged(told, version(task)), "concept")

    assert verdict.outcome is Outcome.FAIL
    assert verdict.measured > verdict.limit
    assert "worse by" in verdict.reason
    assert "3,000 of 3,000 predictions (100 %) have a label" in verdict.reason


@pytest.mark.parametrize("task", TASKS)
def test_more_coming_true_than_was_expected_fails_in_calibration(task):
    told = look_at(draw(task, 3000, seed=6, shift=0.8), version(task))

    failed = [
        rule
        for rule, verdict in judged(told, version(task)).items()
        if verdict.outcome is Outcome.FAIL and rule.startswith("calibration")
    ]

    assert failed


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_a_group_that_falls_behind_is_named(task):
    told = look_at(draw(task, 6000, seed=7, unfair=0.8), version(task))

    verdict = judged(told, version(task))["groups group"]

    assert verdict.outcome is Outcome.FAIL
    assert "group = b" in verdict.reason
    assert "it's c" not in verdict.reason


def test_a_group_that_always_was_harder_is_no_news():
    unfair = judge_version(draw(Task.REGRESSION, 6000, seed=8, unfair=0.6))

    verdict = judged(look_at(draw(Task.REGRESSION, 3000, seed=9, unfair=0.6), unfair), unfair)

    assert verdict["groups group"].outcome is Outcome.PASS


def test_groups_too_small_for_a_window_do_not_keep_the_others_unknown():
    drawn = draw(Task.BINARY, 400, seed=10)
    rare = pa.array(["few" if row < 10 else "many" for row in range(400)])
    beside = type(drawn)(drawn.answers, drawn.units, {**drawn.groups, "rare": rare})
    alone = type(drawn)(drawn.answers, drawn.units, {"rare": rare})

    with_others = look_at(beside, version(Task.BINARY))
    verdicts = judged(with_others, version(Task.BINARY))
    verdict = judged(look_at(alone, version(Task.BINARY)), version(Task.BINARY))["groups rare"]

    assert "groups rare" not in verdicts and verdicts["groups group"].outcome is Outcome.PASS
    assert "the largest, many, has 390" in with_others.missing[-1].reason
    assert verdict.outcome is Outcome.UNKNOWN
    assert "Declare a longer `monitoring.window`" in verdict.reason


def test_residuals_that_spread_farther_fail_and_those_that_shrink_do_not():
    own = version(Task.REGRESSION)

    wider = judged(look_at(draw(Task.REGRESSION, 800, seed=10, blur=0.5), own), own)
    same = judged(look_at(draw(Task.REGRESSION, 800, seed=10), own), own)

    assert wider["residual deviation"].outcome is Outcome.FAIL
    assert same["residual deviation"].outcome is Outcome.PASS


@pytest.mark.parametrize("task", TASKS)
def test_without_any_label_everything_is_unknown_and_the_estimate_is_told(task):
    scores = draw(task, 300, seed=11).answers.scores
    rows = draw(task, 300, seed=11)
    bare = type(rows)(nobody(task), Units("row", np.arange(0), 0), {"group": pa.array([], "str")})

    told = look_at(bare, version(task), scores=scores)
    found = judge_performance(told, version(task), Concept(), FEW, version(task).primary)

    assert {each.verdict.outcome for each in found} == {Outcome.UNKNOWN}
    assert {Cause.CONCEPT, Cause.CALIBRATION} <= {each.cause for each in found}
    assert "none of 300 predictions has a label" in found[0].verdict.reason
    assert ("By the scores alone" in found[0].verdict.reason) is task.is_classification


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("task", TASKS)
def test_one_or_two_rows_are_told_and_judged_unknown(task, rows):
    told = look_at(draw(task, rows, seed=12), version(task))

    assert told.measure(version(task).primary).rows == rows
    assert {each.outcome for each in judged(told, version(task)).values()} == {Outcome.UNKNOWN}


def test_a_window_nobody_asked_anything_in_is_unknown():
    bare = type(draw(Task.BINARY, 1, seed=0))(
        nobody(Task.BINARY), Units("row", np.arange(0), 0), {}
    )

    told = look_at(bare, version(Task.BINARY), counts=Counted())

    verdict = first(judged(told, version(Task.BINARY)), "concept")
    assert verdict.outcome is Outcome.UNKNOWN
    assert "there are no predictions" in verdict.reason


def test_below_the_declared_share_of_labels_nothing_is_said_to_be_well():
    rows = draw(Task.BINARY, 3000, seed=13, blur=0.7)
    counts = Counted(predictions=10_000, labelled=3000)

    told = look_at(rows, version(Task.BINARY), counts=counts)

    verdict = first(judged(told, version(Task.BINARY)), "concept")
    assert verdict.outcome is Outcome.UNKNOWN
    assert "3,000 of 10,000 predictions (30 %)" in verdict.reason
    assert "At least 50 % are needed" in verdict.reason
    assert told.losses is None


def test_a_window_of_one_class_says_which_figure_is_undefined_and_tells_the_others():
    rows = draw(Task.BINARY, 400, seed=14)
    answers = rows.answers
    ones = Answers(
        answers.task, answers.classes, np.ones_like(answers.truth), answers.scores,
        answers.decisions,
    )  # fmt: skip

    told = look_at(type(rows)(ones, rows.units, rows.groups), version(Task.BINARY))
    verdicts = judged(told, version(Task.BINARY), concept=Concept(metric="roc_auc"))

    assert told.measure("log_loss") is not None
    assert verdicts["concept roc_auc"].outcome is Outcome.UNKNOWN
    assert "none is no" in verdicts["concept roc_auc"].reason


def test_labels_that_did_not_come_at_random_are_said_to_be_so():
    every = draw(Task.BINARY, 2000, seed=15)
    likely = np.flatnonzero(every.answers.scores > 0.3)
    some = type(every)(
        every.answers.at(likely), Units("row", np.arange(len(likely)), len(likely)), {}
    )

    told = look_at(some, version(Task.BINARY), scores=every.answers.scores)
    random = look_at(every, version(Task.BINARY))

    assert "did not come at random" in told.reason
    assert "did not come at random" not in random.reason


def test_worse_by_little_in_a_small_window_is_unknown_rather_than_well():
    told = look_at(draw(Task.BINARY, 40, seed=2, blur=0.5), version(Task.BINARY))

    verdict = first(judged(told, version(Task.BINARY)), "concept")

    assert verdict.outcome is Outcome.UNKNOWN
    assert "may be chance" in verdict.reason


def test_a_metric_of_another_task_is_unknown_with_a_hint():
    told = look_at(draw(Task.BINARY, 400, seed=17), version(Task.BINARY))

    verdict = judged(told, version(Task.BINARY), concept=Concept(metric="rmse"))["concept rmse"]

    assert verdict.outcome is Outcome.UNKNOWN
    assert "defined for regression" in verdict.reason


def test_a_figure_without_an_interval_is_unknown():
    told = look_at(draw(Task.BINARY, 400, seed=18), version(Task.BINARY))
    name = "expected_calibration_error"

    verdict = judged(told, version(Task.BINARY), concept=Concept(metric=name))[f"concept {name}"]

    assert verdict.outcome is Outcome.UNKNOWN
    assert "no interval" in verdict.reason


def test_a_class_nobody_knew_is_counted_as_a_mistake_and_shown():
    rows = draw(Task.MULTICLASS, 600, seed=19)
    answers = rows.answers
    truth = np.where(np.arange(600) < 150, 3, answers.truth)
    padded = np.column_stack([answers.scores, np.zeros(600)])
    wider = Answers(answers.task, (*answers.classes, "snow"), truth, padded, answers.decisions)

    told = look_at(
        type(rows)(wider, rows.units, rows.groups), version(Task.MULTICLASS), scores=answers.scores
    )

    verdict = judged(told, version(Task.MULTICLASS))["calibration in the large snow"]
    assert verdict.outcome is Outcome.FAIL
    assert "25 % of 600 rows came to be snow" in verdict.reason


def test_the_same_evidence_gives_the_same_performance():
    rows = draw(Task.BINARY, 300, seed=20)

    assert look_at(rows, version(Task.BINARY)) == look_at(rows, version(Task.BINARY))


def _fails(task, rows, runs, *, pieces=0, storm=0.0, known_pieces=0, **change):
    """Count the windows in which each cause fails, each beside a test of its own."""
    metrics = ("rmse", "mae", "r2") if task is Task.REGRESSION else ("log_loss", "accuracy")
    counted = dict.fromkeys(Cause, 0)
    for run in range(runs):
        # Its pieces are as large as those of a window of one piece.
        size = rows * (known_pieces if pieces == 1 else 10)
        own = judge_version(
            draw(task, size, seed=10_000 + run, pieces=known_pieces, storm=storm), metrics
        )
        told = look_at(draw(task, rows, seed=run, pieces=pieces, storm=storm, **change), own)
        failed = {
            each.cause
            for each in judge_performance(told, own, Concept(), FEW, own.primary)
            if each.verdict.outcome is Outcome.FAIL
        }
        for cause in failed:
            counted[cause] += 1
    return counted


@pytest.mark.parametrize(
    ("task", "rows", "pieces", "known_pieces", "storm"),
    [
        (Task.BINARY, 100, 0, 0, 0.0),
        (Task.BINARY, 400, 20, 60, 0.4),
        (Task.BINARY, 400, 1, 20, 0.4),  # one stormy day, and a test that knows of days
        (Task.REGRESSION, 100, 0, 0, 0.0),
        (Task.REGRESSION, 400, 1, 20, 0.4),
        (Task.MULTICLASS, 400, 20, 60, 0.4),
    ],
)
def test_while_nothing_changes_at_most_five_of_a_hundred_windows_fail(
    task, rows, pieces, known_pieces, storm
):
    counted = _fails(task, rows, 60, pieces=pieces, known_pieces=known_pieces, storm=storm)

    # Of 60 windows at 5 %, more than 7 would be chance once in a hundred.
    assert max(counted.values()) <= 7


@pytest.mark.parametrize(
    ("task", "rows", "blur"), [(Task.BINARY, 1500, 0.4), (Task.REGRESSION, 400, 0.17)]
)
def test_a_change_of_twice_the_declared_size_is_found_in_most_windows(task, rows, blur):
    before, after = (
        compute(version(task).primary, draw(task, 100_000, seed=1, blur=each).answers)
        for each in (0.0, blur)
    )

    counted = _fails(task, rows, 12, blur=blur)

    assert after / before == pytest.approx(1.2, abs=0.02)
    assert counted[Cause.CONCEPT] >= 10
