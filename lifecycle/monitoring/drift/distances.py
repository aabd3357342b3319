"""Distances of two distributions, by the names the field knows them by.

`kolmogorov_smirnov` decides about numbers and `total_variation` about categories. Both are shares
of rows, so one limit can be declared for all columns; the others are told beside them.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifecycle.errors import DataError


def kolmogorov_smirnov(then: ArrayLike, now: ArrayLike) -> float:
    """Give the largest difference of two cumulative distributions, ``max |F - G|``.

    In [0, 1]: zero when both are equal at every edge, one when they do not overlap. It is taken at
    the edges only, so what moves between two neighbouring edges is not seen: with 201 quantiles at
    most half a percent of the reference's rows.

    Parameters
    ----------
    then, now
        Shares of the values that are at most each edge, shape ``(edges,)``; of no edges it is 0.

    References
    ----------
    .. [1] N. V. Smirnov, Table for estimating the goodness of fit of empirical distributions,
       Annals of Mathematical Statistics 19 (1948).

    Examples
    --------
    >>> kolmogorov_smirnov([0.5, 1.0], [0.2, 1.0])
    0.3
    """
    before, after = _pair(then, now)
    return float(np.abs(before - after).max(initial=0.0))


def total_variation(then: ArrayLike, now: ArrayLike) -> float:
    """Half the sum of the differences of the shares, ``sum |p - q| / 2``.

    In [0, 1]: the share of the rows that would have to be given another value to make the two
    equal; zero when they are, one when they have no value in common.

    Parameters
    ----------
    then, now
        Rows or shares of the same categories, shape ``(categories,)``; each is normalised.

    References
    ----------
    .. [1] A. L. Gibbs and F. E. Su, On choosing and bounding probability metrics, International
       Statistical Review 70 (2002).

    Examples
    --------
    >>> total_variation([50, 50], [75, 25])
    0.25
    """
    before, after = _shares(then, now)
    return float(np.abs(before - after).sum() / 2)


def population_stability_index(then: ArrayLike, now: ArrayLike, *, floor: float = 1e-4) -> float:
    """How far the rows of each bin have moved, ``sum (q - p) ln(q / p)``.

    The Jeffreys divergence of the two shares, in nats: zero when they are equal, symmetric,
    unbounded above. Below 0.1 is usually read as stable and above 0.25 as moved; both limits are
    convention, not theory [2]_.

    Parameters
    ----------
    then, now
        Rows or shares of the same bins, shape ``(bins,)``; each is normalised.
    floor
        Smallest share a bin is taken to have, so that an empty bin stays finite.

    References
    ----------
    .. [1] H. Jeffreys, An invariant form for the prior probability in estimation problems,
       Proceedings of the Royal Society A 186 (1946).
    .. [2] N. Siddiqi, Credit Risk Scorecards, Wiley (2006).

    Examples
    --------
    >>> population_stability_index([50, 50], [50, 50])
    0.0
    >>> round(population_stability_index([50, 50], [80, 20]), 4)
    0.4159
    """
    before, after = (np.maximum(shares, floor) for shares in _shares(then, now))
    return float(((after - before) * np.log(after / before)).sum())


def jensen_shannon(then: ArrayLike, now: ArrayLike) -> float:
    """Give the root of the Jensen-Shannon divergence in bits: a metric in [0, 1].

    Zero when the shares are equal, one when they have no category in common. An empty category
    needs no floor.

    Parameters
    ----------
    then, now
        Rows or shares of the same categories, shape ``(categories,)``; each is normalised.

    References
    ----------
    .. [1] D. M. Endres and J. E. Schindelin, A new metric for probability distributions, IEEE
       Transactions on Information Theory 49 (2003).

    Examples
    --------
    >>> jensen_shannon([1, 0], [0, 1])
    1.0
    """
    before, after = _shares(then, now)
    middle = (before + after) / 2
    bits = _relative_entropy(before, middle) + _relative_entropy(after, middle)
    return float(np.sqrt(max(bits / 2, 0.0)))


def hellinger(then: ArrayLike, now: ArrayLike) -> float:
    """Give the distance of the roots of the shares, ``sqrt(sum (sqrt p - sqrt q)^2 / 2)``.

    A metric in [0, 1]: zero when the shares are equal, one when they have no category in common.

    Parameters
    ----------
    then, now
        Rows or shares of the same categories, shape ``(categories,)``; each is normalised.

    References
    ----------
    .. [1] A. L. Gibbs and F. E. Su, On choosing and bounding probability metrics, International
       Statistical Review 70 (2002).

    Examples
    --------
    >>> hellinger([1, 0], [0, 1])
    1.0
    """
    before, after = _shares(then, now)
    return float(np.sqrt(((np.sqrt(before) - np.sqrt(after)) ** 2).sum() / 2))


def wasserstein(edges: ArrayLike, then: ArrayLike, now: ArrayLike, *, deviation: float) -> float:
    """How far values have to be carried to make the two equal, ``integral |F - G| / deviation``.

    Zero when they are equal; 1 where every value has moved by one standard deviation of the
    reference; unbounded above. Each value is taken for the next edge at or above it, and one beyond
    the reference's range for the end of that range: exact where the values are the edges, and too
    small where values left the range.

    Parameters
    ----------
    edges
        Rising and finite, shape ``(edges,)``.
    then, now
        Shares of the values that are at most each edge, shape ``(edges,)``.
    deviation
        Standard deviation of the reference, in the unit of the edges, above zero.

    Raises
    ------
    DataError
        If an edge is not finite or the deviation is not above zero.

    References
    ----------
    .. [1] S. S. Vallender, Calculation of the Wasserstein distance between probability
       distributions on the line, Theory of Probability and its Applications 18 (1974).

    Examples
    --------
    >>> wasserstein([0, 1, 2], [0.5, 1.0, 1.0], [0.0, 0.5, 1.0], deviation=0.5)
    2.0
    """
    before, after = _pair(then, now)
    ends = np.asarray(edges, dtype=np.float64)
    if not (np.isfinite(ends).all() and np.isfinite(deviation) and deviation > 0):
        raise DataError(
            f"The Wasserstein distance needs finite edges and a deviation above zero, not "
            f"{deviation:g} and edges from {ends.min():g} to {ends.max():g}. Leave it out here."
        )
    widths = np.diff(ends) / deviation
    return float((np.abs(before - after)[:-1] * widths).sum())


def _relative_entropy(shares: NDArray[np.float64], of: NDArray[np.float64]) -> float:
    held = shares > 0
    return float((shares[held] * np.log2(shares[held] / of[held])).sum())


def _pair(then: ArrayLike, now: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    before, after = np.asarray(then, dtype=np.float64), np.asarray(now, dtype=np.float64)
    if before.shape != after.shape or before.ndim != 1:
        raise DataError(
            f"Two distributions are compared at the same places, not at {before.shape} and "
            f"{after.shape}. Take both profiles at the edges of the reference."
        )
    return before, after


def _shares(then: ArrayLike, now: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    before, after = _pair(then, now)
    if min(before.min(initial=0.0), after.min(initial=0.0)) < 0:
        raise DataError("A share or a number of rows cannot be negative.")
    if not (before.sum() > 0 and after.sum() > 0):
        raise DataError("No rows on one side: a distance needs some on both.")
    return before / before.sum(), after / after.sum()
