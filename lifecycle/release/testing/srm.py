"""Sample-ratio mismatch: whether both arms of a test get as many units as they should."""

from math import exp, lgamma, log

from lifecycle.errors import DataError

CONCENTRATION = 100.0
"""How near an even split the mismatches are that are looked for: 5 points of percent at one
standard deviation. It costs a mismatch of one point a tenth more units than the best choice for
it, and finds a broken assignment within some dozens."""


def mismatch_p_value(champion: int, challenger: int) -> float:
    """How likely so uneven a split is under an even assignment, at whichever look it is found.

    The Bayes factor of a beta distribution around one half against exactly one half is a
    martingale while units are assigned evenly, so that the chance that it ever comes to 1/p is
    at most p [1]_: whoever looks after each unit has no more false alarms than who looks once.
    One without any units and for even splits; near zero: the assignment is broken.

    Parameters
    ----------
    champion, challenger
        Units, each counted once, in the arm it was first seen in.

    References
    ----------
    .. [1] M. Lindon, A. Malek, Anytime-valid inference for multinomial count data, NeurIPS 35
       (2022); the p-value by Ville's inequality.

    Examples
    --------
    >>> mismatch_p_value(0, 0), mismatch_p_value(5_000, 5_010)
    (1.0, 1.0)
    >>> mismatch_p_value(9_600, 10_400) < 0.001
    True
    """
    if champion < 0 or challenger < 0:
        raise DataError(f"Units are counted from 0; there are {champion} and {challenger}.")
    half = CONCENTRATION / 2
    units = champion + challenger
    evidence = (
        _log_beta(half + champion, half + challenger) - _log_beta(half, half) + units * log(2)
    )
    return min(1.0, exp(-evidence)) if evidence > 0 else 1.0


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)
