"""The tests behind the verdicts: against scipy, against counting, and by simulation."""

import itertools

import numpy as np
import pytest
from scipy import stats

from lifecycle.monitoring.drift import testing


@pytest.mark.parametrize("distance", [0.08, 0.1, 0.14])
def test_kolmogorovs_probability_is_scipys(distance):
    found = testing.kolmogorov_smirnov_p(distance, then=10**9, now=200)

    assert found == pytest.approx(stats.kstwo.sf(distance, 200), rel=0.15)


def test_of_truth_values_the_steps_are_fishers_exact_test():
    rows, ones = 240, 61
    table = [[rows - ones, ones], [60 - 30, 30]]
    distance = abs(ones / rows - 30 / 60)
    share = np.array([(rows + 60 - ones - 30) / 300, 1.0])

    found = testing.steps_p(distance, share, then=rows, now=60)

    whole = stats.hypergeom(300, ones + 30, 60)
    ways = np.arange(61)
    far = np.abs(ways / 60 - (ones + 30 - ways) / rows) >= distance - 1e-12
    assert found == pytest.approx(whole.pmf(ways)[far].sum())
    assert found == pytest.approx(stats.fisher_exact(table)[1], rel=0.5)


def test_many_steps_are_left_to_kolmogorov():
    assert testing.steps_p(0.5, np.linspace(0.01, 1, 100), then=1000, now=1000) == 1.0


def test_homogeneity_agrees_with_pearson_where_many_rows_are_expected():
    then, now = [5_000, 3_000, 2_000], [560, 270, 170]
    pearson = stats.chi2_contingency([then, now], correction=False).pvalue

    assert testing.homogeneity_p(then, now) == pytest.approx(pearson, rel=0.01)


def test_homogeneity_holds_its_level_where_few_rows_are_expected():
    rng, shares = np.random.default_rng(1), np.full(40, 1 / 40)
    found = np.array(
        [
            testing.homogeneity_p(rng.multinomial(2_000, shares), rng.multinomial(200, shares))
            for _ in range(3_000)
        ]
    )

    for level in (0.05, 0.01):
        assert (found <= level).mean() < 1.35 * level


def test_one_cell_or_none_cannot_be_unlike():
    assert testing.homogeneity_p([7], [9]) == 1.0
    assert testing.homogeneity_p([0, 7, 0], [0, 9, 0]) == 1.0


def test_a_rare_value_that_surges_is_seen_however_many_others_there_are():
    then, now = np.ones(4_000, dtype=int), np.zeros(4_000, dtype=int)
    now[17] = 12

    assert testing.single_p(then, now, rows_then=4_000, rows_now=200) < 1e-6


def test_the_most_striking_of_many_values_holds_its_level():
    rng, shares = np.random.default_rng(2), np.full(60, 1 / 60)
    found = np.array(
        [
            testing.single_p(
                rng.multinomial(2_000, shares),
                rng.multinomial(200, shares),
                rows_then=2_000,
                rows_now=200,
            )
            for _ in range(600)
        ]
    )

    assert (found <= 0.05).mean() < 0.07


def test_two_shares_are_compared_as_fisher_does():
    ours = testing.proportions_p(3, 9, rows_then=40, rows_now=30)
    theirs = [
        stats.fisher_exact([[9, 21], [3, 37]], alternative=side)[1] for side in ("greater", "less")
    ]

    assert ours == pytest.approx(2 * min(theirs))


def test_values_beyond_the_range_are_as_frequent_as_ranks_say():
    rng = np.random.default_rng(4)
    then, now = rng.random((4_000, 50)), rng.random((4_000, 20))
    low, high = then.min(axis=1), then.max(axis=1)
    outside = ((now < low[:, None]) | (now > high[:, None])).sum(axis=1)

    assert testing.outside_p(3, then=50, now=20) == pytest.approx((outside >= 3).mean(), abs=0.01)


def test_the_bound_of_new_values_is_above_what_is_counted_out():
    sizes, then, now = [1, 1, 2, 3], 6, 3
    rows = [value for value, size in enumerate(sizes) for _ in range(size)]
    rows += [9] * (then + now - len(rows))
    heaps = list(itertools.combinations(range(then + now), now))
    count = 0
    for heap in heaps:
        inside = [rows[place] for place in heap]
        outside = {rows[place] for place in range(then + now) if place not in heap}
        count += sum(value not in outside for value in inside) >= 2

    bound = testing.unseen_p([1, 3, 2], [1, 1], then=then, now=now)

    assert count / len(heaps) <= bound <= 1.0


def test_a_new_value_of_a_few_rows_is_no_chance_and_a_rare_one_is():
    assert testing.unseen_p([1_000, 996], [4], then=1_800, now=200) < 1e-3
    assert testing.unseen_p([1] * 1_990, [1] * 10, then=1_800, now=200) > 0.5


def test_bounds_of_shares_hold_as_often_as_they_say():
    rng = np.random.default_rng(5)
    shares = [testing.share_highest(int(rows), 300) for rows in rng.binomial(300, 0.02, 3_000)]
    changes = [
        testing.change_highest(a / 2_000, b / 200, rows_then=2_000, rows_now=200)
        for a, b in zip(rng.binomial(2_000, 0.1, 3_000), rng.binomial(200, 0.2, 3_000), strict=True)
    ]

    assert np.mean(np.array(shares) >= 0.02) >= 0.945
    assert np.mean(np.array(changes) >= 0.1) >= 0.94


def test_all_of_the_rows_leave_no_room_above():
    assert testing.share_highest(5, 5) == 1.0
