"""Kills, collisions and edits, with real processes on one state folder."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipelines.conftest import Write, orders

IGNORED = shutil.ignore_patterns(".git", "var", ".venv", "__pycache__", ".*_cache", "tests", "docs")


def start(root: Path, state: Path, project: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "run.py", "--pipeline", "training", "--project", str(project), *words],
        cwd=root,
        env={**os.environ, "PERENNIAL_STATE": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def cached(output: str) -> str:
    return next((line for line in output.splitlines() if "cached" in line), "")


@pytest.mark.xdist_group("processes")
def test_a_killed_run_goes_on_with_the_trials_it_had_finished(
    write: Write, tmp_path: Path, root: Path
) -> None:
    folder = write("killed", orders(4000), {"trials: 4": "trials: 60"})
    first = start(root, tmp_path / "state", folder)
    deadline = time.monotonic() + 200
    while _trials(tmp_path / "state") < 5:
        assert first.poll() is None, first.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    finished = _trials(tmp_path / "state")

    output = finish(start(root, tmp_path / "state", folder))

    assert "check" in cached(output)
    assert "divide" in cached(output)
    assert "60 trials" in output
    assert finished >= 5


def _trials(state: Path) -> int:
    """Finished trials in the journal: each sets its final state with its values (op code 6)."""
    return sum(
        '"op_code": 6' in line or '"op_code":6' in line
        for file in state.glob("studies/*.log")
        for line in file.read_text().splitlines()
    )


@pytest.mark.xdist_group("processes")
def test_two_runs_on_one_store_both_finish(write: Write, tmp_path: Path, root: Path) -> None:
    projects = [write("left"), write("right", orders(seed=1)), write("left")]
    running = [start(root, tmp_path / "state", project) for project in projects]

    outputs = [finish(process) for process in running]

    assert all("✓ Registered" in output for output in outputs)
    assert "version 2" not in outputs[0] + outputs[2]


@pytest.mark.xdist_group("processes")
def test_a_change_in_the_domain_redoes_what_depends_on_it_and_only_that(
    write: Write, tmp_path: Path, root: Path
) -> None:
    house = tmp_path / "house"
    shutil.copytree(root, house, ignore=IGNORED)
    folder = write("edited")
    finish(start(house, tmp_path / "state", folder))
    gate = house / "lifecycle/evaluation/gates/metric.py"
    gate.write_text(gate.read_text() + "\nCHANGED = True\n")

    output = finish(start(house, tmp_path / "state", folder))

    line = cached(output)
    assert "tune" in line
    assert "evaluate" in line
    assert "judge" not in line
