from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle.data.declaration import RandomSplit, TimeSplit
from lifecycle.errors import ProjectError
from lifecycle.features.declaration import Features
from lifecycle.modeling.declaration import Search
from lifecycle.retraining.aiming import aim
from lifecycle.retraining.comparing import choose_window
from lifecycle.retraining.decision import WindowChoice
from lifecycle.retraining.declaration import Retraining
from lifecycle.task import Task
from tests.lifecycle.retraining.changing import (
    BOOSTER,
    DAY,
    DAYS,
    LAST,
    a_table,
    champion,
    declared,
    planned,
)

POLICY = Retraining(window="evidence", windows=("all", "30d"), test="10d")
BY_TIME = TimeSplit(by="time")
LONG_AGO = (DAYS - 90, DAYS)


def choosing(
    rows: pa.Table,
    task: Task = Task.BINARY,
    policy: Retraining = POLICY,
    split: Any = BY_TIME,
    **given: Any,
) -> WindowChoice:
    data = declared(task)
    found = aim(data, split, policy, as_of=LAST + DAY / 4)
    usual = {"features": Features(), "search": Search(), "plan": planned(task)}
    return choose_window(rows, found, champion(task), policy, **{**usual, **given})


@pytest.mark.parametrize("task", list(Task))
def test_after_an_abrupt_change_the_short_window_wins(task: Task) -> None:
    choice = choosing(a_table(task, turns_on=(LONG_AGO,)), task)

    longest, short = choice.trials
    assert choice.window == "30d"
    assert choice.start == LAST - 40 * DAY
    assert longest.gain_high is not None and longest.gain_high < 0
    assert short.gain is None
    assert longest.rows > 4 * short.rows
    assert "Window 30d does best: " in choice.reason
    assert "in 3 stretches" in choice.reason


@pytest.mark.parametrize("task", list(Task))
def test_where_nothing_changes_the_window_with_more_rows_is_kept(task: Task) -> None:
    assert choosing(a_table(task), task).window == "all"


def test_a_season_that_one_stretch_shows_is_not_followed() -> None:
    season = a_table(turns_on=((DAYS - 45, DAYS - 20),))

    choice = choosing(season)

    assert choice.window == "all"


def test_splits_by_hash_choose_among_rows_that_are_not_test() -> None:
    choice = choosing(a_table(turns_on=(LONG_AGO,)), split=RandomSplit(by="random"))

    assert choice.window == "30d"
    assert choice.start == LAST - 30 * DAY


def test_the_test_rows_are_not_looked_at() -> None:
    rows = a_table()
    in_test = np.array([moment >= (LAST - 10 * DAY).replace(tzinfo=None)
                        for moment in rows["when"].to_pylist()])  # fmt: skip
    labels = np.where(in_test, "no", rows["y"].to_numpy(zero_copy_only=False))
    blinded = rows.set_column(rows.column_names.index("y"), "y", pa.array(labels.astype(str)))

    assert choosing(blinded) == choosing(rows)


def test_the_same_rows_give_the_same_choice() -> None:
    rows = a_table(rows=1_500)

    assert choosing(rows) == choosing(rows, threads=2)


def test_windows_that_hold_the_same_rows_are_alike_and_the_longest_is_taken() -> None:
    policy = POLICY.model_copy(update={"windows": ("all", 400 * DAY)})

    choice = choosing(a_table(rows=1_500), policy=policy)

    assert choice.window == "all"
    assert choice.trials[0].value == choice.trials[1].value


@pytest.mark.parametrize(
    ("rows", "told"),
    [(3, "leave no stretch of 50 to judge by"), (300, "leave no stretch of 50")],
)
def test_with_too_few_rows_the_longest_is_taken_and_that_is_told(rows: int, told: str) -> None:
    choice = choosing(a_table(rows=rows))

    assert choice.window == "all"
    assert told in choice.reason
    assert all(trial.value is None and trial.reason for trial in choice.trials)


def test_a_window_with_too_few_rows_is_told_and_not_chosen() -> None:
    policy = POLICY.model_copy(update={"windows": ("all", DAY / 2)})

    choice = choosing(a_table(turns_on=(LONG_AGO,)), policy=policy)

    assert choice.window == "all"
    assert "rows to learn from; 50 are needed" in choice.trials[1].reason


def test_a_class_the_champion_does_not_know_leaves_the_longest() -> None:
    rows = a_table(Task.MULTICLASS)
    labels = rows["y"].to_pylist()
    strange = rows.set_column(rows.column_names.index("y"), "y", pa.array(["neu", *labels[1:]]))

    choice = choosing(strange, Task.MULTICLASS)

    assert choice.window == "all"
    assert choice.trials[0].value is None
    assert '"neu"' in choice.reason


def test_a_metric_without_an_interval_tells_no_window_apart() -> None:
    choice = choosing(a_table(rows=1_500), plan=planned(primary="expected_calibration_error"))

    assert choice.window == "all"
    assert "none could be judged" in choice.reason


def test_a_metric_of_ranks_can_choose_as_well() -> None:
    choice = choosing(a_table(turns_on=(LONG_AGO,)), plan=planned(primary="roc_auc"))

    assert choice.window == "30d"


def test_thinning_keeps_every_window_and_its_share() -> None:
    choice = choosing(a_table(turns_on=(LONG_AGO,)), most_rows=1_500)

    longest, short = choice.trials
    assert choice.window == "30d"
    assert 1_300 < longest.rows < 1_700
    assert 180 < short.rows < 330


def test_rows_without_time_have_no_windows() -> None:
    found = aim(declared(), BY_TIME, POLICY, as_of=LAST)
    timeless = found.model_copy(update={"data": found.data.model_copy(update={"time": None})})

    with pytest.raises(ProjectError, match=r"need data\.time"):
        choose_window(
            a_table(rows=100), timeless, champion(), POLICY,
            features=Features(), search=Search(), plan=planned(),
        )  # fmt: skip


def test_what_is_better_by_chance_is_chosen_seldom() -> None:
    """Of stationary rows, 30 of 180 days are hardly ever clearly better than all of them."""
    few = champion().model_copy(
        update={"members": (BOOSTER.model_copy(update={"rounds": 5, "weight": 1.0}),)}
    )
    data = declared()
    found = aim(data, BY_TIME, POLICY, as_of=LAST + DAY / 4)
    chosen = [
        choose_window(
            a_table(rows=1_500, noise=4.0, seed=seed), found, few, POLICY,
            features=Features(), search=Search(), plan=planned(),
        ).window
        for seed in range(20)
    ]  # fmt: skip

    assert chosen.count("all") >= 19
