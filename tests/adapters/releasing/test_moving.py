"""Traffic is moved wholly or not at all, wherever whoever moves it is killed."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from adapters.records import Records
from adapters.releasing import moving
from adapters.releasing.moving import MoveError, repair_alone, settle
from adapters.routing import RoutingError
from adapters.routing.admin import Admin
from adapters.routing.files import Files
from adapters.routing.router import _Router
from adapters.supervision import place, record
from adapters.supervision.supervisor import Supervisor
from lifecycle.release.release import Movement
from tests.adapters.releasing.stages import PROJECT, House, Names, asked, dies, in_child, killing

pytestmark = pytest.mark.xdist_group("releasing moving")

Prepare = Callable[[], None]

EARLY: dict[str, Prepare] = {
    "before it is written down": killing(Records, "intend"),
    "once it is written down": killing(Records, "intend", when="after"),
    "while a file of Envoy is written": killing(place.os, "fsync"),
    "after the clusters": killing(Files, "put", when="after", nth=1),
    "after the public port": killing(Files, "put", when="after", nth=2),
    "while the routes are written": killing(place.os, "fsync", nth=2),
    "after the routes": killing(Files, "put", when="after", nth=3),
    "before the plan is remembered": killing(_Router, "_remember"),
}
"""Killed so early, it did not happen."""

LATE: dict[str, Prepare] = {
    "once the plan is remembered": killing(_Router, "_remember", when="after"),
    "once the router goes by it": killing(moving, "apply", when="after"),
    "before the fallback is written down": killing(moving, "write_live"),
    "within writing down the fallback": killing(record, "write_instance", when="after"),
    "once the fallback is written down": killing(moving, "write_live", when="after"),
    "before it is written down as done": killing(Records, "finish_movement"),
    "once it is written down as done": killing(Records, "finish_movement", when="after"),
}
"""Killed so late, it did."""


def begin_canary(house: House) -> Movement:
    house.forget()
    house.deploy("1")
    return house.step(house.open("1", "2", strategy="canary", steps=[0.5]))


def flip(house: House) -> Movement:
    house.forget()
    house.deploy("1")
    return house.step(house.open("1", "2", strategy="blue-green"), state="keeping")


def repair(house: House) -> Movement | None:
    with house.records as records:
        return repair_alone(PROJECT, records=records, state=house.state)


def tidy(house: House, names: Names | None) -> None:
    with house.records as records:
        settle(PROJECT, records=records, state=house.state, registry=names, is_alone=True)


def is_at_rest(house: House) -> bool:
    with house.records as records:
        return records.unfinished(PROJECT) is None


def is_settled(house: House) -> bool:
    with house.records as records:
        return not records.unsettled(PROJECT)


@pytest.mark.parametrize("point", [*EARLY, *LATE])
def test_a_first_step_that_is_killed_is_afterwards_wholly_done_or_not_at_all(
    house: House, point: str
) -> None:
    movement = begin_canary(house)
    before = house.plan_in_force

    came = dies(lambda: house.make(movement), at={**EARLY, **LATE}[point])
    while_broken = house.answering()
    repair(house)

    assert came
    assert set(while_broken) <= {"1", "2"}
    assert is_at_rest(house)
    answers, release = set(house.answering()), house.the_release()
    if point in EARLY:
        assert answers == {"1"}
        assert house.plan_in_force == before
        assert not release.champion_name
        assert house.movements()[1:] in ([], [("begin", "2", "undone")])
    else:
        assert answers == {"1", "2"}
        assert house.plan_in_force == movement.after
        assert release == movement.then
        assert house.movements()[1:] == [("begin", "2", "done")]
    assert house.live == "1"


@pytest.mark.parametrize(
    ("prepare", "is_done"),
    [
        (killing(_Router, "_remember"), False),
        (killing(Names, "crown"), True),
        (killing(Names, "crown", when="after"), True),
        (killing(moving, "write_live"), True),
        (killing(Records, "finish_movement", when="after"), True),
    ],
    ids=["before it is remembered", "before the crown", "after it", "before live", "at the end"],
)
def test_a_flip_that_is_killed_ends_with_router_records_and_registry_agreeing(
    house: House, prepare: Prepare, is_done: bool
) -> None:
    movement = flip(house)

    came = dies(
        lambda: house.make(movement, confirm=lambda: house.names.crown(PROJECT, "2")), at=prepare
    )
    repair(house)
    tidy(house, house.names)

    version = "2" if is_done else "1"
    assert came
    assert set(house.answering(10)) == {version}
    assert house.live == version
    assert house.names.found["champion"] == version
    assert house.the_release().state == ("keeping" if is_done else "moving")
    assert is_settled(house)


@pytest.mark.parametrize(
    ("prepare", "is_done"),
    [
        (killing(place.os, "fsync", nth=2), False),
        (killing(Supervisor, "start"), False),
        (killing(Supervisor, "start", when="after"), False),
        (killing(_Router, "_remember"), False),
        (killing(_Router, "_remember", when="after"), True),
        (killing(Records, "finish_movement"), True),
    ],
    ids=["its files", "before the start", "started", "not remembered", "remembered", "at the end"],
)
def test_a_first_deployment_that_is_killed_leaves_a_router_that_answers_or_none(
    house: House, prepare: Prepare, is_done: bool
) -> None:
    live = house.version("1")
    house.empty()
    movement = house.deployment(live)

    came = dies(lambda: house.make(movement), at=prepare)
    repair(house)

    assert came
    assert is_at_rest(house)
    assert set(house.answering(10)) == ({"1"} if is_done else {"nobody"})
    assert house.live == ("1" if is_done else None)
    assert house.plan_in_force == (movement.after if is_done else None)
    assert (house.pid(f"router-{PROJECT}") is not None) == is_done


@pytest.mark.parametrize(
    ("prepare", "is_done"),
    [
        (killing(Admin, "drain", when="after"), False),
        (killing(Supervisor, "stop", when="after"), False),
        (killing(Path, "unlink", when="after", nth=1), False),
        (killing(Path, "unlink", when="after", nth=3), True),
        (killing(moving, "forget_live"), True),
        (killing(Records, "finish_movement", when="after"), True),
    ],
    ids=["drained", "router ended", "half ended", "plan forgotten", "before live", "at the end"],
)
def test_a_stop_that_is_killed_has_stopped_everything_or_nothing(
    house: House, prepare: Prepare, is_done: bool
) -> None:
    house.forget()
    house.deploy("1")
    movement = Movement(
        project=PROJECT, kind="stop", version="1", at=house.the_time, by="ann", after=None
    )

    came = dies(lambda: house.make(movement), at=prepare)
    repair(house)

    assert came
    assert is_at_rest(house)
    assert set(house.answering(10)) == ({"nobody"} if is_done else {"1"})
    assert house.live == (None if is_done else "1")


@pytest.mark.parametrize(
    "prepare",
    [killing(Files, "put"), killing(Files, "put", when="after", nth=3), killing(moving, "apply")],
    ids=["before the clusters", "after the routes", "at once"],
)
def test_a_move_that_is_killed_while_it_goes_back_is_done_or_undone_all_the_same(
    house: House, prepare: Prepare
) -> None:
    movement = flip(house)

    def refuse() -> None:
        prepare()  # from here on: what follows is the way back
        raise RuntimeError("the registry does not answer")

    came = dies(lambda: house.make(movement, confirm=refuse), at=lambda: None)
    repair(house)
    tidy(house, house.names)

    assert came
    answers = set(house.answering(10))
    assert answers in ({"1"}, {"2"})
    assert {house.live} == answers == {house.names.found["champion"]}
    assert house.movements()[-1] == ("promote", "2", "done" if answers == {"2"} else "undone")
    assert house.the_release().state == ("keeping" if answers == {"2"} else "moving")


@pytest.mark.parametrize("point", ["after the clusters", "after the routes"])
def test_a_repair_that_is_killed_is_repaired_by_the_next(house: House, point: str) -> None:
    movement = begin_canary(house)
    broke = dies(lambda: house.make(movement), at=EARLY["before the plan is remembered"])

    broke_again = dies(lambda: repair(house), at=EARLY[point])
    still_broken = not is_at_rest(house)
    repair(house)

    assert (broke, broke_again, still_broken) == (True, True, True)
    assert set(house.answering()) == {"1"}
    assert house.movements()[1:] == [("begin", "2", "undone")]


def test_users_notice_nothing_of_moves_that_are_killed_and_repaired(house: House) -> None:
    house.forget()
    house.deploy("1")
    release = house.open("1", "2", strategy="canary", steps=[0.5])

    with asked(house) as seen:
        for prepare in (*EARLY.values(), LATE["once the plan is remembered"]):
            assert dies(lambda: house.make(house.step(release)), at=prepare)
            repair(house)

    assert seen["1"] > 100
    assert set(seen) <= {"1", "2"}, seen


@pytest.mark.parametrize(
    ("prepare", "is_told"),
    [
        (killing(Names, "crown"), False),
        (killing(Names, "set_aside", when="after"), True),
        (killing(Files, "put", when="after", nth=1), True),
        (killing(moving, "apply", when="after"), True),
        (killing(moving, "sweep"), True),
        (killing(Supervisor, "stop", when="after"), True),
        (killing(Records, "settle_movement"), True),
    ],
    ids=["crown", "set aside", "clusters", "tidied", "sweep", "swept", "at the end"],
)
def test_what_follows_from_a_move_is_made_up_for_where_it_was_broken_off(
    house: House, prepare: Prepare, is_told: bool
) -> None:
    house.forget()
    house.deploy("1")
    house.begin("1", "2", strategy="canary", steps=[0.5])
    house.take_back()

    came = dies(lambda: tidy(house, house.names), at=prepare)
    told, was_settled = "challenger" not in house.names.found, is_settled(house)
    tidy(house, house.names)

    assert (came, told, was_settled) == (True, is_told, False)
    assert is_settled(house)
    assert house.names.found == {"champion": "1"}
    assert house.pid("stall.2") is None
    assert house.plan_in_force is not None
    assert [target.name for target in house.plan_in_force.targets] == ["stall.1"]
    assert set(house.answering(10)) == {"1"}


def test_the_registry_ends_with_what_is_live_though_it_was_told_of_two_moves_at_once(
    house: House,
) -> None:
    class Slow(Names):
        others: ClassVar = [True]

        def crown(self, project: str, number: str) -> None:
            if Slow.others.pop() if Slow.others else False:
                house.take_back()  # by hand, and told, while the promotion is being told
                tidy(house, house.names)
            super().crown(project, number)

    house.make(flip(house))

    tidy(house, Slow(house.names.file))

    assert house.names.found == {"champion": "1"}
    assert (house.live, set(house.answering(10))) == ("1", {"1"})
    assert is_settled(house)


def test_a_target_that_does_not_live_gets_nothing_and_nothing_is_changed(house: House) -> None:
    movement = begin_canary(house)
    before, release = house.plan_in_force, house.the_release()
    assert movement.after is not None
    dead = movement.after.target("stall.2").model_copy(update={"port": 1})
    plan = movement.after.model_copy(
        update={"targets": (dead, *(one for one in movement.after.targets if one.version == "1"))}
    )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapters.routing.router.HEALTHY_SECONDS", 0.5)
        with pytest.raises(RoutingError, match=r'"stall.2" does not answer GET /healthz'):
            house.make(movement.model_copy(update={"after": plan}))

    assert set(house.answering()) == {"1"}
    assert house.plan_in_force == before
    assert house.the_release() == release
    assert house.movements()[1:] == [("begin", "2", "undone")]


def test_what_is_not_confirmed_goes_back(house: House) -> None:
    movement = flip(house)

    def refuse() -> None:
        assert set(house.answering(10)) == {"2"}
        raise RuntimeError("the registry does not answer")

    with pytest.raises(RuntimeError, match="does not answer"):
        house.make(movement, confirm=refuse)

    assert set(house.answering(10)) == {"1"}
    assert house.live == "1"
    assert house.movements()[1:] == [("promote", "2", "undone")]


def test_moves_of_several_processes_happen_one_after_another(house: House) -> None:
    house.forget()
    house.deploy("1")
    lives = [house.version(number) for number in ("1", "2", "3")]

    def deploy_often(number: int) -> None:
        for _ in range(4):
            house.make(house.deployment(lives[number]))

    told = [wait() for wait in [in_child(lambda n=n: deploy_often(n)) for n in range(3)]]

    assert told == ["did "] * 3
    with house.records as records:
        found = records.movements(PROJECT)
    assert [one.state for one in found] == ["done"] * 13
    assert [one.before for one in found[1:]] == [one.after for one in found[:-1]]
    assert house.plan_in_force == found[-1].after
    assert house.live == found[-1].version
    assert set(house.answering(10)) == {found[-1].version}


def test_who_waits_for_a_move_that_never_ends_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    movement = begin_canary(house)
    monkeypatch.setattr(moving, "LOCK_SECONDS", 0.2)

    with moving._alone(PROJECT, house.state), pytest.raises(MoveError, match="another command"):
        house.make(movement)

    assert house.movements()[1:] == []
