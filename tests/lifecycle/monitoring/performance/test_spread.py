import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from lifecycle.evaluation.evidence import Evaluation, Measure
from lifecycle.evaluation.metric_names import METRICS
from lifecycle.evaluation.quantiles import LEVELS, interval
from lifecycle.evaluation.resampling import Units
from lifecycle.monitoring.performance.spread import (
    coarsen,
    design_effect,
    distance,
    mean_interval,
    widen,
    window_units,
    worsening,
)


def _measure(metric, value, error, rows=1000):
    kept = tuple((value + error * stats.norm.ppf(LEVELS)).tolist())
    low, high = interval(kept, 0.95)
    return Measure(metric=metric, value=value, low=low, high=high, rows=rows, quantiles=kept)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_worse_the_farther_it_is_from_its_ideal(metric):
    better, worse = (0.6, 0.4) if METRICS[metric].higher_is_better else (0.4, 0.6)

    assert distance(metric, 1.0 if METRICS[metric].higher_is_better else 0.0) == 0
    assert distance(metric, worse) > distance(metric, better)


@pytest.mark.parametrize(
    ("metric", "before", "now"),
    [("log_loss", 0.4, 0.44), ("accuracy", 0.8, 0.78), ("roc_auc", 0.7, 0.67),
     ("r2", -0.5, -0.65), ("rmse", 50.0, 55.0)],
)  # fmt: skip
def test_ten_percent_worse_is_a_tenth_more_of_the_distance(metric, before, now):
    found = worsening(
        _measure(metric, now, 0.001), _measure(metric, before, 0.001),
        worse_by=0.1, confidence=0.95,
    )  # fmt: skip

    assert found.share == pytest.approx(0.1)
    assert found.amount == pytest.approx(found.allowed)


def test_the_interval_of_a_difference_is_the_normal_one_where_both_are_normal():
    found = worsening(
        _measure("r2", 0.30, 0.03), _measure("r2", 0.50, 0.04), worse_by=0.1, confidence=0.9
    )

    reach = stats.norm.ppf(0.95) * 0.05
    assert (found.low, found.high) == pytest.approx((0.2 - reach, 0.2 + reach), rel=1e-6)


def test_without_an_interval_on_either_side_nothing_is_told():
    plain = Measure(metric="log_loss", value=0.5, rows=10)

    assert worsening(plain, _measure("log_loss", 0.5, 0.1), worse_by=0.1, confidence=0.9) is None
    assert worsening(_measure("log_loss", 0.5, 0.1), plain, worse_by=0.1, confidence=0.9) is None


def test_a_perfect_version_has_no_share_to_be_worse_by():
    found = worsening(
        _measure("brier", 0.1, 0.01), _measure("brier", 0.0, 0.0), worse_by=0.1, confidence=0.95
    )

    assert found.share is None
    assert found.matters
    assert found.is_certain


def test_a_window_is_never_surer_than_the_test_rows_show_for_its_size():
    sure = _measure("log_loss", 0.5, 0.001, rows=1000)
    by_day = _measure("log_loss", 0.4, 0.02, rows=25_000)

    wide = widen(sure, by_day, pieces=1000)

    assert wide.high - 0.5 == pytest.approx(0.02 * 5 * stats.norm.ppf(0.975), rel=0.01)


def test_few_pieces_make_an_interval_wider_as_students_t_is():
    own = _measure("mae", 5.0, 0.1)

    wide = widen(own, None, pieces=10)

    assert wide.high - 5 == pytest.approx(0.1 * stats.t.ppf(0.975, 9) * np.sqrt(10 / 9), rel=1e-3)


def test_a_window_without_pieces_takes_the_spread_of_the_test_rows():
    bare = Measure(metric="accuracy", value=0.7, rows=100)

    wide = widen(bare, _measure("accuracy", 0.8, 0.01, rows=400), pieces=1)

    assert wide.interval(0.95) == pytest.approx((0.7 - 0.0392, 0.7 + 0.0392), abs=1e-4)
    assert widen(bare, None, pieces=1) == bare


def test_intervals_of_means_hold_for_rows_that_hang_together():
    generator, hits = np.random.default_rng(5), 0
    for _ in range(300):
        codes = np.repeat(np.arange(20), 10)
        values = generator.normal(size=20)[codes] + generator.normal(size=200)
        low, high = mean_interval(
            values, Units("hour", codes, 20), least_variance=0, effect=1, confidence=0.95
        )
        hits += low <= 0 <= high

    assert hits / 300 >= 0.92


def test_one_row_has_no_interval():
    row = Units("row", np.arange(1), 1)

    assert mean_interval(np.ones(1), row, least_variance=0, effect=1, confidence=0.9) is None


def test_the_effect_is_read_off_the_accuracy_where_it_was_not_taken():
    single = np.sqrt(0.8 * 0.2 / 1000)
    told = {"task": "binary", "primary": "log_loss", "rows": 1000, "train_rows": 1}

    found = design_effect(Evaluation(measures=(_measure("accuracy", 0.8, 3 * single),), **told))

    assert found == pytest.approx(9, rel=0.01)
    assert design_effect(Evaluation(measures=(), **told)) == 1.0
    assert design_effect(Evaluation(measures=(), residual_effect=4.0, **told)) == 4.0


def test_moments_that_are_missing_or_all_the_same_do_not_break_the_pieces():
    nowhere = window_units(pa.array([None, None, None], pa.timestamp("us", "UTC")))

    assert (nowhere.name, nowhere.count) == ("row", 3)
    assert window_units(pa.array([], pa.timestamp("us"))).count == 0


def test_very_many_rows_are_drawn_in_blocks_that_tell_the_same_spread():
    rows = 120_000
    units = coarsen(Units("row", np.arange(rows), rows), seed=1)
    values = np.random.default_rng(2).normal(size=rows)

    low, high = mean_interval(values, units, least_variance=0, effect=1, confidence=0.95)

    assert units.count < 5000
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(rows), rel=0.06)
