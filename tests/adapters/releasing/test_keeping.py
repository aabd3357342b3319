"""Of the looks at a release those are kept that change something, and some of the others."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.records import Records
from adapters.releasing import keeping
from adapters.releasing.following import follow, latest_look
from adapters.releasing.keeping import Keeper, tell_ending
from lifecycle.release.release import Action, Look, Next, Release
from lifecycle.verdict import Outcome
from tests.lifecycle.release.ledgers import NOON, look, movement, release


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(tmp_path) as records:
        records.open_release(release())
        yield records


@pytest.fixture
def opened(records: Records) -> Release:
    found = records.open_one("flights")
    assert found is not None
    return found


def keeper(records: Records, tmp_path: Path) -> Keeper:
    return Keeper(records, state=tmp_path, reports=tmp_path / "reports")


def kept(
    keeper: Keeper, opened: Release, second: float, outcome: Outcome, action: Action = "hold"
) -> None:
    found = look(second, outcome)
    told = Next(action=action, reason=found.reason, verdicts=found.verdicts)
    keeper.keep(opened, found.findings, told)


def seconds(records: Records) -> list[float]:
    return [(one.at - NOON).total_seconds() for one in records.looks(1)]


def test_of_looks_that_say_the_same_one_is_kept_every_five_seconds(
    records: Records, opened: Release, tmp_path: Path
) -> None:
    watching = keeper(records, tmp_path)

    for second in range(12):
        kept(watching, opened, second, Outcome.PASS)

    assert seconds(records) == [0, 5, 10]


def test_a_verdict_that_changes_and_what_follows_are_kept_at_once(
    records: Records, opened: Release, tmp_path: Path
) -> None:
    watching = keeper(records, tmp_path)

    kept(watching, opened, 0, Outcome.PASS)
    kept(watching, opened, 1, Outcome.UNKNOWN)
    kept(watching, opened, 2, Outcome.UNKNOWN)
    kept(watching, opened, 3, Outcome.UNKNOWN, action="advance")
    kept(watching, opened, 3.5, Outcome.FAIL, action="roll back")

    assert seconds(records) == [0, 1, 3, 3.5]


def test_of_a_release_that_lasts_for_weeks_a_few_hundred_looks_are_kept(
    records: Records, opened: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_write_pages", lambda *_: None)
    watching = keeper(records, tmp_path)

    for hour in range(0, 28 * 24, 1):
        kept(watching, opened, hour * 3_600, Outcome.PASS)

    assert 200 < len(seconds(records)) <= 28 * 24
    last, before = seconds(records)[-1], seconds(records)[-2]
    assert last - before >= timedelta(days=27).total_seconds() / 300


def test_the_latest_look_is_there_even_where_it_is_not_kept(
    records: Records, opened: Release, tmp_path: Path
) -> None:
    watching = keeper(records, tmp_path)

    kept(watching, opened, 0, Outcome.PASS)
    kept(watching, opened, 1, Outcome.PASS)

    found = latest_look(opened, records)
    assert found is not None
    assert found.at == NOON + timedelta(seconds=1)
    assert seconds(records) == [0]
    assert latest_look(opened.model_copy(update={"number": 2}), records) is None


def test_a_page_that_cannot_be_drawn_stops_nobody(
    records: Records, opened: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such colour")

    monkeypatch.setattr(keeping, "write", fail)

    kept(keeper(records, tmp_path), opened, 0, Outcome.PASS)

    assert seconds(records) == [0]


def test_the_ending_is_told_on_the_page_whoever_ended_it(
    records: Records, opened: Release, tmp_path: Path
) -> None:
    kept(keeper(records, tmp_path), opened, 0, Outcome.PASS)
    records.change_release(1, state="rolled back", ending="Ann found it slow.")

    tell_ending("flights", records=records, state=tmp_path, reports=tmp_path / "reports")

    pages = tmp_path / "reports" / "flights" / "releases"
    assert "Ann found it slow." in (pages / "1.html").read_text()
    assert (pages / "index.html").exists()


def test_who_follows_is_told_of_each_change_and_of_the_end(
    records: Records, opened: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records.intend(movement(release=1))
    kept(keeper(records, tmp_path), opened, 0, Outcome.UNKNOWN)

    follow(opened, state=tmp_path, once=True)
    going_on = capsys.readouterr().out
    records.change_release(1, state="promoted", ending="It was good.")
    ended = follow(opened, state=tmp_path)
    told = capsys.readouterr().out

    assert "version 4" in going_on
    assert ended.state == "promoted"
    assert "0 s have passed." in told
    assert "It was good." in told


def test_a_look_is_kept_whole(records: Records, opened: Release, tmp_path: Path) -> None:
    wanted: Look = look(0)

    kept(keeper(records, tmp_path), opened, 0, Outcome.PASS)

    assert records.last_look(1) == wanted
