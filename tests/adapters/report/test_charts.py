"""Charts place what they are given, and leave out what cannot be seen."""

import re

from adapters.report import charts
from adapters.report.scales import Scale, ticks
from lifecycle.data.description import Histogram, Period
from lifecycle.evaluation.evidence import Curve
from lifecycle.modeling.trials import TrialRecord
from tests.lifecycle.governance import stories


def trial(number: int, loss: float | None, state: str = "complete") -> TrialRecord:
    return TrialRecord(number=number, family="linear", state=state, params={}, loss=loss, seconds=1)


def test_a_scale_clips_what_lies_outside():
    assert Scale(0, 1, 10, 20)(7) == 20


def test_ticks_lie_inside_and_are_few():
    for low, high in ((0.4, 0.61), (-3, 1200), (1e-9, 2e-9), (0, 1e12)):
        found = ticks(low, high, 5)
        assert 2 <= len(found) <= 5
        assert all(low - 1e-12 <= value <= high * (1 + 1e-9) for value in found)


def test_a_distribution_has_a_bar_for_each_bin_that_holds_rows():
    column = stories.flights_description().columns[0]
    assert column.histogram

    drawn = charts.distribution(column, meaning="late", is_share=True)

    filled = sum(rows > 0 for rows in column.histogram.counts)
    assert drawn.count('class="bar"') == filled


def test_many_bins_are_merged_without_losing_rows():
    counted = Histogram(edges=tuple(range(1001)), counts=(3,) * 1000)

    drawn = charts.histogram(counted, name="x")

    rows = [int(found) for found in re.findall(r": (\d+) rows", drawn)]
    assert len(rows) <= charts.MOST_BARS
    assert sum(rows) == 3000


def test_the_test_part_is_shaded_and_named():
    periods = [
        Period(start=f"2013-0{at}-01", rows=9, label=0.2, is_test=at > 4) for at in range(1, 7)
    ]

    drawn = charts.over_time(periods, meaning="late", is_share=True)

    assert drawn.count('class="shade"') == 1
    assert drawn.count('class="bar test"') == 2
    assert ">test<" in drawn


def test_the_best_so_far_ignores_trials_that_were_not_completed():
    told = [trial(0, 0.6), trial(1, 0.1, "pruned"), trial(2, 0.5)]

    drawn = charts.search_history(told, families=["linear"])

    assert "in the end 0.5" in drawn


def test_of_ten_thousand_trials_a_part_is_drawn_and_every_best_one():
    told = [trial(at, 1.0 + at % 7 / 100) for at in range(9_999)] + [trial(9_999, 0.5)]

    drawn = charts.search_history(told, families=["linear"])

    assert drawn.count("<circle") < 700
    assert "in the end 0.5" in drawn


def test_a_curve_of_many_points_keeps_its_ends():
    x = tuple(at / 5000 for at in range(5001))
    curve = Curve(name="roc", x=x, y=x)

    drawn = charts.curves([curve], kind="roc", axes=("x", "y"))

    path = re.search(r'<path d="M([^"]*)" class="line c1"/>', drawn)
    assert path
    points = path[1].split("L")
    assert (points[0], points[-1]) == ("46.0 268.0", "312.0 8.0")
    assert len(points) <= charts.MOST_POINTS + 1


def test_precision_at_almost_no_recall_is_left_out():
    curve = Curve(name="precision_recall", x=(0.0, 0.001, 0.5, 1.0), y=(1.0, 0.0, 0.7, 0.2))

    drawn = charts.curves([curve], kind="precision_recall", axes=("recall", "precision"))

    path = re.search(r'<path d="M([^"]*)" class="line c1"/>', drawn)
    assert path and path[1].count("L") == 1


def test_a_gain_whose_interval_holds_zero_is_not_drawn_as_better():
    assert "better" in charts.gain_bar(0.1, 0.2, 0.3, reach=0.3)
    assert "better" not in charts.gain_bar(-0.1, 0.2, 0.3, reach=0.3)
    assert "worse" in charts.gain_bar(-0.3, -0.2, -0.1, reach=0.3)
