"""A file that is read again whenever it changed, and counts for nothing while it is broken."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from lifecycle.serving.access import AccessError

T = TypeVar("T")

_Mark = tuple[int, int, int, int, int]

LARGEST = 16 * 2**20
"""Bytes of a file that is still read: 50,000 keys. A larger one is not what it should be."""


class Watched(Generic[T]):
    """What a file says, as of the last `look`.

    A file that is missing, unreadable or makes no sense has no content: whoever relies on it has
    to refuse. Reading it is tried again at every look.

    Parameters
    ----------
    path
        The file. Where it is mounted into a container, mount its folder: a single file that is
        mounted stays the one it was when another takes its place.
    read
        Makes sense of its bytes, or raises an `AccessError` that says why it cannot.
    kind
        What to call the file in `fault`.
    """

    def __init__(self, path: Path, read: Callable[[bytes], T], *, kind: str) -> None:
        self._path, self._read, self._kind = path, read, kind
        self._mark: _Mark | None = None
        self.content: T | None = None
        self.fault: str | None = f"The {kind} has not been read yet."
        self.look()

    def look(self) -> bool:
        """Read the file if it is another than before; tell whether that changed anything."""
        before = self.content, self.fault
        try:
            if self._mark is not None and _mark_of(self._path.stat()) == self._mark:
                return False
            self._mark, found = self._take()
            self.content, self.fault = self._read(found), None
        except OSError as error:
            self._lose(f"cannot be read ({error.strerror})")
        except AccessError as error:
            self._lose(str(error))
        return (self.content, self.fault) != before

    def _take(self) -> tuple[_Mark, bytes]:
        with self._path.open("rb") as file:
            mark = _mark_of(os.fstat(file.fileno()))
            found = file.read(LARGEST + 1)
        if len(found) > LARGEST:
            raise AccessError(f"is larger than {LARGEST // 2**20} MB")
        return mark, found

    def _lose(self, why: str) -> None:
        self._mark, self.content = None, None
        self.fault = f"The {self._kind} {why}."


def _mark_of(status: os.stat_result) -> _Mark:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
