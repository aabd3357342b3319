"""The watch over this machine's projects: one at a time, and when each was last done."""

import contextlib
import subprocess
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from adapters.clock import now
from adapters.supervision.place import replace_file
from lifecycle.errors import PerennialError

_GRACE_SECONDS = 5.0
"""What is half done is done again the next time, so nothing is worth waiting for."""


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
    file = state / "monitoring" / "watch.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise WatchError(
            f"Another watch runs on {state}; two would do everything twice. End that one, or "
            "leave it to it."
        ) from None
    try:
        yield
    finally:
        lock.release()


class Runner:
    """Runs one process at a time, and can be told to stop from another thread.

    Examples
    --------
    >>> runner = Runner()
    >>> runner.run(["true"]), runner.run(["false"])
    (0, 1)
    >>> runner.stop()
    >>> runner.run(["true"]) is None
    True
    """

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def run(self, command: Sequence[str]) -> int | None:
        """Run a process to its end and give its status; `None` where it was told to stop."""
        with self._turn:
            if self.stopped.is_set():
                return None
            child = self._child = subprocess.Popen(command)
        status = child.wait()
        return None if self.stopped.is_set() else status

    def stop(self) -> None:
        """Begin nothing any more, and end what runs: asked first, and killed if it goes on."""
        with self._turn:
            self.stopped.set()
            child = self._child
        if child is not None:
            child.terminate()
            patience = threading.Timer(_GRACE_SECONDS, child.kill)
            patience.daemon = True
            patience.start()


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
