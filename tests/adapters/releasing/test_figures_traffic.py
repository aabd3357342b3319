"""What both versions did since a step began, by a real router."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.releasing.figures import Standing, Used
from adapters.releasing.figures_traffic import Counting, mark
from adapters.routing import RoutingError, apply
from adapters.routing.counting import counted
from lifecycle.release.plan import Mirror
from lifecycle.serving.live import Live
from tests.adapters.releasing.versions import NOON, a_release
from tests.adapters.routing.conftest import House, _house

pytestmark = pytest.mark.xdist_group("release traffic")  # one router for all of them

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with _house(tmp_path_factory.mktemp("house")) as house:
        yield house


def a_live(house: House, name: str) -> Live:
    target = house.target(name)
    return Live(
        project="shop", version=target.version, kind="process", name=name, host=target.host,
        port=target.port, public_host="127.0.0.1", public_port=house.port, manifest="",
        bento="shop:1", started="2026-01-01T00:00:00Z",
    )  # fmt: skip


def counting(house: House, since: datetime = NOON) -> Counting:
    release = a_release().model_copy(update={"project": "shop"})
    lives = a_live(house, "shop-1"), a_live(house, "shop-2")
    return Counting(house.state, release, *lives, since=since)


def standing(seconds: float = 1.0) -> dict[str, Standing]:
    used = Used(started=1, seconds=seconds)
    said = Standing(is_alive=True, lag_ms=3, memory_mb=80, used=used)
    return {"1": said, "2": Standing(is_alive=False)}


def seen(counting: Counting, **how: float):
    return counting.look(NOON + SECOND, standing(**how))


def ask(house: House, times: int) -> None:
    for _ in range(times):
        house.ask("/predict", "POST", b"{}")


@pytest.fixture
def canary(house: House) -> House:
    apply(house.state, house.pair(3_000))
    return house


def test_requests_and_what_they_cost_are_counted_from_the_beginning_of_the_step(canary) -> None:
    ask(canary, 20)
    begun = counting(canary)
    first = seen(begun, seconds=2.0)
    ask(canary, 40)
    champion, challenger = seen(begun, seconds=5.5)

    assert [traffic.requests for traffic in first] == [0, 0]
    assert (champion.version, challenger.version) == ("1", "2")
    assert champion.requests + challenger.requests == 40
    assert champion.requests > challenger.requests
    assert (champion.cpu_seconds, champion.memory_mb, champion.lag_ms) == (3.5, 80, 3)
    assert (challenger.cpu_seconds, challenger.is_alive) == (None, False)
    assert begun.gap == ""


def test_whoever_goes_on_in_the_middle_counts_from_the_same_moment(canary) -> None:
    since = NOON + timedelta(minutes=1)
    begun = counting(canary, since)
    begun.look(since, standing())
    ask(canary, 10)
    first = begun.look(since + SECOND, standing())
    anew = counting(canary, since)
    again = anew.look(since + timedelta(hours=1), standing())

    assert sum(traffic.requests for traffic in again) == 10
    assert [one.requests for one in again] == [one.requests for one in first]
    assert again[0].cpu_seconds == first[0].cpu_seconds
    assert anew.gap == ""


def test_another_step_begins_anew(canary) -> None:
    seen(counting(canary, NOON))
    ask(canary, 10)
    later = seen(counting(canary, NOON + SECOND))

    assert [traffic.requests for traffic in later] == [0, 0]


def test_who_begins_to_count_late_says_so(canary) -> None:
    since = NOON - timedelta(minutes=2)
    late = counting(canary, since)
    late.look(NOON, standing())
    again = counting(canary, since)
    again.look(NOON + SECOND, standing())

    assert "counted from 2026-01-01 12:00:00 UTC on only" in late.gap
    assert again.gap == late.gap


def test_requests_before_the_first_look_are_counted_where_the_beginning_was_marked(canary) -> None:
    since = NOON + timedelta(minutes=3)
    mark(canary.state, a_release().model_copy(update={"project": "shop", "stepped": since}))
    ask(canary, 10)
    late = counting(canary, since)
    first = late.look(since + timedelta(minutes=1), standing(seconds=2.0))
    again = late.look(since + timedelta(minutes=2), standing(seconds=2.5))

    assert sum(traffic.requests for traffic in first) == 10
    assert (first[0].cpu_seconds, again[0].cpu_seconds) == (0.0, 0.5)
    assert late.gap == ""


def test_copies_are_counted_for_a_shadow(house) -> None:
    plan = house.plan(house.target("shop-1"), house.target("shop-2"))
    mirror = Mirror(target="shop-2", weight=10_000)
    apply(house.state, plan.model_copy(update={"mirror": mirror}))
    begun = counting(house, NOON + timedelta(minutes=5))
    seen(begun)
    ask(house, 12)
    ends = time.monotonic() + 5
    while (found := seen(begun))[1].requests < 12 and time.monotonic() < ends:
        time.sleep(0.05)

    assert [traffic.requests for traffic in found] == [12, 12]


def test_counts_go_on_when_the_router_is_begun_again(canary) -> None:
    since = NOON + timedelta(minutes=9)
    begun = counting(canary, since)
    begun.look(since, standing())
    ask(canary, 15)
    seen(begun)
    stranger = counting(canary, since + SECOND)
    stranger.look(since + SECOND, standing())
    before = counted(canary.state, "shop").router
    os.kill(canary.pid("router-shop"), signal.SIGKILL)
    ends = time.monotonic() + 20
    while _router(canary) in (None, before) and time.monotonic() < ends:
        time.sleep(0.1)
    ask(canary, 5)
    begun_on = seen(begun)
    anew = counting(canary, since)
    again = seen(anew)

    assert sum(traffic.requests for traffic in begun_on) == 20
    assert [one.requests for one in again] == [one.requests for one in begun_on]
    assert (begun.gap, anew.gap) == ("", "")


def _router(house: House) -> str | None:
    try:
        return counted(house.state, "shop").router
    except RoutingError:
        return None


def test_what_a_router_had_counted_unseen_is_said_to_be_lost(canary) -> None:
    since = NOON + timedelta(minutes=12)
    begun = counting(canary, since)
    begun.look(since, standing())
    file = canary.state / "serving" / "shop" / "releases" / "7.json"
    file.write_text(file.read_text().replace(counted(canary.state, "shop").router, "another"))
    ask(canary, 3)
    anew = counting(canary, since)
    anew.look(since + SECOND, standing())

    assert "since the router was begun again" in anew.gap


def test_without_a_router_there_is_no_traffic_and_an_error_that_says_so(tmp_path: Path) -> None:
    here = House(tmp_path, None)  # type: ignore[arg-type]
    lives = (
        Live(
            project="shop", version=version, kind="process", name=f"shop-{version}",
            host="127.0.0.1", port=1, public_host="127.0.0.1", public_port=1, manifest="",
            bento="shop:1", started="2026-01-01T00:00:00Z",
        )
        for version in "12"
    )  # fmt: skip
    release = a_release().model_copy(update={"project": "shop"})

    with pytest.raises(RoutingError, match="is routed"):
        Counting(here.state, release, *lives, since=NOON).look(datetime.now(UTC), standing())
