"""Writes a candidate down as what is served: three graphs and the boosters they go with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from adapters.graphs.finish import Finish, outputs_of, write_finish
from adapters.graphs.layout import layout_of
from adapters.graphs.matrix import Matrix, write_matrices
from adapters.graphs.trees import read_model, write_trees
from adapters.graphs.writer import DOUBLE, FLOAT, INT64, STRING, GraphError, Output, Writer
from lifecycle.features.fitting import View
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.families.family import Model
from lifecycle.modeling.families.linear import LinearModel
from lifecycle.modeling.families.trees import TreeModel
from lifecycle.serving.contract import Layout
from lifecycle.serving.manifest import FEATURES, FINISH, ROW, Part
from lifecycle.task import Task

TYPES = {"numbers": FLOAT, "times": INT64, "texts": STRING}


@dataclass(frozen=True)
class Graphs:
    """A candidate, written down.

    Parameters
    ----------
    layout
        The columns of the graphs' inputs.
    parts
        The members, in the order of their margins.
    files
        Contents by name: the three graphs, and one booster for each member made of trees.
    """

    layout: Layout
    parts: tuple[Part, ...]
    files: dict[str, bytes]


def export(candidate: Candidate) -> Graphs:
    """Write a candidate down; see `docs/architecture.md` for what each file takes and gives.

    Raises
    ------
    GraphError
        If it holds anything there is no exact graph for; the message says what, and what to
        do instead.
    """
    layout = layout_of(candidate.state)
    files = {
        ROW: _write_row(candidate, layout),
        FEATURES: _write_features(candidate, layout),
        FINISH: _write_finish(candidate),
    }
    parts = []
    for place, (member, model) in enumerate(
        zip(candidate.state.members, candidate.models, strict=True)
    ):
        booster = None
        if isinstance(model, TreeModel):
            booster = f"{place}.ubj"
            files[booster] = bytes(model.booster.save_raw("ubj"))
        parts.append(
            Part(family=member.family, view=member.view, weight=member.weight, booster=booster)
        )
    return Graphs(layout, tuple(parts), files)


def _write_row(candidate: Candidate, layout: Layout) -> bytes:
    """From raw row to score, decision, margins and shares."""
    writer = Writer()
    matrices = write_matrices(writer, candidate.state.features, layout)
    margins = _write_margins(writer, candidate, matrices)
    finish = write_finish(writer, margins, candidate)
    width = len(candidate.models) * outputs_of(candidate)
    outputs = _answer(finish, candidate) | {
        "margins": Output(margins, DOUBLE, (width,)),
        "shares": Output(finish.shares, DOUBLE, (width,)),
    }
    return writer.write(_inputs(layout), outputs)


def _write_features(candidate: Candidate, layout: Layout) -> bytes:
    """From raw row to the matrices the members were fitted on, and the linear margins."""
    writer = Writer()
    matrices = write_matrices(writer, candidate.state.features, layout)
    outputs = {
        str(view): Output(matrix.in_order(writer), FLOAT, (len(matrix.places),))
        for view, matrix in matrices.items()
    }
    linear = [model for model in candidate.models if isinstance(model, LinearModel)]
    if linear:
        margins = _write_linear(writer, linear, matrices["linear"])
        width = len(linear) * outputs_of(candidate)
        outputs["linear_margins"] = Output(margins, DOUBLE, (width,))
    return writer.write(_inputs(layout), outputs)


def _write_finish(candidate: Candidate) -> bytes:
    """From margins to score and decision."""
    writer = Writer()
    finish = write_finish(writer, "margins", candidate)
    width = len(candidate.models) * outputs_of(candidate)
    return writer.write({"margins": (DOUBLE, width)}, _answer(finish, candidate))


def _write_margins(writer: Writer, candidate: Candidate, matrices: Mapping[View, Matrix]) -> str:
    """Write the margins of all members, one member after the other.

    Neighbours of one kind are written together, which takes fewer nodes.
    """
    runs = []
    numbered = enumerate(candidate.models)
    for kind, run in groupby(numbered, key=lambda member: type(member[1])):
        places = [place for place, _ in run]
        if kind is LinearModel:
            linear = [candidate.models[place] for place in places]
            runs.append(_write_linear(writer, linear, matrices["linear"]))
        else:
            trees = [_write_trees(writer, candidate, place, matrices) for place in places]
            joined = trees[0] if len(trees) == 1 else writer.node("Concat", *trees, axis=1)
            runs.append(writer.node("Cast", joined, to=DOUBLE))
    return runs[0] if len(runs) == 1 else writer.node("Concat", *runs, axis=1)


def _write_trees(
    writer: Writer, candidate: Candidate, place: int, matrices: Mapping[View, Matrix]
) -> str:
    member, model = candidate.state.members[place], candidate.models[place]
    matrix = matrices[member.view]
    name = f"member {place} ({member.family})"
    if not isinstance(model, TreeModel):
        raise GraphError(
            f"There is no graph for {name}, a {type(model).__name__}. Known: LinearModel, "
            "TreeModel. Write one in adapters/graphs/export.py."
        )
    sums = read_model(model, name=name, outputs=outputs_of(candidate), width=len(matrix.places))
    return write_trees(writer, sums, matrix.tensor, matrix.places)


def _write_linear(writer: Writer, models: Sequence[Model], matrix: Matrix) -> str:
    """Write the margins of linear models, in 64 bits: the weights are 32-bit floats."""
    linear = [model for model in models if isinstance(model, LinearModel)]
    weights = np.concatenate([model.weights for model in linear], axis=1).astype(np.float64)
    starts = np.concatenate([model.intercept for model in linear])
    values = writer.node("Cast", matrix.in_order(writer), to=DOUBLE)
    return writer.node("Add", writer.node("MatMul", values, weights), starts)


def _inputs(layout: Layout) -> dict[str, tuple[int, int]]:
    return {
        name: (kind, len(columns))
        for name, kind in TYPES.items()
        if (columns := getattr(layout, name))
    }


def _answer(finish: Finish, candidate: Candidate) -> dict[str, Output]:
    columns = (outputs_of(candidate),) if candidate.task is Task.MULTICLASS else ()
    outputs = {"score": Output(finish.score, DOUBLE, columns)}
    if finish.decision is not None:
        outputs["decision"] = Output(finish.decision, INT64)
    return outputs
