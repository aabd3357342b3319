"""Every test process has a state folder of its own, made before ZenML is imported."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from adapters.stacks.environment import STATE, prepare

ROOT = Path(__file__).resolve().parent.parent

os.environ[STATE] = tempfile.mkdtemp(prefix="perennial-tests-")
atexit.register(shutil.rmtree, os.environ[STATE], ignore_errors=True)
os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
prepare(ROOT)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a skip is a failure: what needs an engine must find one there."""
    report = (yield).get_result()
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where everything must run: {report.longrepr}"
