import subprocess
import sys

import numpy as np
import pytest
import xgboost as xgb

from adapters.inference.booster import Booster, BoosterError
from lifecycle.task import Task
from tests.lifecycle.serving.fitting import a_candidate

MODEL = {task: a_candidate(task, ("xgboost",)).models[0] for task in Task}


def some_rows(booster: xgb.Booster, rows: int = 700) -> np.ndarray:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(rows, booster.num_features())).astype(np.float32)
    X[generator.random(X.shape) < 0.2] = np.nan
    return X


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("form", ["ubj", "json"])
@pytest.mark.parametrize("threads", [1, 2])
def test_it_says_bit_by_bit_what_xgboost_says(task, form, threads) -> None:
    booster = MODEL[task].booster
    X = some_rows(booster)

    found = Booster.load(bytes(booster.save_raw(form)), threads).margins(X)

    expected = booster.inplace_predict(X, predict_type="margin")
    np.testing.assert_array_equal(found, expected.reshape(len(X), -1))
    assert found.dtype == np.float32


@pytest.mark.parametrize("rows", [0, 1])
def test_no_row_and_one_row_are_answered(rows) -> None:
    booster = Booster.load(bytes(MODEL[Task.MULTICLASS].booster.save_raw("ubj")))

    assert booster.margins(np.zeros((rows, booster.columns), np.float32)).shape == (rows, 3)


def test_an_answer_is_not_changed_by_the_next_question() -> None:
    booster = Booster.load(bytes(MODEL[Task.BINARY].booster.save_raw("ubj")))
    X = some_rows(MODEL[Task.BINARY].booster)
    first = booster.margins(X)
    before = first.copy()

    booster.margins(X * 3)

    np.testing.assert_array_equal(first, before)


def test_columns_of_a_larger_array_are_read_where_they_are() -> None:
    booster = Booster.load(bytes(MODEL[Task.BINARY].booster.save_raw("ubj")))
    wide = np.asfortranarray(some_rows(MODEL[Task.BINARY].booster))

    np.testing.assert_array_equal(booster.margins(wide), booster.margins(wide.copy(order="C")))


@pytest.mark.parametrize("shape", [(4, 3), (4,)])
def test_rows_of_another_width_are_refused(shape) -> None:
    booster = Booster.load(bytes(MODEL[Task.BINARY].booster.save_raw("ubj")))

    with pytest.raises(BoosterError, match="package the version again"):
        booster.margins(np.zeros(shape, dtype=np.float32))


WHOLE = bytes(MODEL[Task.BINARY].booster.save_raw("ubj"))


@pytest.mark.parametrize("content", [b"", b"{", b"no booster", b'{"a": 1}', WHOLE[:2000]])
def test_what_is_no_booster_is_refused_and_ends_nothing(content) -> None:
    with pytest.raises(BoosterError, match="cannot be read"):
        Booster.load(content)


def test_answering_imports_neither_xgboost_nor_anything_that_trains() -> None:
    program = (
        "import sys, adapters.inference.engine; from adapters.inference.booster import _library; "
        "_library(); print([name for name in ('xgboost', 'scipy', 'sklearn', 'pandas', 'pyarrow',"
        " 'onnx', 'duckdb', 'zenml', 'mlflow', 'optuna') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr
