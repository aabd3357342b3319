"""A real Envoy, a real supervisor, real targets, real load."""

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager

import aiohttp
import pytest

from adapters.routing import RoutingError, Target, apply, current, withdraw
from adapters.routing.router import folder_of
from lifecycle.release.plan import Limits
from tests.adapters.routing.conftest import House
from tests.servers.process import LOOPBACK, accepts, free_port


class Load:
    """Requests that are not sent again: some as fast as they are answered, some at a rate."""

    def __init__(self, url: str, rate: float) -> None:
        self.url, self.rate = url, rate
        self.seen: Counter = Counter()
        self.slowest = 0.0
        self._over = threading.Event()

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        started = time.perf_counter()
        try:
            async with session.post(self.url, data=b"{}") as answer:
                told = await answer.json(content_type=None)
                self.seen[told.get("name", answer.status)] += 1
                if answer.status == 503:
                    self.seen["said when"] += answer.headers.get("retry-after") == "1"
        except (aiohttp.ClientError, TimeoutError) as error:
            self.seen[repr(error)] += 1
        self.slowest = max(self.slowest, time.perf_counter() - started)

    async def _closed(self, session: aiohttp.ClientSession) -> None:
        while not self._over.is_set():
            await self._ask(session)
            await asyncio.sleep(0.005)

    async def _open(self, session: aiohttp.ClientSession) -> None:
        asked, next_at = [], time.perf_counter()
        while not self._over.is_set():
            asked.append(asyncio.create_task(self._ask(session)))
            next_at += 1 / self.rate
            await asyncio.sleep(max(0, next_at - time.perf_counter()))
        await asyncio.gather(*asked)

    async def _run(self) -> None:
        kept = aiohttp.TCPConnector(limit=0)
        fresh = aiohttp.TCPConnector(limit=0, force_close=True)
        limit = aiohttp.ClientTimeout(total=20)
        async with (
            aiohttp.ClientSession(connector=kept, timeout=limit) as keeping,
            aiohttp.ClientSession(connector=fresh, timeout=limit) as opening,
        ):
            closed = [self._closed(keeping) for _ in range(4)]
            await asyncio.gather(*closed, self._open(keeping), self._open(opening))

    @contextmanager
    def running(self):
        thread = threading.Thread(target=asyncio.run, args=(self._run(),))
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join(30)


def load(house: House, path: str = "/", rate: float = 60) -> Load:
    return Load(f"http://{LOOPBACK}:{house.port}{path}", rate)


def test_twenty_replacements_under_load_lose_no_request(house: House) -> None:
    one, two = house.target("shop-1"), house.target("shop-2")
    apply(house.state, house.plan(one))

    with load(house).running() as sent:
        unfinished = [apply(house.state, house.plan(new)).unfinished for new in (two, one) * 10]

    answered = sent.seen["shop-1"] + sent.seen["shop-2"]
    assert sum(sent.seen.values()) == answered, sent.seen
    assert answered > 1_000
    assert min(sent.seen["shop-1"], sent.seen["shop-2"]) > answered / 4
    assert unfinished == [0] * 20


def test_a_replaced_target_can_be_killed_at_once_without_a_lost_request(fresh: House) -> None:
    apply(fresh.state, fresh.plan(fresh.target("shop-0")))

    with load(fresh, "/slow?0.2", rate=20).running() as sent:
        for number in range(1, 4):
            (gone,) = apply(fresh.state, fresh.plan(fresh.target(f"shop-{number}"))).before
            os.kill(fresh.pid(gone), signal.SIGKILL)
            fresh.supervisor.stop(gone)

    assert set(sent.seen) == {f"shop-{number}" for number in range(4)}, sent.seen


def test_a_changed_limit_loses_no_request(house: House) -> None:
    backend = house.target("shop-1")
    apply(house.state, house.plan(backend))

    with load(house).running() as sent:
        for size in (100, 200, 300):
            time.sleep(0.2)
            apply(house.state, house.plan(backend, limits=Limits(body_kb=size)))
    refused = house.ask("/", "POST", body=b"x" * 310 * 1024)

    assert set(sent.seen) == {"shop-1"}, sent.seen
    assert refused.status == 413


def test_a_killed_target_is_begun_again_and_nobody_hangs_meanwhile(house: House) -> None:
    apply(house.state, house.plan(house.target("shop-1")))
    before = house.pid("shop-1")

    with load(house).running() as sent:
        time.sleep(0.3)
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: house.ask().status == 503)
        wait_for(lambda: house.ask().status == 200)

    told = set(sent.seen) - {"said when"}
    assert told == {"shop-1", 503}, sent.seen
    assert sent.seen["said when"] == sent.seen[503]
    assert sent.slowest < 2
    assert house.pid("shop-1") not in (before, None)


