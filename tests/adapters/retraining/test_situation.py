from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.records import Records
from adapters.retraining.situation import first_row, seen_until, situation_of, turn
from lifecycle.data.description import Description
from lifecycle.data.intake import Intake
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Story, Version
from lifecycle.monitoring.review import Cause, Finding, Review
from lifecycle.monitoring.span import span_of
from lifecycle.project.project import Project
from lifecycle.retraining.decision import Decision
from lifecycle.retraining.due import decide
from lifecycle.retraining.origin import learnt_until, trained_at
from lifecycle.retraining.situation import Situation
from lifecycle.task import Task
from lifecycle.verdict import Outcome, Verdict
from tests.adapters.retraining.labels_told import line, log

DAY = timedelta(days=1)
AS_OF = datetime(2013, 6, 1, tzinfo=UTC)
CUT = "by time: at from 2013-04-01 is test, 20.0% of the rows; 3 rows before it left out"


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = Records.open(tmp_path)
    yield opened
    opened.close()


def project(**retraining: Any) -> Project:
    return Project.model_validate(
        {
            "name": "flights",
            "about": {"question": "Late?", "decision": "Warn.", "owner": "us"},
            "data": {
                "tables": {"t": "t.csv"}, "time": "at",
                "label": {"column": "late", "task": "binary"},
            },
            "retraining": {"min_labels": 2, **retraining},
        }
    )  # fmt: skip


def story(number: str = "3", **given: Any) -> Story:
    usual: dict[str, Any] = {
        "started": "2013-04-10T00:00:00+00:00", "train_until": "2013-03-31T23:00:00", "split": "",
        "start": "2013-01-01T00:00:00", "end": "2013-04-09T23:00:00",
    }  # fmt: skip
    usual |= given
    return Story(
        name="flights",
        label="late",
        task=Task.BINARY,
        intake=Intake(
            tables=(), rows=100, start=usual["start"], end=usual["end"], fingerprint="f"
        ),
        description=Description(
            rows=100, columns=(), train_rows=80, test_rows=20, split=usual["split"],
            train_until=usual["train_until"],
        ),
        version=Version(name="flights", number=number),
        lineage=Lineage(project="flights", run="r", started=usual["started"]),
    )  # fmt: skip


def decision(ending: str, days_ago: float, **given: Any) -> Decision:
    at = AS_OF - days_ago * DAY
    usual = {"project": "flights", "at": at, "as_of": at, "champion": "3", "is_due": True}
    return Decision(**{**usual, "ending": ending, **given})


def review(month: int, outcome: str, version: str = "3") -> Review:
    verdict = Verdict(rule="shift x", outcome=Outcome(outcome), reason="It has moved.")
    return Review(
        project="flights", version=version, span=span_of(datetime(2013, month, 5, tzinfo=UTC),
        "month"), as_of=AS_OF, findings=(Finding(cause=Cause.DATA, verdict=verdict),),
    )  # fmt: skip


def gathered(records: Records, state: Path, **given: Any) -> Situation:
    usual = {"champion": story(), "challenger": None, "as_of": AS_OF, "now": AS_OF}
    asked = project() if "project" not in given else given.pop("project")
    return situation_of(asked, records=records, state=state, **{**usual, **given})


def test_a_whole_situation_is_decided(records: Records, tmp_path: Path) -> None:
    for found in (review(4, "pass"), review(5, "fail"), review(5, "fail", version="2")):
        records.keep(found)
    log(tmp_path / "events" / "flights", *(line(place) for place in range(5)))

    found = gathered(records, tmp_path)
    done = decide(found, project().retraining, now=AS_OF)

    assert found.champion and found.champion.version == "3"
    assert [one.outcomes for one in found.windows] == [
        {Cause.DATA: Outcome.PASS}, {Cause.DATA: Outcome.FAIL},
    ]  # fmt: skip
    assert found.labels == 5
    assert found.room and found.room.outcome is Outcome.PASS
    assert done.told == "due: data drift in the window 1 May 2013 to 1 Jun 2013."
    assert records.decision(records.add(done).number).reasons == done.reasons


