"""A bootstrap distribution kept as a few quantiles, from which any interval can be read.

So a gate may change its confidence without the evaluation being taken again.
"""

from bisect import bisect_left
from collections.abc import Sequence
from statistics import NormalDist

LEVELS = (
    0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975,
)  # fmt: skip
"""The levels that are kept; the outermost carry an interval of 99.5 % confidence."""

_PROBITS = tuple(NormalDist().inv_cdf(level) for level in LEVELS)


def quantile(kept: Sequence[float], level: float) -> float:
    """Read one quantile off the kept ones, straight between them on the normal scale.

    A level outside `LEVELS` gives the outermost kept quantile.

    Examples
    --------
    >>> kept = [10 * NormalDist().inv_cdf(level) for level in LEVELS]
    >>> round(quantile(kept, 0.975), 2), round(quantile(kept, 0.15), 2)
    (19.6, -10.36)
    """
    probit = NormalDist().inv_cdf(level)
    above = bisect_left(_PROBITS, probit - 1e-9)
    if above == 0:
        return kept[0]
    if above == len(_PROBITS):
        return kept[-1]
    low, high = _PROBITS[above - 1], _PROBITS[above]
    share = min((probit - low) / (high - low), 1.0)
    return kept[above - 1] * (1 - share) + kept[above] * share


def interval(kept: Sequence[float], confidence: float) -> tuple[float, float]:
    """Read the two-sided interval of a confidence off the kept quantiles.

    Examples
    --------
    >>> interval([float(i) for i in range(15)], 0.95)
    (3.0, 11.0)
    """
    tail = (1 - confidence) / 2
    return quantile(kept, tail), quantile(kept, 1 - tail)
