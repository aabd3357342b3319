"""What cannot be written down is not answered, or answered and counted: as declared."""

import json
import os
import resource
import signal
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.servers.serving import ROW, Served, a_package, serving
from tests.service.wire import connect, read, request


@pytest.fixture(params=["refuse", "serve"])
def policy(request) -> str:
    return request.param


@pytest.fixture
def served(policy: str, tmp_path: Path):
    declared = {"access": {"anonymous": True}, "events": {"on_failure": policy}}
    a_package(tmp_path / "package", serving=declared)
    with serving(
        tmp_path / "package", home=tmp_path / "home", events=tmp_path / "events"
    ) as served:
        assert httpx.post(f"{served.url}/predict", json=ROW).status_code == 200
        yield served


def let_write(served: Served, most: int) -> None:
    """Limit how large a file of the worker may become: no byte more is a full disk to it."""
    resource.prlimit(served.workers[0], resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def until_ready(served: Served, status: int) -> dict:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        answer = httpx.get(f"{served.url}/readyz")
        if answer.status_code == status:
            return answer.json()
        time.sleep(0.1)
    raise TimeoutError(answer.text)


def test_what_cannot_be_written_is_refused_or_counted_until_there_is_room(served, policy) -> None:
    let_write(served, 0)

    answer = httpx.post(f"{served.url}/predict", json=ROW)
    label = httpx.post(f"{served.url}/labels", json={"request_id": "r", "label": "yes"})
    outcome = httpx.post(f"{served.url}/outcomes", json={"request_id": "r", "name": "booked"})

    assert answer.status_code == (503 if policy == "refuse" else 200)
    for later in (label, outcome):
        assert (later.status_code, later.headers["retry-after"]) == (503, "1")
        assert later.json()["type"] == "/problems/cannot-record"
    assert "events" in until_ready(served, 503)["faults"]
    figures = httpx.get(f"{served.url}/metrics").text
    assert 'outcome="failed"} 3.0' in figures
    assert f'outcome="lost"}} {0.0 if policy == "refuse" else 1.0}' in figures
    assert "perennial_ready 0.0" in figures
    let_write(served, resource.RLIM_INFINITY)
    until_ready(served, 200)
    assert httpx.post(f"{served.url}/predict", json=ROW).status_code == 200


def test_a_folder_that_went_away_is_noticed_without_any_request(served, tmp_path) -> None:
    (tmp_path / "events").rename(tmp_path / "elsewhere")

    assert "events" in until_ready(served, 503)["faults"]
    (tmp_path / "elsewhere").rename(tmp_path / "events")
    assert until_ready(served, 200)["faults"] == {}


def test_what_was_answered_is_there_after_kill_9(tmp_path: Path) -> None:
    a_package(tmp_path / "package")
    answered = []

    with serving(
        tmp_path / "package", home=tmp_path / "home", events=tmp_path / "events"
    ) as served:
        (worker,) = served.workers
        with closing(connect(served.port)) as connection:
            for number in range(200):
                connection.sendall(request(headers=f"X-Request-Id: r{number}\r\n"))
                if number == 150:
                    os.kill(worker, signal.SIGKILL)
                try:
                    status, _, body = read(connection)
                except OSError:
                    break
                if status != 200:
                    break
                answered.append(json.loads(body)["request_id"])

    files = (tmp_path / "events" / "predictions").iterdir()
    written = {json.loads(line)["id"] for file in files for line in file.read_text().splitlines()}
    assert len(answered) >= 150
    assert set(answered) <= written
