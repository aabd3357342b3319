"""The conductor of a project: the process that looks after its release, begun and ended."""

import os
import sys
from pathlib import Path

from adapters.supervision.supervisor import Supervisor

_HANDED_ON = ("PERENNIAL_", "MLFLOW_", "AWS_", "ZENML_")
"""What of the environment the conductor needs: where state, records and registry are."""


def start_conductor(project: str, *, root: Path, state: Path) -> None:
    """Begin to look after the release of a project, until it has ended; a dead one is begun anew.

    One that looks after it already is left at it.
    """
    supervisor, name = Supervisor(state), conductor_of(project)
    found = next((one for one in supervisor.status() if one.name == name), None)
    if found is not None and found.state in ("running", "starting"):
        return
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


def conductor_of(project: str) -> str:
    """Name the conductor of a project."""
    return f"conductor-{project}"


def log_of(project: str, state: Path) -> Path:
    """Say where the conductor writes what it does."""
    folder = state / "serving" / project / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "conductor.log"
