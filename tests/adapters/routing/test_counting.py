"""What the router has counted."""

import http.client
import math
import os
import signal
import time

import pytest

from adapters.routing import Counts, RoutingError, apply, counted, since
from lifecycle.release.plan import Limits
from tests.adapters.routing.asking import ask_all
from tests.adapters.routing.conftest import House
from tests.adapters.routing.test_router import wait_for
from tests.servers.process import LOOPBACK


@pytest.fixture
def pair(house: House) -> House:
    apply(house.state, house.pair(limits=Limits(try_seconds=0.15)))
    for name in ("shop-1", "shop-2"):
        house.be(name, "good")
    return house


def test_every_request_is_counted_where_it_went(pair: House) -> None:
    before = counted(pair.state, "shop")

    names = [told.name for told in ask_all(pair.port, [{}] * 200)]

    now = counted(pair.state, "shop")
    for name in ("shop-1", "shop-2"):
        traffic = since(now, before, target=name, version="v")
        assert (traffic.version, traffic.requests) == ("v", names.count(name))
        assert (traffic.failed, traffic.turned_away, traffic.in_flight) == (0, 0, 0)
        assert traffic.is_alive


def test_how_long_answers_took_is_told_by_cumulative_buckets(pair: House) -> None:
    apply(pair.state, pair.plan(pair.target("shop-1")))
    settle()
    before = counted(pair.state, "shop")

    ask_all(pair.port, [{}] * 30, path="/slow?0.012")
    ask_all(pair.port, [{}] * 10, path="/slow?0.11")
    settle()

    took = since(counted(pair.state, "shop"), before, target="shop-1", version="1").took
    found = {bucket.ms: bucket.count for bucket in took}
    assert found[10] == 0
    assert found[75] == 30
    assert found[100] == 30
    assert found[math.inf] == 40
    assert [bucket.count for bucket in took] == sorted(bucket.count for bucket in took)


def test_an_attempt_that_hangs_is_as_slow_as_it_was_waited_for(pair: House) -> None:
    settle()
    before = counted(pair.state, "shop")
    pair.be("shop-2", "hanging")

    ask_all(pair.port, [{}] * 20, connections=20)
    settle()

    traffic = since(counted(pair.state, "shop"), before, target="shop-2", version="2")
    found = {bucket.ms: bucket.count for bucket in traffic.took}
    assert found[100] == 0
    assert found[1_000] == found[math.inf] == traffic.failed > 0


def test_who_was_not_waited_for_has_not_failed(pair: House) -> None:
    apply(pair.state, pair.plan(pair.target("shop-1")))
    pair.be("shop-1", "hanging")
    before = counted(pair.state, "shop")

    def traffic():
        return since(counted(pair.state, "shop"), before, target="shop-1", version="1")

    connection = http.client.HTTPConnection(LOOPBACK, pair.port)
    connection.request("POST", "/predict", b"{}")
    wait_for(lambda: traffic().in_flight == 1)
    connection.close()
    wait_for(lambda: traffic().requests == 1)

    assert (traffic().failed, traffic().in_flight) == (0, 0)


def test_a_request_nobody_can_be_asked_counts_as_failed(fresh: House) -> None:
    apply(fresh.state, fresh.plan(fresh.target("shop-1")))
    fresh.supervisor.stop("shop-1")
    wait_for(lambda: counted(fresh.state, "shop").targets["shop-1"].is_alive is False, 15)
    before = counted(fresh.state, "shop")

    told = ask_all(fresh.port, [{}] * 10)

    traffic = since(counted(fresh.state, "shop"), before, target="shop-1", version="1")
    assert {one.status for one in told} == {503}
    assert (traffic.requests, traffic.failed, traffic.is_alive) == (10, 10, False)


def test_a_router_that_was_begun_again_counts_from_then_on(fresh: House) -> None:
    apply(fresh.state, fresh.plan(fresh.target("shop-1")))
    ask_all(fresh.port, [{}] * 30)
    before = counted(fresh.state, "shop")

    os.kill(fresh.pid("router-shop"), signal.SIGKILL)
    wait_for(lambda: counted(fresh.state, "shop").router != before.router)
    wait_for(lambda: counted(fresh.state, "shop").targets["shop-1"].is_alive)
    ask_all(fresh.port, [{}] * 7)

    now = counted(fresh.state, "shop")
    assert since(before, None, target="shop-1", version="1").requests == 30
    assert since(now, before, target="shop-1", version="1").requests == 7


def test_counts_are_kept_and_read_again(pair: House) -> None:
    ask_all(pair.port, [{}] * 20)
    found = counted(pair.state, "shop")

    assert Counts.model_validate_json(found.model_dump_json()) == found


def test_a_target_that_is_not_there_has_done_nothing(pair: House) -> None:
    traffic = since(counted(pair.state, "shop"), None, target="nobody", version="9")

    assert (traffic.requests, traffic.is_alive) == (0, None)


def test_nothing_is_counted_where_nothing_is_routed(fresh: House) -> None:
    with pytest.raises(RoutingError, match="nothing is counted"):
        counted(fresh.state, "shop")


def settle() -> None:
    """Wait until how long answers took has been put together."""
    time.sleep(1.2)
