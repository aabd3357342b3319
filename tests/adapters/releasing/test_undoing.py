"""A rollback restores what the ledger says was live, whoever else is moving."""

import time

import pytest

from adapters.releasing import undoing
from adapters.releasing.beginning import require_not_barred
from adapters.releasing.moving import (
    OvertakenError,
    deployment_lock,
    last_move,
    settle,
)
from adapters.releasing.undoing import roll_back
from adapters.routing import RoutingError
from adapters.routing.router import _Router
from adapters.supervision.record import forget_instance
from lifecycle.errors import Refused
from lifecycle.release.release import Movement
from tests.adapters.releasing.stages import PROJECT, House, dies, in_child, killing, wait_until

pytestmark = pytest.mark.xdist_group("releasing undoing")


@pytest.fixture
def anew(house: House) -> House:
    """Nothing has ever happened, and nothing answers."""
    house.empty()
    return house


def settled(house: House) -> None:
    with house.records as records:
        settle(PROJECT, records=records, state=house.state, registry=house.names, is_alone=True)


def last(house: House) -> int:
    with house.records as records:
        return last_move(PROJECT, records)


def state_of(house: House) -> tuple[set[str], str | None]:
    return set(house.answering(20)), house.live


def test_after_two_deployments_the_first_answers_again_and_the_second_is_barred(
    anew: House,
) -> None:
    anew.deploy("1")
    anew.deploy("2")
    began = time.monotonic()

    moved = anew.take_back(by="ada", why="it is slow")

    took = time.monotonic() - began
    print(f"from the call to the traffic: {took:.2f} s")
    assert state_of(anew) == ({"1"}, "1")
    assert (moved.kind, moved.version, moved.by, moved.reason) == (
        "roll back", "2", "ada", "it is slow.",
    )  # fmt: skip
    with anew.records as records, pytest.raises(Refused, match=r"by ada: it is slow\. It is not"):
        require_not_barred(PROJECT, "2", records=records)
    settled(anew)
    assert anew.names.found == {"champion": "1"}
    assert anew.pid("stall.2") is None
    assert took < 10


def test_in_the_middle_of_a_canary_the_champion_gets_everything_and_the_release_ends(
    anew: House,
) -> None:
    anew.deploy("1")
    anew.begin("1", "2", strategy="canary", steps=[0.3, 0.6])
    anew.make(anew.step(anew.the_release(), step=1))
    assert set(anew.answering(60)) == {"1", "2"}

    anew.take_back()
    settled(anew)

    assert state_of(anew) == ({"1"}, "1")
    release = anew.the_release()
    assert (release.state, release.ending, release.step) == ("rolled back", "it was wrong", 1)
    assert release.ended is not None
    assert anew.names.found == {"champion": "1"}


def test_while_it_is_kept_the_version_before_takes_over_again(anew: House) -> None:
    anew.deploy("1")
    anew.begin("1", "2", strategy="blue-green")
    assert state_of(anew) == ({"2"}, "2")
    assert anew.names.found == {"champion": "2"}
    standing_by = anew.pid("stall.1")

    anew.take_back()
    settled(anew)

    assert state_of(anew) == ({"1"}, "1")
    assert anew.pid("stall.1") == standing_by
    assert anew.the_release().state == "rolled back"
    assert anew.names.found == {"champion": "1"}
    assert anew.pid("stall.2") is None


def test_after_its_end_the_version_before_is_started_again(anew: House) -> None:
    anew.deploy("1")
    release = anew.begin("1", "2", strategy="blue-green")
    ended = release.model_copy(update={"state": "promoted", "ended": anew.the_time})
    finish = anew.deployment(anew.version("2")).model_copy(
        update={"kind": "finish", "release": 1, "then": ended}
    )
    anew.make(finish)
    settled(anew)
    assert anew.pid("stall.1") is None

    moved = anew.take_back()
    settled(anew)

    assert state_of(anew) == ({"1"}, "1")
    assert anew.pid("stall.1") is not None
    assert moved.release is None
    assert anew.the_release().state == "promoted"
    assert anew.names.found == {"champion": "1"}


