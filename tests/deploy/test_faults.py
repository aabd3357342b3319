"""A real Prometheus scrapes a live service: each fault fires its own alert, which clears again."""

import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapters.access.keys import KeyFile
from adapters.gauges import publish, publish_release, serve
from lifecycle.verdict import Outcome
from tests.deploy.expressions import (
    DEPLOY,
    a_full_release,
    a_full_review,
    asked_by_the_dashboard,
    rules,
)
from tests.servers.prometheus import Prometheus, prometheus
from tests.servers.serving import ROW, Served, a_package, serving

pytestmark = pytest.mark.xdist_group("prometheus")  # one service, watched through all tests

PATIENCE = 30.0


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("access") / "keys.json"


@pytest.fixture(scope="module")
def token(keys: Path) -> str:
    return KeyFile(keys).create("callers", ["predict"])[1]


@pytest.fixture(scope="module")
def served(keys: Path, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("service")
    a_package(folder / "package", serving={})
    with serving(
        folder / "package", home=folder / "home", events=folder / "events", keys=keys
    ) as served:
        yield served


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    tell(folder, Outcome.PASS)
    publish_release("flights", *a_full_release(), state=folder)  # it was over long ago
    return folder


@pytest.fixture(scope="module")
def watched(
    promtool: str, served: Served, keys: Path, state: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "perennial.token").write_text(KeyFile(keys).create("prometheus", ["read"])[1])
    shown = serve(0, state)
    targets = {"perennial-service": served.port, "perennial-monitoring": shown.port}
    try:
        with prometheus(DEPLOY / "prometheus", folder, targets=targets) as watched:
            yield watched
    finally:
        shown.stop()


@pytest.fixture(scope="module")
def asked(served: Served, token: str) -> Iterator[None]:
    """Ask the service some twenty times a second, whatever it answers."""
    ended = threading.Event()

    def ask() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=served.url, headers=headers, timeout=30) as client:
            while not ended.wait(0.05):
                client.post("/predict", json=ROW)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def tell(state: Path, outcome: Outcome, **more) -> None:
    now = datetime.now(UTC)
    told = {"ran": now, **more}
    publish("flights", [a_full_review(outcome, as_of=now)], [], None, state=state, **told)


def until(is_so: Callable[[], bool], what: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > ends:
            raise TimeoutError(f"After {PATIENCE:.0f} s: {what()}")
        time.sleep(0.1)


def until_firing(watched: Prometheus, *alerts: str) -> None:
    until(lambda: watched.firing() == set(alerts), watched.firing)


@contextmanager
def a_full_disk(served: Served) -> Iterator[None]:
    (worker,) = served.workers
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (-1, -1))


@contextmanager
def a_worker_that_hangs(served: Served) -> Iterator[None]:
    (worker,) = served.workers
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def test_while_all_is_well_everything_is_worked_out_and_nothing_fires(watched, asked) -> None:
    until(lambda: bool(watched.ask("perennial:requests:rate5m > 5")), lambda: watched.ask("up"))

    worked_out = {rule["record"] for rule in rules() if "record" in rule}
    until(
        lambda: (
            {found["metric"]["__name__"] for found in watched.ask('{__name__=~"perennial:.+"}')}
            == worked_out
        ),
        lambda: watched.ask('{__name__=~"perennial:.+"}'),
    )
    until_firing(watched)


def test_the_dashboard_finds_what_it_asks_for(watched, asked) -> None:
    until(lambda: bool(watched.ask("perennial:requests:rate5m > 5")), lambda: watched.ask("up"))

    empty = [expression for expression in asked_by_the_dashboard() if not watched.ask(expression)]

    # Nothing began anew, nobody is refused, no column lacks values, there was no decision.
    assert len(empty) == 4, empty
    assert all(
        any(word in one for word in ("changes(", "refused", "missing_share", "_ending"))
        for one in empty
    )


def test_a_full_disk_and_a_drift_fire_their_alerts_which_clear_again(
    watched, served, state, asked
) -> None:
    with a_full_disk(served):
        tell(state, Outcome.FAIL)
        until_firing(
            watched,
            "PerennialEventsFailing", "PerennialNotReady", "PerennialErrors", "PerennialDrift",
        )  # fmt: skip
        assert "% of the requests to 127.0.0.1" in watched.told("PerennialErrors")["summary"]
        assert "Version 3 of flights: data drift" in watched.told("PerennialDrift")["summary"]
    tell(state, Outcome.PASS)

    until_firing(watched)


def test_a_service_that_hangs_is_down_until_it_goes_on(watched, served) -> None:
    with a_worker_that_hangs(served):
        until_firing(watched, "PerennialServiceDown")
        assert f":{served.port}" in watched.told("PerennialServiceDown")["summary"]

    until_firing(watched)


def test_monitoring_that_last_ran_hours_ago_is_told(watched, state) -> None:
    tell(state, Outcome.PASS, ran=datetime.fromtimestamp(time.time() - 5 * 3_600, UTC))
    until_firing(watched, "PerennialMonitoringSilent")
    assert "has not run for 5h" in watched.told("PerennialMonitoringSilent")["summary"]
    tell(state, Outcome.PASS)

    until_firing(watched)
