"""Traffic is moved wholly or not at all, wherever whoever moves it is killed."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.hosting import Supervisor as HostingSupervisor
from adapters.records import Records
from adapters.releasing import moving
from adapters.releasing.moving import MoveError, move, repair_alone, settle
from adapters.routing import RoutingError, files, router
from adapters.routing.admin import Admin
from adapters.routing.files import Files
from adapters.routing.router import _Router
from adapters.supervision import place, record
from adapters.supervision.supervisor import Supervisor
from lifecycle.release.release import Movement
from tests.adapters.releasing.stages import PROJECT, House, Names, dies, killing

Prepare = Callable[[], None]

BEFORE: dict[str, Prepare] = {
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

AFTER: dict[str, Prepare] = {
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
    house.deploy("1")
    return house.step(house.open("1", "2", strategy="canary", steps=[0.5]))


def flip(house: House) -> Movement:
    house.deploy("1")
    return house.step(house.open("1", "2", strategy="blue-green"), state="keeping")


def make(house: House, movement: Movement, **more: Any) -> None:
    with house.records as records:
        move(movement, records=records, state=house.state, **more)


def repair(house: House) -> Movement | None:
    with house.records as records:
        return repair_alone(PROJECT, records=records, state=house.state)


def is_at_rest(house: House) -> bool:
    with house.records as records:
        return records.unfinished(PROJECT) is None


@pytest.mark.parametrize("point", [*BEFORE, *AFTER])
def test_a_first_step_that_is_killed_is_afterwards_wholly_done_or_not_at_all(
    house: House, point: str
) -> None:
    house.empty()
    movement = begin_canary(house)
    before = house.plan_in_force

    came = dies(lambda: make(house, movement), at={**BEFORE, **AFTER}[point])
    while_broken = house.answering()
    repair(house)

    assert came
    assert set(while_broken) <= {"1", "2"}
    assert is_at_rest(house)
    answers, release = set(house.answering()), house.the_release()
    if point in BEFORE:
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