def test_twice_in_a_row_goes_further_back_and_then_there_is_nothing_left(anew: House) -> None:
    for number in ("1", "2", "3"):
        anew.deploy(number)

    anew.take_back()
    first = state_of(anew)
    anew.take_back()
    second = state_of(anew)
    with pytest.raises(Refused, match=r"Nothing was live before version 1.*Deploy another"):
        anew.take_back()

    assert (first, second) == (({"2"}, "2"), ({"1"}, "1"))
    assert state_of(anew) == ({"1"}, "1")


def test_where_nothing_is_live_nothing_is_rolled_back(anew: House) -> None:
    with pytest.raises(Refused, match="Nothing was ever live"):
        anew.take_back()
    anew.deploy("1")
    anew.make(Movement(project=PROJECT, kind="stop", version="1", at=anew.the_time, by="ann"))
    with pytest.raises(Refused, match="Nothing is live"):
        anew.take_back()

    assert anew.movements() == [("deploy", "1", "done"), ("stop", "1", "done")]


def test_a_shadow_that_is_taken_back_is_stopped_and_not_barred(anew: House) -> None:
    anew.deploy("1")
    anew.begin("1", "2", strategy="shadow")

    moved = anew.take_back()
    settled(anew)

    assert state_of(anew) == ({"1"}, "1")
    assert (moved.kind, anew.the_release().state) == ("finish", "stopped")
    with anew.records as records:
        require_not_barred(PROJECT, "2", records=records)
    assert anew.names.found == {"champion": "1", "challenger": "2"}
    assert anew.pid("stall.2") is None


def test_a_version_that_cannot_come_back_leaves_everything_as_it_is(anew: House) -> None:
    anew.deploy("1")
    anew.deploy("2")
    settled(anew)
    before = anew.movements()
    forget_instance(anew.state, PROJECT, "stall.1")

    with pytest.raises(Refused, match=r"nothing is left of how it was started\. Deploy it"):
        anew.take_back()

    assert state_of(anew) == ({"2"}, "2")
    assert anew.movements() == before


