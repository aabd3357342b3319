"""Bounds that hold at every moment at once, so that they may be looked at every second.

An ordinary interval of 95 % is wrong once in twenty looks; who looks every second for an hour
is nearly sure to see it wrong. A confidence sequence is wrong at any moment of the whole time,
however long, with at most its `level`: one may stop, or go on, on what one sees.

References
----------
.. [1] H. Robbins, "Statistical methods related to the law of the iterated logarithm",
   Annals of Mathematical Statistics 41 (1970): mixtures of likelihood ratios.
.. [2] J. Ville, "Étude critique de la notion de collectif" (1939): a nonnegative martingale
   that starts at 1 ever reaches `1 / level` with probability at most `level`.
.. [3] S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform, nonparametric,
   nonasymptotic confidence sequences", Annals of Statistics 49 (2021).
.. [4] L. Wasserman, A. Ramdas, S. Balakrishnan, "Universal inference", PNAS 117 (2020): the
   likelihood of a composite null is bounded by its largest.
"""

from collections.abc import Callable
from math import inf, lgamma, log, log1p, sqrt
from statistics import NormalDist

from lifecycle.errors import DataError

Prior = tuple[float, float]
"""How likely each share is held before anything is seen: a beta distribution."""

JEFFREYS: Prior = (0.5, 0.5)
"""Costs about half a logarithm of the number of observations, whatever the share is."""

_HALVINGS = 48
_DIFFERENCE_HALVINGS = 28
"""A share is found to 4e-15, a difference of two to 4e-9."""

_TINY = 1e-12
"""A share is not told apart from nothing or all below that."""


def below(limit: float) -> Prior:
    """Give the prior by which the least observations show that a share is below a limit.

    Its mean is half of the limit, and it weighs as much as `1 / limit` observations.

    Examples
    --------
    >>> below(0.01)
    (0.5, 100.0)
    """
    return (0.5, 1 / limit) if limit > 0 else JEFFREYS


def spend(level: float, after: int) -> float:
    """Give the part of a level that belongs to a sequence begun after so many observations.

    A sequence may be begun anew after every observation; the parts of all of them add up to
    `level`, so that whichever of them is looked at, and whenever, together they are wrong with
    at most that. So a change is seen soon that the whole would take long to show.

    Examples
    --------
    >>> spend(0.01, 0), round(sum(spend(0.01, after) for after in range(100_000)), 6)
    (0.005, 0.01)
    """
    return level / ((after + 1) * (after + 2))


def share_bounds(
    happened: float, of: float, *, level: float, prior: Prior = JEFFREYS
) -> tuple[float, float]:
    """Bound a share, at every moment at once.

    The share's likelihood, averaged over the prior, less that of each share, is a martingale
    where that share is the true one; shares are left over that it has not refuted (beta-binomial
    mixture). Nothing seen: 0 to 1. Never: from 0. Always: up to 1.

    Parameters
    ----------
    happened, of
        How often it happened, of how many observations.
    level
        How probable it may be that the true share is ever outside.

    Raises
    ------
    DataError
        If the counts contradict one another, or the level is none.

    Examples
    --------
    >>> low, high = share_bounds(10, 1_000, level=0.05)
    >>> round(low, 4), round(high, 4)
    (0.0024, 0.0262)
    >>> share_bounds(0, 0, level=0.05)
    (0.0, 1.0)
    """
    _check(happened, of, level)
    if not of:
        return 0.0, 1.0
    wanted, mean = -log(level), happened / of
    evidence = _mixed(happened, of, prior)

    def refuted(share: float) -> bool:
        return evidence - _likelihood(happened, of, share) >= wanted

    low = _edge(refuted, 0.0, mean) if happened else 0.0
    high = _edge(refuted, 1.0, mean) if happened < of else 1.0
    return low, high


def is_above(
    happened: float, of: float, limit: float, *, level: float, prior: Prior = JEFFREYS
) -> bool:
    """Tell whether the lower bound of a share is beyond a limit.

    Nothing seen: no. Of a limit of 0: as soon as it has happened once.

    Examples
    --------
    >>> is_above(2, 2, 0.01, level=0.01), is_above(1, 1, 0.01, level=0.01)
    (True, False)
    """
    _check(happened, of, level)
    return happened > limit * of and _refutes(happened, of, limit, level, prior)


def is_below(
    happened: float, of: float, limit: float, *, level: float, prior: Prior | None = None
) -> bool:
    """Tell whether the upper bound of a share is within a limit.

    Nothing seen: no. Of a limit of 1: as soon as anything was seen.

    Examples
    --------
    >>> is_below(0, 300, 0.01, level=0.05), is_below(0, 400, 0.01, level=0.05)
    (False, True)
    """
    _check(happened, of, level)
    if not of or limit >= 1:
        return of > 0
    return happened < limit * of and _refutes(happened, of, limit, level, prior or below(limit))


def is_more(happened: int, of: int, other: int, other_of: int, *, level: float) -> bool:
    """Tell whether a share is larger than another one, seen at the same time.

    Both are averaged over a prior of their own; against that stands the likelihood of the best
    common share. Nothing seen of either: no.

    Examples
    --------
    >>> is_more(5, 5, 0, 100, level=0.01), is_more(5, 5, 5, 5, level=0.01)
    (True, False)
    """
    _check(happened, of, level)
    _check(other, other_of, level)
    if not of or not other_of or happened * other_of <= other * of:
        return False
    common = _likelihood(happened + other, of + other_of, (happened + other) / (of + other_of))
    evidence = _mixed(happened, of, JEFFREYS) + _mixed(other, other_of, JEFFREYS)
    return evidence - common >= -log(level)


