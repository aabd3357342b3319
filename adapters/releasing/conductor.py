"""The conductor of a project: the process that looks after its release, begun and ended."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from adapters.supervision.supervisor import Supervisor

_HANDED_ON = ("PERENNIAL_", "MLFLOW_", "AWS_", "ZENML_")
"""What of the environment the conductor needs: where state, records and registry are."""


ENDING_SECONDS = 15.0
"""So long one may take that stops a version before it ends itself."""


def start_conductor(
    project: str, *, root: Path, state: Path, is_looked_after: Callable[[], bool]
) -> None:
    """Begin to look after the release of a project, until it has ended.

    One that still runs for the release before may go on with this one, or may just be ending: it
    is given the time to show which.

    Parameters
    ----------
    is_looked_after
        Says whether anybody has looked at the release yet.
    """
    supervisor, name = Supervisor(state), conductor_of(project)
    ends = time.monotonic() + ENDING_SECONDS
    while _runs(supervisor, name) and time.monotonic() < ends:
        if is_looked_after():
            return
        time.sleep(0.1)
    supervisor.stop(name)
    told = {key: value for key, value in os.environ.items() if key.startswith(_HANDED_ON)}
    supervisor.start(
        name,
        [sys.executable, str(root / "run.py"), "conduct", "--project", project],
        env={**told, "PERENNIAL_STATE": str(state.absolute()), "OMP_NUM_THREADS": "1"},
        folder=root,
        log=log_of(project, state),
        stop_seconds=10,
        ends=True,
    )


def stop_conductor(project: str, *, state: Path) -> None:
    """End it; nothing is half-done then: what it broke off is repaired before the next move."""
    Supervisor(state).stop(conductor_of(project))


def _runs(supervisor: Supervisor, name: str) -> bool:
    alive = ("running", "starting", "orphaned")
    return any(one.name == name and one.state in alive for one in supervisor.status())


def conductor_of(project: str) -> str:
    """Name the conductor of a project."""
    return f"conductor-{project}"


def log_of(project: str, state: Path) -> Path:
    """Say where the conductor writes what it does."""
    folder = state / "serving" / project / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "conductor.log"
