"""How a release that goes on stands, as `status` tells it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.clock import now
from adapters.records import Records
from adapters.releasing.keeping import SNAPSHOT
from adapters.releasing.moving import deployment_lock
from adapters.releasing.standing import SILENCE, open_releases
from adapters.supervision.record import write_live
from lifecycle.serving.live import Live
from tests.lifecycle.release.ledgers import look, release

LIVE = Live(
    project="flights", version="3", kind="process", name="flights.3", host="127.0.0.1", port=1,
    public_host="127.0.0.1", public_port=2, manifest="m", bento="flights:3",
    started="2026-01-01T00:00:00Z",
)  # fmt: skip


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    write_live(tmp_path, LIVE)
    with Records.open(tmp_path) as records:
        yield records


def test_where_nothing_is_deployed_nothing_goes_on(tmp_path: Path) -> None:
    assert open_releases(tmp_path) == ()
    assert not (tmp_path / "records.db").exists()


def test_a_release_that_is_over_is_not_shown(records: Records, tmp_path: Path) -> None:
    opened = records.open_release(release())
    records.change_release(opened.number, state="promoted")

    assert open_releases(tmp_path) == ()


def test_one_that_goes_on_is_shown_with_its_last_look_and_that_nobody_looks(
    records: Records, tmp_path: Path
) -> None:
    opened = records.open_release(release(champion_name="flights.3", stepped=now()))
    found = look(60, release=opened.number)
    records.keep_snapshot("flights", SNAPSHOT, found.model_dump(mode="json"), at=found.at)

    (standing,) = open_releases(tmp_path)

    assert standing.release.number == opened.number
    assert (standing.release.waits, standing.release.judged) == (found.reason, found.at)
    assert standing.release.verdicts == found.verdicts
    assert [one.version for one in standing.traffic] == ["3", "4"]
    assert not standing.is_looked_after
    assert "nobody has looked at it for" in standing.quiet


def test_a_look_at_the_release_before_is_not_taken_for_one_at_this(
    records: Records, tmp_path: Path
) -> None:
    before = look(60, release=99)
    records.open_release(release(champion_name="flights.3", stepped=now()))
    records.keep_snapshot("flights", SNAPSHOT, before.model_dump(mode="json"), at=before.at)

    (standing,) = open_releases(tmp_path)

    assert (standing.traffic, standing.release.judged, standing.quiet) == ((), None, "")


def test_one_whose_conductor_is_silent_says_where_to_look(records: Records, tmp_path: Path) -> None:
    records.open_release(release(champion_name="flights.3", stepped=now() - 2 * SILENCE))

    (standing,) = open_releases(tmp_path)

    assert "conductor.log" in standing.quiet


def test_one_that_is_being_prepared_needs_nobody_who_looks(
    records: Records, tmp_path: Path
) -> None:
    records.open_release(release(began=now(), stepped=now()))

    with deployment_lock("flights", tmp_path):
        (standing,) = open_releases(tmp_path)

    assert standing.is_looked_after
    assert not standing.quiet


def test_one_whose_preparation_was_killed_is_told_as_such(records: Records, tmp_path: Path) -> None:
    records.open_release(release(began=now(), stepped=now()))

    (standing,) = open_releases(tmp_path)

    assert "broken off before any traffic was moved" in standing.quiet
