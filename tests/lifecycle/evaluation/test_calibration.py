"""The calibration error, and how much of it is chance."""

import numpy as np
import pytest

from lifecycle.evaluation.calibration import (
    expected_calibration_error,
    noise_floor,
    score_bins,
)
from lifecycle.task import Task
from tests.lifecycle.evaluation.rehearsal import binary, multiclass, random_answers


def test_the_error_is_the_mean_distance_over_bins():
    truth = np.repeat([0, 1, 1, 1], 50)
    scores = np.repeat([0.1, 0.1, 0.8, 0.8], 50)

    found = expected_calibration_error(binary(truth, scores))

    # Half of the rows score .1 and half of these came true; half score .8 and all came true.
    assert found.error == pytest.approx(0.5 * 0.4 + 0.5 * 0.2)
    assert found.rows.tolist() == [100, 100]


def test_equal_scores_share_a_bin_and_bins_are_about_equal():
    bins = score_bins(np.concatenate([np.full(500, 0.3), np.linspace(0.5, 1, 500)]))

    assert len(set(bins[:500])) == 1
    assert np.bincount(bins)[1:].max() <= 80


def test_of_several_classes_the_highest_score_is_held_to_its_word():
    scores = np.tile([0.7, 0.2, 0.1], (100, 1))
    truth = np.repeat([0, 1], [40, 60])

    assert expected_calibration_error(multiclass(truth, scores)).error == pytest.approx(0.3)


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_a_calibrated_model_stays_below_the_noise_floor_95_times_in_100(task):
    below = []
    for turn in range(300):
        answers = random_answers(task, 600, seed=turn)
        error = expected_calibration_error(answers).error
        below.append(error <= noise_floor(answers, seed=turn, samples=100))

    # Measured over 500 other turns: .944 and .954; three standard errors are 4 points.
    assert np.mean(below) >= 0.90


def test_an_overconfident_model_lies_above_the_noise_floor():
    honest = random_answers(Task.BINARY, 2_000, seed=1)
    bold = binary(honest.truth, np.where(honest.scores > 0.5, 0.95, 0.05))

    assert expected_calibration_error(bold).error > 3 * noise_floor(bold, seed=0)
