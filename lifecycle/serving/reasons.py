"""Why a row got its score: exact Shapley values against one typical row.

The players are the columns of the request. What a group of them is worth is the margin of a
row that has the group's values from the row asked about and all others from the typical row
(interventional, with a single reference [2]_). A column's Shapley value [1]_ is what it adds
on average over every order in which columns could change from the one to the other; over all
columns these values add up to the difference between the two margins.

**Trees.** A leaf is a box: an interval for each column that its path looks at. Of the columns
on the path, some hold for the row alone (`a` of them), some for the typical row alone (`b`),
some for both; if one holds for neither, no mixture ends there. Then the leaf's value `v` is
reached by exactly the groups that have all of the first and none of the second, and adds
``v (a-1)! b! / (a+b)!`` to each of the first and ``-v a! (b-1)! / (a+b)!`` to each of the
second. Because the typical row never changes, what it fulfils is worked out once; a table of
bits then tells which few of all leaves a row can reach.

**Linear members.** A column adds its weights times the difference of its encoded values.

**From margins to the score.** Each margin counts by the mean slope of the score along the
straight line from the typical row's margins to the row's: for one margin that is the
difference of scores over the difference of margins, the rescale rule [3]_; for several it is
their integrated gradient [4]_. The finishing graph itself is asked, so no link, blend or
calibration is written down twice.

References
----------
.. [1] L. S. Shapley, A value for n-person games, Contributions to the Theory of Games II (1953).
.. [2] S. M. Lundberg et al., From local explanations to global understanding with explainable
   AI for trees, Nature Machine Intelligence 2 (2020), interventional TreeSHAP.
.. [3] A. Shrikumar et al., Learning important features through propagating activation
   differences, ICML (2017).
.. [4] M. Sundararajan et al., Axiomatic attribution for deep networks, ICML (2017).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from lifecycle.errors import PerennialError
from lifecycle.serving.inputs import Inputs, Reason
from lifecycle.serving.leaves import Leaves, Places, Row, TreeReasons, Vector

Finish = Callable[[Vector], Vector]

NODES = (4, 16, 64, 256)
"""Points along the line of margins; more are taken where fewer do not add up."""

CLOSE = 1e-5
"""Slopes add up when they miss the difference of scores by less than this share of all moves."""

STEP = 1e-7
"""How far, relative to a margin, a slope is measured: its error is of the same size in 64 bits."""

LARGEST_GAP, ROUNDING = 0.01, 1e-5
"""Reasons that miss the score by more than this share of all they say, where scores are clipped,
and of the margins, which are sums of 32-bit floats, are wrong."""


class ReasonsError(PerennialError):
    """Reasons do not add up to the score they explain."""


@dataclass(frozen=True)
class Weights:
    """The linear members of a model.

    Parameters
    ----------
    values
        Shape ``(columns, outputs)``, the outputs of all linear members side by side.
    margins
        Which margin of the model each output is.
    player
        Whose column each column is.
    """

    values: Vector
    margins: Places
    player: Places


@dataclass(frozen=True)
class Ensemble:
    """What reasons are made from; what `reasons.npz` holds.

    Parameters
    ----------
    players
        Columns, and pairs of columns crossed into one category.
    reference
        The typical row, all others are held against.
    leaves, weights
        Its trees and its linear members, where there are any.
    """

    players: tuple[str, ...]
    reference: Inputs
    leaves: Leaves | None
    weights: Weights | None

    def dump(self) -> bytes:
        """Write it down as arrays, without pickles."""
        arrays: dict[str, NDArray[np.generic]] = {
            "players": _write_texts(self.players),
            "reference.numbers": self.reference.numbers,
            "reference.times": self.reference.times,
            "reference.texts": _write_texts(self.reference.texts[0].tolist()),
        }
        for name, part in (("leaves", self.leaves), ("weights", self.weights)):
            for field in () if part is None else fields(part):
                arrays[f"{name}.{field.name}"] = getattr(part, field.name)
        file = BytesIO()
        np.savez_compressed(file, allow_pickle=False, **arrays)
        return file.getvalue()

    @classmethod
    def load(cls, content: bytes) -> "Ensemble":
        """Read what `dump` wrote."""
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            texts = np.array(_read_texts(arrays["reference.texts"]), dtype=object)
            numbers, times = arrays["reference.numbers"], arrays["reference.times"]
            parts: dict[str, dict[str, NDArray[np.generic]]] = {"leaves": {}, "weights": {}}
            for name in arrays.files:
                part, _, field = name.partition(".")
                if part in parts:
                    parts[part][field] = arrays[name]
            return cls(
                players=tuple(_read_texts(arrays["players"])),
                reference=Inputs(numbers, times, texts.reshape(1, -1)),
                leaves=Leaves(**parts["leaves"]) if parts["leaves"] else None,  # type: ignore[arg-type]
                weights=Weights(**parts["weights"]) if parts["weights"] else None,  # type: ignore[arg-type]
            )


class Explainer:
    """Tells what each player adds to a weighted sum of margins.

    Parameters
    ----------
    trees, linear
        The typical row as the trees and the linear members read it, where there are any.
    """

    def __init__(self, ensemble: Ensemble, trees: Row | None, linear: Row | None) -> None:
        self.players = ensemble.players
        self._trees, self._linear, self._weights = None, linear, ensemble.weights
        if ensemble.leaves is not None and trees is not None:
            self._trees = TreeReasons(ensemble.leaves, trees, len(self.players))

    def explain(self, trees: Row | None, linear: Row | None, slopes: Vector) -> Vector:
        """Give the contribution of each player.

        Parameters
        ----------
        trees, linear
            The row as the trees and the linear members read it.
        slopes
            What each margin of the model counts.
        """
        total = np.zeros(len(self.players))
        if self._trees is not None and trees is not None:
            total += self._trees.explain(trees, slopes)
        if self._weights is not None and linear is not None and self._linear is not None:
            moved = linear.astype(np.float64) - self._linear
            moved *= self._weights.values @ slopes.take(self._weights.margins)
            total += np.bincount(self._weights.player, moved, len(total))
        return total


def carry(finish: Finish, start: Vector, end: Vector, moved: float) -> Vector:
    """Give the mean slope of a score in each margin, along the line between two points.

    Times the differences of the margins they add up to the difference of the scores. Where
    both points are the same, it is the slope there.

    Parameters
    ----------
    finish
        From margins, shape ``(points, margins)``, to scores, shape ``(points,)``.
    start, end
        Shape ``(margins,)``.
    moved
        Score of the end minus score of the start.

    Examples
    --------
    >>> square = lambda margins: margins[:, 0] ** 2
    >>> carry(square, np.array([1.0]), np.array([3.0]), 8.0).round(6)
    array([4.])
    """
    difference = end - start
    slopes = np.zeros_like(start)
    for nodes in NODES:
        slopes = _mean_slopes(finish, start, difference, nodes)
        missed = abs(slopes @ difference - moved)
        if missed <= CLOSE * (np.abs(slopes) @ np.abs(difference)):
            break
    return slopes


def _mean_slopes(finish: Finish, start: Vector, difference: Vector, nodes: int) -> Vector:
    places, weights = _line(nodes)
    points = start + places[:, None] * difference
    steps = STEP * np.maximum(1.0, np.abs(points).max(axis=0))
    asked = points[:, None] + np.vstack([np.zeros_like(steps), np.diag(steps)])
    scores = finish(asked.reshape(-1, len(start))).reshape(nodes, -1)
    return np.asarray(weights @ (scores[:, 1:] - scores[:, :1]) / steps)


@cache
def _line(nodes: int) -> tuple[Vector, Vector]:
    """Give the points and weights of Gauss and Legendre between 0 and 1."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return (places + 1) / 2, weights / 2


