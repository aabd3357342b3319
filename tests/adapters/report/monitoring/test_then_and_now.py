"""Distributions then and now lie on one axis, and lose no row."""

from itertools import pairwise

import numpy as np
import pytest

from adapters.report.monitoring.charts.then_and_now import BINS, _cuts, _mass, bars, then_and_now
from tests.adapters.report.monitoring.reviews import categories, numbers

RNG = np.random.default_rng(11)
NORMAL = RNG.normal(10, 3, 5_000)


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (NORMAL, NORMAL + 2),
        (NORMAL, NORMAL + 1e6),
        (NORMAL, np.array([12.5])),
        (np.zeros(100), np.ones(100)),
        (np.array([0.0, 1.0] * 50), np.array([1.0] * 30)),
        (np.r_[np.zeros(900), RNG.gamma(2, 5, 100)], RNG.gamma(2, 5, 300)),
        (np.array([3.0]), np.array([3.0, 3.0])),
        (NORMAL, np.r_[NORMAL, [1e300, -1e300]]),
    ],
)
def test_all_rows_of_both_sides_are_in_some_bar(then: np.ndarray, now: np.ndarray):
    before, after = numbers("x", then, now)

    cuts = _cuts(before, after)

    assert all(left < right for left, right in pairwise(cuts))
    for side in (before, after):
        assert sum(_mass(side, cuts)) == pytest.approx(1)
    assert "nan" not in then_and_now(before, after)


def test_bars_are_the_shares_a_histogram_of_the_rows_has():
    before, after = numbers("x", NORMAL, NORMAL + 2)

    cuts = _cuts(before, after)

    inside = np.clip(NORMAL, cuts[0], cuts[-1])
    shares = np.histogram(inside, bins=cuts)[0] / len(NORMAL)
    assert _mass(before, cuts) == pytest.approx(shares.tolist(), abs=0.012)


def test_few_different_values_have_a_bar_each():
    before, after = numbers("flag", np.array([0.0, 1.0] * 50), np.array([1.0] * 30 + [0.0] * 10))

    cuts = _cuts(before, after)

    assert cuts == [-0.5, 0.5, 1.5]
    assert _mass(after, cuts) == pytest.approx([0.25, 0.75])


def test_an_outlier_does_not_stretch_the_axis_beyond_thrice_its_length():
    before, after = numbers("x", NORMAL, np.r_[NORMAL, [1e9] * 500])

    cuts = _cuts(before, after)

    alone = _cuts(before, None)
    assert cuts[-1] - cuts[0] <= 3.01 * (alone[-1] - alone[0])
    assert len(cuts) == BINS + 1


def test_a_window_without_values_draws_only_what_was_before():
    before, after = numbers("x", NORMAL, np.array([np.nan, np.nan]))

    drawn = then_and_now(before, after)

    assert 'class="bar"' in drawn and 'class="line c1"' not in drawn


def test_categories_that_matter_are_kept_and_unseen_ones_marked():
    then = {f"v{at}": 100 - at for at in range(40)}
    before, after = categories("c", then, {**then, "brand new": 4_000})

    kept, left = bars(before, after)

    assert [bar.value for bar in kept if bar.is_new] == ["brand new"]
    assert (len(kept), left) == (8, 33)


def test_a_value_the_training_rows_had_among_others_is_not_called_new():
    before, after = categories("c", {"a": 10}, {"a": 5, "b": 5})
    before = before.model_copy(update={"other": 90, "rows": 100})

    kept, _ = bars(before, after)

    assert not any(bar.is_new for bar in kept)
