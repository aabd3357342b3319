"""`decisions`, `approve` and `reject` as they are typed."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from adapters.records import Records
from adapters.stacks.environment import STATE
from commands import deciding
from lifecycle.errors import Refused
from lifecycle.retraining.decision import Decision, Ending
from tests.pipelines.shop import write_project

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)

app = typer.Typer()
for known in (deciding.decisions, deciding.approve, deciding.reject):
    app.command()(known)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = write_project(tmp_path / "decided")
    yield folder
    for file in Path(os.environ[STATE]).glob("records.db*"):
        file.unlink()


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def decide(ending: Ending, *, told: str = "", version: str | None = None) -> Decision:
    made = Decision(
        project="decided", at=NOON, as_of=NOON, champion="1", is_due=ending != "not due",
        ending=ending, told=told, version=version,
    )  # fmt: skip
    with Records.open(Path(os.environ[STATE])) as records:
        return records.add(made)


def test_where_nothing_was_decided_it_says_how_to(project: Path) -> None:
    told = run("decisions", "--project", str(project))

    assert told.exit_code == 0
    assert "--pipeline retraining --project decided" in told.stdout


def test_negative_decisions_are_told_as_well_the_newest_last(project: Path) -> None:
    decide("not due", told="not due: no drift.")
    decide("lost", version="2")
    decide("not due", told="not due: the cooldown is not over.")

    everything = run("decisions", "--project", str(project)).stdout
    newest = run("decisions", "--project", str(project), "--most", "1").stdout

    places = [everything.index(words) for words in ("no drift", "version 2", "cooldown")]
    assert places == sorted(places)
    assert "no drift" not in newest
    assert "the cooldown is not over" in newest


@pytest.mark.parametrize("what", ["approve", "reject"])
def test_where_nothing_waits_there_is_nothing_to_say_yes_or_no_to(project: Path, what: str) -> None:
    decide("not due", told="not due: no drift.")

    with pytest.raises(Refused, match=r"none waits.*--by NAME"):
        run(what, "--project", str(project))


def test_what_has_lost_cannot_be_rejected(project: Path) -> None:
    decide("lost", version="2")

    with pytest.raises(Refused, match="a gate refused its version"):
        run("reject", "--project", str(project), "--by", "ada")


def test_a_no_is_written_down_with_who_said_it_and_why(project: Path) -> None:
    made = decide("awaiting", version="2")

    told = run("reject", "--project", str(project), "--by", "ada", "--why", "not now")

    with Records.open(Path(os.environ[STATE])) as records:
        found = records.decision(made.number)
    assert told.exit_code == 0
    assert "Version 2 of decided is rejected" in told.stdout
    assert found is not None
    assert (found.ending, found.settled_by, found.remark) == ("rejected", "ada", "not now")
