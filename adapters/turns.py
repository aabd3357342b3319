"""The watch over this machine's projects: one at a time, and when each was last done."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from adapters.clock import now
from adapters.supervision.place import replace_file
from lifecycle.errors import PerennialError


class WatchError(PerennialError):
    """The watch cannot be kept."""


@contextlib.contextmanager
def alone(state: Path) -> Iterator[None]:
    """Keep watch with nobody else doing so on the same state.

    Raises
    ------
    WatchError
        If somebody does already.
    """
    lock = state / "monitoring" / "watch.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout:
        raise WatchError(
            f"Another watch runs on {state.name}; two would do everything twice. End that one, or "
            "leave it to it."
        ) from None


def last_turn(state: Path, project: str) -> datetime | None:
    """Say when a project was last monitored by a watch; `None`: never, or nobody can tell."""
    with contextlib.suppress(OSError, ValueError):
        found = datetime.fromisoformat(_file(state, project).read_text(encoding="ascii"))
        return found.astimezone(UTC)
    return None


def finish_turn(state: Path, project: str) -> None:
    """Write down that a project has been monitored."""
    file = _file(state, project)
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, now().isoformat())


def _file(state: Path, project: str) -> Path:
    return state / "monitoring" / project / "last_turn"
