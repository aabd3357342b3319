"""Reads a booster as XGBoost saves it in JSON into flat arrays: its trees, node by node.

The one reader of that format: graphs, reasons and made rows are all built from what it gives.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecycle.errors import DataError

LEAF = -1


@dataclass(frozen=True)
class Trees:
    """The trees of a booster; nodes are counted through all of them.

    Parameters
    ----------
    left, right
        The node below, `LEAF` where there is none, shape ``(nodes,)``, `int32`.
    column
        The column that is looked at; 0 at a leaf.
    threshold
        A row goes left where its value is below (as `float32`); NaN at a leaf.
    goes_left
        Whether a missing value goes left.
    value
        What a leaf adds, `float32`; 0 elsewhere.
    roots
        The first node of each tree; its nodes end where the next tree begins.
    output
        Which output each tree adds to: 0, or a class.
    base
        What the sum of each output starts from, before any tree (`float32`, in margins).
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    column: NDArray[np.int32]
    threshold: NDArray[np.float32]
    goes_left: NDArray[np.bool_]
    value: NDArray[np.float32]
    roots: NDArray[np.int64]
    output: NDArray[np.int64]
    base: NDArray[np.float32]

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        """Which nodes are leaves."""
        return np.asarray(self.left == LEAF)


def read_trees(content: bytes) -> Trees:
    """Read `booster.save_raw("json")`.

    Raises
    ------
    DataError
        If it holds anything but plain trees (`dart`, `gblinear`, splits by category, several
        targets at a leaf): they answer by other rules.
    """
    learner = json.loads(content)["learner"]
    trees = _plain_trees(learner)
    sizes = [len(tree["left_children"]) for tree in trees]
    roots = np.cumsum([0, *sizes], dtype=np.int64)[:-1]
    shift = np.repeat(roots, sizes)
    left, right = (_gather(trees, name, np.int64) for name in ("left_children", "right_children"))
    leaf, split = left < 0, _gather(trees, "split_conditions", np.float32)
    return Trees(
        left=np.where(leaf, LEAF, left + shift).astype(np.int32),
        right=np.where(leaf, LEAF, right + shift).astype(np.int32),
        column=np.where(leaf, 0, _gather(trees, "split_indices", np.int32)),
        threshold=np.where(leaf, np.float32(np.nan), split),
        goes_left=_gather(trees, "default_left", np.int8) == 1,
        value=np.where(leaf, split, np.float32(0)),
        roots=roots,
        output=np.array(learner["gradient_booster"]["model"]["tree_info"], dtype=np.int64),
        base=_base(learner),
    )


def _plain_trees(learner: dict[str, Any]) -> list[dict[str, Any]]:
    kind = learner["gradient_booster"]["name"]
    targets = learner["learner_model_param"].get("num_target", "1")
    trees = learner["gradient_booster"].get("model", {}).get("trees", [])
    if kind == "gbtree" and targets == "1" and not any(tree["categories"] for tree in trees):
        return list(trees)
    raise DataError(
        f'The booster is of kind "{kind}" with {targets} target(s) or splits by category; only '
        "plain trees (gbtree, one target, splits by number) can be taken apart."
    )


def _gather(trees: list[dict[str, Any]], name: str, kind: type) -> NDArray[Any]:
    parts: list[NDArray[Any]] = [np.asarray(tree[name], dtype=kind) for tree in trees]
    return np.concatenate([np.empty(0, dtype=kind), *parts])


def _base(learner: dict[str, Any]) -> NDArray[np.float32]:
    """Give the base score in margins: XGBoost saves that of `binary:logistic` as a share."""
    text = learner["learner_model_param"]["base_score"]
    given = np.atleast_1d(np.asarray(json.loads(text), dtype=np.float32))
    if learner["objective"]["name"] == "binary:logistic":
        given = -np.log(1 / given - 1)
    outputs = max(1, int(learner["learner_model_param"]["num_class"]))
    return np.broadcast_to(given, (outputs,)).astype(np.float32)