def test_without_a_champion_it_says_to_train_one(records: Records, tmp_path: Path) -> None:
    found = gathered(records, tmp_path, champion=None)

    assert (
        "python run.py --pipeline training" in decide(found, project().retraining, now=AS_OF).told
    )


def test_labels_count_from_the_last_retraining_that_came_to_an_answer(
    records: Records, tmp_path: Path
) -> None:
    moment = datetime(2013, 5, 1, 15, tzinfo=UTC)  # label 3 of 5
    days = (AS_OF - moment) / DAY
    log(tmp_path / "events" / "flights", *(line(place) for place in range(5)))
    records.add(decision("lost", days, labels=100))
    records.add(decision("broke", 1, labels=102))

    found = gathered(records, tmp_path)

    assert found.labels == 2
    assert found.labels_in_all == 102


def test_a_retrained_champion_was_trained_as_of_its_decision(
    records: Records, tmp_path: Path
) -> None:
    records.add(decision("approved", 20, champion="2", version="3"))

    assert gathered(records, tmp_path).champion.trained_at == AS_OF - 20 * DAY


def test_whoever_holds_the_turn_is_at_work(records: Records, tmp_path: Path) -> None:
    begun = records.add(decision("running", 3))
    with records.lease(turn("flights"), seconds=60):
        found = gathered(records, tmp_path, by="ada")

        assert not decide(found, project().retraining, now=AS_OF).is_due
        assert found.running and not found.running.is_dead

    left = gathered(records, tmp_path, by="ada")
    mine = gathered(records, tmp_path, by="ada", is_my_turn=True)
    assert left.running and left.running.heard == begun.at
    assert decide(left, project().retraining, now=AS_OF).is_due
    assert mine.running and mine.running.is_dead


def test_nobody_at_work_is_nobody(records: Records, tmp_path: Path) -> None:
    records.add(decision("lost", 3))

    assert gathered(records, tmp_path).running is None


def test_a_challenger_has_learnt_from_rows_as_well(records: Records, tmp_path: Path) -> None:
    young = story("4", train_until="2013-05-25T00:00:00")

    found = gathered(records, tmp_path, challenger=young, project=project(test="14d"))

    assert found.challenger == "4"
    assert found.room and found.room.outcome is Outcome.FAIL
    assert "25 May 2013" in found.room.reason
    assert seen_until(story(), young) == datetime(2013, 5, 25, tzinfo=UTC)
    assert first_row(story(), None) == datetime(2013, 1, 1, tzinfo=UTC)
    assert first_row(None) is None


@pytest.mark.parametrize(
    ("given_to", "until"),
    [
        ({}, datetime(2013, 3, 31, 23, tzinfo=UTC)),
        ({"train_until": None, "split": CUT}, datetime(2013, 4, 1, tzinfo=UTC)),
        ({"train_until": None, "split": "at random: by the hash of id, 20.0% test"},
         datetime(2013, 4, 9, 23, tzinfo=UTC)),
        ({"train_until": None, "end": None}, None),
    ],
)  # fmt: skip
def test_what_a_version_has_learnt_until_is_never_told_too_early(
    given_to: dict[str, Any], until: datetime | None
) -> None:
    assert learnt_until(story(**given_to)) == until


@pytest.mark.parametrize(
    ("given_to", "at"),
    [
        ({}, datetime(2013, 4, 10, tzinfo=UTC)),
        ({"started": "2026-01-01T00:00:00+00:00"}, datetime(2013, 4, 9, 23, tzinfo=UTC)),
        ({"started": "2026-01-01T00:00:00+00:00", "end": None}, AS_OF),
    ],
)
def test_in_a_replay_a_version_was_trained_when_its_rows_end(
    given_to: dict[str, Any], at: datetime
) -> None:
    assert trained_at(story(**given_to), as_of=AS_OF) == at
