"""Trees are written down exactly, or not at all."""

from dataclasses import replace

import numpy as np
import pytest
import xgboost as xgb

from adapters.graphs import GraphError, export
from adapters.graphs.trees import read_model, write_trees
from adapters.graphs.writer import FLOAT, Output, Writer
from lifecycle.modeling.calibration import Calibration
from lifecycle.modeling.families.trees import TreeModel
from lifecycle.task import Task
from tests.adapters.graphs.candidates import a_candidate, a_table
from tests.adapters.graphs.routes import run

COLUMNS = 5


def a_matrix(rows: int = 800, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(rows, COLUMNS)).astype(np.float32)
    X[generator.random(X.shape) < 0.2] = np.nan
    return X


def train(rounds: int = 20, label: np.ndarray | None = None, **settings) -> xgb.Booster:
    X = a_matrix()
    y = (np.nan_to_num(X[:, 0] - X[:, 1]) > 0.2).astype(float) if label is None else label
    return xgb.train({"max_depth": 4, "nthread": 1, **settings}, xgb.DMatrix(X, y), rounds)


def ask(booster: xgb.Booster, X: np.ndarray, outputs: int = 1) -> np.ndarray:
    model = TreeModel(booster, Task.BINARY, link=True)
    sums = read_model(model, name="it", outputs=outputs, width=COLUMNS)
    writer = Writer()
    output = Output(write_trees(writer, sums, "x", np.arange(COLUMNS)), FLOAT, (outputs,))
    return run(writer.write({"x": (FLOAT, COLUMNS)}, {"said": output}), {"x": X})["said"]


SETTINGS = {
    "logistic": {"objective": "binary:logistic", "base_score": 0.13},
    "squared": {"objective": "reg:squarederror"},
    "absolute": {"objective": "reg:absoluteerror"},
    "forest": {"objective": "reg:squarederror", "num_parallel_tree": 4, "subsample": 0.5},
    "pruned": {"objective": "binary:logistic", "tree_method": "exact", "gamma": 5.0},
    "lossguide": {"objective": "binary:logistic", "grow_policy": "lossguide", "max_leaves": 9},
    "stumps": {"objective": "binary:logistic", "max_depth": 1},
    "counts": {"objective": "count:poisson"},
    "no splits": {"objective": "binary:logistic", "gamma": 1e9},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_they_add_up_to_the_last_bit(settings) -> None:
    booster, X = train(**settings), a_matrix(seed=1)

    np.testing.assert_array_equal(
        ask(booster, X)[:, 0], booster.inplace_predict(X, predict_type="margin")
    )


SHARES = [0.6151543412582914, *np.random.default_rng(0).uniform(0.001, 0.999, 40).tolist()]
"""The first is one whose log odds NumPy's and XGBoost's arithmetic differ on."""


@pytest.mark.parametrize("share", SHARES)
def test_whatever_they_start_from_is_the_same_to_the_last_bit(share) -> None:
    booster = train(1, objective="binary:logistic", base_score=share, gamma=1e9)

    start = booster.inplace_predict(a_matrix(2), predict_type="margin")[0]

    assert ask(booster, a_matrix(2))[0, 0] == start


@pytest.mark.parametrize("parallel", [1, 3])
def test_each_class_has_its_own_sum(parallel) -> None:
    label = np.random.default_rng(0).integers(0, 4, 800).astype(float)
    booster = train(
        label=label, objective="multi:softprob", num_class=4, num_parallel_tree=parallel
    )
    X = a_matrix(seed=1)

    np.testing.assert_array_equal(
        ask(booster, X, 4), booster.inplace_predict(X, predict_type="margin")
    )


def test_a_value_on_a_threshold_goes_right_and_its_neighbour_left() -> None:
    booster = train(objective="binary:logistic")
    trees = read_model(
        TreeModel(booster, Task.BINARY, link=True), name="it", outputs=1, width=5
    ).trees
    inner = ~trees.is_leaf
    X = a_matrix(int(inner.sum()) * 3, seed=1)
    on = trees.threshold[inner]
    for row, column in enumerate(trees.column[inner]):
        near = [on[row], *(np.nextafter(on[row], np.float32(end)) for end in (-np.inf, np.inf))]
        X[3 * row : 3 * row + 3, column] = near

    np.testing.assert_array_equal(
        ask(booster, X)[:, 0], booster.inplace_predict(X, predict_type="margin")
    )


def refuse(booster: xgb.Booster, match: str, outputs: int = 1, width: int = COLUMNS) -> None:
    model = TreeModel(booster, Task.BINARY, link=True)
    with pytest.raises(GraphError, match=match):
        read_model(model, name="member 0 (xgboost)", outputs=outputs, width=width)


@pytest.mark.parametrize("kind", ["dart", "gblinear"])
def test_other_boosters_than_plain_trees_are_refused(kind) -> None:
    X = np.nan_to_num(a_matrix())
    settings = {"booster": kind, "objective": "binary:logistic", "nthread": 1}
    booster = xgb.train(settings, xgb.DMatrix(X, (X[:, 0] > 0).astype(float)), 3)

    refuse(booster, rf'member 0 \(xgboost\) cannot be written down.*"{kind}"')


def test_leaves_of_several_numbers_are_refused() -> None:
    labels = np.nan_to_num(a_matrix()[:, :2])
    booster = train(label=labels, objective="reg:squarederror", multi_strategy="multi_output_tree")

    refuse(booster, "2 target")


def test_more_outputs_than_the_task_has_are_refused() -> None:
    label = np.random.default_rng(0).integers(0, 3, 800).astype(float)

    refuse(train(label=label, objective="multi:softprob", num_class=3), "answers with 3 numbers")


def test_a_column_the_features_do_not_give_is_refused() -> None:
    refuse(train(objective="binary:logistic"), "its features give 2", width=2)


def test_a_model_of_an_unknown_kind_is_refused() -> None:
    class Guess:
        kind = "guess"

    candidate = a_candidate(a_table(), Task.BINARY)

    with pytest.raises(GraphError, match=r"no graph for member 0 \(xgboost\), a Guess"):
        export(replace(candidate, models=(Guess(),)))


def test_an_encoder_of_an_unknown_kind_is_refused() -> None:
    candidate = a_candidate(a_table(), Task.BINARY)
    (features,) = candidate.state.features

    class Rank:
        kind, column, width = "rank", "distance", 1

    changed = features.model_copy(update={"encoders": (*features.encoders[:-1], Rank())})
    state = candidate.state.model_copy(update={"features": (changed,)})

    with pytest.raises(GraphError, match=r"encoder of kind 'rank'.*Known kinds: calendar"):
        export(replace(candidate, state=state))


def test_a_calibration_of_an_unknown_kind_is_refused() -> None:
    candidate = a_candidate(a_table(), Task.BINARY)
    isotonic = Calibration.model_construct(kind="isotonic", slope=1.0, shifts=(0.0,))
    state = candidate.state.model_copy(update={"calibration": isotonic})

    with pytest.raises(GraphError, match="calibration of kind 'isotonic'"):
        export(replace(candidate, state=state))