def difference_bounds(
    happened: int, of: int, other: int, other_of: int, *, level: float
) -> tuple[float, float]:
    """Bound by how much a share is larger than another one, at every moment at once.

    They need not have been seen equally often, nor in any order. Nothing seen of either: -1
    to 1. Equal shares: around zero.

    Raises
    ------
    DataError
        If the counts contradict one another, or the level is none.

    Examples
    --------
    >>> low, high = difference_bounds(50, 1_000, 10, 1_000, level=0.05)
    >>> round(low, 3), round(high, 3)
    (0.007, 0.079)
    """
    _check(happened, of, level)
    _check(other, other_of, level)
    if not of or not other_of:
        return -1.0, 1.0
    mean, wanted = happened / of - other / other_of, -log(level)
    evidence = _mixed(happened, of, JEFFREYS) + _mixed(other, other_of, JEFFREYS)

    def refuted(gap: float) -> bool:
        best = _best_at(gap, happened, of, other, other_of)
        return evidence - best >= wanted

    low = _edge(refuted, -1.0, mean, halvings=_DIFFERENCE_HALVINGS)
    high = _edge(refuted, 1.0, mean, halvings=_DIFFERENCE_HALVINGS)
    return low, high


def distribution_margin(rows: int, *, level: float) -> float:
    """Bound how far an observed distribution function is from the true one, at every moment.

    The Dvoretzky-Kiefer-Wolfowitz inequality with Massart's constant, at each number of rows
    with a part of the level; the parts add up to it. No rows: 1.

    References
    ----------
    .. [1] P. Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality",
       Annals of Probability 18 (1990).

    Examples
    --------
    >>> round(distribution_margin(1_000, level=0.05), 3), distribution_margin(0, level=0.05)
    (0.094, 1.0)
    """
    if rows <= 0:
        return 1.0
    return min(1.0, sqrt(log(2 / spend(level, rows - 1)) / (2 * rows)))


def widening(rows: int, *, level: float, tuned: int) -> float:
    """Give how many standard errors a mean may be off to one side, at every moment at once.

    Where an ordinary one-sided bound of 95 % takes 1.64, this takes about 2.8 to 3.1, in
    return for which it may be looked at whenever rows come. It rests on the central limit
    theorem, as a bootstrap interval does: it holds for large numbers of rows. No rows: infinite.

    Parameters
    ----------
    tuned
        The number of rows at which it is to be tightest.

    References
    ----------
    .. [1] I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas, "Time-uniform central
       limit theory and asymptotic confidence sequences", Annals of Statistics 52 (2024): the
       one-sided mixture of Robbins.

    Examples
    --------
    >>> [round(widening(rows, level=0.05, tuned=500), 2) for rows in (100, 500, 5_000)]
    [3.08, 2.78, 3.01]
    """
    if rows <= 0:
        return inf
    spent = -2 * log(2 * level)
    gathered = rows / tuned * (spent + log1p(spent) + 1)
    return sqrt(2 * (gathered + 1) / gathered * log1p(sqrt(gathered + 1) / (2 * level)))


def standard_error(middle: float, end: float, *, confidence: float) -> float:
    """Read a standard error off one side of a two-sided interval.

    Examples
    --------
    >>> round(standard_error(0.0, -1.96, confidence=0.95), 3)
    1.0
    """
    return abs(middle - end) / NormalDist().inv_cdf((1 + confidence) / 2)


def _check(happened: float, of: float, level: float) -> None:
    if not 0 <= happened <= of:
        raise DataError(
            f"{happened:g} of {of:g} cannot be counted: it takes from none to all of them."
        )
    if not 0 < level < 1:
        raise DataError(f"A level of {level:g} is none: it has to lie between 0 and 1.")


def _refutes(happened: float, of: float, share: float, level: float, prior: Prior) -> bool:
    return _mixed(happened, of, prior) - _likelihood(happened, of, share) >= -log(level)


def _mixed(happened: float, of: float, prior: Prior) -> float:
    """Average the likelihood over a prior; its logarithm."""
    first, second = prior
    return _beta(first + happened, second + of - happened) - _beta(first, second)


def _beta(first: float, second: float) -> float:
    return lgamma(first) + lgamma(second) - lgamma(first + second)


def _likelihood(happened: float, of: float, share: float) -> float:
    """Give the logarithm of the probability of just these observations, in their order."""
    missed = of - happened
    if (happened and share <= 0) or (missed and share >= 1):
        return -inf
    return (happened * log(share) if happened else 0.0) + (missed * log1p(-share) if missed else 0)


def _edge(
    refuted: Callable[[float], bool], outer: float, inner: float, *, halvings: int = _HALVINGS
) -> float:
    """Find where refuting ends between a point far out and one that is not refuted.

    The side that is kept is the refuted one, so that the bound is never too tight.
    """
    if not refuted(outer):
        return outer
    for _ in range(halvings):
        middle = (outer + inner) / 2
        if refuted(middle):
            outer = middle
        else:
            inner = middle
    return outer


def _best_at(gap: float, happened: int, of: int, other: int, other_of: int) -> float:
    """Find the largest likelihood of two shares that differ by just so much."""
    low, high = max(0.0, -gap), min(1.0, 1.0 - gap)
    missed, other_missed = of - happened, other_of - other
    for _ in range(_DIFFERENCE_HALVINGS if high - low > _TINY else 0):
        share = (low + high) / 2
        first = min(max(share + gap, _TINY), 1 - _TINY)
        slope = happened / first + other / share - missed / (1 - first) - other_missed / (1 - share)
        if slope > 0:
            low = share
        else:
            high = share
    share = (low + high) / 2
    return _likelihood(happened, of, share + gap) + _likelihood(other, other_of, share)
