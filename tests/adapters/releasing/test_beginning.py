"""What is asked before a release begins."""

from pathlib import Path

import pytest

from adapters.records.movements import MovementBusyError
from adapters.records.releases import ReleaseBusyError
from adapters.releasing.beginning import (
    require_address,
    require_free,
    require_live,
    require_not_barred,
)
from adapters.releasing.context import ContextError, read_context, write_context
from adapters.routing.router import _Router
from lifecycle.errors import ProjectError, Refused
from lifecycle.release.plan import Plan
from lifecycle.serving.declaration import Serving
from tests.adapters.releasing.stages import PROJECT, House, a_project, dies, in_child, killing

pytestmark = pytest.mark.xdist_group("releasing beginning")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give the state of a house where requests come to port 3711."""
    folder = tmp_path / "serving" / "stall" / "router"
    folder.mkdir(parents=True)
    plan = Plan(project="stall", host="127.0.0.1", port=3711)
    (folder / "plan.json").write_text(plan.model_dump_json())
    return tmp_path


def test_a_release_is_refused_that_would_move_the_port_away_from_who_asks(state: Path) -> None:
    with pytest.raises(ProjectError, match=r"come to 127.0.0.1, port 3711.*serving.port=3711"):
        require_address("stall", Serving(port=3000), state=state)
    with pytest.raises(ProjectError, match="does not move the address"):
        require_address("stall", Serving(port=3711, host="0.0.0.0"), state=state)


def test_a_release_at_the_address_of_the_present_is_not_refused(state: Path) -> None:
    require_address("stall", Serving(port=3711), state=state)
    require_address("nothing-answers", Serving(port=3000), state=state)


@pytest.fixture
def anew(house: House) -> House:
    """Version 1 answers, and nothing else is known."""
    house.empty()
    house.deploy("1")
    return house


def free(house: House) -> None:
    with house.records as records:
        require_free(PROJECT, records=records, state=house.state)


def test_what_nothing_answers_for_cannot_be_released_and_what_answers_need_not(
    anew: House, tmp_path: Path
) -> None:
    with pytest.raises(ProjectError, match=r'Nothing of "stall" answers yet.*Deploy the first one'):
        require_live(PROJECT, "2", state=tmp_path)
    with pytest.raises(ProjectError, match="Version 1 is what answers already"):
        require_live(PROJECT, "1", state=anew.state)

    assert require_live(PROJECT, "2", state=anew.state).version == "1"


def test_while_a_release_goes_on_another_is_refused_with_who_and_since_when(anew: House) -> None:
    release = anew.begin("1", "2", strategy="canary", steps=[0.5])

    with pytest.raises(Refused) as refused:
        free(anew)

    told = str(refused.value)
    assert told.startswith(f"Release 1 of stall goes on since {release.began:%-d %b %Y, %H:%M}")
    assert "version 2 beside 1, begun by ann" in told
    assert "run.py rollback --project stall" in told
    anew.take_back()
    free(anew)  # that was the remedy


def test_a_release_that_was_killed_before_its_first_move_gives_way(anew: House) -> None:
    release = anew.open("1", "2", strategy="canary", steps=[0.5])
    assert dies(lambda: anew.make(anew.step(release)), at=killing(_Router, "_remember"))

    free(anew)

    ended = anew.the_release()
    assert (ended.state, ended.ending) == (
        "stopped",
        "It was broken off before any traffic was moved.",
    )
    assert set(anew.answering(20)) == {"1"}


def test_a_release_that_was_killed_just_after_its_first_move_goes_on(anew: House) -> None:
    release = anew.open("1", "2", strategy="canary", steps=[0.5])
    at = killing(_Router, "_remember", when="after")
    assert dies(lambda: anew.make(anew.step(release)), at=at)

    with pytest.raises(Refused, match="Release 1 of stall goes on"):
        free(anew)

    assert set(anew.answering(40)) == {"1", "2"}


def test_of_two_releases_that_are_opened_at_once_one_is_refused(anew: House) -> None:
    waiting = [in_child(lambda: anew.open("1", "2").number) for _ in range(4)]

    told = sorted(wait() for wait in waiting)

    assert told[-1] == "did 1"
    assert all(one.startswith(ReleaseBusyError.__name__) for one in told[:-1])
    assert "by ann" in told[0]


def test_of_two_moves_that_nobody_keeps_apart_one_is_refused(anew: House) -> None:
    movement = anew.deployment(anew.version("2"))

    with anew.records as records:
        records.intend(movement)
        with pytest.raises(MovementBusyError, match=r"deploy, version 2, intended since .* by ann"):
            records.intend(movement)


def test_a_version_that_was_rolled_back_is_refused_with_when_who_and_why(anew: House) -> None:
    anew.deploy("2")
    moved = anew.take_back(by="ada", why="it is slow; and hot")

    with anew.records as records:
        require_not_barred(PROJECT, "1", records=records)
        with pytest.raises(Refused) as refused:
            require_not_barred(PROJECT, "2", records=records)

    told = str(refused.value)
    assert f"rolled back on {moved.at:%-d %b %Y, %H:%M}" in told
    assert "by ada: it is slow. It is not released again" in told
    assert 'readmit --project stall --version 2 --why "..."' in told


def test_the_context_of_a_release_is_the_declaration_of_its_beginning(
    anew: House, tmp_path: Path
) -> None:
    project = a_project(anew)
    with pytest.raises(ContextError, match=r"cannot be read .* rollback --project stall"):
        read_context(PROJECT, state=tmp_path)
    (tmp_path / "serving" / PROJECT).mkdir(parents=True)

    write_context(project, home=anew.state, stack="team", state=tmp_path)

    found = read_context(PROJECT, state=tmp_path)
    assert (found.project, found.home, found.stack) == (project, str(anew.state), "team")
