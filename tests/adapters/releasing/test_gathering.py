"""All evidence of a step in one look, and what is told where some of it is not to be had."""

import time
from datetime import timedelta

import pytest

from adapters.releasing.gathering import Gatherer
from lifecycle.task import Task
from tests.adapters.releasing.versions import (
    NOON,
    PROJECT,
    Log,
    a_project,
    a_release,
    a_version,
    fitted,
    truths,
)
from tests.lifecycle.serving.fitting import a_table

LATER = NOON + timedelta(minutes=5)
ANONYMOUS = {"access": {"anonymous": True}}


class Setting:
    """A release at its first step, with two versions nobody runs and a log of both."""

    def __init__(self, state, task=Task.BINARY, strategy="canary", **how):
        self.state, self.task = state, task
        self.project = a_project(task, serving=ANONYMOUS)
        self.release = a_release(strategy)
        self.champion = a_version(state, fitted(task), "1", **how)
        self.challenger = a_version(state, fitted(task, "linear", seed=9), "2", **how)
        self.events = state / "events" / PROJECT
        self.log, self.shadow = Log(self.events), Log(self.events / "shadow" / "7")
        self.gatherer = self.anew()

    def anew(self):
        lives = self.champion.live, self.challenger.live
        return Gatherer(self.state, self.project, self.release, *lives)

    def look(self, now=LATER, gatherer=None):
        """Look until labels have been looked through, which may take longer than a look."""
        gatherer = gatherer or self.gatherer
        ends = time.monotonic() + 20
        while True:
            found = gatherer.look(now)
            if "looked through" not in found.missing.get("gain", "") or time.monotonic() > ends:
                return found
            time.sleep(0.05)

    def answer(self):
        first, second = a_table(200, 5), a_table(40, 6)
        self.log.answer(self.champion, first, ids="a")
        self.log.answer(self.challenger, second, ids="b")
        labels = truths(self.task, first, self.champion.contract.classes)
        self.log.tell(self.champion, {f"a-{i}": label for i, label in enumerate(labels)})


@pytest.fixture
def setting(tmp_path):
    return lambda *args, **how: Setting(tmp_path, *args, **how)


@pytest.mark.parametrize("task", Task)
def test_pairs_scores_and_gain_are_gathered(setting, task) -> None:
    release = setting(task)
    release.answer()

    found = release.look()

    assert (found.at, found.since) == (LATER, NOON)
    assert (found.pairs.rows, found.scores.champion.rows) == (240, 240)
    assert found.scores.paired
    assert found.pairs.slices
    assert found.gain.rows == 200
    assert found.gain.gain.against == "champion"
    assert {*found.missing} == {"traffic"}  # there is no router here


@pytest.mark.parametrize("strategy", ["canary", "shadow"])
def test_one_that_is_begun_anew_finds_the_same(setting, strategy) -> None:
    release = setting(strategy=strategy)
    release.gatherer.look(NOON)
    release.answer()
    release.shadow.answer(release.challenger, a_table(200, 5), ids="a")
    release.look()
    ends, first = time.monotonic() + 20, release.look()
    while first.gain is None and time.monotonic() < ends:
        first = release.look()

    assert release.look(gatherer=release.anew()) == first
    assert first.pairs.rows >= 200


def test_before_anybody_asks_everything_is_missing_and_says_why(setting) -> None:
    found = setting().look()

    assert (found.pairs, found.scores, found.gain) == (None, None, None)
    assert "No row has been answered by both" in found.missing["pairs"]
    assert found.missing["scores"] == found.missing["pairs"]
    assert "No label has come" in found.missing["gain"]


def test_a_masked_feature_leaves_scores_of_the_rows_each_was_asked_about(setting) -> None:
    release = setting(changes={"city": {"personal": True}})
    release.answer()
    found = release.look()

    assert '"city" is personal' in found.missing["pairs"]
    assert '"city" is personal' in found.missing["gain"]
    assert (found.scores.champion.rows, found.scores.challenger.rows) == (200, 40)
    assert not found.scores.paired
    assert 0 < found.scores.distance < 1


def test_a_shadow_is_compared_by_its_own_log(setting) -> None:
    release = setting(strategy="shadow", changes={"city": {"personal": True}})
    release.answer()
    release.shadow.answer(release.challenger, a_table(200, 5).slice(0, 150), ids="a")
    found = release.look()

    assert (found.pairs.rows, found.pairs.lost) == (150, 50)
    assert found.gain.rows == 150
    assert "pairs" not in found.missing


def test_a_package_that_is_gone_is_told_and_takes_nothing_else_down(setting) -> None:
    release = setting()
    (release.state / "bentoml" / "bentos" / PROJECT / "2-x").rename(release.state / "gone")
    release.answer()
    found = release.look()

    assert {*found.missing} == {"traffic", "pairs", "scores", "gain"}
    assert "holds no package" in found.missing["pairs"]


def test_a_log_that_cannot_be_read_is_told_and_read_again_once_it_can(setting) -> None:
    release = setting()
    (release.events).mkdir(parents=True, exist_ok=True)
    (release.events / "predictions").write_text("no folder")
    first = release.look()
    (release.events / "predictions").unlink()
    release.answer()

    assert "pairs" in first.missing
    assert release.look(LATER + timedelta(minutes=15)).pairs.rows == 240


def test_labels_are_looked_through_again_after_a_while_only(setting) -> None:
    release = setting()
    release.answer()
    first = release.look()
    labels = truths(Task.BINARY, a_table(40, 6), release.champion.contract.classes)
    release.log.tell(release.champion, {f"b-{i}": label for i, label in enumerate(labels)})
    soon = release.look(LATER + timedelta(seconds=5))
    ends, later = time.monotonic() + 20, soon
    while later.gain.rows == 200 and time.monotonic() < ends:
        later = release.look(LATER + timedelta(minutes=5))

    assert (first.gain.rows, soon.gain.rows, later.gain.rows) == (200, 200, 240)


def test_a_look_at_what_a_second_brings_is_cheap(setting) -> None:
    """200 rows a second, labels and slices not due: 50 ms of processor time are allowed."""
    release, rows = setting(), a_table(200, 5)
    release.log.answer(release.champion, rows, ids="first")
    release.look()
    costs = []
    for second in range(1, 9):
        release.log.answer(release.champion, rows, ids=f"s{second}", at=LATER)
        began = time.thread_time()
        release.gatherer.look(LATER + timedelta(seconds=second))
        costs.append(time.thread_time() - began)

    assert release.look().pairs.rows == 9 * 200
    assert sorted(costs)[4] < 0.05
