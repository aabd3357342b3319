"""The difference of two arms' means, with an interval that may be looked at at any time.

Each unit has one value, the sum of what is known of it. Multiply the difference of the means by
the harmonic size of the arms, and it becomes a walk: units and outcomes push it up by the
challenger and down by the champion. Its variance, the walk's own clock, is estimated from what
was seen. Against such a walk the normal mixture [1]_ [2]_ stakes on many effects at once, so that
the chance that it ever finds one where there is none is at most what was declared, however often
anybody looks; that is a p-value, and turned round, an interval.

Outcomes that come late change sums backwards. While the versions are alike, units are in either
arm by the toss of a coin, also after the fact: whichever outcome comes next, and whenever, it
counts for either side with the same chance. Told conversions, one a unit, are then a fair walk
step by step, exactly. Of sums, a unit's later outcomes push where its first ones pushed; the walk
then forgets less than a fair one of the same variance, and so has fewer chances to reach the
limit. What is needed for either is that the arms are alike in when outcomes come too: a version
that makes the same outcomes come sooner is ahead until all of them have.

References
----------
.. [1] H. Robbins, Statistical methods related to the law of the iterated logarithm, Annals of
   Mathematical Statistics 41 (1970).
.. [2] R. Johari, P. Koomen, L. Pekelis, D. Walsh, Always valid inference: continuous monitoring
   of A/B tests, Operations Research 70 (2022).
.. [3] S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Time-uniform, nonparametric, nonasymptotic
   confidence sequences, Annals of Statistics 49 (2021); the two-sided normal mixture, by the
   walk's own variance, and its best tuning.
.. [4] I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas, Time-uniform central limit
   theory and asymptotic confidence sequences, Annals of Statistics 52 (2024); the variance may
   be an estimate.
"""

from math import exp, log, log1p, sqrt

from lifecycle.release.evidence import ArmFigures
from lifecycle.section import Value

FEWEST_UNITS = 100
"""Of each arm, before the first judgement: fewer do not tell their variance."""

FEWEST_OUTCOMES = 25
"""Units with an outcome, of both arms together, before the first judgement (of conversions, as
many without). At so few the walk is still far from the limit, and its variance known to a
fifth."""


class Difference(Value):
    """The challenger's mean less the champion's.

    Parameters
    ----------
    deviation
        Its standard error.
    low, high
        Hold the true one, at all looks together, with the declared probability.
    p_value
        Always valid: at most p in a share of p of all tests without a difference.
    """

    value: float
    deviation: float
    low: float
    high: float
    p_value: float


def best_clock(false_positives: float) -> float:
    """At how many of its units of tuning a mixture has its narrowest interval [3]_.

    The square of the limit is then one more than this.

    Examples
    --------
    >>> round(best_clock(0.05), 2)
    8.21
    """
    clock = 10.0
    for _ in range(60):  # a contraction by 1 / (1 + clock)
        clock = log1p(clock) - 2 * log(false_positives)
    return clock


def limit(clock: float, false_positives: float) -> float:
    """How many standard errors a difference has to be from zero to be one.

    Falls to its least at `best_clock` and grows slowly after; looked at once only, it were 1.96
    at 5 %.

    Parameters
    ----------
    clock
        The walk's variance, in units of what the mixture is tuned to; above zero.

    Examples
    --------
    >>> [round(limit(clock, 0.05), 2) for clock in (0.5, 8.21, 80)]
    [4.38, 3.04, 3.24]
    """
    return sqrt((1 + 1 / clock) * (log1p(clock) - 2 * log(false_positives)))


def harmonic(champion: int, challenger: int) -> float:
    """Give the size of two arms together, as their difference sees it: half of either, if even.

    Examples
    --------
    >>> harmonic(100, 100), harmonic(0, 100)
    (50.0, 0.0)
    """
    return champion * challenger / (champion + challenger) if champion and challenger else 0.0


def variance(champion: ArmFigures, challenger: ArmFigures) -> float:
    """Give the variance of the difference of the means; zero where all units are alike."""
    return sum(
        max(arm.squares / arm.units - (arm.total / arm.units) ** 2, 0.0) / (arm.units - 1)
        for arm in (champion, challenger)
        if arm.units > 1
    )


def clock_of(champion: ArmFigures, challenger: ArmFigures, *, tuned: float) -> float:
    """How far the walk is: its variance, in units of what the mixture is tuned to."""
    size = harmonic(champion.units, challenger.units)
    return size**2 * variance(champion, challenger) / tuned


def difference(
    champion: ArmFigures, challenger: ArmFigures, *, clock: float, false_positives: float
) -> Difference | None:
    """Take the difference of the arms' means; `None` where one has fewer than two units.

    Nor is there one where all units have the same value: nothing tells how far it may be off.

    Parameters
    ----------
    clock
        See `limit`. What it is tuned to must have been fixed before the test.
    false_positives
        How probable it may be that the interval ever leaves out the truth.

    Examples
    --------
    >>> half = ArmFigures(units=9, total=4, squares=4)
    >>> more = ArmFigures(units=9, total=6, squares=6)
    >>> found = difference(half, more, clock=8.0, false_positives=0.05)
    >>> round(found.value, 3), round(found.low, 2), round(found.high, 2), found.p_value
    (0.222, -0.51, 0.96, 1.0)
    """
    spread = sqrt(variance(champion, challenger))
    if min(champion.units, challenger.units) < 2 or spread == 0.0 or clock <= 0.0:
        return None
    value = challenger.total / challenger.units - champion.total / champion.units
    evidence = (value / spread) ** 2 / 2 * clock / (1 + clock) - log1p(clock) / 2
    width = limit(clock, false_positives) * spread
    return Difference(
        value=value,
        deviation=spread,
        low=value - width,
        high=value + width,
        p_value=exp(-evidence) if evidence > 0 else 1.0,
    )
