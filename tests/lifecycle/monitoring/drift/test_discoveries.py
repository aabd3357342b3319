"""The correction for many columns."""

import numpy as np

from lifecycle.monitoring.drift.discoveries import adjust


def test_the_corrected_values_are_those_of_the_step_up_procedure():
    found = adjust({"a": 0.001, "b": 0.02, "c": 0.03, "d": 0.5})

    assert [round(found[name], 6) for name in "abcd"] == [0.004, 0.04, 0.04, 0.5]


def test_of_no_columns_there_is_nothing_to_correct():
    assert adjust({}) == {}


def test_among_columns_that_have_not_moved_one_is_called_in_one_window_of_twenty():
    rng = np.random.default_rng(6)
    called = [min(adjust(dict(enumerate(rng.random(80)))).values()) <= 0.05 for _ in range(1_500)]

    assert 0.03 < np.mean(called) < 0.07
