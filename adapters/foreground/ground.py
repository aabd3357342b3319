"""What a foreground command has started: found by the next one, and ended with the command.

Whoever serves in the foreground holds a lock for as long as it lives, and a small process that
watches over it reads from a pipe nothing is written into. When the command is gone, however it
went, the pipe ends, and the watcher ends what is left.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from adapters.foreground import watching
from adapters.routing import withdraw
from adapters.supervision import Supervisor, private_folder
from lifecycle.errors import ProjectError
from lifecycle.section import Value

ORDERLY = b"ended"
"""What the watcher is told when there is nothing left for it to do."""

LOCK_SECONDS = 120.0
"""How long a watcher may take to end what a killed command has left."""


class Ground(Value):
    """The state folder of what one project serves in the foreground.

    Parameters
    ----------
    drain_seconds
        How long requests may take that are under way when it ends.
    """

    folder: Path
    project: str
    drain_seconds: float = 10.0

    @property
    def served(self) -> FileLock:
        """The lock of whoever serves."""
        return FileLock(self.folder / "served.lock")

    @property
    def changed(self) -> FileLock:
        """The lock of whoever ends what is left."""
        return FileLock(self.folder / "changed.lock")

    def log(self, name: str) -> Path:
        """Name the file something writes what it says into."""
        folder = self.folder / "logs"
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder / f"{name}.log"

    def end(self) -> int:
        """Take no more requests, answer those there are, and end everything; twice is once.

        Returns
        -------
        int
            How many requests were not answered in time.
        """
        unfinished = withdraw(self.folder, self.project, drain_seconds=self.drain_seconds)
        Supervisor(self.folder).shutdown()
        return unfinished


def ground_of(state: Path, project: str, *, drain_seconds: float) -> Ground:
    """Give the ground of a project, below the state folder and apart from what is deployed."""
    folder = private_folder(state.absolute() / "serving" / ".foreground" / project)
    return Ground(folder=folder, project=project, drain_seconds=drain_seconds)


@contextmanager
def taken(ground: Ground) -> Iterator[None]:
    """Serve with nobody else doing so for the same project; what was left is ended before.

    Raises
    ------
    ProjectError
        If another command serves it in the foreground.
    """
    try:
        # A watcher tries the same lock for a moment.
        lock = ground.served.acquire(timeout=2)
    except Timeout as error:
        raise ProjectError(
            f'"{ground.project}" is served in the foreground by another command. End that with '
            "Ctrl-C, or serve a project of another name."
        ) from error
    with lock:
        with ground.changed.acquire(timeout=LOCK_SECONDS):
            ground.end()
        yield


@contextmanager
def watched(ground: Ground, *, root: Path) -> Iterator[None]:
    """End what the block starts when it is over, and also if this process is killed in it."""
    command = [sys.executable, "-m", watching.__name__, ground.model_dump_json()]
    with ground.log("watcher").open("ab") as log:
        watcher = subprocess.Popen(
            command,
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C at the terminal is not meant for it
        )
    try:
        yield
    finally:
        ground.end()
        with suppress(OSError):  # it is gone: then nobody has to be told
            watcher.communicate(ORDERLY, timeout=10)
