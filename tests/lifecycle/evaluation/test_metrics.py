"""Values by a second way of computing, and weights by scikit-learn's own."""

import numpy as np
import pytest
from sklearn import metrics

from lifecycle.errors import DataError
from lifecycle.evaluation.metric_names import METRICS, gain, metrics_for
from lifecycle.evaluation.metrics import compute, expected_losses, from_mean_loss, row_losses
from lifecycle.evaluation.weighted import Ranked, Summed, weigh
from lifecycle.task import Task
from tests.lifecycle.evaluation.rehearsal import binary, multiclass, random_answers, regression

_EVERY = [(task, metric) for task in Task for metric in metrics_for(task)]
_RESAMPLED = [(task, metric) for task, metric in _EVERY if METRICS[metric].resampled]


def weighted_value(metric, answers, weights, **settings):
    prepared = weigh(metric, answers, **settings)
    if isinstance(prepared, Ranked):
        return prepared.combine(weights)
    sums = {name: weights @ column for name, column in prepared.columns.items()}
    assert isinstance(prepared, Summed)
    return prepared.combine(sums)


def with_weights(metric, answers, weights):
    """Compute by scikit-learn what a bootstrap sample with these weights shows."""
    repeated = answers.at(np.repeat(np.arange(len(answers)), weights.astype(int)))
    return compute(metric, repeated)


@pytest.mark.parametrize("digits", [9, 1], ids=["no ties", "many ties"])
@pytest.mark.parametrize(("task", "metric"), _RESAMPLED)
def test_a_weighted_metric_is_that_of_the_rows_repeated(task, metric, digits):
    answers = random_answers(task, 200, seed=3, digits=digits)
    weights = np.random.default_rng(4).multinomial(200, np.full(200, 1 / 200), size=5)

    values = weighted_value(metric, answers, weights.astype(float))

    expected = [with_weights(metric, answers, each) for each in weights]
    assert values == pytest.approx(expected)


@pytest.mark.parametrize("digits", [9, 2])
@pytest.mark.parametrize(
    ("task", "metric"),
    [
        (Task.BINARY, "roc_auc"),
        (Task.BINARY, "average_precision"),
        (Task.MULTICLASS, "roc_auc"),
    ],
)
def test_a_projected_rank_metric_spreads_like_the_exact_one(task, metric, digits):
    answers = random_answers(task, 5_000, seed=1, digits=digits)
    weights = np.random.default_rng(2).multinomial(5_000, np.full(5_000, 1 / 5_000), size=200)

    exact = weighted_value(metric, answers, weights.astype(float), many_rows=10**9)
    projected = weighted_value(metric, answers, weights.astype(float), many_rows=0)

    assert projected.std() == pytest.approx(exact.std(), rel=0.02)
    assert (projected - exact).std() < 0.05 * exact.std()


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision"])
def test_a_projection_also_holds_where_few_large_pieces_are_drawn(metric):
    generator = np.random.default_rng(0)
    pieces = np.repeat(np.arange(50), 120)
    scores = generator.beta(2, 3, 6_000)
    shifted = np.clip(scores + 0.15 * generator.normal(size=50)[pieces], 0, 1)
    answers = binary(generator.random(6_000) < shifted, scores)
    weights = generator.multinomial(50, np.full(50, 1 / 50), size=300)[:, pieces].astype(float)

    exact = weighted_value(metric, answers, weights, many_rows=10**9)
    projected = weighted_value(metric, answers, weights, many_rows=0)

    assert projected.std() == pytest.approx(exact.std(), rel=0.05)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "r2"])
