"""How likely a difference is when nothing has moved: the tests behind a verdict of drift.

Each asks: were the rows of the reference and of the window one heap, dealt out by chance, how often
would they differ at least as much? So the reference is never taken for the truth itself, however
small it is. Every answer is an upper bound of the probability or close to it, also of sparse
tables, and none needs a simulation.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

_FEW = 20
"""Steps up to which adding up their probabilities can be sharper than Kolmogorov's bound."""

_Floats = NDArray[np.float64]


def kolmogorov_smirnov_p(distance: float, *, then: int, now: int) -> float:
    """Give the probability of a Kolmogorov-Smirnov distance at least as large by chance.

    One of no distance. Exact for a continuous column in the limit, with Stephens' correction for
    few rows; too large, never too small, where values are tied.

    Parameters
    ----------
    then, now
        Known values on either side, above zero.

    References
    ----------
    .. [1] M. A. Stephens, Use of the Kolmogorov-Smirnov, Cramer-von Mises and related statistics
       without extensive tables, Journal of the Royal Statistical Society B 32 (1970).

    Examples
    --------
    >>> kolmogorov_smirnov_p(0.0, then=2000, now=200)
    1.0
    >>> round(kolmogorov_smirnov_p(0.1, then=2000, now=200), 3)
    0.049
    """
    root = np.sqrt(then * now / (then + now))
    return float(special.kolmogorov((root + 0.12 + 0.11 / root) * distance))


def steps_p(distance: float, cumulative: ArrayLike, *, then: int, now: int) -> float:
    """Give a bound of the same probability for a column of few different values.

    The probabilities of a difference that large at each step, added up: sharper than Kolmogorov's
    where there are only a few, and exact for truth values. Of more than twenty steps it is one.

    Parameters
    ----------
    cumulative
        Share of the values of both sides together that is at most each step, shape ``(steps,)``.

    Examples
    --------
    >>> steps_p(0.1, [0.5, 1.0], then=2000, now=200) < kolmogorov_smirnov_p(0.1, then=2000, now=200)
    True
    """
    shares = np.asarray(cumulative, dtype=np.float64)
    whole = then + now
    inside = np.unique(np.round(shares * whole).astype(int))
    inside = inside[(inside > 0) & (inside < whole)]
    if len(inside) > _FEW:
        return 1.0
    # rows now / now - (inside - rows now) / then = +-distance, solved for the rows now
    middle, reach = inside * now / whole, distance * then * now / whole
    tolerance = 1e-9 * whole
    upper = stats.hypergeom.sf(np.ceil(middle + reach - tolerance) - 1, whole, inside, now)
    lower = stats.hypergeom.cdf(np.floor(middle - reach + tolerance), whole, inside, now)
    return float(min(1.0, (upper + lower).sum()))


def homogeneity_p(then: ArrayLike, now: ArrayLike) -> float:
    """Give the probability of two rows of counts at least as different by chance.

    Pearson's chi-square, with the variance it has when both margins are given: a gamma
    distribution of that mean and variance takes the place of the limiting one, which is too
    eager where few rows are expected. One of fewer than two cells.

    Parameters
    ----------
    then, now
        Rows in each cell, shape ``(cells,)``; at least about five are to be expected in each.

    References
    ----------
    .. [1] J. B. S. Haldane, The mean and variance of chi-squared, when used as a test of
       homogeneity, when expectations are small, Biometrika 31 (1940).
    .. [2] K. Pearson, On the criterion that a given system of deviations ..., Philosophical
       Magazine 50 (1900).

    Examples
    --------
    >>> homogeneity_p([500, 500], [50, 50])
    1.0
    >>> homogeneity_p([500, 500], [80, 20]) < 1e-6
    True
    """
    before, after = np.asarray(then, dtype=np.float64), np.asarray(now, dtype=np.float64)
    both = before + after
    before, after, both = before[both > 0], after[both > 0], both[both > 0]
    cells, whole = len(both), float(both.sum())
    if cells < 2:
        return 1.0
    part = after.sum() / whole
    spread = part * (1 - part)
    statistic = float(((after - both * part) ** 2 / (both * spread)).sum())
    mean = (cells - 1) * whole / (whole - 1)
    sparse = (1 / both).sum() - (cells**2 + 2 * cells - 2) / whole
    variance = 2 * (cells - 1) + max(0.0, (1 / spread - 6) * sparse)
    return float(stats.gamma.sf(statistic, mean**2 / variance, scale=variance / mean))


def single_p(then: ArrayLike, now: ArrayLike, *, rows_then: int, rows_now: int) -> float:
    """Give the probability that the most striking of several values is as striking by chance.

    Exact for each value (hypergeometric, both sides); corrected for their number by giving each
    its share of all rows as its share of the error allowed, so that a frequent value is hardly
    corrected at all and a thousand rare ones cost nothing.

    Parameters
    ----------
    then, now
        Rows with each value, shape ``(values,)``.
    rows_then, rows_now
        Known values on either side, also those not listed.

    References
    ----------
    .. [1] C. R. Genovese, K. Roeder and L. Wasserman, False discovery control with p-value
       weighting, Biometrika 93 (2006).

    Examples
    --------
    >>> single_p([1000, 1000], [100, 100], rows_then=2000, rows_now=200)
    1.0
    >>> single_p([5, 1000], [40, 100], rows_then=2000, rows_now=200) < 1e-20
    True
    """
    after = np.asarray(now, dtype=np.int64)
    both, whole = np.asarray(then, dtype=np.int64) + after, rows_then + rows_now
    part = rows_now / whole
    gaps = after - both * part
    # within a deviation of what is expected nothing is striking, and need not be worked out
    places = np.flatnonzero(gaps**2 > both * part * (1 - part) * (1 - both / whole))
    if not len(places):
        return 1.0
    after, both, more = after[places], both[places], gaps[places] > 0
    tails = np.empty(len(places))
    tails[more] = stats.hypergeom.sf(after[more] - 1, whole, both[more], rows_now)
    tails[~more] = stats.hypergeom.cdf(after[~more], whole, both[~more], rows_now)
    return float(min(1.0, (2 * tails * whole / both).min()))


