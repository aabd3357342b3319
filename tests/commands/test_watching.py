"""`watch` as it is typed: what it runs, whom it refuses, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from adapters.clock import CLOCK
from adapters.records import Records
from adapters.stacks.environment import state
from adapters.turns import finish_turn, last_turn
from tests.pipelines.shop import write_project

pytestmark = pytest.mark.xdist_group("monitoring")

NOON = datetime(2026, 4, 10, 12, 30, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A declared project of which nothing was trained, at a time of ours."""
    clock = tmp_path / "clock"
    clock.write_text(NOON.isoformat())
    monkeypatch.setenv(CLOCK, str(clock))
    return write_project(tmp_path / f"watched{tmp_path.name.replace('_', '')[-12:]}")


class Watch:
    """A watch that runs, with what it has printed so far."""

    def __init__(self, project: Path, root: Path, log: Path, *words: str) -> None:
        self._log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "run.py", "watch", "--project", str(project), *words],
                cwd=root, stdout=out, stderr=subprocess.STDOUT, env={**os.environ},
            )  # fmt: skip

    @property
    def printed(self) -> str:
        return self._log.read_text()

    def wait_for(self, words: str, seconds: float = 60) -> None:
        ends = time.monotonic() + seconds
        while words not in self.printed:
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < ends, self.printed
            time.sleep(0.02)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def watch(project: Path, root: Path, tmp_path: Path) -> Iterator[Watch]:
    begun = Watch(project, root, tmp_path / "watch.log")
    yield begun
    begun.process.kill()
    begun.process.wait()


def test_once_a_turn_that_was_missed_often_is_taken_once(
    project: Path, root: Path, tmp_path: Path
) -> None:
    folder = state(root)
    earlier = NOON - timedelta(days=3)
    (tmp_path / "clock").write_text(earlier.isoformat())
    finish_turn(folder, project.name)
    (tmp_path / "clock").write_text(NOON.isoformat())

    first = Watch(project, root, tmp_path / "first", "--once")
    first_status = first.process.wait(120)
    second = Watch(project, root, tmp_path / "second", "--once")
    second_status = second.process.wait(120)

    assert (first_status, second_status) == (0, 0), first.printed + second.printed
    assert first.printed.count(f"monitoring {project.name} on local") == 1
    assert first.printed.count(f"retraining {project.name} on local") == 1
    assert "not due" in first.printed
    assert second.printed == ""
    assert last_turn(folder, project.name) == NOON
    with Records.open(folder) as records:
        assert len(records.decisions(project.name)) == 1


def test_a_second_watch_is_refused_and_the_first_ends_at_once_when_told_to(
    project: Path, root: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    finish_turn(state(root), project.name)
    first: Watch = request.getfixturevalue("watch")
    first.wait_for("next at")

    second = Watch(project, root, tmp_path / "second")
    refused = second.process.wait(60)
    began = time.monotonic()
    first.process.terminate()
    status = first.process.wait(20)

    assert refused == 1
    assert "Another watch runs on" in second.printed
    assert status == 0
    assert time.monotonic() - began < 3
    assert f"{project.name}: next at" in first.printed
    assert "Traceback" not in first.printed


def test_told_to_end_in_the_middle_of_a_turn_it_leaves_no_process_and_the_turn_is_still_due(
    watch: Watch, project: Path, root: Path
) -> None:
    watch.wait_for(f"monitoring {project.name} on local")
    children = watch.children()
    began = time.monotonic()

    watch.process.send_signal(signal.SIGTERM)
    watch.process.wait(20)

    assert children
    assert time.monotonic() - began < 8
    _, alive = psutil.wait_procs(children, timeout=1)
    assert alive == []
    assert last_turn(state(root), project.name) is None
    assert "retraining" not in watch.printed
