from math import exp, inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from lifecycle.errors import DataError
from lifecycle.release.sequential import (
    JEFFREYS,
    below,
    difference_bounds,
    distribution_margin,
    is_above,
    is_below,
    is_more,
    share_bounds,
    spend,
    standard_error,
    widening,
)

COUNTS = st.integers(0, 3_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))
LEVELS = st.sampled_from([0.0025, 0.01, 0.05])


@pytest.mark.parametrize(("happened", "of"), [(0, 40), (3, 40), (40, 40), (7, 300)])
@pytest.mark.parametrize("prior", [JEFFREYS, below(0.01)])
def test_a_share_is_bounded_where_the_integrated_mixture_refutes_it(happened, of, prior):
    low, high = share_bounds(happened, of, level=0.05, prior=prior)

    def evidence(share):
        found, _ = integrate.quad(
            lambda each: stats.binom.pmf(happened, of, each) * stats.beta.pdf(each, *prior),
            0, 1, limit=500, points=[0.001, 0.01, 0.1, happened / of],
        )  # fmt: skip
        return found / stats.binom.pmf(happened, of, share)

    for edge in (low, high):
        if 0 < edge < 1:
            assert evidence(edge) == pytest.approx(20, rel=1e-3)


@pytest.mark.parametrize(
    ("first", "second"), [((5, 100), (1, 300)), ((0, 30), (0, 500)), ((9, 10), (2, 10))]
)
def test_a_difference_is_bounded_where_the_best_pair_of_shares_so_far_apart_is_refuted(
    first, second
):
    low, high = difference_bounds(*first, *second, level=0.05)

    def evidence(gap):
        best = optimize.minimize_scalar(
            lambda share: -(
                stats.binom.logpmf(*first, min(max(share + gap, 0), 1))
                + stats.binom.logpmf(*second, share)
            ),
            bounds=(max(0, -gap), min(1, 1 - gap)), method="bounded",
            options={"xatol": 1e-12},
        )  # fmt: skip
        mixed = sum(
            stats.betabinom.logpmf(happened, of, 0.5, 0.5) for happened, of in (first, second)
        )
        return exp(mixed + best.fun)

    assert evidence(low) == pytest.approx(20, rel=1e-3)
    assert evidence(high) == pytest.approx(20, rel=1e-3)


@given(counts=COUNTS, level=LEVELS)
@settings(max_examples=100, deadline=None)
def test_the_observed_share_lies_within_its_bounds(counts, level):
    happened, of = counts

    low, high = share_bounds(happened, of, level=level)

    assert 0 <= low <= (happened / of if of else 0) <= high <= 1


@given(counts=COUNTS, limit=st.sampled_from([0.0, 0.001, 0.01, 0.3, 1.0]), level=LEVELS)
@settings(max_examples=150, deadline=None)
def test_the_short_questions_agree_with_the_bounds(counts, limit, level):
    low, high = share_bounds(*counts, level=level)

    assert is_above(*counts, limit, level=level) == (low > limit)
    assert is_below(*counts, limit, level=level, prior=JEFFREYS) == (
        high <= limit and counts[1] > 0
    )


@given(first=COUNTS, second=COUNTS, level=LEVELS)
@settings(max_examples=80, deadline=None)
def test_a_share_is_more_where_the_difference_is_above_zero(first, second, level):
    low, high = difference_bounds(*first, *second, level=level)

    assert -1 <= low <= high <= 1
    assert is_more(*first, *second, level=level) == (low > 0)
    assert difference_bounds(*second, *first, level=level) == pytest.approx((-high, -low), abs=1e-6)


def test_nothing_seen_bounds_nothing():
    assert share_bounds(0, 0, level=0.01) == (0.0, 1.0)
    assert difference_bounds(0, 0, 3, 3, level=0.01) == (-1.0, 1.0)
    assert not is_above(0, 0, 0.0, level=0.01)
    assert not is_below(0, 0, 1.0, level=0.01)
    assert not is_more(0, 0, 0, 5, level=0.01)
    assert distribution_margin(0, level=0.05) == 1.0
    assert widening(0, level=0.05, tuned=500) == inf


def test_of_a_limit_of_zero_one_is_too_many_and_none_is_never_enough():
    assert is_above(1, 100_000, 0.0, level=0.01)
    assert not is_below(0, 100_000, 0.0, level=0.05)


@pytest.mark.parametrize(
    ("happened", "of", "level"), [(5, 4, 0.05), (-1, 4, 0.05), (1, 4, 0.0), (1, 4, 1.0)]
)
def test_counts_and_levels_that_cannot_be_are_refused(happened, of, level):
    with pytest.raises(DataError):
        share_bounds(happened, of, level=level)