def proportions_p(then: int, now: int, *, rows_then: int, rows_now: int) -> float:
    """Give the probability that two shares differ as much by chance: Fisher's exact test.

    Two-sided, as twice the smaller tail. One where nobody or everybody has it on both sides.

    References
    ----------
    .. [1] R. A. Fisher, On the interpretation of chi-square from contingency tables, and the
       calculation of P, Journal of the Royal Statistical Society 85 (1922).

    Examples
    --------
    >>> proportions_p(0, 0, rows_then=2000, rows_now=200)
    1.0
    >>> proportions_p(0, 20, rows_then=2000, rows_now=200) < 1e-15
    True
    """
    both, whole = then + now, rows_then + rows_now
    upper = stats.hypergeom.sf(now - 1, whole, both, rows_now)
    lower = stats.hypergeom.cdf(now, whole, both, rows_now)
    return float(min(1.0, 2 * min(upper, lower)))


def outside_p(outside: int, *, then: int, now: int) -> float:
    """Give the probability that so many values lie beyond the reference's range by chance.

    What a range of `then` values leaves out is a share that follows a beta distribution whatever
    the column's is, if that is continuous; with ties it is less.

    References
    ----------
    .. [1] S. S. Wilks, Determination of sample sizes for setting tolerance limits, Annals of
       Mathematical Statistics 12 (1941).

    Examples
    --------
    >>> outside_p(0, then=2000, now=200)
    1.0
    >>> round(outside_p(1, then=2000, now=200), 2)
    0.17
    """
    if not outside:
        return 1.0
    return float(stats.betabinom.sf(outside - 1, now, 2, max(then - 1, 1)))


def unseen_p(seen: Sequence[int], unseen: Sequence[int], *, then: int, now: int) -> float:
    """Give a bound of the probability that so many rows have a value only the window has.

    Among few rows a rare value often is in one heap and not in the other; the more rare values
    there are in both together, the more such rows are to be expected. Chernoff's bound of the rows
    whose value is dealt to the window alone. One where there are none.

    Parameters
    ----------
    seen
        Rows of both sides with each value that the reference has.
    unseen
        Rows with each value that only the window has.

    References
    ----------
    .. [1] H. Chernoff, A measure of asymptotic efficiency for tests of a hypothesis based on the
       sum of observations, Annals of Mathematical Statistics 23 (1952).

    Examples
    --------
    >>> unseen_p([1000, 1000], [], then=1800, now=200)
    1.0
    >>> unseen_p([1000, 996], [4], then=1800, now=200) < 1e-3
    True
    >>> unseen_p([1] * 1990, [1] * 10, then=1800, now=200) > 0.5
    True
    """
    rows = sum(unseen)
    if not rows:
        return 1.0
    sizes, times = np.unique(np.array([*seen, *unseen]), return_counts=True)
    sizes, times = sizes[(sizes > 0) & (sizes <= now)], times[(sizes > 0) & (sizes <= now)]
    alone = special.gammaln(then + now - sizes + 1) - special.gammaln(now - sizes + 1)
    alone += special.gammaln(now + 1) - special.gammaln(then + now + 1)
    # more than all of them are no more than all of them, and would only loosen the bound
    return _chernoff(np.minimum(sizes, rows), times, np.minimum(alone, 0.0), rows)


def _chernoff(
    sizes: NDArray[np.int64], times: NDArray[np.int64], chances: _Floats, rows: int
) -> float:
    """Bound the probability that sizes add up to `rows`, each counted with a (log) chance."""
    tilts = np.concatenate([[0.0], np.geomspace(1e-6, 50, 300)])[:, None]
    never = np.log1p(-np.minimum(np.exp(chances), 1 - 1e-15))
    grown = np.logaddexp(never, chances + tilts * sizes) @ times - tilts[:, 0] * rows
    return float(np.exp(min(0.0, float(grown.min()))))


def share_highest(rows: int, of: int, *, confidence: float = 0.95) -> float:
    """Give the upper bound of a share, one-sided: Clopper and Pearson's, never too low.

    References
    ----------
    .. [1] C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in
       the case of the binomial, Biometrika 26 (1934).

    Examples
    --------
    >>> round(share_highest(0, 200), 3)
    0.015
    """
    return 1.0 if rows >= of else float(special.betaincinv(rows + 1, of - rows, confidence))


def change_highest(then: float, now: float, *, rows_then: int, rows_now: int) -> float:
    """Give the upper bound of the size of a change of a share, one-sided, 95 %.

    Newcombe's, from the two Wilson intervals: it holds with few rows and shares near 0 and 1.

    References
    ----------
    .. [1] R. G. Newcombe, Interval estimation for the difference between independent proportions,
       Statistics in Medicine 17 (1998).

    Examples
    --------
    >>> round(change_highest(0.0, 0.1, rows_then=2000, rows_now=200), 3)
    0.14
    """
    small, large = sorted([(then, rows_then), (now, rows_now)])
    low, high = _wilson(*small)[0], _wilson(*large)[1]
    reach = np.hypot(high - large[0], small[0] - low)
    return float(min(1.0, large[0] - small[0] + reach))


def _wilson(share: float, rows: int) -> tuple[float, float]:
    z = float(special.ndtri(0.95))
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    reach = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2)
    return float(middle - reach), float(middle + reach)
