"""A version that fails while another stands by for it: users do not notice, figures do."""

import os
import signal
import socket
import time
from collections import Counter

import pytest

from adapters.routing import apply, counted, since
from lifecycle.release.evidence import Traffic
from lifecycle.release.plan import Limits
from tests.adapters.routing.asking import ask_all
from tests.adapters.routing.conftest import House
from tests.adapters.routing.test_router import load
from tests.servers.process import LOOPBACK

QUICK = Limits(try_seconds=0.15)


@pytest.fixture
def pair(house: House) -> House:
    """Give a house whose targets stand by for each other, and both behave."""
    apply(house.state, house.pair(limits=QUICK))
    for name in ("shop-1", "shop-2"):
        house.be(name, "good")
    return house


def seen(house: House, target: str, before) -> Traffic:
    return since(counted(house.state, "shop"), before, target=target, version=target)


def asked(house: House, target: str) -> Counter:
    return Counter(house.direct(target, "/asked").told["paths"])


@pytest.mark.parametrize("victim", ["shop-1", "shop-2"])
def test_a_version_that_is_killed_fails_no_request(fresh: House, victim: str) -> None:
    apply(fresh.state, fresh.pair())

    with load(fresh, "/predict", rate=150).running() as sent:
        time.sleep(0.3)
        os.kill(fresh.pid(victim), signal.SIGKILL)
        time.sleep(1.2)

    assert set(sent.seen) == {"shop-1", "shop-2"}, sent.seen
    assert sum(sent.seen.values()) > 500
    assert seen(fresh, victim, None).failed > 0


@pytest.mark.parametrize("victim", ["shop-1", "shop-2"])
def test_a_version_that_is_dead_for_good_fails_no_request(fresh: House, victim: str) -> None:
    apply(fresh.state, fresh.pair())

    with load(fresh, "/predict", rate=100).running() as sent:
        fresh.supervisor.stop(victim)
        time.sleep(0.5)

    assert set(sent.seen) <= {"shop-1", "shop-2"}, sent.seen


@pytest.mark.parametrize("mode", ["broken", "busy", "resetting", "hanging"])
def test_what_one_fails_at_the_other_answers(fresh: House, mode: str) -> None:
    pair = fresh  # who failed some times running is passed over for a while
    apply(pair.state, pair.pair(limits=QUICK))
    pair.be("shop-2", mode)
    before = counted(pair.state, "shop")

    told = ask_all(pair.port, [{}] * 40, connections=20)

    traffic = seen(pair, "shop-2", before)
    missed = traffic.turned_away if mode == "busy" else traffic.failed
    assert {(one.status, one.name) for one in told} == {(200, "shop-1")}
    assert 5 < missed == traffic.requests
    assert seen(pair, "shop-1", before).requests == 40
    assert seen(pair, "shop-1", before).failed == 0


def test_the_spare_is_asked_with_the_same_request_id(pair: House) -> None:
    pair.be("shop-2", "broken")
    ids = [{"x-request-id": f"id-{number}"} for number in range(20)]

    told = ask_all(pair.port, ids)

    assert [one.headers["x-request-id"] for one in told] == [one["x-request-id"] for one in ids]
    assert {*pair.direct("shop-2", "/asked").told["ids"]} & {one["x-request-id"] for one in ids}


@pytest.mark.parametrize("other", ["broken", "slow"])
def test_who_is_only_slow_is_not_given_up_for_the_spare(pair: House, other: str) -> None:
    pair.be("shop-1", "slow")
    pair.be("shop-2", other)

    told = ask_all(pair.port, [{}] * 10, connections=10)

    assert {one.status for one in told} == {200}


def test_what_nobody_answers_in_time_is_answered_with_503(fresh: House, monkeypatch) -> None:
    pair = fresh
    monkeypatch.setattr("adapters.routing.tables.ANSWER_SECONDS", 0.2)
    apply(pair.state, pair.pair(limits=Limits(try_seconds=0.1, seconds=0.3)))
    for name in ("shop-1", "shop-2"):
        pair.be(name, "hanging")
    before, started = counted(pair.state, "shop"), time.monotonic()

    (told,) = ask_all(pair.port, [{}])

    assert (told.status, told.headers["retry-after"]) == (503, "1")
    assert time.monotonic() - started < 2
    assert [seen(pair, name, before).failed for name in ("shop-1", "shop-2")] == [1, 1]


