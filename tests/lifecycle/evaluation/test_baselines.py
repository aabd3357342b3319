"""The same for every row, and the same as last time."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from lifecycle.evaluation.answers import answer
from lifecycle.evaluation.baselines import constant_baseline, last_baseline
from lifecycle.task import Task
from tests.lifecycle.evaluation.rehearsal import (
    DAY_US,
    Linear,
    Logistic,
    Softmax,
    declare,
    draw_binary,
    draw_multiclass,
    draw_regression,
)


def test_the_majority_answers_with_the_shares_of_the_training_rows():
    train, test = draw_binary(500, 1), draw_binary(50, 2)

    name, found = constant_baseline(answer(Logistic(), test, "y"), train, "y")

    assert name == "majority"
    assert found.scores == pytest.approx(np.full(50, train["y"].to_pylist().count("yes") / 500))
    assert not found.decisions.any()


def test_the_mean_answers_with_the_mean_of_the_training_rows():
    train, test = draw_regression(500, 1), draw_regression(50, 2)

    name, found = constant_baseline(answer(Linear(), test, "y"), train, "y")

    assert name == "mean"
    assert found.scores == pytest.approx(np.full(50, np.mean(train["y"].to_numpy())))


def test_of_several_classes_each_gets_its_share():
    train, test = draw_multiclass(500, 1), draw_multiclass(50, 2)

    _, found = constant_baseline(answer(Softmax(), test, "y"), train, "y")

    assert found.scores.shape == (50, 3)
    assert found.scores.sum(axis=1) == pytest.approx(np.ones(50))


@pytest.mark.parametrize("delay", [None, timedelta(hours=6), timedelta(days=3)])
def test_last_time_is_the_mean_of_the_last_day_known_by_then(delay):
    train, test = draw_regression(300, 1), draw_regression(80, 2, start=1)
    data = declare(Task.REGRESSION, time="when", arrives_after=delay)

    found = last_baseline(answer(Linear(), test, "y"), train, test, data)

    times = np.concatenate([each["when"].cast(pa.int64()).to_numpy() for each in (train, test)])
    labels = np.concatenate([each["y"].to_numpy() for each in (train, test)])
    for row, now in enumerate(times[300:]):
        known = times < now - (delay or timedelta()).total_seconds() * 1e6
        last_day = known & (times > times[known].max() - DAY_US)
        assert found.scores[row] == pytest.approx(labels[last_day].mean())


def test_nothing_is_known_before_the_first_label_arrives():
    train, test = draw_regression(300, 1), draw_regression(80, 2)
    data = declare(Task.REGRESSION, time="when", arrives_after="100d")

    found = last_baseline(answer(Linear(), test, "y"), train, test, data)

    assert found.scores == pytest.approx(np.full(80, train["y"].to_numpy().mean()))


def test_the_last_share_of_a_class_is_never_certain():
    train, test = draw_binary(60, 1), draw_binary(60, 2, start=1)

    found = last_baseline(
        answer(Logistic(), test, "y"), train, test, declare(Task.BINARY, time="when")
    )

    assert ((found.scores > 0) & (found.scores < 1)).all()