def test_all_failing_is_beyond_one_percent_after_few_requests_however_many_came_before():
    needed = {
        before: next(n for n in range(1, 50) if is_above(n, n, 0.01, level=spend(0.0025, before)))
        for before in (0, 1_000, 360_000)
    }

    assert needed == {0: 2, 1_000: 5, 360_000: 8}


def _looks(rng, share, *, runs, of, every):
    """Count what has happened by each look: shape (runs, looks)."""
    seen = rng.random((runs, of)) < share
    return np.cumsum(seen, axis=1)[:, every - 1 :: every]


@pytest.mark.parametrize("share", [0.01, 0.2])
def test_a_share_at_its_limit_is_seldom_ever_called_above_or_below(share):
    looks = _looks(np.random.default_rng(7), share, runs=400, of=10_000, every=50)
    ever_above = ever_below = 0

    for run in looks.tolist():
        counted = list(zip(run, range(50, 10_001, 50), strict=True))
        ever_above += any(is_above(*each, share, level=0.05) for each in counted)
        ever_below += any(is_below(*each, share, level=0.05) for each in counted)

    print(f"at {share:.0%}: ever above {ever_above / 400:.1%}, ever below {ever_below / 400:.1%}")
    assert ever_above <= 0.05 * 400
    assert ever_below <= 0.05 * 400


def test_an_ordinary_test_at_every_look_would_be_wrong_far_more_often():
    """The check can see what it is for: the same looks, judged as if each was the only one."""
    looks = _looks(np.random.default_rng(7), 0.2, runs=400, of=10_000, every=50)
    critical = stats.binom.isf(0.05, np.arange(50, 10_001, 50), 0.2)

    assert (looks > critical).any(axis=1).mean() > 0.2


def test_windows_begun_anew_at_any_time_are_together_wrong_no_more_often():
    """The last 40 requests at every fifth of them, as a release looks at its last seconds."""
    rng, runs, of = np.random.default_rng(8), 300, 4_000
    wrong = 0

    for run in np.cumsum(rng.random((runs, of)) < 0.05, axis=1):
        ends = np.arange(40, of, 5)
        counts = (run[ends] - run[ends - 40]).tolist()
        wrong += any(
            is_above(count, 40, 0.05, level=spend(0.05, int(end) - 40))
            for count, end in zip(counts, ends, strict=True)
        )

    assert wrong <= 0.05 * runs


def test_two_equal_shares_are_seldom_ever_told_apart():
    rng, runs = np.random.default_rng(9), 400
    mine = _looks(rng, 0.03, runs=runs, of=3_000, every=60).tolist()
    other = _looks(rng, 0.03, runs=runs, of=9_000, every=180).tolist()

    wrong = sum(
        any(
            is_more(first, 60 * look, second, 180 * look, level=0.05)
            for look, (first, second) in enumerate(zip(*pair, strict=True), start=1)
        )
        for pair in zip(mine, other, strict=True)
    )

    assert wrong <= 0.05 * runs


def test_a_distribution_is_seldom_ever_further_from_the_truth_than_its_margin():
    rng, wrong = np.random.default_rng(10), 0

    for _ in range(200):
        drawn = rng.random(2_000)
        wrong += any(
            stats.kstest(drawn[:rows], "uniform", method="asymp").statistic
            > distribution_margin(rows, level=0.05)
            for rows in range(20, 2_001, 90)
        )

    assert wrong <= 0.05 * 200


def test_a_mean_is_seldom_ever_further_off_than_its_widened_error():
    rng, runs = np.random.default_rng(11), 1_000
    drawn = rng.exponential(size=(runs, 5_000)) - 1.0
    rows = np.arange(1, 5_001)
    means = np.cumsum(drawn, axis=1) / rows
    errors = np.sqrt((np.cumsum(drawn**2, axis=1) / rows - means**2) / rows)
    looks = range(99, 5_000, 20)
    width = np.array([widening(look + 1, level=0.05, tuned=500) for look in looks])

    above = (means[:, looks] > width * errors[:, looks]).any(axis=1).mean()
    below_it = (means[:, looks] < -width * errors[:, looks]).any(axis=1).mean()
    naive = (means[:, looks] < -1.645 * errors[:, looks]).any(axis=1).mean()

    print(f"off by the widened error: {above:.1%} up, {below_it:.1%} down; naive {naive:.1%}")
    assert max(above, below_it) <= 0.05 + 0.015
    assert naive > 0.15


def test_a_standard_error_is_read_off_either_side():
    assert standard_error(1.0, 1.0 + 1.6449, confidence=0.9) == pytest.approx(1, abs=1e-3)
    assert standard_error(1.0, 1.0 - 1.6449, confidence=0.9) == pytest.approx(1, abs=1e-3)
