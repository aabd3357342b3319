"""The log of a shadow joined with the real one."""

from datetime import timedelta

import numpy as np
import pytest

from adapters.releasing.distributions import Comparing
from adapters.releasing.pairing_sides import Side, Sides
from adapters.releasing.pairing_tail import Tail
from adapters.releasing.shadowing import Shadowing
from lifecycle.task import Task
from tests.adapters.releasing.versions import NOON, Log, a_version, fitted
from tests.lifecycle.serving.fitting import a_table

LATER = NOON + timedelta(minutes=1)


class Setting:
    def __init__(self, state, task=Task.BINARY, **how):
        self.champion = a_version(state, fitted(task), "1", **how)
        self.challenger = a_version(state, fitted(task, "linear", seed=9), "2", **how)
        self.real, self.copy = Log(state / "real"), Log(state / "copy")
        self.sides = Sides(Side(self.champion.live, state), Side(self.challenger.live, state))

    def shadowing(self, share=1.0):
        logs = (Tail(log.folder, NOON) for log in (self.real, self.copy))
        return Shadowing(self.sides, *logs, share=share, longest=timedelta(seconds=12))


@pytest.fixture
def setting(tmp_path):
    return Setting(tmp_path)


@pytest.mark.parametrize("task", Task)
def test_rows_are_joined_and_compared_as_they_were_answered(tmp_path, task) -> None:
    both, rows = Setting(tmp_path, task), a_table(150, 5)
    both.real.answer(both.champion, rows)
    both.copy.answer(both.challenger, rows, at=NOON + timedelta(seconds=1))

    found = both.shadowing().compare(NOON)

    assert (len(found.pairs), found.lost) == (150, 0)
    mine, theirs = both.champion.answers(rows), both.challenger.answers(rows)
    comparing = Comparing(found, task, tolerance=0.5)
    if task is not Task.REGRESSION:
        assert comparing.agrees.sum() == (mine.decisions == theirs.decisions).sum()
    if task is not Task.MULTICLASS:
        assert np.abs(comparing.differences).max() == np.abs(theirs.scores - mine.scores).max()


def test_rows_only_one_has_are_lost_after_a_while(setting) -> None:
    rows = a_table(10, 5)
    setting.real.answer(setting.champion, rows)
    setting.copy.answer(setting.challenger, rows.slice(0, 7))
    setting.copy.answer(setting.challenger, rows.slice(0, 2), ids="stranger")
    shadowing = setting.shadowing()

    at_once, later = shadowing.compare(NOON), shadowing.compare(LATER)

    assert (len(at_once.pairs), at_once.lost) == (7, 0)
    assert (len(later.pairs), later.lost) == (7, 5)


def test_an_answer_that_comes_late_is_not_lost_any_more(setting) -> None:
    rows = a_table(10, 5)
    setting.real.answer(setting.champion, rows)
    shadowing = setting.shadowing()
    before = shadowing.compare(LATER)
    setting.copy.answer(setting.challenger, rows)
    after = shadowing.compare(LATER)

    assert ((before.pairs, before.lost), (len(after.pairs), after.lost)) == (([], 10), (10, 0))


def test_where_a_part_is_copied_the_others_are_not_lost(setting) -> None:
    rows = a_table(100, 5)
    setting.real.answer(setting.champion, rows)
    setting.copy.answer(setting.challenger, rows.slice(0, 10))
    found = setting.shadowing(share=0.1).compare(LATER)

    assert (len(found.pairs), found.lost) == (10, 0)


def test_masked_features_are_no_obstacle(tmp_path) -> None:
    both = Setting(tmp_path, changes={"größe, m": {"personal": True}})
    rows = a_table(30, 5)
    both.real.answer(both.champion, rows)
    both.copy.answer(both.challenger, rows)

    assert len(both.shadowing().compare(LATER).pairs) == 30


def test_one_that_is_begun_anew_finds_the_same(setting, monkeypatch) -> None:
    monkeypatch.setattr("adapters.releasing.shadowing.MOST_ROWS", 40)
    rows, often = a_table(200, 5), setting.shadowing()
    for part in range(4):
        setting.real.answer(setting.champion, rows.slice(part * 50, 50), ids=f"p{part}")
        often.compare(NOON)
        setting.copy.answer(setting.challenger, rows.slice(part * 50, 40), ids=f"p{part}")
        often.compare(NOON)
    anew, again = setting.shadowing().compare(LATER), often.compare(LATER)

    assert len(anew.pairs) + anew.lost == 40
    assert anew.lost == again.lost > 0
    assert sorted(anew.pairs) == sorted(again.pairs)
