"""Both versions on rows whose truth has come."""

from datetime import timedelta

import pyarrow as pa
import pytest

from adapters.releasing.labelled import Labelled
from adapters.releasing.pairing_sides import NotToldError, Side, Sides
from lifecycle.evaluation.answers import answer
from lifecycle.evaluation.metrics import compute
from lifecycle.task import Task
from tests.adapters.releasing.versions import (
    NOON,
    PROJECT,
    Log,
    a_project,
    a_version,
    fitted,
    truths,
)
from tests.lifecycle.serving.fitting import a_table

LATER = NOON + timedelta(hours=3)


class Setting:
    def __init__(self, state, task=Task.BINARY, **how):
        self.task, self.state = task, state
        self.champion = a_version(state, fitted(task, "linear", seed=9), "1", **how)
        self.challenger = a_version(state, fitted(task), "2", **how)
        self.log = Log(state / "events" / PROJECT)
        self.shadow = Log(state / "shadow")

    def labelled(self, *, shadow=False, **sections):
        sides = Sides(Side(self.champion.live, self.state), Side(self.challenger.live, self.state))
        return Labelled(
            sides, a_project(self.task, **sections), events=self.log.folder,
            shadow=self.shadow.folder if shadow else None, began=NOON,
        )  # fmt: skip

    def tell(self, ids, table, **how):
        labels = truths(self.task, table, self.champion.contract.classes)
        told = {f"{ids}-{place}": label for place, label in enumerate(labels)}
        self.log.tell(self.champion, told, **how)

    def expected(self, version, metric, *tables):
        classes = self.champion.contract.classes
        labels = [label for table in tables for label in truths(self.task, table, classes)]
        rows = pa.concat_tables(tables).append_column("y", pa.array(labels))
        return compute(metric, answer(version.candidate, rows, "y"))


@pytest.fixture
def setting(tmp_path):
    return Setting(tmp_path)


@pytest.mark.parametrize(
    ("task", "metric"),
    [(Task.BINARY, "log_loss"), (Task.MULTICLASS, "log_loss"), (Task.REGRESSION, "rmse")],
)
def test_both_are_measured_on_the_same_rows_whoever_answered(tmp_path, task, metric) -> None:
    both, first, second = Setting(tmp_path, task), a_table(200, 5), a_table(60, 6)
    both.log.answer(both.champion, first, ids="a")
    both.log.answer(both.challenger, second, ids="b", at=NOON + timedelta(hours=2))
    both.tell("a", first)
    both.tell("b", second, at=LATER)

    found = both.labelled().gain(LATER + timedelta(seconds=1))

    champion = both.expected(both.champion, metric, first, second)
    challenger = both.expected(both.challenger, metric, first, second)
    assert (found.rows, found.metric) == (260, metric)
    assert found.champion.value == pytest.approx(champion, abs=1e-6)
    assert found.challenger.value == pytest.approx(challenger, abs=1e-6)
    assert found.gain.gain == pytest.approx(champion - challenger, abs=1e-6)
    assert found.gain.low < found.gain.gain < found.gain.high
    assert (found.gain.version, found.gain.rows) == ("1", 260)


def test_rows_without_a_label_or_of_other_versions_or_times_do_not_count(setting) -> None:
    rows = a_table(100, 5)
    setting.log.answer(setting.champion, rows, ids="a")
    setting.log.answer(setting.champion, rows, ids="before", at=NOON - timedelta(hours=1))
    setting.champion.number = "0"
    setting.log.answer(setting.champion, rows, ids="other")
    for name in ("before", "other"):
        setting.tell(name, rows)
    setting.tell("a", rows.slice(0, 40))

    assert setting.labelled().gain(LATER).rows == 40


def test_of_few_rows_there_are_figures_and_no_difference(setting) -> None:
    rows = a_table(20, 5)
    setting.log.answer(setting.champion, rows, ids="a")
    setting.tell("a", rows)
    found = setting.labelled().gain(LATER)

    assert (found.rows, found.gain) == (20, None)
    assert "at least 30" in found.reason
    assert found.champion.low is None


def test_without_labels_it_is_said_and_the_first_ones_are_found(setting) -> None:
    rows, labelled = a_table(40, 5), setting.labelled()
    setting.log.answer(setting.champion, rows, ids="a")
    with pytest.raises(NotToldError, match="No label has come"):
        labelled.gain(LATER)
    setting.tell("a", rows)

    assert labelled.gain(LATER).rows == 40


def test_a_metric_that_is_not_defined_yet_is_told(setting) -> None:
    rows = a_table(60, 5)
    setting.log.answer(setting.champion, rows, ids="a")
    setting.log.tell(setting.champion, {f"a-{place}": "no" for place in range(60)})

    with pytest.raises(NotToldError, match="roc_auc cannot be told on the 60"):
        setting.labelled(search={"metric": "roc_auc"}).gain(LATER)


def test_one_that_is_begun_anew_gives_the_same_figures(setting, monkeypatch) -> None:
    monkeypatch.setattr("adapters.releasing.labelled.MOST", 50)
    rows, labelled = a_table(120, 5), setting.labelled()
    setting.log.answer(setting.champion, rows, ids="a")
    setting.tell("a", rows.slice(0, 80))
    labelled.gain(LATER)
    setting.tell("a", rows)

    assert labelled.gain(LATER) == setting.labelled().gain(LATER)


def test_in_a_shadow_release_the_answers_of_the_shadow_count(tmp_path) -> None:
    both = Setting(tmp_path, changes={"x": {"personal": True}})
    rows = a_table(90, 5)
    both.log.answer(both.champion, rows, ids="a")
    both.shadow.answer(both.challenger, rows.slice(0, 50), ids="a", at=NOON + timedelta(seconds=2))
    both.tell("a", rows)

    found = both.labelled(shadow=True).gain(LATER)

    assert found.rows == 50
    expected = both.expected(both.challenger, "log_loss", rows.slice(0, 50))
    assert found.challenger.value == pytest.approx(expected)


def test_masked_features_are_told(tmp_path) -> None:
    with pytest.raises(NotToldError, match='"x" is personal'):
        Setting(tmp_path, changes={"x": {"personal": True}}).labelled()


def test_rows_of_one_group_count_as_one_piece(setting) -> None:
    rows = a_table(260, 5)
    setting.log.answer(setting.champion, rows, ids="a")
    setting.tell("a", rows)
    single = setting.labelled().gain(LATER).gain
    grouped = setting.labelled(split={"by": "group", "column": "city"}).gain(LATER).gain

    assert grouped.gain == pytest.approx(single.gain)
    assert (grouped.low, grouped.high) != (single.low, single.high)