def test_a_sample_without_a_class_or_a_spread_is_no_number(metric):
    answers = (
        regression(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
        if metric == "r2"
        else binary(np.array([0, 1]), np.array([0.2, 0.9]))
    )

    assert np.isnan(weighted_value(metric, answers, np.array([[2.0, 0.0]]))).all()


def test_log_loss_is_that_of_scikit_learn():
    two, three = (random_answers(task, 300, seed=1) for task in (Task.BINARY, Task.MULTICLASS))

    assert compute("log_loss", two) == pytest.approx(metrics.log_loss(two.truth, two.scores))
    assert compute("log_loss", three) == pytest.approx(metrics.log_loss(three.truth, three.scores))


def test_a_certain_and_wrong_answer_costs_as_much_as_in_scikit_learn():
    truth, scores = np.array([1, 0]), np.array([0.0, 0.5])

    assert compute("log_loss", binary(truth, scores)) == pytest.approx(
        metrics.log_loss(truth, scores)
    )


def test_brier_is_that_of_scikit_learn():
    two, three = (random_answers(task, 300, seed=1) for task in (Task.BINARY, Task.MULTICLASS))

    assert compute("brier", two) == pytest.approx(metrics.brier_score_loss(two.truth, two.scores))
    assert compute("brier", three) == pytest.approx(
        metrics.brier_score_loss(three.truth, three.scores)
    )


def test_the_area_over_several_classes_is_the_mean_of_one_against_the_rest():
    answers = random_answers(Task.MULTICLASS, 300, seed=1)

    expected = metrics.roc_auc_score(answers.truth, answers.scores, multi_class="ovr")

    assert compute("roc_auc", answers) == pytest.approx(expected)


def test_balanced_accuracy_is_that_of_scikit_learn():
    answers = random_answers(Task.MULTICLASS, 300, seed=1)

    expected = metrics.balanced_accuracy_score(answers.truth, answers.decisions)

    assert compute("balanced_accuracy", answers) == pytest.approx(expected)


@pytest.mark.parametrize(("task", "metric"), _EVERY)
def test_a_metric_points_the_way_it_says(task, metric):
    answers = random_answers(task, 300, seed=1)
    if task is Task.REGRESSION:
        worst, best = regression(answers.truth, -answers.scores), regression(*[answers.truth] * 2)
    elif task is Task.BINARY:
        perfect = np.where(answers.truth == 1, 0.999, 0.001)
        worst, best = binary(answers.truth, 1 - perfect), binary(answers.truth, perfect)
    else:
        perfect = np.eye(3)[answers.truth] * 0.997 + 0.001
        worst = multiclass((answers.truth + 1) % 3, perfect)
        best = multiclass(answers.truth, perfect)

    assert gain(metric, compute(metric, best), compute(metric, worst)) > 0


@pytest.mark.parametrize(
    ("metric", "answers", "reason"),
    [
        ("roc_auc", binary(np.ones(5), np.full(5, 0.5)), "none is no"),
        ("average_precision", binary(np.zeros(5), np.full(5, 0.5)), "None of the 5 rows is yes"),
        ("r2", regression(np.ones(5), np.zeros(5)), "labels that differ"),
        ("mape", regression(np.arange(3.0), np.zeros(3)), "some labels are zero"),
        ("rmse", binary(np.ones(5), np.full(5, 0.5)), "not defined for binary"),
        ("nonsense", binary(np.ones(5), np.full(5, 0.5)), "not defined for binary"),
    ],
)
def test_a_metric_that_cannot_be_told_says_why(metric, answers, reason):
    with pytest.raises(DataError, match=reason):
        compute(metric, answers)


@pytest.mark.parametrize(("task", "metric"), [pair for pair in _EVERY if METRICS[pair[1]].per_row])
def test_a_metric_per_row_is_made_of_the_mean_of_its_rows(task, metric):
    answers = random_answers(task, 300, seed=1)

    mean = row_losses(metric, answers).mean(keepdims=True)

    assert from_mean_loss(metric, mean)[0] == pytest.approx(compute(metric, answers))


@pytest.mark.parametrize("metric", ["log_loss", "brier", "accuracy"])
@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_calibrated_scores_expect_the_loss_they_get(task, metric):
    answers = random_answers(task, 40_000, seed=5)

    surprise = row_losses(metric, answers) - expected_losses(metric, answers)

    assert abs(surprise.mean()) < 4 * surprise.std() / 200


def test_a_regression_expects_no_loss_of_itself():
    assert expected_losses("rmse", random_answers(Task.REGRESSION, 10, seed=1)) is None


def test_a_metric_that_is_no_mean_has_no_row_losses():
    with pytest.raises(DataError, match="no loss of a single row"):
        row_losses("r2", random_answers(Task.REGRESSION, 10, seed=1))
