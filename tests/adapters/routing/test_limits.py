"""What the router lets through."""

import json
import socket
import time

import pytest

from adapters.routing import Tokens, apply, counted
from lifecycle.release.plan import Limits
from tests.adapters.routing.asking import ask_all
from tests.adapters.routing.conftest import House
from tests.adapters.routing.signing import ALGORITHMS, Issuer
from tests.servers.process import LOOPBACK


@pytest.fixture
def one(house: House) -> House:
    apply(house.state, house.plan(house.target("shop-1")))
    house.be("shop-1", "good")
    return house


def test_more_than_the_rate_is_refused_with_when_to_come_again(one: House) -> None:
    apply(one.state, one.plan(one.target("shop-1"), limits=Limits(rate=20)))
    before = counted(one.state, "shop").targets["shop-1"].requests
    started = time.monotonic()

    told = ask_all(one.port, [{"x-request-id": "r-1"}] * 100)

    taken = [answer for answer in told if answer.status == 200]
    refused = next(answer for answer in told if answer.status == 429)
    # A second's requests at once, and what comes together meanwhile.
    assert 20 <= len(taken) <= 22 + 20 * (time.monotonic() - started)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "1"
    assert json.loads(refused.body) == {
        "type": "/problems/rate",
        "title": "Too many requests",
        "status": 429,
        "detail": "Too many requests of all who ask together. Ask again in 1 s.",
        "request_id": "r-1",
    }
    after = counted(one.state, "shop").targets["shop-1"].requests
    assert after - before == len(taken)


@pytest.mark.parametrize("rate", [0.1, 0.9, 3, 1_234.5])
def test_any_rate_can_be_declared(one: House, rate: float) -> None:
    apply(one.state, one.plan(one.target("shop-1"), limits=Limits(rate=rate)))

    first, *more = ask_all(one.port, [{}] * 5)

    assert first.status == 200
    assert {answer.status for answer in more} <= {200, 429}
    assert (429 in {answer.status for answer in more}) == (rate < 5)


def test_what_a_version_refuses_itself_keeps_its_words(one: House) -> None:
    one.be("shop-1", "busy")

    (told,) = ask_all(one.port, [{}])

    assert told.status == 503
    assert told.name == "shop-1"


def test_a_connection_too_many_is_closed(one: House) -> None:
    apply(one.state, one.plan(one.target("shop-1"), limits=Limits(connections=3)))
    held = [socket.create_connection((LOOPBACK, one.port), timeout=5) for _ in range(3)]
    time.sleep(0.1)

    with socket.create_connection((LOOPBACK, one.port), timeout=5) as further:
        closed = further.recv(1)
    for connection in held:
        connection.close()
    time.sleep(0.1)

    assert closed == b""
    assert one.ask().status == 200


# -- tokens


def checked(house: House, issuer: Issuer, **settings) -> None:
    tokens = Tokens(keys=issuer.keys, issuer="us", audience="shop", **settings)
    apply(house.state, house.plan(house.target("shop-1"), tokens=tokens))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_good_token_passes_with_every_algorithm_the_service_takes(one, algorithm) -> None:
    issuer = Issuer(algorithm)
    checked(one, issuer)
    token = issuer.token()

    (told,) = ask_all(one.port, [{"authorization": f"Bearer {token}"}])
    (forged,) = ask_all(one.port, [{"authorization": f"Bearer {Issuer(algorithm).token()}"}])

    assert told.status == 200
    assert told.header("authorization") == f"Bearer {token}"
    assert forged.status == 401


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": 1_000_000_000}, "Jwt is expired"),
        ({"nbf": 10_000_000_000}, "Jwt not yet valid"),
        ({"iss": "them"}, "Jwt issuer is not configured"),
        ({"aud": "another"}, "Audiences in Jwt are not allowed"),
    ],
)
def test_a_bad_token_is_refused_before_a_version_is_asked(one, claims, told) -> None:
    issuer = Issuer()
    checked(one, issuer)
    before = counted(one.state, "shop").targets["shop-1"].requests

    (answer,) = ask_all(one.port, [{"authorization": f"Bearer {issuer.token(**claims)}"}])

    assert answer.status == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="perennial", error="invalid_token"'
    problem = json.loads(answer.body)
    assert (problem["type"], problem["status"]) == ("/problems/unauthorized", 401)
    assert problem["detail"] == f"The token is not valid: {told}."
    assert counted(one.state, "shop").targets["shop-1"].requests == before


def test_clocks_may_differ_by_the_leeway(one: House) -> None:
    issuer = Issuer()
    checked(one, issuer, leeway_seconds=30)
    late = [issuer.token(exp=time.time() - ago) for ago in (10, 50)]

    told = ask_all(one.port, [{"authorization": f"Bearer {token}"} for token in late])

    assert [answer.status for answer in told] == [200, 401]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer prn_abcdefghijkl_secret"},
        {"authorization": "bearer   prn_abcdefghijkl_secret"},
        {"x-api-key": "prn_abcdefghijkl_secret"},
        {"authorization": "Basic bWU6bWU="},
    ],
)
def test_the_service_is_left_what_only_it_can_judge(one: House, headers) -> None:
    checked(one, Issuer())

    (told,) = ask_all(one.port, [headers])

    assert told.status == 200


def test_a_token_may_be_given_as_a_key(one: House) -> None:
    issuer = Issuer()
    checked(one, issuer, required=True)

    told = ask_all(one.port, [{"x-api-key": issuer.token()}, {"x-api-key": Issuer().token()}, {}])

    assert [answer.status for answer in told] == [200, 401, 401]


def test_what_is_open_is_not_asked_for_a_token(one: House) -> None:
    checked(one, Issuer(), required=True)
    bad = {"authorization": "Bearer a.b.c"}

    answers = [one.ask(path, headers=bad) for path in ("/healthz", "/contract", "/docs")]

    assert {answer.status for answer in answers} == {200}
