"""Every family of models keeps the same promises, for every task."""

import numpy as np
import pytest

from lifecycle.modeling.declaration import Metric
from lifecycle.modeling.families import FAMILIES, MODELS
from lifecycle.modeling.families.family import OutOfTime, Question, Sample
from lifecycle.modeling.losses import loss
from lifecycle.task import Task

METRIC: dict[Task, Metric] = {
    Task.BINARY: "log_loss",
    Task.MULTICLASS: "log_loss",
    Task.REGRESSION: "rmse",
}


def a_question(task: Task, check=lambda: None) -> Question:
    classes = {Task.BINARY: 2, Task.MULTICLASS: 3, Task.REGRESSION: 1}[task]
    return Question(task, classes, METRIC[task], seed=0, threads=1, check=check)


def a_sample(task: Task, seed: int = 0, rows: int = 600) -> Sample:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(rows, 4)).astype(np.float32)
    signal = X[:, 0] - X[:, 1] + 0.3 * generator.normal(size=rows)
    if task is Task.REGRESSION:
        return Sample(X, signal * 1e6 + 3e7)
    cuts = [0.0] if task is Task.BINARY else [-0.7, 0.7]
    return Sample(X, np.digitize(signal, cuts).astype(float))


@pytest.fixture(params=list(FAMILIES.values()), ids=list(FAMILIES))
def family(request):
    return request.param


@pytest.fixture(params=list(Task))
def task(request):
    return request.param


@pytest.fixture
def params(family, task):
    return family.starts(a_question(task), 600, 4)[0]


def test_its_defaults_beat_knowing_nothing(family, task, params) -> None:
    train, asked = a_sample(task), a_sample(task, seed=1)

    fit = family.fit(params, a_question(task), train, asked)

    shares = np.bincount(train.y.astype(int)) / len(train.y) if task.is_classification else []
    nothing = {
        Task.BINARY: lambda: np.full(len(asked.y), shares[1]),
        Task.MULTICLASS: lambda: np.tile(shares, (len(asked.y), 1)),
        Task.REGRESSION: lambda: np.full(len(asked.y), train.y.mean()),
    }[task]()
    known = fit.model.predict(asked.X)
    assert loss(METRIC[task], asked.y, known) < 0.8 * loss(METRIC[task], asked.y, nothing)


def test_what_it_answers_while_tried_is_what_its_model_answers(family, task, params) -> None:
    asked = a_sample(task, seed=1)
    fit = family.fit({**params, "subsample": 1.0}, a_question(task), a_sample(task), asked)

    np.testing.assert_allclose(fit.answer(None), fit.model.predict(asked.X), rtol=1e-4)


def test_its_scores_have_the_shape_and_range_of_the_task(family, task, params) -> None:
    fit = family.fit(params, a_question(task), a_sample(task), rounds=5)

    scores = fit.model.predict(a_sample(task, seed=1).X)

    assert scores.shape == ((600, 3) if task is Task.MULTICLASS else (600,))
    assert scores.dtype == np.float64
    if task.is_classification:
        assert ((scores > 0) & (scores < 1)).all()
    if task is Task.MULTICLASS:
        np.testing.assert_allclose(scores.sum(axis=1), 1)


def test_the_same_seed_gives_the_same_bytes(family, task, params) -> None:
    first, second = (
        family.fit(params, a_question(task), a_sample(task), rounds=5).model.dump()
        for _ in range(2)
    )

    assert first == second


def test_a_stored_model_answers_the_same(family, task, params) -> None:
    model = family.fit(params, a_question(task), a_sample(task), rounds=5).model

    again = MODELS[model.kind].load(model.dump())

    X = a_sample(task, seed=1).X
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.dump() == model.dump()


def test_a_fit_that_runs_out_of_time_while_tried_ends(family, task, params) -> None:
    def out_of_time() -> None:
        raise OutOfTime

    if family.name == "linear" and task is not Task.REGRESSION:
        params = {"penalty": 1e-4}  # takes more than one run of steps
    sample = a_sample(task)
    if family.name == "linear":
        sample.X[:] *= np.array([1e3, 1, 1e-2, 1], dtype=np.float32)

    with pytest.raises(OutOfTime):
        family.fit(params, a_question(task, out_of_time), sample, a_sample(task, seed=1))


def test_a_final_fit_that_runs_out_of_time_keeps_what_it_has(family, task, params) -> None:
    left = iter(range(2))

    def out_of_time_soon() -> None:
        if next(left, None) is None:
            raise OutOfTime

    fit = family.fit(params, a_question(task, out_of_time_soon), a_sample(task), rounds=50)

    asked = a_sample(task, seed=1)
    scores = fit.model.predict(asked.X)
    assert np.isfinite(scores).all()
    assert fit.is_whole == (family.name == "linear")


def test_a_class_that_is_not_in_the_training_rows_is_unlikely(family) -> None:
    question, train = a_question(Task.MULTICLASS), a_sample(Task.MULTICLASS)
    train = Sample(train.X[train.y != 1], train.y[train.y != 1])

    params = family.starts(question, 600, 4)[0]
    scores = family.fit(params, question, train, rounds=20).model.predict(train.X)

    assert scores[:, 1].max() < 0.05


def test_it_names_and_describes_itself_as_it_is_listed(family) -> None:
    assert FAMILIES[family.name] is family
    assert family.view in ("trees", "linear")
