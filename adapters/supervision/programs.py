"""The programs of a state folder, as they are written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from adapters.supervision import launch
from adapters.supervision.place import (
    SupervisionError,
    private_folder,
    replace_file,
    socket_path,
)
from adapters.supervision.program import Program, configuration

LOCK_SECONDS = 120


class Programs:
    """A folder with one file for each program, and supervisor's own made from all of them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Program]:
        for file in sorted((self.path / "programs").glob("*.json")):
            try:
                text = file.read_bytes()
            except FileNotFoundError:  # stopped by somebody else since it was listed
                continue
            yield Program.model_validate_json(text)

    @cached_property
    def folder(self) -> Path:
        """The folder, which is made when it is first needed."""
        private_folder(self.path)
        private_folder(self.path / "programs")
        return self.path

    @cached_property
    def socket(self) -> Path:
        """Where the supervisor listens."""
        return socket_path(self.folder, "control")

    @property
    def settings(self) -> Path:
        """The file the supervisor reads."""
        return self.folder / "supervisord.conf"

    @property
    def log(self) -> Path:
        """What the supervisor itself has to tell."""
        return self.folder / "supervisord.log"

    def file(self, name: str) -> Path:
        """Name the file of a program."""
        return self.folder / "programs" / f"{name}.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold off every other command that starts or stops something here."""
        try:
            with FileLock(self.folder / "lock", timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise SupervisionError(
                f"Another command has been starting or stopping programs of {self.path} for "
                f"{LOCK_SECONDS} seconds. Wait for it, or end it, and try again."
            ) from error

    def add(self, program: Program) -> None:
        """Write a program down, also into supervisor's file."""
        others = [other for other in self if other.name != program.name]
        text = configuration([*others, program], folder=self.folder, socket=self.socket)
        Path(program.log).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        launch.trace_of(self.file(program.name)).unlink(missing_ok=True)
        replace_file(self.file(program.name), program.model_dump_json(indent=2))
        replace_file(self.settings, text)

    def forget(self, name: str) -> None:
        """Take a program out again."""
        launch.trace_of(self.file(name)).unlink(missing_ok=True)
        self.file(name).unlink(missing_ok=True)
        replace_file(self.settings, configuration([*self], folder=self.folder, socket=self.socket))