def test_a_version_that_dies_while_it_comes_back_gets_no_requests(
    anew: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.routing.router.HEALTHY_SECONDS", 0.5)
    anew.deploy("1")
    anew.deploy("2")
    settled(anew)

    def stillborn(live):
        again = anew.restart(live)
        anew.supervisor.stop(again.name)
        return again

    with anew.records as records, pytest.raises(RoutingError, match=r"stall\.1.*does not answer"):
        roll_back(PROJECT, by="ann", why="no", records=records, state=anew.state, restart=stillborn)

    assert state_of(anew) == ({"2"}, "2")
    assert anew.movements()[2:] == [("roll back", "2", "undone")] * 2


def test_a_version_that_is_just_being_ended_is_started_again(anew: House) -> None:
    anew.deploy("1")
    anew.deploy("2")
    ending = anew.pid("stall.1")
    anew.be("stall.1", "stubborn")
    swept = in_child(lambda: settled(anew))
    wait_until(lambda: "stopping" in {one.state for one in anew.supervisor.status()})

    anew.take_back()
    again = anew.pid("stall.1")
    swept()

    assert anew.movements()[2:] == [("roll back", "2", "done")]
    assert again not in (None, ending)
    assert anew.pid("stall.1") == again
    assert state_of(anew) == ({"1"}, "1")


def test_two_people_who_take_the_same_version_back_at_once_go_back_once(anew: House) -> None:
    for number in ("1", "2", "3"):
        anew.deploy(number)

    waiting = [in_child(lambda who=who: anew.take_back(by=who).version) for who in ("ann", "bob")]
    told = sorted(wait() for wait in waiting)

    # Who comes when the other is done means the version that is there by then.
    if told == ["did 2", "did 3"]:
        assert state_of(anew) == ({"1"}, "1")
    else:
        assert told[1] == "did 3"
        assert "Version 3 of stall is not there any more: somebody else" in told[0]
        assert state_of(anew) == ({"2"}, "2")


def test_who_was_overtaken_by_another_rollback_does_not_go_further_back(
    anew: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("1", "2", "3"):
        anew.deploy(number)
    real, others = undoing.move, ["ann"]

    def late(movement: Movement, **more):
        if others:
            anew.take_back(by=others.pop())
        return real(movement, **more)

    monkeypatch.setattr(undoing, "move", late)
    with pytest.raises(OvertakenError, match=r"Version 3 of stall is not there any more"):
        anew.take_back(by="bob")

    assert state_of(anew) == ({"2"}, "2")
    assert anew.movements()[3:] == [("roll back", "3", "done")]


def test_a_step_that_is_made_meanwhile_does_not_save_the_version(
    anew: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew.deploy("1")
    release = anew.begin("1", "2", strategy="canary", steps=[0.3, 0.6])
    real, steps = undoing.move, [anew.step(release, step=1)]

    def late(movement: Movement, **more):
        if steps:
            anew.make(steps.pop())
        return real(movement, **more)

    monkeypatch.setattr(undoing, "move", late)
    anew.take_back()

    assert state_of(anew) == ({"1"}, "1")
    assert (anew.the_release().state, anew.the_release().step) == ("rolled back", 1)


@pytest.mark.parametrize("kind", ["advance", "promote", "finish"])
def test_what_was_decided_before_a_rollback_is_not_done_after_it(anew: House, kind: str) -> None:
    anew.deploy("1")
    release = anew.begin("1", "2", strategy="canary", steps=[0.3, 0.6])
    seen = last(anew)
    changes = {"advance": {"step": 1}, "promote": {"state": "keeping"}, "finish": {}}[kind]
    decided = anew.step(release, **changes)
    if kind == "finish":  # decided while version 2 was kept: everything stays with it
        then = release.model_copy(update={"state": "promoted"})
        decided = anew.deployment(anew.version("2")).model_copy(
            update={"kind": "finish", "release": 1, "then": then}
        )

    anew.take_back()
    with pytest.raises(OvertakenError, match="roll back, version 2, by ann"):
        anew.make(decided, seen=seen)

    assert state_of(anew) == ({"1"}, "1")
    assert anew.the_release().state == "rolled back"


def test_a_rollback_of_a_release_that_is_over_does_not_reach_behind_it(anew: House) -> None:
    anew.deploy("1")
    anew.deploy("2")
    anew.begin("2", "3", strategy="canary", steps=[0.5])
    anew.take_back(by="ann")

    with anew.records as records, pytest.raises(OvertakenError, match="Release 1 of stall is over"):
        roll_back(
            PROJECT, by="policy", why="errors", records=records, state=anew.state,
            restart=anew.restart, only=1,
        )  # fmt: skip

    assert state_of(anew) == ({"2"}, "2")


def test_while_a_release_is_prepared_nothing_is_rolled_back(anew: House) -> None:
    anew.deploy("1")
    anew.deploy("2")
    anew.open("2", "3")

    with (
        deployment_lock(PROJECT, anew.state),
        pytest.raises(Refused, match="Release 1 of stall is still being prepared"),
    ):
        anew.take_back()

    assert state_of(anew) == ({"2"}, "2")
    assert anew.the_release().is_open


def test_a_release_whose_preparation_was_killed_stands_in_nobodys_way(anew: House) -> None:
    anew.deploy("1")
    anew.deploy("2")
    anew.open("2", "3")

    anew.take_back()

    assert state_of(anew) == ({"1"}, "1")
    release = anew.the_release()
    assert (release.state, release.ending[:20]) == ("stopped", "It was broken off be")


@pytest.mark.parametrize(
    ("when", "rolled_back", "left"), [("before", "2", "1"), ("after", "3", "2")]
)
def test_a_rollback_first_repairs_what_was_broken_off(
    anew: House, when: str, rolled_back: str, left: str
) -> None:
    anew.deploy("1")
    anew.deploy("2")
    movement = anew.deployment(anew.version("3"))
    assert dies(lambda: anew.make(movement), at=killing(_Router, "_remember", when=when))

    moved = anew.take_back()

    assert moved.version == rolled_back
    assert state_of(anew) == ({left}, left)