def test_a_killed_router_is_begun_again_and_goes_by_the_last_route(house: House) -> None:
    one, two = house.target("shop-1"), house.target("shop-2")
    apply(house.state, house.plan(one))
    apply(house.state, house.plan(two))

    os.kill(house.pid("router-shop"), signal.SIGKILL)
    wait_for(lambda: not accepts(house.port))
    wait_for(lambda: accepts(house.port))

    assert house.ask().told["name"] == "shop-2"
    assert apply(house.state, house.plan(one)).before == ("shop-2",)
    assert house.ask().told["name"] == "shop-1"


def test_a_killed_supervisor_takes_nobody_along_and_the_next_one_takes_over(fresh: House) -> None:
    one = fresh.target("shop-1")
    apply(fresh.state, fresh.plan(one))
    pids = fresh.pid("shop-1"), fresh.pid("router-shop")

    with load(fresh).running() as sent:
        os.kill(fresh.supervisor._daemon.pid(), signal.SIGKILL)
        time.sleep(0.2)
        assert {process.state for process in fresh.supervisor.status()} == {"orphaned"}
        two = fresh.target("shop-2")
        apply(fresh.state, fresh.plan(two))
        assert (fresh.pid("shop-1"), fresh.pid("router-shop")) == pids
        fresh.supervisor.stop("shop-1")

    assert set(sent.seen) == {"shop-1", "shop-2"}, sent.seen
    assert not accepts(one.port)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"version_info": "9", "resources": [{"@type": "%s", "name": "ingress", "x": 1}]}', "x"),
        (
            '{"version_info": "9", "resources": [{"@type": "%s", "name": "ingress", '
            '"validate_clusters": true, "virtual_hosts": [{"name": "a", "domains": ["*"], '
            '"routes": [{"match": {"prefix": "/"}, "route": {"cluster": "nobody"}}]}]}]}',
            "nobody",
        ),
        ("{", "JSON"),
    ],
)
def test_a_broken_plan_file_is_refused_and_the_old_plan_stays(house, content, words) -> None:
    one, two = house.target("shop-1"), house.target("shop-2")
    apply(house.state, house.plan(one))
    broken = house.state / "new.json"
    kind = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
    broken.write_text(content.replace("%s", kind))

    broken.replace(folder_of(house.state, "shop") / "routes.json")
    log = folder_of(house.state, "shop") / "router.log"
    wait_for(lambda: words in log.read_text())
    still = house.ask().told["name"]
    apply(house.state, house.plan(two))  # mends what was broken by hand

    assert still == "shop-1"
    assert house.ask().told["name"] == "shop-2"


def test_what_envoy_refuses_is_told_in_its_own_words_and_taken_back(house: House) -> None:
    one = house.target("shop-1")
    apply(house.state, house.plan(one))
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        moved = house.plan(one).model_copy(update={"port": taken.getsockname()[1]})

        with pytest.raises(RoutingError, match="Address already in use"):
            apply(house.state, moved)

    assert current(house.state, "shop") == house.plan(one)
    assert house.ask().told["name"] == "shop-1"
    two = house.target("shop-2")
    assert apply(house.state, house.plan(two)).before == ("shop-1",)


def test_a_port_that_is_taken_starts_no_router(fresh: House) -> None:
    one = fresh.target("shop-1")
    with socket.socket() as taken:
        taken.bind((LOOPBACK, fresh.port))
        taken.listen()

        with pytest.raises(RoutingError, match="Address already in use"):
            apply(fresh.state, fresh.plan(one))

    assert [process.name for process in fresh.supervisor.status()] == ["shop-1"]
    assert current(fresh.state, "shop") is None
    apply(fresh.state, fresh.plan(one))
    assert fresh.ask().status == 200


def test_two_projects_never_share_a_public_port(house: House) -> None:
    one = house.target("shop-1")
    apply(house.state, house.plan(one))

    with pytest.raises(RoutingError, match="Address already in use"):
        apply(house.state, house.plan(one).model_copy(update={"project": "other"}))

    assert house.ask().status == 200
    assert current(house.state, "other") is None


def test_a_target_that_does_not_live_gets_no_request(house, monkeypatch) -> None:
    monkeypatch.setattr("adapters.routing.router.HEALTHY_SECONDS", 1.0)
    one = house.target("shop-1")
    apply(house.state, house.plan(one))
    nobody = Target(name="shop-2", version="2", host=LOOPBACK, port=free_port())

    with pytest.raises(RoutingError, match='"shop-2" does not answer GET /healthz'):
        apply(house.state, house.plan(nobody))

    assert house.ask().told["name"] == "shop-1"
    assert current(house.state, "shop").targets == (one,)


