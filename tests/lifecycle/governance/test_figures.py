"""Figures as people read them, at their edges."""

import math

import pytest

from lifecycle.governance import figures
from tests.lifecycle.governance import stories


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.99996, "1"),
        (9.99999, "10"),
        (999.96, "1,000"),
        (1e15, "1e+15"),
        (math.inf, "∞"),
        (math.nan, "–"),
        (-1234567.8, "−1,234,568"),
    ],
)
def test_numbers_at_the_edges_of_a_size(value, shown):
    assert figures.number(value) == shown


@pytest.mark.parametrize("seconds", [0.0, 0.9996, 59.96, 119.7, 3599.9, 86_400.0])
def test_a_duration_never_shows_a_full_unit_as_a_part(seconds):
    assert not any(part in figures.duration(seconds) for part in ("60 s", "60 min", "1000 ms"))


def test_an_interval_keeps_equal_decimals():
    assert figures.interval(2.981, 2.82, 3.14) == "2.98 [2.82, 3.14]"


def test_a_gain_that_may_be_nothing_does_not_read_as_nothing():
    found = stories.against("champion", "roc_auc", 0.7421, 0.7409, 0.0012, 0.0016)

    assert figures.gain(found) == "+0.0012 [−0.0004, +0.0028]"


def test_a_value_of_the_data_is_one_line_and_holds_no_control():
    for value in stories.HOSTILE:
        shown = figures.legible(value)
        assert len(shown) <= 80
        shown.encode("utf-8")
        assert "\n" not in shown and "\x00" not in shown and "\u202e" not in shown


def test_an_emoji_of_several_signs_stays_whole():
    assert figures.legible("👩‍✈️") == "👩‍✈️"


def test_text_that_is_no_date_stays_as_it_is():
    assert figures.moment("yesterday") == "yesterday"
