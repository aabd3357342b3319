"""The same rows answered by both versions, one answer from the log and the other computed."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from adapters.releasing.distributions import Comparing
from adapters.releasing.pairing import Apart, Pairing
from adapters.releasing.pairing_sample import Sample
from adapters.releasing.pairing_sides import NotToldError, Side, Sides
from adapters.releasing.pairing_tail import Tail
from lifecycle.modeling.candidate import Candidate
from lifecycle.serving.contract import Field
from lifecycle.serving.inputs import Answers
from lifecycle.task import Task
from tests.adapters.releasing.versions import NOON, PROJECT, Log, a_version, fitted
from tests.lifecycle.serving.fitting import a_table, strange_rows

BOTH = {
    task: (fitted(task), fitted(task, "linear", seed=9)) for task in Task
}  # fitted once: they never change


class Setting:
    def __init__(self, state, champion, challenger, **how):
        self.state = state
        self.champion = a_version(state, champion, "1", **how)
        self.challenger = a_version(state, challenger, "2", **how)
        self.log = Log(state / "events" / PROJECT)

    @property
    def sides(self):
        return Sides(Side(self.champion.live, self.state), Side(self.challenger.live, self.state))

    def pairing(self, **how):
        return Pairing(self.sides, Tail(self.state / "events" / PROJECT, NOON), **how)

    def comparing(self, **how):
        found = self.pairing().compare(NOON)
        return Comparing(found, self.champion.candidate.task, tolerance=0.5)


@pytest.fixture
def setting(tmp_path):
    return lambda task, **how: Setting(tmp_path, *BOTH[task], **how)


@pytest.mark.parametrize("task", Task)
def test_answers_are_those_of_the_fitted_versions(setting, task) -> None:
    both, few, many = setting(task), a_table(60, 5), a_table(300, 6)
    both.log.answer(both.challenger, few, ids="few")
    both.log.answer(both.champion, many, ids="many")
    rows = pa.concat_tables([few, many])
    mine, theirs = (one.candidate for one in (both.champion, both.challenger))
    agreeing = (mine.decide(mine.score(rows)) == theirs.decide(theirs.score(rows))).sum()
    gaps = theirs.score(rows) - mine.score(rows)
    if task is Task.MULTICLASS:
        gaps = np.take_along_axis(gaps, mine.decide(mine.score(rows))[:, None], axis=1)[:, 0]
    if task is Task.REGRESSION:
        agreeing = (np.abs(gaps) <= 0.5 * mine.score(rows).std()).sum()

    found = both.comparing().pairs(())

    assert (found.rows, found.agreeing, found.lost) == (360, agreeing, 0)
    assert found.difference == pytest.approx(np.abs(gaps).mean(), abs=1e-6)
    assert found.largest == pytest.approx(np.abs(gaps).max(), rel=1e-5)
    assert [found.low, found.high] == pytest.approx(np.quantile(gaps, [0.05, 0.95]), abs=1e-5)


@pytest.mark.parametrize("task", Task)
def test_a_version_agrees_with_itself_wholly(tmp_path, task) -> None:
    both = Setting(tmp_path, BOTH[task][0], BOTH[task][0])
    rows = pa.concat_tables([a_table(300, 5), strange_rows(a_table(3))])
    both.log.answer(both.champion, rows)
    comparing = both.comparing()

    assert comparing.pairs(()).agreeing == comparing.pairs(()).rows == 303
    assert comparing.pairs(()).largest == pytest.approx(0, abs=1e-4)
    assert comparing.scores().distance == 0
    assert comparing.scores().paired


def test_scores_and_decisions_of_both_are_of_the_same_rows(setting) -> None:
    both, rows = setting(Task.BINARY), a_table(200, 5)
    both.log.answer(both.champion, rows)
    expected = both.challenger.answers(rows)

    found = both.comparing().scores()

    assert found.champion.rows == found.challenger.rows == 200
    assert found.challenger.mean == pytest.approx(expected.scores.mean(), abs=1e-6)
    assert found.challenger.decisions["yes"] == expected.decisions.sum()
    assert found.challenger.deciles == pytest.approx(
        np.quantile(expected.scores, np.linspace(0, 1, 11)), abs=1e-6
    )


def test_one_that_is_begun_anew_and_one_that_looks_often_find_the_same(setting) -> None:
    both, rows = setting(Task.BINARY), a_table(600, 5)
    often = both.pairing(most=100)
    for part in range(6):
        both.log.answer(both.champion, rows.slice(part * 100, 100), ids=f"p{part}")
        often.compare(NOON)
    anew = both.pairing(most=100).compare(NOON)

    assert len(anew.pairs) == 100
    assert sorted(anew.inputs) == sorted(often.compare(NOON).inputs)


def test_a_sample_is_a_fair_one() -> None:
    generator = np.random.default_rng(0)
    counts = np.zeros(10)
    for _ in range(400):
        sample = Sample(20)
        for place, name in enumerate(generator.integers(2**63, size=200).tolist()):
            if sample.wants(name):
                sample[name] = place // 20
        counts += np.bincount([*sample.rows.values()], minlength=10)

    assert counts.sum() == 8_000
    assert ((counts - 800) ** 2 / 800).sum() < 27.9  # chi-square, 9 degrees, 0.001


def test_other_versions_rehearsals_and_requests_sent_again_do_not_count(setting) -> None:
    both, rows = setting(Task.BINARY), a_table(5, 5)
    both.log.answer(both.champion, rows)
    both.log.answer(both.champion, rows, at=NOON + timedelta(minutes=1))
    both.log.answer(both.champion, rows, ids="smoke")
    both.champion.number = "0"
    both.log.answer(both.champion, rows, ids="other")

    assert len(both.pairing().compare(NOON).pairs) == 5


def test_a_row_both_have_really_answered_is_not_computed(setting) -> None:
    both, rows = setting(Task.BINARY), a_table(1, 5)
    both.log.answer(both.champion, rows)
    both.log.answer(both.challenger, rows, answers=Answers(np.array([0.125]), np.array([0])))

    assert both.pairing().compare(NOON).pairs[0].challenger == 0.125


@pytest.mark.parametrize("personal", ["drop", "pseudonym"])
def test_a_masked_feature_is_told_by_name_and_scores_are_compared_apart(setting, personal) -> None:
    both = setting(Task.BINARY, changes={"größe, m": {"personal": True}})
    both.log.answer(both.champion, a_table(40, 5), ids="a", personal=personal)
    both.log.answer(both.challenger, a_table(30, 6), ids="b", personal=personal)

    with pytest.raises(NotToldError, match=r'"größe, m" is personal and masked.*shadow'):
        both.pairing()
    mine, theirs = Apart(both.sides, Tail(both.state / "events" / PROJECT, NOON)).look()
    assert (len(mine), len(theirs)) == (40, 30)


def test_a_masked_column_no_model_reads_is_in_nobodys_way(setting) -> None:
    whom = Field(name="whom", type="text", use="key", personal=True)
    both, rows = setting(Task.BINARY, more=(whom,)), a_table(5, 5)
    both.log.answer(both.champion, rows.append_column("whom", pa.array(["Ada"] * 5)))

    assert len(both.pairing().compare(NOON).pairs) == 5


def test_rows_the_other_version_would_refuse_are_lost(tmp_path) -> None:
    both = Setting(tmp_path, *BOTH[Task.BINARY])
    both.challenger = a_version(
        tmp_path, BOTH[Task.BINARY][1], "3", changes={"größe, m": {"minimum": 0}}
    )
    rows = a_table(200, 5)
    both.log.answer(both.champion, rows)
    below = sum(value is not None and value < 0 for value in rows["größe, m"].to_pylist())

    found = both.pairing().compare(NOON)

    assert below > 5
    assert (found.lost, len(found.pairs)) == (below, 200 - below)


def test_where_it_would_refuse_all_it_is_said_why(tmp_path) -> None:
    both = Setting(tmp_path, *BOTH[Task.BINARY])
    both.challenger = a_version(
        tmp_path, BOTH[Task.BINARY][1], "3", changes={"city": {"allowed": ("Rome",)}}
    )
    rows = a_table(200, 5)
    both.log.answer(both.champion, rows.filter(rows["city"].is_valid()))

    with pytest.raises(NotToldError, match=r"Version 3 would refuse every row.*city"):
        both.pairing().compare(NOON)


def test_versions_of_different_tasks_or_classes_are_not_compared(tmp_path) -> None:
    both = Setting(tmp_path, BOTH[Task.BINARY][0], BOTH[Task.REGRESSION][0])

    with pytest.raises(NotToldError, match="version 2 regression"):
        _ = both.sides


def test_a_log_in_a_hurry_is_worked_off_in_several_looks(setting, monkeypatch) -> None:
    monkeypatch.setattr("adapters.releasing.pairing.AT_ONCE", 50)
    both = setting(Task.BINARY)
    both.log.answer(both.champion, a_table(120, 5))
    pairing = both.pairing()

    assert [len(pairing.compare(NOON).pairs) for _ in range(4)] == [50, 100, 120, 120]


def test_scores_of_classes_that_are_listed_the_other_way_round_mean_the_same(tmp_path) -> None:
    champion = BOTH[Task.BINARY][0]
    state = champion.state.model_copy(update={"classes": ("yes", "no")})
    both, rows = Setting(tmp_path, champion, Candidate(state, champion.models)), a_table(50, 5)
    both.log.answer(both.champion, rows)
    scores = champion.score(rows)

    found = both.comparing()

    assert found.challenger == pytest.approx(1 - scores, abs=1e-6)
    assert found.differences == pytest.approx(1 - 2 * scores, abs=1e-6)
    assert not found.agrees.any()