def test_a_target_that_has_died_since_gets_no_more_weight(fresh, monkeypatch) -> None:
    monkeypatch.setattr("adapters.routing.router.HEALTHY_SECONDS", 3.0)
    one, two = fresh.target("shop-1"), fresh.target("shop-2")
    apply(fresh.state, fresh.plan(one, two))
    fresh.supervisor.stop("shop-2")

    with pytest.raises(RoutingError, match="shop-2"):
        apply(fresh.state, fresh.plan(one, two, weights=(5_000, 5_000)))

    assert fresh.ask().told["name"] == "shop-1"


def test_requests_are_shared_by_weight(house: House) -> None:
    apply(
        house.state,
        house.plan(house.target("shop-1"), house.target("shop-2"), weights=(8_000, 2_000)),
    )

    seen = Counter(house.ask().told["name"] for _ in range(500))

    # Five standard deviations of a share of 0.2 in 500 requests are 45.
    assert 55 < seen["shop-2"] < 145


def test_a_request_keeps_its_id_and_gets_one_where_it_has_none(house: House) -> None:
    apply(house.state, house.plan(house.target("shop-1")))

    named = house.ask(headers={"X-Request-Id": "mine: 1 % 2"})
    unnamed = house.ask()

    assert named.told["headers"]["x-request-id"] == "mine: 1 % 2"
    assert named.headers["x-request-id"] == "mine: 1 % 2"
    assert len(unnamed.headers["x-request-id"]) == 36


def test_an_answer_tells_nothing_of_the_router(house: House) -> None:
    apply(house.state, house.plan(house.target("shop-1")))

    answers = house.ask(), house.ask("/", "POST", body=b"x" * 5_000_000)
    apply(house.state, house.plan())
    answers += (house.ask(),)

    told = {name.lower(): value for answer in answers for name, value in answer.headers.items()}
    assert not [name for name in told if name.startswith("x-envoy")]
    assert "envoy" not in json.dumps(told).lower()
    assert [answer.status for answer in answers] == [200, 413, 503]


def test_without_a_target_the_answer_is_a_problem_that_says_when_to_try_again(house) -> None:
    apply(house.state, house.plan())

    answer = house.ask("/predict", "POST", body=b"{}", headers={"x-request-id": "a-1"})

    assert answer.status == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["x-request-id"] == "a-1"
    assert answer.told["status"] == 503
    assert answer.told["request_id"] == "a-1"


def test_what_takes_too_long_is_answered_in_time(house: House, monkeypatch) -> None:
    monkeypatch.setattr("adapters.routing.tables.ANSWER_SECONDS", 0.2)
    apply(house.state, house.plan(house.target("shop-1"), limits=Limits(seconds=0.3)))
    before = house.ask("/asked").told["asked"]
    started = time.monotonic()

    answer = house.ask("/slow?5", "POST", body=b"{}")

    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    assert time.monotonic() - started < 2
    assert house.ask("/asked").told["asked"] == before + 1


@pytest.mark.parametrize("headers", [{}, {"x-envoy-retry-on": "5xx", "x-envoy-max-retries": "3"}])
def test_what_a_target_may_have_seen_is_not_sent_again(house: House, headers) -> None:
    apply(house.state, house.plan(house.target("shop-1")))
    before = house.ask("/asked").told["asked"]

    answer = house.ask("/broken", "POST", body=b"{}", headers=headers)

    assert answer.status == 503
    assert house.ask("/asked").told["asked"] == before + 1


def test_withdrawing_finishes_what_has_begun(fresh: House) -> None:
    apply(fresh.state, fresh.plan(fresh.target("shop-1")))
    answers = []
    asking = threading.Thread(target=lambda: answers.append(fresh.ask("/slow?0.5")))
    asking.start()
    wait_for(lambda: _active(fresh) == 1)

    unfinished = withdraw(fresh.state, "shop")
    asking.join()

    assert unfinished == 0
    assert answers[0].status == 200
    assert not accepts(fresh.port)
    assert current(fresh.state, "shop") is None
    assert [process.name for process in fresh.supervisor.status()] == ["shop-1"]


def test_withdrawing_what_is_not_there_is_no_fault(fresh: House) -> None:
    assert withdraw(fresh.state, "shop") == 0


def _active(house: House) -> int:
    from adapters.routing.admin import Admin
    from adapters.supervision import socket_path

    socket = socket_path(folder_of(house.state, "shop"), "admin")
    return Admin(socket).count("http.ingress.downstream_rq_active")


def wait_for(holds, seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it never happened"
        time.sleep(0.02)
