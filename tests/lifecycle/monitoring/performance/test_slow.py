from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from lifecycle.evaluation.evidence import Evaluation, Measure
from lifecycle.evaluation.quantiles import LEVELS
from lifecycle.monitoring.declaration import Concept
from lifecycle.monitoring.evidence import LossSums
from lifecycle.monitoring.performance.judge import judge_slow
from lifecycle.monitoring.performance.slow import follow, trace
from lifecycle.monitoring.span import Span
from lifecycle.verdict import Outcome

START, DAY = datetime(2013, 1, 1, tzinfo=UTC), timedelta(days=1)
USUAL = 0.5
ROWS_OF_A_TEST = 30_000


def a_version(error=0.005, metric="log_loss", value=USUAL):
    kept = tuple((value + error * stats.norm.ppf(LEVELS)).tolist()) if error else ()
    own = Measure(metric=metric, value=value, rows=ROWS_OF_A_TEST, quantiles=kept)
    task = "regression" if metric == "rmse" else "binary"
    return Evaluation(task=task, primary=metric, rows=1, train_rows=1, measures=(own,))


def a_history(windows, *, seed, sizes=(500,), days=0.0, tail=None, drift=0.0, after=0):
    """Draw windows whose rows cost `drift` of the usual loss more with each window."""
    generator, told = np.random.default_rng(seed), []
    for number in range(windows):
        rows = int(generator.choice(sizes))
        noise = generator.normal(size=rows) if tail is None else tail(generator, rows)
        shared = days * generator.normal() + drift * max(number - after, 0) * USUAL
        excess = 0.5 * noise + shared
        span = Span(start=START + number * DAY, end=START + (number + 1) * DAY)
        total, squares = float(excess.sum()), float((excess**2).sum())
        told.append((span, LossSums(rows=rows, total=total, squares=squares)))
    return told


def heavy(generator, rows):
    """Losses of which few rows make the most: lognormal, of mean zero and deviation one."""
    drawn = generator.lognormal(0, 1.5, size=rows)
    return (drawn - np.exp(1.125)) / np.sqrt((np.exp(2.25) - 1) * np.exp(2.25))


@pytest.mark.parametrize(
    "alike",
    [
        {},
        {"days": 0.05},
        {"tail": heavy},
        {"sizes": (2, 40, 400, 2000), "days": 0.03},
        {"sizes": (1,)},
    ],
)
def test_false_alarms_are_at_least_as_far_apart_as_declared(alike):
    alarms = windows = 0
    for seed in range(15):
        error = np.hypot(0.5 / np.sqrt(ROWS_OF_A_TEST), alike.get("days", 0) / np.sqrt(60))
        told = trace(a_history(200, seed=seed, **alike), a_version(error), Concept())
        alarms += sum(
            not before.is_changed and after.is_changed for (_, before), (_, after) in pairwise(told)
        )
        windows += len(told)

    assert windows / max(alarms, 1) >= 200


def test_a_drift_of_half_a_percent_a_window_is_found_long_before_one_window_shows_it():
    days, delays = 0.08, []
    for seed in range(8):
        history = a_history(160, seed=seed, days=days, drift=0.005)
        told = trace(history, a_version(days / np.sqrt(60)), Concept())
        delays.append(next(n for n, (_, slow) in enumerate(told, 1) if slow.is_changed))

    # One window shows twice its own deviation: 0.17 of a loss of 0.5, which is reached after 66.
    assert np.median(delays) < 45


def test_it_says_where_the_change_began():
    history = a_history(120, seed=3, drift=0.01, after=60)

    slow = follow(history, a_version(), Concept())

    assert slow.is_changed
    assert timedelta(days=55) <= slow.since - START <= timedelta(days=75)
    assert slow.excess > 0.1


def test_labels_that_come_late_and_a_run_repeated_change_nothing_wrongly():
    history = a_history(60, seed=4, days=0.05, drift=0.004)
    shuffled = [history[place] for place in np.random.default_rng(0).permutation(60)]

    assert follow(shuffled, a_version(), Concept()) == follow(history, a_version(), Concept())
    assert trace(history, a_version(), Concept())[29][1] == follow(
        history[:30], a_version(), Concept()
    )


@pytest.mark.parametrize("first_day", [0, 2, 3])
def test_rows_are_counted_once_where_a_longer_window_was_declared_since(first_day):
    daily = a_history(6, seed=4)
    start = START + first_day * DAY
    week = Span(start=start, end=start + 7 * DAY), LossSums(rows=3500, total=10.0, squares=900.0)
    before = daily[:first_day]

    found = follow([*daily, week], a_version(), Concept())

    assert found == follow([*before, week], a_version(), Concept())
    assert found.rows == 3500 + 500 * first_day


def test_one_monstrous_window_is_not_a_change():
    history = a_history(40, seed=5)
    span, sums = history[20]
    history[20] = (span, LossSums(rows=sums.rows, total=sums.rows * 9.0, squares=sums.rows * 81.5))

    assert not any(slow.is_changed for _, slow in trace(history, a_version(), Concept()))


def test_a_change_that_is_over_is_not_held_against_the_version_for_ever():
    bad, good = a_history(40, seed=6, drift=0.01), a_history(80, seed=7)
    after = [
        (Span(start=span.start + 40 * DAY, end=span.end + 40 * DAY), sums) for span, sums in good
    ]

    assert follow(bad, a_version(), Concept()).is_changed
    assert not follow([*bad, *after], a_version(), Concept()).is_changed


def test_a_version_that_gets_better_raises_nothing():
    assert not follow(a_history(100, seed=8, drift=-0.01), a_version(), Concept()).is_changed


def test_without_any_label_it_is_unknown():
    slow = follow([], a_version(), Concept())

    (found,) = judge_slow(slow, Concept())
    assert found.verdict.outcome is Outcome.UNKNOWN
    assert "No window has labels" in found.verdict.reason


def test_windows_without_rows_are_no_windows():
    empty = [(span, LossSums(rows=0, total=0, squares=0)) for span, _ in a_history(3, seed=0)]

    assert follow(empty, a_version(), Concept()).windows == 0


def test_a_version_without_a_spread_is_watched_once_the_windows_have_shown_one():
    few = follow(a_history(5, seed=9), a_version(error=0), Concept())
    many = follow(a_history(60, seed=9, drift=0.01), a_version(error=0), Concept())

    assert judge_slow(few, Concept())[0].verdict.outcome is Outcome.UNKNOWN
    assert many.is_changed


def test_a_version_that_made_no_mistake_cannot_be_so_many_percent_worse():
    slow = follow(a_history(5, seed=9), a_version(value=0.0), Concept())

    assert judge_slow(slow, Concept())[0].verdict.outcome is Outcome.UNKNOWN


def test_a_version_without_the_figure_is_unknown():
    bare = Evaluation(task="binary", primary="log_loss", rows=1, train_rows=1, measures=())

    slow = follow(a_history(5, seed=9), bare, Concept())

    assert judge_slow(slow, Concept())[0].verdict.outcome is Outcome.UNKNOWN


def test_what_is_said_names_since_when_and_how_much():
    steady, risen = (
        judge_slow(follow(a_history(60, seed=10, drift=drift), a_version(), Concept()), Concept())
        for drift in (0.0, 0.01)
    )

    assert steady[0].verdict.outcome is Outcome.PASS
    assert "60 windows with 30,000 labels" in steady[0].verdict.reason
    assert risen[0].verdict.outcome is Outcome.FAIL
    assert "since about" in risen[0].verdict.reason
