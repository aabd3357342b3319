"""A shadow gets copies, and whatever it does with them reaches nobody."""

import os
import signal
import time

import pytest

from adapters.routing import Mirror, Plan, apply, counted, since
from lifecycle.release.plan import Limits
from tests.adapters.routing.asking import ask_all
from tests.adapters.routing.conftest import House
from tests.adapters.routing.test_router import wait_for


def shadowed(house: House, weight: int = 10_000) -> Plan:
    return house.plan(
        house.target("shop-1"),
        house.target("shop-2"),
        mirror=Mirror(target="shop-2", weight=weight),
        limits=Limits(seconds=0.5),
    )


@pytest.fixture
def shadow(house: House) -> House:
    apply(house.state, shadowed(house))
    for name in ("shop-1", "shop-2"):
        house.be(name, "good")
    return house


def copies(house: House, before):
    return since(counted(house.state, "shop"), before, target="shop-2", version="2")


def test_a_copy_has_the_same_request_id(shadow: House) -> None:
    ids = [f"copied-{number}" for number in range(100)]

    told = ask_all(shadow.port, [{"x-request-id": name} for name in ids])
    wait_for(lambda: {*ids} <= {*shadow.direct("shop-2", "/asked").told["ids"]})

    assert {one.name for one in told} == {"shop-1"}
    assert {*ids} <= {*shadow.direct("shop-1", "/asked").told["ids"]}


def test_a_share_of_the_requests_is_copied(shadow: House) -> None:
    apply(shadow.state, shadowed(shadow, 2_500))
    before = counted(shadow.state, "shop")

    ask_all(shadow.port, [{}] * 1_000)
    wait_for(lambda: copies(shadow, before).in_flight == 0)

    # Four standard deviations of a share of 25 % are 55.
    assert abs(copies(shadow, before).requests - 250) < 55


def test_only_predictions_are_copied(shadow: House) -> None:
    before = counted(shadow.state, "shop")

    ask_all(shadow.port, [{}] * 20, path="/labels")
    shadow.ask("/predict")

    assert copies(shadow, before).requests == 0


@pytest.mark.parametrize("mode", ["broken", "busy", "resetting", "hanging"])
def test_a_shadow_that_fails_touches_nobody(shadow: House, mode: str) -> None:
    shadow.be("shop-2", mode)
    before = counted(shadow.state, "shop")
    started = time.monotonic()

    told = ask_all(shadow.port, [{}] * 300)

    took = time.monotonic() - started
    wait_for(lambda: copies(shadow, before).requests == 300)
    traffic = copies(shadow, before)
    assert {(one.status, one.name) for one in told} == {(200, "shop-1")}
    # Eight clients that waited for hanging copies once would need twenty seconds.
    assert took < 3
    assert traffic.failed + traffic.turned_away == 300
    assert (traffic.failed > 0) == (mode != "busy")
    # Of those that hang, only so many are held; more are not made.
    assert (traffic.turned_away > 0) == (mode in ("busy", "hanging"))


def test_a_shadow_that_is_killed_touches_nobody(fresh: House) -> None:
    apply(fresh.state, shadowed(fresh))
    ask_all(fresh.port, [{}] * 50)

    os.kill(fresh.pid("shop-2"), signal.SIGKILL)
    told = ask_all(fresh.port, [{}] * 300)

    assert {(one.status, one.name) for one in told} == {(200, "shop-1")}


def test_a_version_that_answers_is_counted_apart_from_its_copies(shadow: House) -> None:
    before = counted(shadow.state, "shop")

    ask_all(shadow.port, [{}] * 40)
    wait_for(lambda: copies(shadow, before).requests == 40)

    now = counted(shadow.state, "shop")
    assert since(now, before, target="shop-1", version="1").requests == 40
    assert now.targets["shop-2"].requests == before.targets["shop-2"].requests


def test_copies_end_with_their_plan(shadow: House) -> None:
    before = shadow.direct("shop-2", "/asked").told["asked"]

    apply(shadow.state, shadow.plan(shadow.target("shop-1")))
    ask_all(shadow.port, [{}] * 20)

    assert shadow.direct("shop-2", "/asked").told["asked"] == before
