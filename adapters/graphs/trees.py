"""From a booster to a node that adds its trees up as the booster itself does, bit by bit."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from adapters.graphs.writer import GraphError, Writer
from lifecycle.errors import DataError
from lifecycle.modeling.booster import Trees, read_trees
from lifecycle.modeling.families.trees import TreeModel

LESS, SUM, NONE = 1, 1, 0
"""`TreeEnsemble`'s numbers for `x < threshold`, for adding trees up, and for no link."""


@dataclass(frozen=True)
class Sums:
    """The trees of a booster, and what the sum of each output starts from."""

    trees: Trees
    start: NDArray[np.float32]


def read_model(model: TreeModel, *, name: str, outputs: int, width: int) -> Sums:
    """Read a model's trees, as far as they can be written down exactly.

    Parameters
    ----------
    name
        What an error calls it.
    outputs, width
        How many margins it has to give, and how many columns its features give.

    Raises
    ------
    GraphError
        If it holds anything but plain trees, or does not go with the rest of the candidate.
    """
    content = bytes(model.booster.save_raw("json"))
    try:
        trees = read_trees(content)
    except DataError as error:
        raise GraphError(
            f"{name} cannot be written down as a graph. {error} Train it with the booster gbtree, "
            "one booster for each target or quantile, and categories encoded by the features."
        ) from error
    start = _ask_start(model, json.loads(content))
    given = max(len(start), int(trees.output.max(initial=0)) + 1)
    if given != outputs:
        raise GraphError(
            f"{name} answers with {given} numbers a row where {outputs} are asked for: some "
            "would be lost, or made up. The model and its task do not belong together."
        )
    if trees.column.max(initial=0) >= width:
        raise GraphError(
            f"{name} reads column {trees.column.max()}, counted from 0, and its features give "
            f"{width}. The model and its features do not belong together."
        )
    return Sums(trees, start)


def write_trees(writer: Writer, sums: Sums, matrix: str, places: NDArray[np.int64]) -> str:
    """Write the margins of a booster, `float32`, shape ``(rows, outputs)``.

    XGBoost starts its sum with the base score and adds the trees in their order, in 32 bits.
    First trees that say the base score to every row make this node do the same.

    Parameters
    ----------
    places
        Where in the matrix each column of the booster is.
    """
    trees = sums.trees
    nodes, leaves, roots = _number(sums)
    inner = np.flatnonzero(~trees.is_leaf)
    sides = {"true": trees.left[inner], "false": trees.right[inner]}
    ends = {side: trees.is_leaf[below] for side, below in sides.items()}
    found = {
        side: np.where(ends[side], leaves[below], nodes[below]) for side, below in sides.items()
    }
    # A node both of whose sides are the same leaf: a base score, or a tree without any split.
    single = _single_leaves(sums)
    weights = np.concatenate([trees.value[trees.is_leaf], sums.start])
    per_node = np.repeat(trees.output, np.diff([*trees.roots, len(trees.left)]))
    targets = np.concatenate([per_node[trees.is_leaf], np.arange(len(sums.start))])
    return writer.node(
        "TreeEnsemble",
        matrix,
        n_targets=len(sums.start),
        aggregate_function=SUM,
        post_transform=NONE,
        tree_roots=roots.tolist(),
        nodes_splits=_tensor(_and(trees.threshold[inner], 0, single), np.float32),
        nodes_featureids=_and(places[trees.column[inner]], 0, single).tolist(),
        nodes_modes=_tensor(np.full(len(inner) + len(single), LESS), np.uint8),
        nodes_missing_value_tracks_true=_and(trees.goes_left[inner], 0, single).tolist(),
        nodes_truenodeids=np.concatenate([found["true"], single]).tolist(),
        nodes_trueleafs=_and(ends["true"], 1, single).tolist(),
        nodes_falsenodeids=np.concatenate([found["false"], single]).tolist(),
        nodes_falseleafs=_and(ends["false"], 1, single).tolist(),
        leaf_weights=_tensor(weights, np.float32),
        leaf_targetids=targets.tolist(),
    )


def _number(sums: Sums) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count inner nodes and leaves apart, and find the roots; base scores come first.

    The nodes of single leaves stand behind all others: of the trees, then of the base scores.
    """
    trees, leaf = sums.trees, sums.trees.is_leaf
    nodes, leaves = np.cumsum(~leaf) - 1, np.cumsum(leaf) - 1
    inner, lone = int((~leaf).sum()), leaf[trees.roots]
    behind = inner + np.cumsum(lone) - 1
    roots = np.where(lone, behind, nodes[trees.roots])
    bases = inner + int(lone.sum()) + np.arange(len(sums.start))
    return nodes, leaves, np.concatenate([bases, roots])


def _single_leaves(sums: Sums) -> NDArray[np.int64]:
    """Give the leaves that stand alone: trees without any split, then the base scores."""
    trees = sums.trees
    leaves = np.cumsum(trees.is_leaf) - 1
    lone = trees.roots[trees.is_leaf[trees.roots]]
    bases = int(trees.is_leaf.sum()) + np.arange(len(sums.start))
    return np.concatenate([leaves[lone], bases])


def _ask_start(model: TreeModel, stored: dict[str, Any]) -> NDArray[np.float32]:
    """Ask the booster, without any of its trees, what its sums start from.

    How a base score becomes a margin is XGBoost's own affair, and done in 32 bits: worked out
    here, one in a few hundred would be off by the last bit.
    """
    learner = stored["learner"]
    forest = learner["gradient_booster"]["model"]
    forest |= {"trees": [], "tree_info": [], "iteration_indptr": [0]}
    forest["gbtree_model_param"]["num_trees"] = "0"
    # Without trees, a base score XGBoost estimated itself would be taken for not yet estimated.
    learner["learner_model_param"]["boost_from_average"] = "0"
    bare = model.booster.copy()
    bare.load_model(bytearray(json.dumps(stored).encode()))
    row = np.zeros((1, int(learner["learner_model_param"]["num_feature"])), dtype=np.float32)
    return np.asarray(bare.inplace_predict(row, predict_type="margin")).reshape(-1)


def _and(values: NDArray[Any], value: int, single: NDArray[np.int64]) -> NDArray[Any]:
    """Put one and the same value behind the others for each leaf that stands alone."""
    kind = np.int64 if values.dtype == bool else values.dtype
    return np.concatenate([values.astype(kind), np.full(len(single), value, dtype=kind)])


def _tensor(values: NDArray[Any], kind: type) -> Any:
    return numpy_helper.from_array(values.astype(kind))
