"""What has come to an event log since it was last read."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec

from adapters.events.lines import Predicted
from adapters.events.reading import PREDICTIONS, files, is_rehearsal
from adapters.events.segment import CLOSED, OPEN
from lifecycle.errors import DataError
from lifecycle.serving.events import FORM

MOST_BYTES = 2**23
"""Read at once: far more than a second brings; it takes 0.2 s to work off."""

_SETTLED = 2_000_000_000
"""Nanoseconds after which a folder that has not changed will not be said to have later on: the
clock of a file system has coarse steps."""

Line: TypeAlias = Predicted[msgspec.Raw]
_DECODER: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Predicted[msgspec.Raw])


class Tail:
    """The predictions of an event log, each read once, as they come.

    Parameters
    ----------
    folder
        Of all events; it may not be there yet.
    since
        Predictions asked for before are left out, as are rehearsals.

    Attributes
    ----------
    is_behind
        Whether more was there than is read at once: the rest comes the next time.
    """

    def __init__(self, folder: Path, since: datetime) -> None:
        self._folder, self._since = folder / PREDICTIONS, since
        self._places: dict[str, int] = {}
        self._done: set[str] = set()
        self._listed = 0
        self._fault: DataError | None = None
        self.is_behind = False

    def read(self, most: int = MOST_BYTES) -> Iterator[Line]:
        """Give the lines that have come; those that cannot be read are passed over.

        Parameters
        ----------
        most
            Bytes.

        Raises
        ------
        DataError
            If a line is of a form that this version of Perennial does not know.
        OSError
            If the log is there and cannot be read.
        """
        if self._fault is not None:
            raise self._fault
        self._list()
        self.is_behind = False
        for stem in sorted(self._places):
            if most <= 0:
                self.is_behind = True
                break
            block = self._take(stem, most)
            most -= len(block)
            for line in _decoded(block):
                if line.v != FORM:
                    self._fault = DataError(
                        f"{stem} has a line of form {line.v}; this version of Perennial reads "
                        f"form {FORM}. Read it with the version that wrote it."
                    )
                    raise self._fault
                if line.at >= self._since and not is_rehearsal(line.id):
                    yield line

    def _list(self) -> None:
        """Look for new files, where the folder says that there may be any."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if changed == self._listed:
            return
        for path in files(self._folder):
            stem = path.name.removesuffix(OPEN).removesuffix(CLOSED)
            if stem in self._places or stem in self._done:
                continue
            if path.name.endswith(CLOSED) and self._is_old(path):
                self._done.add(stem)
            else:
                self._places[stem] = 0
        self._listed = changed if time.time_ns() - changed > _SETTLED else 0

    def _is_old(self, path: Path) -> bool:
        with suppress(FileNotFoundError):  # swept away since it was listed
            return path.stat().st_mtime < self._since.timestamp()
        return True

    def _take(self, stem: str, most: int) -> bytes:
        """Give the whole lines that follow what was read of a file."""
        file = self._open(stem)
        if file is None:
            self._end(stem)
            return b""
        with file:
            size = file.seek(0, 2)
            # Lines that did not reach the disk are taken back by their writer.
            place = min(self._places[stem], size)
            file.seek(place)
            block = file.read(most) + file.readline()
            is_all = file.tell() >= size
        block = block[: block.rfind(b"\n") + 1]
        self._places[stem] = place + len(block)
        if file.name.endswith(CLOSED) and is_all:
            self._end(stem)
        elif not is_all:
            self.is_behind = True
        return block

    def _open(self, stem: str) -> BinaryIO | None:
        """Open a file under the name it has now; `None`: it was swept away."""
        for ending in (OPEN, CLOSED):
            with suppress(FileNotFoundError):
                return (self._folder / f"{stem}{ending}").open("rb")
        return None

    def _end(self, stem: str) -> None:
        del self._places[stem]
        self._done.add(stem)


def _decoded(block: bytes) -> list[Line]:
    try:
        lines = _DECODER.decode_lines(block)
        if all(line.at.tzinfo is not None for line in lines):
            return lines
    except (ValueError, UnicodeDecodeError):  # msgspec's errors are ValueErrors
        pass
    return [*_one_by_one(block)]


def _one_by_one(block: bytes) -> Iterator[Line]:
    for text in block.splitlines():
        with suppress(ValueError, UnicodeDecodeError):
            line = _DECODER.decode(text)
            line.check()
            yield line
