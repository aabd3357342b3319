"""What cannot answer does not start: one line says why, and the server ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from adapters.inference.package import digest, read_package, write_package
from tests.servers.process import LOOPBACK, free_port
from tests.servers.serving import (
    ROOT,
    ROW,
    SERVICE,
    a_package,
    service_environment,
    serving,
)  # fmt: skip

SECONDS = 30


def start(package: Path, home: Path, **said) -> subprocess.CompletedProcess:
    home.mkdir(exist_ok=True)
    environment = {**os.environ, **service_environment(package, home=home, **said)}
    command = [sys.executable, "-m", "bentoml", "serve", SERVICE, "--working-dir", str(ROOT)]
    command += ["--host", LOOPBACK, "--port", str(free_port())]
    environment = {name: value for name, value in environment.items() if value != "unset"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SECONDS, cwd=home
    )


@pytest.fixture
def own(package, tmp_path) -> Path:
    return Path(shutil.copytree(package, tmp_path / "own"))


def test_a_changed_byte_refuses_to_start(own, tmp_path) -> None:
    graph = own / "row.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)

    done = start(own, tmp_path / "home")

    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if "row.onnx is not the file" in line]
    assert len(said) == 1
    assert "Traceback" not in done.stderr


def test_another_manifest_than_the_expected_one_refuses_to_start(own, tmp_path) -> None:
    right = digest(own)

    done = start(own, tmp_path / "home", env={"PERENNIAL_MANIFEST": "0" * 64})

    assert done.returncode == 1
    assert f"{right} instead of {'0' * 64}" in done.stderr


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"PERENNIAL_EVENTS": "unset"}, "PERENNIAL_EVENTS is not set"),
        ({"PERENNIAL_EVENTS": "/proc/nowhere"}, "events cannot be written: No such file"),
        ({"PERENNIAL_EVENTS": __file__}, "cannot be written to"),
        ({"PERENNIAL_PACKAGE": "/nowhere"}, "/nowhere holds no package"),
        ({"PERENNIAL_KEYS": "/nowhere/keys.json"}, "PERENNIAL_KEYS names /nowhere/keys.json"),
        ({"PERENNIAL_UNIT": "header x-user-id"}, "at least 16 bytes (PERENNIAL_MASK)"),
    ],
)
def test_what_is_missing_is_told_in_one_line(package, tmp_path, said, told) -> None:
    done = start(package, tmp_path / "home", env=said)

    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_nobody_who_could_ask_ends_the_start(tmp_path) -> None:
    a_package(tmp_path / "package", serving={})

    done = start(tmp_path / "package", tmp_path / "home")

    assert done.returncode == 1
    assert "Nobody could ask" in done.stderr


def test_a_model_that_cannot_be_loaded_ends_the_whole_server(package, tmp_path) -> None:
    found = read_package(package)
    files = {**found.files, "row.onnx": b"no graph"}
    write_package(tmp_path / "broken", found.manifest, files)

    done = start(tmp_path / "broken", tmp_path / "home")

    assert done.returncode == 1
    assert "row.onnx" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_that_cannot_come_back_ends_the_whole_server(own, tmp_path) -> None:
    with serving(own, home=tmp_path / "home") as served:
        (own / "model_card.md").write_bytes(b"changed")
        os.kill(served.workers[0], signal.SIGKILL)

        served.wait_for_end(SECONDS)

    assert "model_card.md is not the file that was packaged" in served.log.read_text()


def test_it_answers_within_seconds_of_being_started(package, tmp_path) -> None:
    began = time.monotonic()

    with serving(package, home=tmp_path / "home"):
        took = time.monotonic() - began

    assert took < 15  # 5 on a quiet machine: see the benchmarks


def test_two_workers_share_the_port_and_their_figures(tmp_path) -> None:
    a_package(tmp_path / "package", serving={"access": {"anonymous": True}, "workers": 2})

    with serving(tmp_path / "package", home=tmp_path / "home") as served:
        for _ in range(40):
            assert httpx.post(f"{served.url}/predict", json=ROW).status_code == 200
        figures = httpx.get(f"{served.url}/metrics").text
        workers = len(served.workers)

    assert workers == 2
    assert 'perennial_requests_total{route="/predict",status="200"} 40.0' in figures
    assert "perennial_ready 1.0" in figures
