"""What services say of themselves: alive, dead, hanging, begun anew."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.access.keys import KeyFile
from adapters.admission import key_file
from adapters.releasing.figures import OWN_KEY, Spending, Standing, Used, Watch, Watched
from lifecycle.serving.declaration import Serving
from lifecycle.serving.live import Live
from tests.servers.process import free_port
from tests.servers.serving import Served, a_package, serving

GUARDED = Serving()

pytestmark = pytest.mark.xdist_group("release figures")  # one service for all of them


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def served(state: Path) -> Iterator[Served]:
    a_package(state / "package", serving={})
    keys = key_file(GUARDED, "flights", state=state)
    with serving(state / "package", home=state / "home", keys=keys) as served:
        yield served


def a_live(port: int) -> Live:
    return Live(
        project="flights", version="3", kind="process", name="flights.3", host="127.0.0.1",
        port=port, public_host="127.0.0.1", public_port=port, manifest="", bento="flights:3",
        started="2026-01-01T00:00:00Z",
    )  # fmt: skip


@pytest.fixture
def watched(state: Path, served: Served) -> Iterator[Watched]:
    watched = Watched({"3": Watch(a_live(served.port), GUARDED, state=state)})
    yield watched
    watched.close()


def seen(watched: Watched, *, until=lambda standing: standing.is_alive is not None) -> Standing:
    ends = time.monotonic() + 10
    while True:
        standing = watched.look(datetime.now(UTC))["3"]
        if until(standing) or time.monotonic() > ends:
            return standing
        time.sleep(0.05)


def test_a_service_that_runs_tells_how_it_is(watched) -> None:
    found = seen(watched, until=lambda standing: standing.memory_mb is not None)

    assert found.is_alive
    assert 0 <= found.lag_ms < 1_000
    assert 10 < found.memory_mb < 2_000
    assert 0 < found.used.seconds < 60


def test_one_key_of_ours_is_used_for_all_looks_and_gone_afterwards(state, served) -> None:
    keys = KeyFile(key_file(GUARDED, "flights", state=state))
    watched = Watched({"3": Watch(a_live(served.port), GUARDED, state=state)})
    for _ in range(3):
        seen(watched)
    during = [key.name for key in keys.list()]
    watched.close()

    assert during == [OWN_KEY]
    assert keys.list() == ()


def test_a_dead_service_is_not_alive_and_has_no_figures(state) -> None:
    watched = Watched({"3": Watch(a_live(free_port()), GUARDED, state=state)})

    assert seen(watched) == Standing(is_alive=False)
    watched.close()


def test_a_hanging_service_holds_nobody_up_and_is_found_out(watched, served) -> None:
    seen(watched, until=lambda standing: standing.lag_ms is not None)
    (worker,) = served.workers
    os.kill(worker, signal.SIGSTOP)
    try:
        began = time.monotonic()
        watched.look(datetime.now(UTC))
        took = time.monotonic() - began
        found = seen(watched, until=lambda standing: standing.is_alive is False)
    finally:
        os.kill(worker, signal.SIGCONT)

    assert took < 1
    assert found == Standing(is_alive=False)
    assert seen(watched, until=lambda standing: standing.is_alive is True).is_alive


def test_what_was_said_long_ago_does_not_count(watched, monkeypatch) -> None:
    seen(watched, until=lambda standing: standing.lag_ms is not None)
    monkeypatch.setattr("adapters.releasing.figures.PATIENCE", 0)
    later = datetime.now(UTC) + timedelta(seconds=30)

    assert watched.look(later)["3"] == Standing(is_alive=False)


def test_processor_time_goes_on_through_a_new_start() -> None:
    spending = Spending(Used(started=1, seconds=10))

    assert spending.since(Used(started=1, seconds=11)) == 1
    assert spending.since(Used(started=9, seconds=2)) == 3
    assert spending.since(Used(started=9, seconds=2.5)) == 3.5


def test_processor_time_that_was_not_known_at_the_beginning_is_not_told() -> None:
    assert Spending(None).since(Used(started=1, seconds=10)) is None
    assert Spending(Used(started=1, seconds=10)).since(None) is None
