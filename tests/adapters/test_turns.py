"""One watch at a time, when a project's last turn was, and what runs in it."""

import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from adapters import turns
from adapters.clock import CLOCK
from adapters.turns import Runner, WatchError, alone, finish_turn, last_turn

SLEEPER = [sys.executable, "-c", "import time; print('on', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
]


def test_a_second_watch_is_refused_and_a_later_one_is_not(tmp_path: Path) -> None:
    refused = pytest.raises(WatchError, match="Another watch runs on")
    with alone(tmp_path), refused, alone(tmp_path):
        pass

    with alone(tmp_path):
        pass


def test_what_breaks_in_a_watch_is_not_said_to_be_another_watch(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), alone(tmp_path):
        raise ZeroDivisionError


def test_two_states_are_watched_beside_one_another(tmp_path: Path) -> None:
    with alone(tmp_path / "a"), alone(tmp_path / "b"):
        pass


def test_a_turn_that_was_finished_is_known_by_the_clock_of_a_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("2013-07-01T06:00:00Z")
    monkeypatch.setenv(CLOCK, str(clock))

    finish_turn(tmp_path, "flights")

    assert last_turn(tmp_path, "flights") == datetime(2013, 7, 1, 6, tzinfo=UTC)
    assert last_turn(tmp_path, "weather") is None


def test_of_a_file_that_says_nothing_no_turn_is_known(tmp_path: Path) -> None:
    finish_turn(tmp_path, "flights")
    (tmp_path / "monitoring" / "flights" / "last_turn").write_text("soon")

    assert last_turn(tmp_path, "flights") is None


def sleepers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "time.sleep(60)" in " ".join(child.cmdline())]


def stop_soon(runner: Runner, *, seconds: float = 0.5) -> None:
    threading.Timer(seconds, runner.stop).start()


def test_a_runner_that_is_told_to_stop_ends_what_runs() -> None:
    runner, began = Runner(), time.monotonic()
    stop_soon(runner)

    status = runner.run(SLEEPER)

    assert status is None
    assert time.monotonic() - began < 5
    assert not sleepers()


def test_what_does_not_end_when_it_is_asked_to_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "_GRACE_SECONDS", 0.2)
    runner, began = Runner(), time.monotonic()
    stop_soon(runner, seconds=1.0)

    assert runner.run(STUBBORN) is None
    assert time.monotonic() - began < 10
    assert not sleepers()


def test_once_stopped_nothing_is_begun(tmp_path: Path) -> None:
    runner = Runner()
    runner.stop()

    status = runner.run([sys.executable, "-c", f"open({str(tmp_path / 'made')!r}, 'w')"])

    assert status is None
    assert not (tmp_path / "made").exists()
