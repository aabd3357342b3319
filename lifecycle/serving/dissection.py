"""Takes a candidate apart into what its reasons are made from: boxes, weights, players.

Runs where a version is packaged. What answers requests reads the file made here and needs
neither the candidate nor the library that grew its trees.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from lifecycle.features.fitting import FittedFeatures, View
from lifecycle.features.limits import LARGEST
from lifecycle.modeling.booster import Trees, read_trees
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.families.linear import LinearModel
from lifecycle.modeling.families.trees import TreeModel
from lifecycle.serving.contract import MISSING_TIME, Contract, Field, Layout
from lifecycle.serving.inputs import Inputs
from lifecycle.serving.leaves import SLOTS_TOGETHER, Flags, Leaves, Places
from lifecycle.serving.reasons import Ensemble, Weights
from lifecycle.task import Task

Player = tuple[str, ...]
NOBODY = -1


def dissect(candidate: Candidate, reference: Inputs) -> Ensemble:
    """Take a candidate apart; its players are in the order of its features.

    Parameters
    ----------
    reference
        The typical row, in the order of the layout of the candidate's graphs.

    Raises
    ------
    DataError
        If it holds trees that answer by other rules than plain ones.
    """
    views = {features.view: features for features in candidate.state.features}
    owners = {view: _owners(features) for view, features in views.items()}
    players = list(dict.fromkeys(owner for each in owners.values() for owner in each))
    places = {
        view: np.array([players.index(owner) for owner in each], dtype=np.intp)
        for view, each in owners.items()
    }
    return Ensemble(
        players=tuple(" × ".join(player) for player in players),
        reference=reference,
        leaves=_leaves(candidate, places),
        weights=_weights(candidate, places),
    )


def typical_row(contract: Contract, layout: Layout) -> Inputs:
    """Give the typical row of a contract as a model takes it.

    Examples
    --------
    >>> field = Field(name="x", type="number", typical=2.5)
    >>> contract = Contract(project="p", label="y", task="regression", fields=(field,))
    >>> typical_row(contract, Layout(numbers=("x",))).numbers
    array([[2.5]], dtype=float32)
    """
    fields = {field.name: field for field in contract.fields}
    numbers = np.array([[_number(fields[name]) for name in layout.numbers]], dtype=np.float64)
    texts = np.empty((1, len(layout.texts)), dtype=object)
    texts[0] = [str(fields[name].typical or "") for name in layout.texts]
    return Inputs(
        numbers=np.clip(numbers, -LARGEST, LARGEST).astype(np.float32),
        times=np.array([[_seconds(fields[name]) for name in layout.times]], dtype=np.int64),
        texts=texts,
    )


def _number(field: Field) -> float:
    return np.nan if field.typical is None else float(field.typical)


def _seconds(field: Field) -> int:
    if field.typical is None:
        return MISSING_TIME
    moment = datetime.fromisoformat(str(field.typical))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1)


def _owners(features: FittedFeatures) -> list[Player]:
    """Give the player of each column of an encoded row."""
    return [
        encoder.columns if encoder.kind == "lookup" else (encoder.column,)
        for encoder in features.encoders
        for _ in range(encoder.width)
    ]


def _weights(candidate: Candidate, places: dict[View, Places]) -> Weights | None:
    members = [
        (place, model)
        for place, model in enumerate(candidate.models)
        if isinstance(model, LinearModel)
    ]
    if not members:
        return None
    outputs = _outputs(candidate)
    return Weights(
        values=np.concatenate([model.weights for _, model in members], axis=1).astype(np.float64),
        margins=np.concatenate(
            [np.arange(place * outputs, (place + 1) * outputs) for place, _ in members]
        ),
        player=places["linear"],
    )


def _leaves(candidate: Candidate, places: dict[View, Places]) -> Leaves | None:
    outputs = _outputs(candidate)
    parts = []
    for place, model in enumerate(candidate.models):
        if isinstance(model, TreeModel):
            trees = read_trees(bytes(model.booster.save_raw("json")))
            parts.append(replace(trees, output=trees.output + place * outputs))
    if not parts:
        return None
    whole = _join(parts)
    return _box(whole, places["trees"])


def _outputs(candidate: Candidate) -> int:
    return len(candidate.classes) if candidate.task is Task.MULTICLASS else 1


def _join(parts: Sequence[Trees]) -> Trees:
    """Put the trees of several boosters one behind the other."""
    shifts = np.cumsum([0, *(len(part.left) for part in parts)])[:-1]
    moved = [
        replace(
            part,
            left=np.where(part.is_leaf, part.left, part.left + shift),
            right=np.where(part.is_leaf, part.right, part.right + shift),
            roots=part.roots + shift,
        )
        for part, shift in zip(parts, shifts, strict=True)
    ]
    return Trees(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in moved])
            for field in fields(Trees)
        }
    )


def _box(trees: Trees, player: Places) -> Leaves | None:
    """Turn paths into boxes: for each leaf, what it takes of each column its path looks at.

    Where no row can change anything there is none.
    """
    splits = np.flatnonzero(~trees.is_leaf)
    used = np.unique(trees.column[splits]).astype(np.intp)
    used = used[np.argsort(player[used], kind="stable")]
    if len(used) == 0:
        return None
    columns, bins = np.zeros((2, len(trees.left)), dtype=np.int64)
    thresholds = []
    for place, column in enumerate(used):
        here = splits[trees.column[splits] == column]
        known, bins[here] = np.unique(trees.threshold[here], return_inverse=True)
        columns[here] = place
        thresholds.append(known)
    sizes = [len(known) for known in thresholds]
    kind = np.min_scalar_type(max(sizes))
    paths = _walk(trees, columns, bins, int(np.iinfo(kind).max))
    if len(paths.node) == 0:
        return None
    return Leaves(
        value=trees.value[paths.node].astype(np.float64),
        margin=trees.output[paths.tree].astype(np.intp),
        column=np.maximum(paths.column, 0).astype(np.min_scalar_type(len(used))),
        low=paths.low.astype(kind),
        high=paths.high.astype(kind),
        takes_missing=paths.takes_missing,
        used=used,
        player=player[used],
        thresholds=np.concatenate(thresholds).astype(np.float32),
        starts=np.cumsum([0, *sizes])[:-1].astype(np.intp),
    )


@dataclass(frozen=True)
class _Paths:
    """Where paths have got to, and what they take: a slot for each column they looked at."""

    node: Places
    tree: Places
    column: Places
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    takes_missing: Flags

    def pick(self, which: Flags | Places) -> "_Paths":
        """Give some of the paths."""
        return _Paths(*(getattr(self, field.name)[which] for field in fields(self)))

    def widen(self, slots: int, everything: int) -> "_Paths":
        """Have so many slots: those appended take any value, and so did those cut off."""
        room = ((0, 0), (0, max(0, slots - self.column.shape[1])))
        fills = {"column": NOBODY, "low": 0, "high": everything, "takes_missing": True}
        wide = {
            name: np.pad(getattr(self, name)[:, :slots], room, constant_values=fill)
            for name, fill in fills.items()
        }
        return replace(self, **wide)

    def sort(self) -> "_Paths":
        """Put slots in the order of their columns, those not needed last."""
        order = np.argsort(np.where(self.column < 0, np.iinfo(np.intp).max, self.column), axis=1)
        sorted_ = {
            name: np.take_along_axis(getattr(self, name), order, axis=1)
            for name in ("column", "low", "high", "takes_missing")
        }
        return replace(self, **sorted_)


def _walk(trees: Trees, columns: Places, bins: Places, everything: int) -> _Paths:
    """Walk all trees down at once, level by level, and give the paths to their leaves.

    A leaf that adds nothing is left out, and so is a tree that is but one leaf.
    """
    count = len(trees.roots)
    none = np.empty((count, 0), dtype=np.intp)
    paths = _Paths(trees.roots, np.arange(count), none, none, none, none.astype(np.bool_))
    paths, done = paths.pick(~trees.is_leaf[paths.node]), []
    while len(paths.node):
        paths = _split(trees, columns, bins, paths, everything)
        ends = trees.is_leaf[paths.node]
        done.append(paths.pick(ends & (trees.value[paths.node] != 0)))
        paths = paths.pick(~ends)
    slots = max(int((path.column != NOBODY).sum(axis=1).max(initial=0)) for path in done)
    slots = max(1, -(-slots // SLOTS_TOGETHER)) * SLOTS_TOGETHER
    wide = [path.widen(slots, everything) for path in done]
    return _Paths(
        *(np.concatenate([getattr(path, field.name) for path in wide]) for field in fields(_Paths))
    ).sort()


def _split(trees: Trees, columns: Places, bins: Places, paths: _Paths, everything: int) -> _Paths:
    """Go from nodes to both nodes below; what cannot be reached by any value is left out."""
    paths = paths.widen(paths.column.shape[1] + 1, everything)
    node, rows = paths.node, np.arange(len(paths.node))
    is_slot = (paths.column == columns[node][:, None]) | (paths.column == NOBODY)
    slot = is_slot.argmax(axis=1)
    sides = []
    for is_left, below in ((True, trees.left), (False, trees.right)):
        column, low, high = paths.column.copy(), paths.low.copy(), paths.high.copy()
        takes_missing = paths.takes_missing.copy()
        column[rows, slot] = columns[node]
        if is_left:
            high[rows, slot] = np.minimum(high[rows, slot], bins[node])
        else:
            low[rows, slot] = np.maximum(low[rows, slot], bins[node] + 1)
        takes_missing[rows, slot] &= trees.goes_left[node] == is_left
        side = _Paths(below[node].astype(np.intp), paths.tree, column, low, high, takes_missing)
        sides.append(side.pick((low[rows, slot] <= high[rows, slot]) | takes_missing[rows, slot]))
    return _Paths(
        *(np.concatenate([getattr(side, field.name) for side in sides]) for field in fields(_Paths))
    )
