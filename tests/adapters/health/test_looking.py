"""A look at a real service: what it did since, whether the log follows, whether there is room."""

import os
import resource
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from adapters.access.keys import KeyFile
from adapters.admission import key_file
from adapters.health import look
from adapters.health.asking import OWN_KEY
from lifecycle.serving.declaration import Serving
from lifecycle.serving.live import Live
from tests.servers.process import free_port
from tests.servers.serving import ROW, Served, a_package, serving

GUARDED = Serving()

pytestmark = pytest.mark.xdist_group("health")  # one service for all of them


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def keys(state: Path) -> KeyFile:
    return KeyFile(key_file(GUARDED, "flights", state=state))


@pytest.fixture(scope="module")
def token(keys: KeyFile) -> str:
    return keys.create("tests", ["predict", "label"])[1]


@pytest.fixture(scope="module")
def manifest(state: Path) -> str:
    return a_package(state / "package", serving={})


@pytest.fixture(scope="module")
def served(state: Path, manifest: str, token: str) -> Iterator[Served]:
    events = state / "events" / "flights"
    keys = key_file(GUARDED, "flights", state=state)
    with serving(state / "package", home=state / "home", events=events, keys=keys) as served:
        yield served


@pytest.fixture
def live(served: Served, manifest: str) -> Live:
    return a_live(served.port, manifest)


@pytest.fixture
def client(served: Served, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=10) as client:
        yield client


def a_live(port: int, manifest: str) -> Live:
    return Live(
        project="flights", version="3", kind="process", name="flights.3", host="127.0.0.1",
        port=port, public_host="127.0.0.1", public_port=port, manifest=manifest,
        bento="flights:3", started="2026-01-01T00:00:00Z",
    )  # fmt: skip


def seen(live, state, before=None, *, serving=GUARDED, youngest_row=None):
    return look(
        live, serving, state=state, before=before, youngest_row=youngest_row, now=datetime.now(UTC)
    )


def test_a_look_tells_what_happened_since_the_last_one(live, state, client) -> None:
    client.post("/predict", json=ROW)
    _, before = seen(live, state)
    for _ in range(20):
        client.post("/predict", json=ROW)
    client.post("/predict", json={})
    client.get("/nothing")

    found, after = seen(live, state, before)

    assert found.answers is True
    assert (found.requests, found.failed, found.turned_away, found.lost) == (21, 0, 0, 0)
    assert found.unfit == 1
    assert found.restarts == 0
    assert 0 < found.p50_ms <= found.p99_ms <= 10_000
    assert found.p99_low_ms < found.p99_ms
    assert found.waiting_ms is not None
    assert 10 < found.memory_mb < 2_000
    assert 0 < found.seconds < 60
    assert after.requests == before.requests + 21


def test_the_log_follows_the_answers_also_in_a_file_that_is_not_finished(
    live, state, client
) -> None:
    _, before = seen(live, state)
    asked = datetime.now(UTC)
    client.post("/predict", json=ROW)

    found, _ = seen(live, state, before)

    assert found.lag_seconds < 1
    assert abs(found.last_asked - asked) < timedelta(seconds=5)
    assert found.events_mb > 0


def test_where_nobody_asked_since_there_is_no_lag_and_no_latency(live, state, client) -> None:
    client.post("/predict", json=ROW)
    _, before = seen(live, state)

    found, _ = seen(live, state, before)

    assert (found.requests, found.p99_ms, found.lag_seconds) == (0, None, None)


def test_a_log_that_was_deleted_is_a_lag(live, state, client, tmp_path) -> None:
    client.post("/predict", json=ROW)
    # The same service and keys, and a state folder in which its events never arrived.
    (tmp_path / "access").symlink_to(state / "access")

    found, _ = seen(live, tmp_path)

    assert found.lag_seconds > 0.05
    assert found.last_asked is None


