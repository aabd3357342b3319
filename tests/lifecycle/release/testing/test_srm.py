from math import comb, log

import numpy as np
import pytest

from lifecycle.errors import DataError
from lifecycle.release.testing.srm import CONCENTRATION, mismatch_p_value


def test_it_is_the_ratio_of_beta_binomial_to_even():
    """Against a second way: one unit after another, each predicted from those before."""
    champion, challenger, evidence = 0, 0, 0.0
    for is_challenger in [True, True, True, False] * 60:
        seen = challenger if is_challenger else champion
        share = (CONCENTRATION / 2 + seen) / (CONCENTRATION + champion + challenger)
        evidence += log(share / 0.5)
        champion, challenger = champion + (not is_challenger), challenger + is_challenger

    assert log(mismatch_p_value(champion, challenger)) == pytest.approx(-evidence)


def test_it_is_a_martingale_of_an_even_assignment():
    units = 40
    mean = sum(
        comb(units, one) / 2**units / mismatch_p_value(one, units - one)
        for one in range(units + 1)
        if mismatch_p_value(one, units - one) < 1
    )

    assert mean < 1  # what is left out, where the split is even, adds up to the rest of one


@pytest.mark.parametrize("units", [(0, 0), (1, 0), (10, 3), (5_000, 5_100)])
def test_what_chance_brings_is_no_mismatch(units):
    assert mismatch_p_value(*units) > 0.001


def test_it_is_the_same_whichever_arm_is_short():
    assert mismatch_p_value(900, 1_100) == mismatch_p_value(1_100, 900)


def test_an_arm_that_gets_nobody_is_found_within_dozens_of_units():
    assert mismatch_p_value(60, 0) < 0.001


def test_counts_below_zero_are_refused():
    with pytest.raises(DataError, match="counted from 0"):
        mismatch_p_value(-1, 5)


@pytest.mark.parametrize("limit", [0.05, 0.01])
def test_daily_looks_at_even_splits_raise_no_more_alarms_than_declared(limit):
    found = [least_p(days) for days in splits(0.5, runs=2_000)]

    assert np.mean(np.array(found) <= limit) <= limit


def test_a_split_of_52_to_48_is_found():
    found = [least_p(days) for days in splits(0.48, runs=400)]

    assert np.mean(np.array(found) <= 0.001) > 0.95


def splits(even, *, runs):
    """Units of the challenger's arm day by day; 1,000 come each day to both."""
    generator = np.random.default_rng(7)
    return generator.binomial(1_000, even, size=(runs, 28)).cumsum(axis=1)


def least_p(challenger):
    both = 1_000 * np.arange(1, len(challenger) + 1)
    return min(
        mismatch_p_value(int(all_units - one), int(one))
        for all_units, one in zip(both, challenger, strict=True)
    )
