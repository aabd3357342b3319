"""Graphs that are silently wrong, and the gate that catches each of them.

The first four are known from exporters in the wild: NaN left in a column of strings, zeros of a
sparse matrix read as missing, splits by category compared as numbers, and boosters for several
quantiles of which one goes out.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import onnx
import pyarrow as pa
import pytest
import xgboost as xgb
from onnx import numpy_helper

from adapters.graphs import GraphError, Graphs, export, inputs_of
from lifecycle.data.declaration import Schema
from lifecycle.features.declaration import Features
from lifecycle.features.encoders import Lookup
from lifecycle.features.fitting import FittedFeatures
from lifecycle.modeling.calibration import Calibration
from lifecycle.modeling.candidate import Candidate, CandidateState, Member
from lifecycle.modeling.families.trees import TreeModel
from lifecycle.serving.inputs import Answers, Inputs
from lifecycle.serving.manifest import FEATURES, ROW
from lifecycle.serving.parity import compare
from lifecycle.serving.rows import made_rows
from lifecycle.task import Task
from tests.adapters.graphs.candidates import a_candidate, a_table
from tests.adapters.graphs.routes import by_name, parity_of, run

FAMILIES = {"xgboost": 0.8, "linear": 0.2}
CALIBRATION = Calibration(kind="sigmoid", slope=1.05, shifts=(0.02,))

Edit = Callable[[onnx.ModelProto], None]


@dataclass(frozen=True)
class Served:
    """A candidate, rows that tell, and what is served for it."""

    candidate: Candidate
    rows: pa.Table
    graphs: Graphs
    inputs: Inputs

    def failing(self) -> set[str]:
        parity = parity_of(self.candidate, self.rows, self.graphs, inputs=self.inputs)
        return {verdict.rule for verdict in parity.judge() if verdict.outcome == "fail"}

    def with_text(self, old: str, new: object) -> "Served":
        texts = self.inputs.texts.copy()
        texts[texts == old] = new
        return replace(self, inputs=replace(self.inputs, texts=texts))

    def edited(self, *names: str, edit: Edit) -> "Served":
        """Change graphs the way an exporter might have written them."""
        files = dict(self.graphs.files)
        for name in names:
            model = onnx.load_from_string(files[name])
            edit(model)
            files[name] = model.SerializeToString()
        return replace(self, graphs=replace(self.graphs, files=files))


@pytest.fixture(scope="module")
def sound() -> Served:
    holdout = a_table(300, seed=1)
    candidate = a_candidate(
        a_table(), Task.BINARY, FAMILIES, calibration=CALIBRATION, threshold=0.4, rounds=30
    )
    rows = made_rows(candidate, holdout)
    graphs = export(candidate)
    return Served(candidate, rows, graphs, inputs_of(rows, graphs.layout))


def nodes(model: onnx.ModelProto, kind: str) -> list[onnx.NodeProto]:
    found = [node for node in model.graph.node if node.op_type == kind]
    assert found, f"there is no {kind} to plant a fault in"
    return found


def attribute(node: onnx.NodeProto, name: str) -> onnx.AttributeProto:
    return next(one for one in node.attribute if one.name == name)


def change_tensor(tensor: onnx.TensorProto, values: np.ndarray) -> None:
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def test_what_is_written_down_soundly_passes(sound) -> None:
    assert sound.rows.num_rows >= 10_000
    assert sound.failing() == set()


def test_nan_left_as_text_in_a_column_of_strings_is_caught(sound) -> None:
    assert {"parity row", "parity bulk"} <= sound.with_text("", "nan").failing()


def test_nan_itself_in_a_column_of_strings_never_passes(sound) -> None:
    wrong = sound.with_text("", float("nan"))

    try:
        failing = wrong.failing()
    except (RuntimeError, TypeError) as error:  # the runtime may refuse it, which is as good
        failing = {"parity row", "parity bulk", str(error)}

    assert {"parity row", "parity bulk"} <= failing


def test_zeros_of_one_hot_columns_read_as_missing_are_caught(sound) -> None:
    def read_zeros_as_missing(model: onnx.ModelProto) -> None:
        tables = {node.input[0] for node in nodes(model, "Gather")}
        for tensor in model.graph.initializer:
            if tensor.name in tables and tensor.data_type == onnx.TensorProto.FLOAT:
                table = numpy_helper.to_array(tensor).copy()
                table[table == 0] = np.nan
                change_tensor(tensor, table)

    wrong = sound.edited(ROW, FEATURES, edit=read_zeros_as_missing)

    assert {"parity row", "parity bulk"} <= wrong.failing()


CODES = ("a", "b", "c", "d", "e", "f")


@pytest.fixture(scope="module")
def by_category() -> tuple[Candidate, pa.Table]:
    """A candidate whose booster splits on categories as such."""
    generator = np.random.default_rng(0)
    values = generator.choice(np.array(CODES), 900)
    table = pa.table({"c": values})
    codes = tuple((float(place),) for place in range(len(CODES)))
    lookup = Lookup(kind="lookup", columns=("c",), values=CODES, numbers=codes, other=(np.nan,))
    features = FittedFeatures(view="trees", names=("c",), encoders=(lookup,))
    label = np.isin(values, ("a", "d", "f")).astype(float)
    data = xgb.DMatrix(
        features.transform(table), label, feature_types=["c"], enable_categorical=True
    )
    booster = xgb.train({"objective": "binary:logistic", "max_cat_to_onehot": 1}, data, 5)
    member = Member(family="xgboost", kind="trees", weight=1.0, params={})
    state = CandidateState(
        task=Task.BINARY, classes=("no", "yes"), label="y",
        schema_=Schema({"c": {"type": "category"}}), features=(features,), members=(member,),
        calibration=Calibration(kind="none"), seed=0,
    )  # fmt: skip
    return Candidate(state, (TreeModel(booster, Task.BINARY, link=True),)), table


class Doctored:
    """A booster that says of itself what an exporter that does not look would have read."""

    def __init__(self, booster: xgb.Booster, change: Callable[[dict], None]) -> None:
        self.booster = booster
        self.stored = json.loads(bytes(booster.save_raw("json")))
        change(self.stored["learner"])

    def save_raw(self, kind: str) -> bytes:
        return json.dumps(self.stored).encode() if kind == "json" else self.booster.save_raw(kind)

    def copy(self) -> xgb.Booster:
        return self.booster.copy()


def forget_categories(learner: dict) -> None:
    for tree in learner["gradient_booster"]["model"]["trees"]:
        tree["categories"], tree["split_type"] = [], [0] * len(tree["split_type"])


def test_splits_by_category_are_refused(by_category) -> None:
    with pytest.raises(GraphError, match="splits by category"):
        export(by_category[0])


def test_splits_by_category_compared_as_numbers_are_caught(by_category) -> None:
    candidate, table = by_category
    (model,) = candidate.models
    forced = replace(
        candidate, models=(replace(model, booster=Doctored(model.booster, forget_categories)),)
    )
    rows = pa.concat_tables([table] * 12)

    verdicts = parity_of(candidate, rows, export(forced)).judge()

    assert {one.rule for one in verdicts if one.outcome == "fail"} >= {"parity row"}


@pytest.fixture(scope="module")
def quantiles() -> tuple[Candidate, pa.Table]:
    """A candidate whose booster gives three quantiles where one is asked for."""
    table = pa.table({"x": np.random.default_rng(0).gamma(2.0, 1.0, 2_000)})
    candidate = a_candidate(
        table, Task.REGRESSION, schema=Schema({"x": {"type": "number"}}), features=Features()
    )
    X = candidate.state.features[0].transform(table)
    label = X[:, 0] * np.random.default_rng(1).normal(1, 0.5, 2_000)
    booster = xgb.train(
        {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9], "max_depth": 3},
        xgb.QuantileDMatrix(X, label),
        15,
    )
    model = TreeModel(booster, Task.REGRESSION, link=True)
    return replace(candidate, models=(model,)), table


def test_several_quantiles_are_refused(quantiles) -> None:
    with pytest.raises(GraphError, match="3 target"):
        export(quantiles[0])


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_one_quantile_in_place_of_another_or_of_all_is_caught(quantiles, kept) -> None:
    candidate, table = quantiles
    (model,) = candidate.models

    def keep_one(learner: dict) -> None:
        stored, parameters = learner["gradient_booster"]["model"], learner["learner_model_param"]
        bases = json.loads(parameters["base_score"])
        parameters |= {"num_target": "1", "base_score": f"[{bases[kept % len(bases)]}]"}
        chosen = [at for at, output in enumerate(stored["tree_info"]) if output == kept]
        stored["trees"] = [stored["trees"][at] for at in chosen]
        stored["tree_info"] = [0] * len(chosen)
        loss = {"scale_pos_weight": "1"}
        learner["objective"] = {"name": "reg:squarederror", "reg_loss_param": loss}

    forced = replace(candidate, models=(replace(model, booster=Doctored(model.booster, keep_one)),))
    graphs = export(forced)
    said = run(graphs.files[ROW], by_name(inputs_of(table, graphs.layout)))["score"]
    every = candidate.score(table)
    wanted = {"all": every, **{str(one): every[:, one] for one in range(3)}}

    outcomes = {
        name: compare(scores, scores, {"row": Answers(said, None)}, task=Task.REGRESSION)
        .judge().root[0].outcome.value
        for name, scores in wanted.items()
    }  # fmt: skip

    right = {str(kept): "pass"}
    assert outcomes == {"all": "fail", "0": "fail", "1": "fail", "2": "fail"} | right


def flip_default_directions(model: onnx.ModelProto) -> None:
    for node in nodes(model, "TreeEnsemble"):
        directions = attribute(node, "nodes_missing_value_tracks_true")
        directions.ints[:] = [1 - one for one in directions.ints]


def take_equal_for_less(model: onnx.ModelProto) -> None:
    for node in nodes(model, "TreeEnsemble"):
        modes = attribute(node, "nodes_modes").t
        change_tensor(modes, np.zeros_like(numpy_helper.to_array(modes)))


def round_thresholds(model: onnx.ModelProto) -> None:
    for node in nodes(model, "TreeEnsemble"):
        splits = attribute(node, "nodes_splits").t
        exact = numpy_helper.to_array(splits)
        change_tensor(splits, (exact * np.float32(1 + 1e-6)).astype(np.float32))


def drop_a_category(model: onnx.ModelProto) -> None:
    for node in nodes(model, "LabelEncoder"):
        for keys in node.attribute:
            if keys.name == "keys_strings":
                known = [b"no longer known" if one == b"JFK" else one for one in keys.strings]
                keys.strings[:] = known


def leave_out_the_last_tree(model: onnx.ModelProto) -> None:
    for node in nodes(model, "TreeEnsemble"):
        roots = attribute(node, "tree_roots")
        roots.ints[:] = roots.ints[:-1]


def join_without_separator(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.STRING:
            tensor.string_data[:] = [b"" for _ in tensor.string_data]


EDITS: dict[str, Edit] = {
    "a default direction flipped": flip_default_directions,
    "less or equal for less": take_equal_for_less,
    "a threshold rounded": round_thresholds,
    "a tree left out": leave_out_the_last_tree,
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_trees_written_down_wrongly_are_caught(edit, sound) -> None:
    assert "parity row" in sound.edited(ROW, edit=edit).failing()


@pytest.mark.parametrize("edit", [drop_a_category, join_without_separator])
def test_categories_written_down_wrongly_are_caught_on_both_routes(edit, sound) -> None:
    wrong = sound.edited(ROW, FEATURES, edit=edit)

    assert {"parity row", "parity bulk"} <= wrong.failing()


def without_calibration(state: CandidateState) -> CandidateState:
    return state.model_copy(update={"calibration": Calibration(kind="none")})


def weighed_evenly(state: CandidateState) -> CandidateState:
    members = tuple(member.model_copy(update={"weight": 0.5}) for member in state.members)
    return state.model_copy(update={"members": members})


@pytest.mark.parametrize("forget", [without_calibration, weighed_evenly])
def test_a_step_between_trees_and_score_that_was_forgotten_is_caught(forget, sound) -> None:
    other = replace(sound.candidate, state=forget(sound.candidate.state))

    wrong = replace(sound, graphs=export(other))

    assert {"parity row", "parity bulk"} <= wrong.failing()


def test_a_threshold_of_the_decision_that_was_forgotten_is_caught(sound) -> None:
    state = sound.candidate.state.model_copy(update={"threshold": None})

    wrong = replace(sound, graphs=export(replace(sound.candidate, state=state)))

    assert wrong.failing() == {"decisions row", "decisions bulk"}


INPUTS: dict[str, Callable[[Inputs], Inputs]] = {
    "missing numbers sent as zero": lambda inputs: replace(
        inputs, numbers=np.nan_to_num(inputs.numbers, nan=0.0)
    ),
    "missing times sent as 1970": lambda inputs: replace(
        inputs, times=np.where(inputs.times == inputs.times.min(), 0, inputs.times)
    ),
    "times in milliseconds": lambda inputs: replace(
        inputs,
        times=np.where(inputs.times == inputs.times.min(), inputs.times, inputs.times * 1_000),
    ),
    "local times": lambda inputs: replace(
        inputs,
        times=np.where(inputs.times == inputs.times.min(), inputs.times, inputs.times + 3_600),
    ),
    "categories in small letters": lambda inputs: replace(
        inputs, texts=np.vectorize(str.lower, otypes=[object])(inputs.texts)
    ),
    "two columns exchanged": lambda inputs: replace(
        inputs, numbers=np.ascontiguousarray(inputs.numbers[:, [1, 0, 2, 3]])
    ),
}


@pytest.mark.parametrize("misread", INPUTS.values(), ids=INPUTS)
def test_rows_read_otherwise_than_in_training_are_caught(misread, sound) -> None:
    wrong = replace(sound, inputs=misread(sound.inputs))

    assert {"parity row", "parity bulk"} <= wrong.failing()