def test_a_version_that_fails_again_and_again_is_passed_over_for_a_while(fresh: House) -> None:
    apply(fresh.state, fresh.pair(10_000, limits=QUICK))
    fresh.be("shop-2", "resetting")
    before = counted(fresh.state, "shop")

    told = ask_all(fresh.port, [{}] * 40)

    assert {(one.status, one.name) for one in told} == {(200, "shop-1")}
    assert 5 <= seen(fresh, "shop-2", before).failed < 40


def test_a_large_request_is_sent_again_whole(pair: House) -> None:
    pair.be("shop-2", "broken")
    apply(pair.state, pair.pair(10_000))

    answer = pair.ask("/predict", "POST", body=b"x" * 3_000_000)

    assert (answer.status, answer.told["name"]) == (200, "shop-1")
    assert answer.told["size"] == 3_000_000


def test_what_was_still_coming_in_for_a_version_that_is_gone_is_answered(fresh: House) -> None:
    apply(fresh.state, fresh.plan(fresh.target("shop-1")))
    with socket.create_connection((LOOPBACK, fresh.port), timeout=20) as slow:
        slow.sendall(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nabc")
        time.sleep(0.1)

        apply(fresh.state, fresh.plan(fresh.target("shop-2")))
        fresh.supervisor.stop("shop-1")
        slow.sendall(b"def")

        assert b"200 OK" in slow.recv(100)


def test_two_busy_versions_are_each_asked_once(fresh: House) -> None:
    pair = fresh
    apply(pair.state, pair.pair(limits=QUICK))
    for name in ("shop-1", "shop-2"):
        pair.be(name, "busy")
    before = counted(pair.state, "shop")

    told = ask_all(pair.port, [{}] * 60, connections=20)

    assert {one.status for one in told} == {503}
    for name in ("shop-1", "shop-2"):
        traffic = seen(pair, name, before)
        assert (traffic.requests, traffic.turned_away, traffic.failed) == (60, 60, 0)


def test_what_was_told_is_not_told_twice(pair: House) -> None:
    pair.be("shop-2", "broken")
    before = sum((asked(pair, name) for name in ("shop-1", "shop-2")), Counter())

    told = ask_all(pair.port, [{}] * 30, path="/labels")

    after = sum((asked(pair, name) for name in ("shop-1", "shop-2")), Counter())
    assert (after - before)["/labels"] == 30
    assert {one.status for one in told} == {200, 500}


def test_without_retries_the_spare_is_not_asked(pair: House) -> None:
    apply(pair.state, pair.pair(10_000, limits=Limits(retries=0)))
    pair.be("shop-2", "broken")

    told = ask_all(pair.port, [{}] * 10)

    assert {one.status for one in told} == {500}


def test_what_a_version_without_a_spare_has_seen_is_not_sent_again(pair: House) -> None:
    apply(pair.state, pair.plan(pair.target("shop-2")))
    pair.be("shop-2", "broken")
    before = asked(pair, "shop-2")

    told = ask_all(pair.port, [{}] * 10)

    assert {one.status for one in told} == {500}
    assert (asked(pair, "shop-2") - before)["/predict"] == 10


def test_a_dead_challenger_does_not_stand_in_the_way_of_a_rollback(fresh: House) -> None:
    apply(fresh.state, fresh.pair(2_500))
    fresh.supervisor.stop("shop-2")
    started = time.monotonic()

    applied = apply(fresh.state, fresh.plan(fresh.target("shop-1")), drain_seconds=0)

    print(f"rolled back in {(time.monotonic() - started) * 1000:.0f} ms")
    assert applied.before == ("shop-2",)
    assert {told.name for told in ask_all(fresh.port, [{}] * 20)} == {"shop-1"}


def test_moving_between_targets_that_live_loses_nothing(pair: House) -> None:
    took = []

    with load(pair, "/predict", rate=100).running() as sent:
        for share in (500, 2_500, 5_000, 10_000, 0) * 6:
            started = time.monotonic()
            apply(pair.state, pair.pair(share))
            took.append((time.monotonic() - started) * 1000)

    print(f"moved in {sorted(took)[len(took) // 2]:.0f} ms, at most {max(took):.0f} ms")
    assert set(sent.seen) == {"shop-1", "shop-2"}, sent.seen
