"""From the members' margins to score and decision, in 64 bits throughout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.graphs.writer import INT64, GraphError, Writer, ints
from lifecycle.modeling.calibration import Calibration
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.families.family import Model
from lifecycle.modeling.families.linear import LinearModel
from lifecycle.modeling.families.trees import TreeModel
from lifecycle.modeling.losses import SMALLEST
from lifecycle.task import Task

CERTAIN = 0.5
"""From which probability on the answer is yes where a candidate has no threshold of its own."""

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Finish:
    """The tensors answers are read from; there is no decision in regression."""

    shares: str
    score: str
    decision: str | None


@dataclass(frozen=True)
class Links:
    """How each member's margin becomes its share, shape ``(members,)``.

    Parameters
    ----------
    offset, scale
        The share is made from `offset + scale * margin`.
    is_linked
        Whether a logistic function or softmax follows.
    is_linear
        Linear models keep probabilities from zero by adding, trees by cutting.
    """

    offset: Vector
    scale: Vector
    is_linked: NDArray[np.bool_]
    is_linear: NDArray[np.bool_]

    @classmethod
    def of(cls, models: Sequence[Model]) -> "Links":
        """Read the links of models."""
        linear = [isinstance(model, LinearModel) for model in models]
        trees = [model for model in models if isinstance(model, TreeModel)]
        by_model = {id(model): (model.offset, model.scale, model.link) for model in trees}
        offset, scale, linked = zip(
            *(by_model.get(id(model), (0.0, 1.0, True)) for model in models), strict=True
        )
        return cls(np.array(offset), np.array(scale), np.array(linked), np.array(linear))


def outputs_of(candidate: Candidate) -> int:
    """Give how many margins each member has."""
    return len(candidate.classes) if candidate.task is Task.MULTICLASS else 1


def write_finish(writer: Writer, margins: str, candidate: Candidate) -> Finish:
    """Write the way from margins, shape ``(rows, members * outputs)``, to the answer."""
    links = Links.of(candidate.models)
    weights = np.array([member.weight for member in candidate.state.members])
    if candidate.task is Task.MULTICLASS:
        return _several(writer, margins, candidate, links, weights)
    node = writer.node
    shares = _affine(node, margins, links.offset, links.scale)
    if candidate.task is Task.BINARY:
        shares = _logistic(node, shares, links.is_linked)
    score = _blend(node, shares, weights)
    if candidate.task is Task.REGRESSION:
        return Finish(shares, score, None)
    score = _calibrate(node, score, candidate.state.calibration)
    threshold = CERTAIN if candidate.threshold is None else candidate.threshold
    is_second = node("GreaterOrEqual", score, np.float64(threshold))
    return Finish(shares, score, node("Cast", is_second, to=INT64))


Node = Callable[..., str]


def _affine(node: Node, margins: str, offset: Vector, scale: Vector) -> str:
    if (scale != 1).any():
        margins = node("Mul", margins, scale)
    return node("Add", margins, offset) if offset.any() else margins


def _logistic(node: Node, values: str, is_linked: NDArray[np.bool_]) -> str:
    """Give P(second class) of each member, kept from 0 and 1."""
    shares = node("Sigmoid", values) if is_linked.any() else values
    if is_linked.any() and not is_linked.all():
        shares = node("Where", is_linked, shares, values)
    return node("Clip", shares, np.float64(SMALLEST), np.float64(1 - SMALLEST))


def _blend(node: Node, shares: str, weights: Vector) -> str:
    if len(weights) == 1 and weights[0] == 1:
        return node("Squeeze", shares, ints(1))
    return node("MatMul", shares, weights)


def _several(
    writer: Writer, margins: str, candidate: Candidate, links: Links, weights: Vector
) -> Finish:
    node, members = writer.node, len(weights)
    outputs = outputs_of(candidate)
    values = margins
    if members > 1:
        values = node("Reshape", margins, ints(-1, members, outputs))
    values = _affine(node, values, links.offset[:, None], links.scale[:, None])
    shares = _softmax(node, values, links)
    score = _blend_several(node, shares, weights)
    score = _calibrate(node, score, candidate.state.calibration)
    flat = shares if members == 1 else node("Reshape", shares, ints(-1, members * outputs))
    return Finish(flat, score, node("ArgMax", score, axis=1, keepdims=0))


def _softmax(node: Node, values: str, links: Links) -> str:
    """Give each member's probabilities: none is zero, and they add up to one."""
    linked, linear = links.is_linked[:, None], links.is_linear[:, None]
    shares = values
    if linked.any():
        shares = node("Exp", node("Sub", values, node("ReduceMax", values, ints(-1))))
        if not linked.all():
            shares = node("Where", linked, shares, values)
    if not linear.all():
        shares = node("Max", shares, np.where(linear, 0, SMALLEST))
    if linear.any():
        shares = node("Add", shares, np.where(linear, SMALLEST, 0))
    return node("Div", shares, node("ReduceSum", shares, ints(-1)))


def _blend_several(node: Node, shares: str, weights: Vector) -> str:
    if len(weights) == 1:
        return shares if weights[0] == 1 else node("Mul", shares, weights)
    return node("ReduceSum", node("Mul", shares, weights[:, None]), ints(1), keepdims=0)


def _calibrate(node: Node, score: str, calibration: Calibration) -> str:
    if calibration.kind == "none":
        return score
    low, one = np.float64(SMALLEST), np.float64(1)
    inside = node("Clip", score, low, np.float64(1 - SMALLEST))
    slope, shifts = np.float64(calibration.slope), np.array(calibration.shifts)
    if calibration.kind == "sigmoid":
        odds = node("Log", node("Div", inside, node("Sub", one, inside)))
        return node("Sigmoid", node("Add", node("Mul", odds, slope), shifts[0]))
    if calibration.kind == "vector":
        power = node("Add", node("Mul", node("Log", inside), slope), shifts)
        return node("Softmax", power, axis=-1)
    raise GraphError(f"There is no graph for a calibration of kind {calibration.kind!r}.")
