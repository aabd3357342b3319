import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from lifecycle.data.association import correlation_ratio, cramers_v


def counts(groups, label):
    table = np.zeros((groups.max() + 1, label.max() + 1))
    np.add.at(table, (groups, label), 1)
    return table


def ratio(groups, values):
    rows = np.bincount(groups).astype(float)
    return correlation_ratio(rows, np.bincount(groups, weights=values), float(values @ values))


def test_noise_has_no_association_however_many_bins_it_has():
    rng = np.random.default_rng(0)
    groups, label = rng.integers(0, 100, 2_000), rng.integers(0, 2, 2_000)

    found = [cramers_v(counts(groups, rng.permutation(label))) for _ in range(30)]
    numbers = [ratio(groups, rng.normal(size=2_000)) for _ in range(30)]

    assert np.mean(found) < 0.05
    assert np.mean(numbers) < 0.05


def test_cramers_v_is_chi_square_by_another_way_in_many_rows():
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 4, 400_000)
    label = (rng.random(400_000) < 0.1 + 0.2 * groups).astype(int)
    table = counts(groups, label)
    shares = table / table.sum()
    expected = np.outer(shares.sum(1), shares.sum(0))
    plain = np.sqrt((shares**2 / expected).sum() - 1)

    assert cramers_v(table) == pytest.approx(plain, abs=1e-3)
    assert mutual_info_score(groups, label) > 0


def test_the_correlation_ratio_of_a_line_is_its_correlation_in_many_rows():
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 30, 400_000)
    values = groups + 10 * rng.normal(size=400_000)

    assert ratio(groups, values) == pytest.approx(np.corrcoef(groups, values)[0, 1], abs=5e-3)


def test_a_relation_that_falls_and_rises_again_counts():
    groups = np.arange(1_000) % 11
    values = (groups - 5.0) ** 2

    assert ratio(groups, values) == pytest.approx(1.0)


@pytest.mark.parametrize("table", [np.zeros((2, 2)), np.eye(1), np.array([[5.0, 0.0], [5.0, 0.0]])])
def test_one_bin_or_one_class_has_no_association(table):
    assert cramers_v(table) == 0.0


def test_a_constant_number_has_no_association():
    groups = np.arange(100) % 4

    assert ratio(groups, np.full(100, 1e9)) == 0.0
    assert ratio(np.zeros(100, int), np.arange(100.0)) == 0.0
