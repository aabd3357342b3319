"""Each distance against a second way of computing it."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from lifecycle.errors import DataError
from lifecycle.monitoring.drift import distances

RNG = np.random.default_rng(3)
THEN, NOW = RNG.normal(0, 1, 3_000).round(2), RNG.normal(0.3, 1.4, 400).round(2)
P, Q = RNG.dirichlet(np.ones(7)), RNG.dirichlet(np.ones(7))
BOUNDED = (distances.total_variation, distances.jensen_shannon, distances.hellinger)


def _at_all_values():
    edges = np.unique(np.concatenate([THEN, NOW]))
    return edges, *(
        np.searchsorted(np.sort(side), edges, side="right") / len(side) for side in (THEN, NOW)
    )


def test_kolmogorov_smirnov_is_scipys_when_every_value_is_an_edge():
    _, before, after = _at_all_values()

    assert distances.kolmogorov_smirnov(before, after) == pytest.approx(
        stats.ks_2samp(THEN, NOW).statistic
    )


def test_wasserstein_is_scipys_when_every_value_is_an_edge():
    edges, before, after = _at_all_values()

    assert distances.wasserstein(edges, before, after, deviation=2.0) == pytest.approx(
        stats.wasserstein_distance(THEN, NOW) / 2
    )


def test_wasserstein_is_one_where_all_have_moved_by_a_deviation():
    edges = np.arange(0, 11.0)
    before, after = (edges >= 3).astype(float), (edges >= 5).astype(float)

    assert distances.wasserstein(edges, before, after, deviation=2.0) == 1.0


@pytest.mark.parametrize(
    ("edges", "deviation"), [([0.0, np.inf], 1.0), ([0.0, 1.0], 0.0), ([0.0, 1.0], np.nan)]
)
def test_wasserstein_refuses_what_has_no_scale(edges, deviation):
    with pytest.raises(DataError, match="finite edges and a deviation above zero"):
        distances.wasserstein(edges, [0.5, 1.0], [0.4, 1.0], deviation=deviation)


def test_total_variation_is_the_largest_difference_over_all_sets():
    sets = (np.arange(128)[:, None] >> np.arange(7)) & 1

    assert distances.total_variation(P, Q) == pytest.approx((sets @ (P - Q)).max())


def test_jensen_shannon_is_scipys():
    assert distances.jensen_shannon(P, Q) == pytest.approx(jensenshannon(P, Q, base=2))


def test_hellinger_is_what_the_affinity_leaves():
    assert distances.hellinger(P, Q) == pytest.approx(np.sqrt(1 - np.sqrt(P * Q).sum()))


def test_the_stability_index_is_the_sum_of_both_relative_entropies():
    both = stats.entropy(P, Q) + stats.entropy(Q, P)

    assert distances.population_stability_index(P, Q) == pytest.approx(both)


def test_the_stability_index_stays_finite_where_a_bin_is_empty():
    assert 0 < distances.population_stability_index([1, 0], [1, 1]) < 10


@pytest.mark.parametrize("distance", [*BOUNDED, distances.population_stability_index])
def test_equal_shares_have_no_distance_whatever_their_rows(distance):
    assert distance([10, 30, 0], [100, 300, 0]) == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("distance", BOUNDED)
def test_nothing_in_common_is_a_distance_of_one(distance):
    assert distance([5, 0], [0, 9]) == pytest.approx(1.0)


@pytest.mark.parametrize("distance", [*BOUNDED, distances.population_stability_index])
@pytest.mark.parametrize(
    ("then", "now"), [([0, 0], [1, 1]), ([], []), ([1, -1], [1, 1]), ([1, 1], [1, 1, 1])]
)
def test_what_are_no_shares_of_the_same_things_is_refused(distance, then, now):
    with pytest.raises(DataError):
        distance(then, now)