def test_a_rehearsal_is_nobody_asking(live, state, client) -> None:
    _, before = seen(live, state)
    last = seen(live, state, before)[0].last_asked
    client.post("/predict", json=ROW, headers={"X-Request-Id": "smoke-1"})

    found, _ = seen(live, state, before)

    assert (found.requests, found.p99_ms) == (0, None)
    assert found.last_asked == last
    assert found.lag_seconds < 1


def test_no_key_of_ours_stays_behind(live, state, keys) -> None:
    seen(live, state)

    assert [key.name for key in keys.list()] == ["tests"]


def test_a_key_that_a_killed_look_left_is_taken_away(live, state, keys, served) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    before = KeyFile(key_file(GUARDED, "flights", state=state), now=lambda: past)
    before.create(OWN_KEY, ["read"], past + timedelta(minutes=1))
    keys.create(OWN_KEY, ["read"], datetime.now(UTC) + timedelta(minutes=1))  # another look, now

    found, _ = seen(live, state)

    left = [key for key in keys.list() if key.name == OWN_KEY]
    assert found.requests is not None
    assert [key.state(datetime.now(UTC)) for key in left] == ["active"]
    keys.forget(left[0].id)


def test_figures_that_are_not_shown_to_us_are_not_guessed(live, tmp_path) -> None:
    found, taken = seen(live, tmp_path)  # whose keys the service does not know

    assert found.answers is True
    assert "answered with 401" in found.problem
    assert (found.requests, found.memory_mb, taken) == (None, None, None)


def test_another_version_than_the_one_deployed_is_a_fault(live, state) -> None:
    found, taken = seen(live.model_copy(update={"manifest": "77", "version": "4"}), state)

    assert found.answers is False
    assert "version 3 listens" in found.problem
    assert taken is None


def test_a_service_that_hangs_does_not_answer(live, state, served, monkeypatch) -> None:
    monkeypatch.setattr("adapters.health.asking.SECONDS", 0.5)
    (worker,) = served.workers
    try:
        os.kill(worker, signal.SIGSTOP)
        found, taken = seen(live, state)
    finally:
        os.kill(worker, signal.SIGCONT)

    assert found.answers is False
    assert "no answer within 0.5 s" in found.problem
    assert taken is None


def test_a_disk_that_takes_no_more_shows_in_the_figures(live, state, client, served) -> None:
    _, before = seen(live, state)
    (worker,) = served.workers
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        statuses = {client.post("/predict", json=ROW).status_code for _ in range(3)}
        found, _ = seen(live, state, before)
    finally:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (-1, -1))

    assert statuses == {503}
    assert found.answers is False
    assert "events cannot be written" in found.problem
    assert (found.requests, found.failed, found.lost) == (3, 3, 3)
    ends = time.monotonic() + 10
    while httpx.get(f"{served.url}/readyz").status_code != 200 and time.monotonic() < ends:
        time.sleep(0.1)


def test_where_nothing_listens_it_is_down_and_disk_and_log_are_looked_at_all_the_same(
    state, manifest, client
) -> None:
    client.post("/predict", json=ROW)

    found, taken = seen(a_live(free_port(), manifest), state, youngest_row=datetime(2013, 7, 1))

    assert found.answers is False
    assert "cannot be reached" in found.problem
    assert taken is None
    assert 0 <= found.disk_free <= 1
    assert found.disk_free_gb > 0
    assert found.last_asked is not None
    assert found.youngest_row == datetime(2013, 7, 1, tzinfo=UTC)


def test_nothing_deployed_is_said(tmp_path) -> None:
    found, taken = seen(None, tmp_path)

    assert (found.answers, taken) == (None, None)
    assert "Nothing is deployed" in found.problem
    assert found.disk_free is not None


def test_open_figures_need_no_key(live, state, tmp_path) -> None:
    openly = Serving.model_validate({"access": {"open": ["metrics"]}})

    found, _ = seen(live, tmp_path, serving=openly)

    assert not (tmp_path / "access").exists()
    assert "401" in found.problem  # this service does not show them openly
