import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn import metrics

from lifecycle.errors import DataError
from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.evidence import Measure
from lifecycle.evaluation.metrics import compute, expected_losses
from lifecycle.monitoring.evidence import Estimate
from lifecycle.monitoring.performance.estimate import (
    compare_with_truth,
    estimate,
    estimate_all,
    estimated_metrics,
)
from lifecycle.task import Task


def _binary(rows, seed=0):
    return expit(np.random.default_rng(seed).normal(-0.5, 1.5, rows))


def _several(rows, seed=0):
    return softmax(np.random.default_rng(seed).normal(0, 1.5, (rows, 3)), axis=1)


def _answers(task, scores, generator):
    """Draw the truth at the scores' own word."""
    if task is Task.BINARY:
        truth = (generator.random(len(scores)) < scores).astype(int)
        return Answers(task, ("no", "yes"), truth, scores, (scores >= 0.4).astype(int))
    truth = (generator.random(len(scores))[:, None] > scores.cumsum(axis=1)).sum(axis=1).clip(max=2)
    return Answers(task, ("a", "b", "c"), truth, scores, scores.argmax(axis=1))


@pytest.mark.parametrize(
    ("task", "metric"),
    [(task, name) for task in (Task.BINARY, Task.MULTICLASS) for name in estimated_metrics(task)],
)
def test_estimate_and_interval_are_those_of_labels_drawn_at_the_scores_word(task, metric):
    scores = (_binary if task is Task.BINARY else _several)(400)
    generator = np.random.default_rng(1)
    drawn = [compute(metric, _answers(task, scores, generator)) for _ in range(150)]

    told = estimate(metric, scores, task=task, threshold=0.4)

    inside = np.mean([told.low <= value <= told.high for value in drawn])
    assert told.value == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(150))
    assert 0.89 <= inside <= 0.99


@pytest.mark.parametrize("metric", ["log_loss", "brier", "accuracy"])
@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_means_over_rows_agree_with_the_losses_an_evaluation_expects(task, metric):
    scores = (_binary if task is Task.BINARY else _several)(200)
    answers = _answers(task, scores, np.random.default_rng(2))
    expected = expected_losses(metric, answers).mean()

    told = estimate(metric, scores, task=task, threshold=0.4).value

    assert told == pytest.approx(1 - expected if metric == "accuracy" else expected)


def test_area_agrees_with_scikit_learn_weighing_every_row_as_both_classes():
    scores = np.round(_binary(60), 1)  # with ties
    both = np.repeat([1, 0], len(scores))
    weights = np.concatenate([scores, 1 - scores])
    with_itself = metrics.roc_auc_score(both, np.tile(scores, 2), sample_weight=weights)
    pairs, own = scores.sum() * (1 - scores).sum(), (scores * (1 - scores)).sum()

    told = estimate("roc_auc", scores, task=Task.BINARY).value

    # A row is half a pair in order with itself there, and none here.
    assert told == pytest.approx((with_itself * pairs - own / 2) / (pairs - own))


def test_a_certain_model_expects_no_mistake_and_no_chance():
    told = estimate("accuracy", np.array([0.0, 1.0, 1.0]), task=Task.BINARY)

    assert (told.value, told.low, told.high) == (1.0, 1.0, 1.0)


def test_harder_rows_are_seen_before_any_label():
    easy = estimate("log_loss", _binary(2000), task=Task.BINARY)
    hard = estimate("log_loss", expit(0.3 * np.random.default_rng(0).normal(size=2000)),
                    task=Task.BINARY)  # fmt: skip

    assert hard.low > easy.high


def test_one_row_tells_what_it_can_and_leaves_out_what_it_cannot():
    told = {each.metric for each in estimate_all(np.array([0.3]), task=Task.BINARY)}

    assert told == {"log_loss", "brier", "accuracy", "recall", "f1", "balanced_accuracy"}


def test_no_rows_have_no_estimates():
    assert estimate_all(np.empty(0), task=Task.BINARY) == ()


@pytest.mark.parametrize(
    ("metric", "scores", "task", "says"),
    [
        ("rmse", np.ones(3), Task.REGRESSION, "without labels"),
        ("average_precision", np.full(3, 0.5), Task.BINARY, "cannot be estimated"),
        ("log_loss", np.empty(0), Task.BINARY, "no predictions"),
        ("roc_auc", np.ones(3), Task.BINARY, "one class only"),
        ("precision", np.zeros(3), Task.BINARY, "No answer is yes"),
    ],
)
def test_what_cannot_be_told_is_not_invented(metric, scores, task, says):
    with pytest.raises(DataError, match=says):
        estimate(metric, scores, task=task)


def test_truth_that_has_not_come_leaves_the_error_open():
    told = compare_with_truth(
        [Estimate(metric="brier", value=0.2, rows=5), Estimate(metric="f1", value=0.5, rows=5)],
        [Measure(metric="brier", value=0.25, rows=4)],
    )

    assert told[0].error == pytest.approx(-0.05)
    assert told[1].error is None
