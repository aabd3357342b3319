"""One file of an event log: whole blocks only, one writer, and an heir when that one dies."""

import fcntl
import logging
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

OPEN, CLOSED, TORN = ".jsonl.open", ".jsonl", ".jsonl.torn"
"""Still written; finished; what a dying writer left behind its last whole line."""

PROBE = ".probe"
RESERVED = 65_536
"""Bytes that have to fit beside the log for it to count as writable: some hundred lines."""

_PIECE = 65_536
_log = logging.getLogger("perennial.events")


class Segment:
    """A file that only this process appends to.

    It is locked (`flock`) for as long as its writer lives, however that one ends. So whoever
    gets the lock knows that nobody writes there any more, on this machine, in this container or
    in another one.
    """

    def __init__(self, path: Path, descriptor: int, opened: datetime) -> None:
        self.path, self.opened, self.size, self.process = path, opened, 0, os.getpid()
        self.is_broken = False
        self._descriptor = descriptor

    @classmethod
    def create(cls, folder: Path, opened: datetime) -> "Segment":
        """Make a new file that nobody else has.

        Raises
        ------
        OSError
            If the folder takes no new file, or its file system knows no locks.
        """
        host = re.sub(r"[^A-Za-z0-9_.]+", "_", socket.gethostname()) or "unknown"
        stem = f"{opened:%Y%m%dT%H%M%S.%fZ}-{host}-{os.getpid()}"
        number = 0
        while True:
            path = folder / f"{stem}-{number}{OPEN}"
            number += 1
            with suppress(FileExistsError):
                descriptor = os.open(
                    path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
                )
                try:
                    if _is_mine(path, descriptor):
                        return cls(path, descriptor, opened)
                except OSError:
                    path.unlink(missing_ok=True)
                    os.close(descriptor)
                    raise
                os.close(descriptor)

    @property
    def is_gone(self) -> bool:
        """Whether the file was deleted: what is written there now, nobody will find."""
        return os.fstat(self._descriptor).st_nlink == 0

    def append(self, lines: bytes, *, to_disk: bool = False) -> None:
        """Write a whole block, or nothing.

        Raises
        ------
        OSError
            If it cannot be written; what was written of it has been taken back, unless
            `is_broken` says that not even that was possible.
        """
        try:
            written = os.write(self._descriptor, lines)
            while written < len(lines):  # the file system took a part: it says why the next time
                written += os.write(self._descriptor, memoryview(lines)[written:])
            if to_disk:
                self._reach_disk()
            if self.is_gone:
                raise FileNotFoundError(2, "The file was deleted while it was written")
        except BaseException:
            self._take_back()
            raise
        self.size += len(lines)

    def _reach_disk(self) -> None:
        try:
            os.fdatasync(self._descriptor)
        except OSError:
            # After a failure the kernel may count the lost pages as written: a later success
            # would mean nothing, so this file is never asked again.
            self.is_broken = True
            raise

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError as error:
            self.is_broken = True
            _log.error("Cannot take half a line back from %s: %s.", self.path, error)

    def finish(self) -> None:
        """Bring it to disk and give it its final name; an empty file is removed.

        Raises
        ------
        OSError
            If that is not possible; the file stays as it is, for whoever takes it over.
        """
        try:
            _conclude(self.path, self._descriptor)
        finally:
            os.close(self._descriptor)

    def release(self) -> None:
        """Let go of it as it is: a forked child of its parent's file, or anyone of a broken one."""
        os.close(self._descriptor)


def take_over(folder: Path) -> None:
    """Finish the files whose writers died; those of the living stay as they are.

    What follows the last whole line is moved to a file of its own beside it.

    Raises
    ------
    OSError
        If the folder cannot be read. A file that cannot be finished is logged, and stays.
    """
    for name in sorted(os.listdir(folder)):  # noqa: PTH208  (a Path for each costs too much)
        if not name.endswith(OPEN):
            continue
        path = folder / name
        try:
            with _abandoned(path) as descriptor:
                if descriptor is not None:
                    _cut_torn(path, descriptor)
                    _conclude(path, descriptor)
                    _log.info("Took over %s, whose writer had died.", path)
        except OSError as error:
            _log.warning("Cannot take over %s: %s. It stays as it is.", path, error)


def reserve(folder: Path) -> None:
    """Try whether the folder takes a new file with some hundred lines; nothing stays of it.

    Raises
    ------
    OSError
        Whatever stands in the way.
    """
    path = folder / PROBE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(FileNotFoundError):  # another process probes as well
            path.unlink()
        written = 0
        while written < RESERVED:
            written += os.write(descriptor, bytes(RESERVED - written))
    finally:
        os.close(descriptor)


def reach_folder(folder: Path) -> None:
    """Bring the names in a folder to disk: a new file's name is not part of the file."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_mine(path: Path, descriptor: int) -> bool:
    """Lock a file, and say whether it is still there under its name once it is locked.

    Between its making and its locking another process may have taken it for abandoned; and
    between being seen and being locked, its writer may have finished it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except (BlockingIOError, FileNotFoundError):
        return False


@contextmanager
def _abandoned(path: Path) -> Iterator[int | None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        yield descriptor if _is_mine(path, descriptor) else None
    finally:
        os.close(descriptor)


def _cut_torn(path: Path, descriptor: int) -> None:
    """Move what follows the last whole line aside, so that no half line is left."""
    size = os.fstat(descriptor).st_size
    whole = _end_of_lines(descriptor, size)
    if whole == size:
        return
    torn = path.with_name(path.name.removesuffix(OPEN) + TORN)
    target = os.open(torn, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        done = whole
        while done < size:
            done += os.write(target, os.pread(descriptor, min(_PIECE, size - done), done))
        os.fsync(target)
    finally:
        os.close(target)
    os.ftruncate(descriptor, whole)


def _end_of_lines(descriptor: int, size: int) -> int:
    end = size
    while end > 0:
        start = max(0, end - _PIECE)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _conclude(path: Path, descriptor: int) -> None:
    if os.fstat(descriptor).st_size == 0:
        path.unlink(missing_ok=True)
        return
    os.fsync(descriptor)
    path.rename(path.with_name(path.name.removesuffix(OPEN) + CLOSED))
    reach_folder(path.parent)
