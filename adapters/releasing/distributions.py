"""How the answers of two versions compare: agreement, differences, distributions of scores."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adapters.releasing.pairing import Compared
from lifecycle.release.evidence import Distribution, Pairs, PairSlice, Scores
from lifecycle.task import Task

_RELATIVE, _ABSOLUTE = 1e-5, 1e-6
"""Scores this near one another, as a share of themselves and in standard deviations of all, are
one score: a row that is answered together with others is answered by another route, which rounds
otherwise. See `lifecycle.serving.parity.LIMIT`."""

Numbers = NDArray[np.float64]


def kolmogorov_smirnov(first: Numbers, second: Numbers, *, rounding: float = _RELATIVE) -> float:
    """How far two samples are from one distribution: the largest gap of their shares below a point.

    Zero where both are distributed alike, one where all of one lies below all of the other; it
    does not depend on the scale. Differences by rounding are none: without that, scores of few
    values would look wholly different for a last digit.

    Parameters
    ----------
    first, second
        Shape ``(n,)`` and ``(m,)``, neither empty.
    rounding
        What is one and the same number, as a share of it.

    References
    ----------
    .. [1] N. Smirnov, "Table for estimating the goodness of fit of empirical distributions",
       Annals of Mathematical Statistics 19 (1948).

    Examples
    --------
    >>> one = np.array([0.1, 0.2, 0.3, 0.4])
    >>> kolmogorov_smirnov(one, one + 1e-9), kolmogorov_smirnov(one, one + 1)
    (0.0, 1.0)
    >>> kolmogorov_smirnov(one, np.array([0.1, 0.2, 0.5, 0.6]))
    0.5
    """
    mine, theirs = np.sort(first), np.sort(second)
    slack = rounding * _ABSOLUTE / _RELATIVE * float(np.std(np.concatenate([mine, theirs])))
    gaps = [0.0]
    for one, other in ((mine, theirs), (theirs, mine)):
        points = one + rounding * np.abs(one) + slack
        # The share of one only grows at its own points, so the largest gap lies at one of them.
        below = np.searchsorted(one, one, side="right") / len(one)
        gaps.append(
            float((below - np.searchsorted(other, points, side="right") / len(other)).max())
        )
    return max(gaps)


def distribution(scores: Numbers, decisions: Sequence[str | None]) -> Distribution:
    """Describe the scores of a version; nothing but the number of rows where there are none.

    Examples
    --------
    >>> distribution(np.array([0.2, 0.8]), ["no", "yes"]).decisions
    {'no': 1, 'yes': 1}
    """
    if not len(scores):
        return Distribution(rows=0)
    counted = Counter(decision for decision in decisions if decision is not None)
    deciles = np.quantile(scores, np.linspace(0, 1, 11)).tolist()
    return Distribution(
        rows=len(scores),
        mean=float(scores.mean()),
        deciles=tuple(deciles),
        decisions=dict(sorted(counted.items())),
    )


class Comparing:
    """Rows with the answers of both, as arrays.

    Parameters
    ----------
    tolerance
        Regression: how far two predictions may differ and still agree, in standard deviations
        of the champion's.
    """

    def __init__(self, found: Compared, task: Task, *, tolerance: float) -> None:
        mine, theirs, differences, decided, decides = zip(*found.pairs, strict=True)
        self.champion: Numbers = np.array(mine, dtype=np.float64)
        self.challenger: Numbers = np.array(theirs, dtype=np.float64)
        self.differences: Numbers = np.array(differences, dtype=np.float64)
        self.inputs, self._decided, self._decides = found.inputs, decided, decides
        self._lost = found.lost
        if task is Task.REGRESSION:
            within = tolerance * float(self.champion.std()) + _RELATIVE * np.abs(self.champion)
            self.agrees = np.abs(self.differences) <= within
        else:
            self.agrees = np.array(
                [one == other for one, other in zip(decided, decides, strict=True)]
            )

    def pairs(self, slices: tuple[PairSlice, ...]) -> Pairs:
        """Say how far they agree."""
        sizes = np.abs(self.differences)
        low, high = np.quantile(self.differences, (0.05, 0.95)).tolist()
        return Pairs(
            rows=len(self.agrees),
            agreeing=int(self.agrees.sum()),
            difference=float(sizes.mean()),
            low=low,
            high=high,
            largest=float(sizes.max()),
            slices=slices,
            lost=self._lost,
        )

    def scores(self) -> Scores:
        """Say how their scores are distributed over these rows."""
        return Scores(
            champion=distribution(self.champion, self._decided),
            challenger=distribution(self.challenger, self._decides),
            distance=kolmogorov_smirnov(self.champion, self.challenger),
            paired=True,
        )
