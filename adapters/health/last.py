"""The last predictions of an event log, found from its end without reading the rest."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from adapters.events.reading import PREDICTIONS, REHEARSAL, files
from adapters.events.segment import CLOSED

PIECE = 65_536
"""Bytes that are read at once, from the end."""


class Last(NamedTuple):
    """When predictions were last written down.

    Parameters
    ----------
    asked
        By somebody else than our own tests, of any version.
    written
        By the version, whoever asked.
    """

    asked: datetime | None
    written: datetime | None


class _Line(msgspec.Struct, frozen=True, gc=False):
    id: str
    at: datetime
    version: str


def last(folder: Path, *, version: str | None, since: datetime | None = None) -> Last:
    """Find when predictions were last written down; lines of unfinished files count.

    Each file is read from its end, and only as far as that takes.

    Parameters
    ----------
    folder
        Of all events of a project.
    version, since
        Whose last line is wanted, and since when it has answered: older files have none of it.
    """
    asked: datetime | None = None
    written: datetime | None = None
    for changed, path in _newest_first(folder / PREDICTIONS):
        is_known = written is not None or version is None or (since is not None and changed < since)
        if asked is not None and changed < asked and is_known:
            break  # whatever is in it was written before
        for place, line in enumerate(_from_the_end(path)):
            # A file has one writer, and a writer one version: its last line tells for all.
            if place == 0 and line.version == version:
                written = line.at if written is None else max(written, line.at)
            if not line.id.startswith(REHEARSAL):
                asked = line.at if asked is None else max(asked, line.at)
                break
    return Last(asked, written)


def _newest_first(folder: Path) -> list[tuple[datetime, Path]]:
    found = []
    for listed in files(folder):
        finished = listed.with_name(listed.name.partition(CLOSED)[0] + CLOSED)
        for path in dict.fromkeys((listed, finished)):  # it may be finished since it was listed
            with suppress(FileNotFoundError):  # or swept
                found.append((datetime.fromtimestamp(path.stat().st_mtime, UTC), path))
                break
    return sorted(found, reverse=True)


def _from_the_end(path: Path) -> Iterator[_Line]:
    decode = msgspec.json.Decoder(_Line).decode
    for line in _lines_backwards(path):
        try:
            yield decode(line)
        except (ValueError, UnicodeDecodeError):  # torn, or empty
            continue


def _lines_backwards(path: Path) -> Iterator[bytes]:
    """Give the whole lines of a file, the last one first."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        end = file.seek(0, os.SEEK_END)
        rest: list[bytes] = []  # of a line whose beginning is yet to come, last piece first
        is_whole = False
        while end > 0:
            start = max(0, end - PIECE)
            file.seek(start)
            pieces = file.read(end - start).split(b"\n")
            end = start
            while len(pieces) > 1:
                rest.append(pieces.pop())
                if is_whole:
                    yield b"".join(reversed(rest))
                is_whole, rest = True, []
            rest.append(pieces[0])
        if is_whole:
            yield b"".join(reversed(rest))