def settle(contributions: Vector, moved: float, *, size: float = 1.0) -> Vector:
    """Spread what rounding leaves between contributions and their total, each by its size.

    Parameters
    ----------
    moved
        What they have to add up to.
    size
        How large the numbers were that were added up in 32 bits, in units of the score.

    Raises
    ------
    ReasonsError
        If more is left than rounding explains: then they explain another model.

    Examples
    --------
    >>> settle(np.array([0.2, -0.1]), 0.1001).sum()
    np.float64(0.1001)
    """
    gap, sizes = moved - contributions.sum(), np.abs(contributions)
    if abs(gap) > LARGEST_GAP * sizes.sum() + ROUNDING * size:
        raise ReasonsError(
            f"The reasons add up to {contributions.sum():.6g}, and the score differs from that "
            f"of the typical row by {moved:.6g}. They explain another model: package the "
            "version again."
        )
    if not sizes.any():
        return contributions
    return np.asarray(contributions + gap * sizes / sizes.sum())


def rank(players: Sequence[str], contributions: Vector, top: int) -> tuple[Reason, ...]:
    """Name the columns that moved a score most; one that did not move it is no reason.

    Examples
    --------
    >>> [reason.column for reason in rank(["a", "b", "c"], np.array([0.1, -0.2, 0.0]), 3)]
    ['b', 'a']
    """
    order = np.argsort(-np.abs(contributions), kind="stable")[:top]
    return tuple(
        Reason(players[place], float(contributions[place]))
        for place in order
        if contributions[place] != 0
    )


def _write_texts(texts: Sequence[object]) -> NDArray[np.uint8]:
    """Write texts as bytes: an array of texts would cut zeros off their ends."""
    return np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)


def _read_texts(content: NDArray[np.uint8]) -> list[str]:
    return list(json.loads(content.tobytes()))
