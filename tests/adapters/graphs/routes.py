"""The two routes of exported graphs, driven by onnxruntime and XGBoost themselves."""

from collections.abc import Mapping

import numpy as np
import onnxruntime
import pyarrow as pa
import xgboost as xgb

from adapters.graphs import Graphs, export
from lifecycle.modeling.candidate import Candidate
from lifecycle.serving.inputs import Answers, Inputs
from lifecycle.serving.manifest import FEATURES, FINISH, ROW
from lifecycle.serving.parity import Parity, compare
from lifecycle.serving.tables import inputs_of


def run(content: bytes, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run a graph on those of the arrays that it takes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    taken = {one.name: feed[one.name] for one in session.get_inputs()}
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, taken), strict=True))


def by_name(inputs: Inputs) -> dict[str, np.ndarray]:
    return {"numbers": inputs.numbers, "times": inputs.times, "texts": inputs.texts}


def ask_row(graphs: Graphs, inputs: Inputs) -> Answers:
    said = run(graphs.files[ROW], by_name(inputs))
    return Answers(said["score"], said.get("decision"))


def ask_bulk(graphs: Graphs, inputs: Inputs, outputs: int) -> Answers:
    encoded = run(graphs.files[FEATURES], by_name(inputs))
    linear, margins = encoded.get("linear_margins"), []
    for part in graphs.parts:
        if part.booster is None:
            margins.append(linear[:, :outputs])
            linear = linear[:, outputs:]
        else:
            booster = xgb.Booster()
            booster.load_model(bytearray(graphs.files[part.booster]))
            sums = booster.inplace_predict(encoded[part.view], predict_type="margin")
            margins.append(sums.reshape(inputs.rows, outputs).astype(np.float64))
    said = run(graphs.files[FINISH], {"margins": np.concatenate(margins, axis=1)})
    return Answers(said["score"], said.get("decision"))


def parity_of(
    candidate: Candidate,
    rows: pa.Table,
    graphs: Graphs | None = None,
    *,
    inputs: Inputs | None = None,
) -> Parity:
    """Hold both routes against the candidate."""
    graphs = graphs or export(candidate)
    inputs = inputs or inputs_of(rows, graphs.layout)
    outputs = max(len(candidate.classes), 1) if candidate.task == "multiclass" else 1
    answers = {"row": ask_row(graphs, inputs), "bulk": ask_bulk(graphs, inputs, outputs)}
    scores = candidate.score(rows)
    return compare(scores, candidate.decide(scores), answers, task=candidate.task, table=rows)
