"""A state folder whose supervisor, and everything it began, is gone afterwards."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from adapters.supervision import Supervisor


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    try:
        yield supervisor
    finally:
        supervisor.shutdown()
        left = marked(tmp_path)
        for process in left:
            process.kill()
        assert not left


def marked(folder: Path) -> list[psutil.Process]:
    """Find processes that were begun for a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), process.environ().get("PERENNIAL_PROGRAM", "")]
        except psutil.Error:
            continue
        if any(str(folder) in word for word in told):
            found.append(process)
    return found
