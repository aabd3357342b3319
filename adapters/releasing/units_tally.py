"""What has been read of the event log for a test, and is not read again.

What was read is kept beside the log, in `index/units/`, with the place in each file up to which
it was; only what came after is read at the next look. It follows from the log alone, can be
deleted at any time, and is made anew where it does not fit. The last few thousand lines are read
anew each time, so that not each look writes megabytes.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import get_ident
from typing import Any, TypeVar
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from adapters.events.reading import INDEX, PREDICTIONS, files
from adapters.events.segment import CLOSED, OPEN
from adapters.releasing.units_lines import (
    Columns,
    Kind,
    Moments,
    Names,
    Outcomes,
    Piece,
    Prediction,
    Requests,
    Seen,
    Told,
    pieces,
    seen_in,
    told_in,
)

OUTCOMES = "outcomes"
"""The folder of the log of outcomes, beside that of predictions."""

KEEP_AFTER = 20_000
"""New lines from which on what was read is kept; a fiftieth of the old ones, if that is more."""

_FORM = "1"
_EARLIER = timedelta(hours=1)
"""How much older than a test the last change of a file has to be for it to be passed over."""

Kept = TypeVar("Kept", Seen, Requests, Outcomes)
_log = logging.getLogger("perennial.releasing")


def _empty(*types: str) -> list[NDArray[Any]]:
    return [np.zeros(0, kind) for kind in types]


class _Shrunk(Exception):  # noqa: N818  (it is caught here, and never told)
    """A file is shorter than what was read of it: a writer took back what failed."""


@dataclass(frozen=True)
class Asked:
    """Of which log, and which part of it.

    Parameters
    ----------
    folder
        Of all events of a project.
    release
        Whose arms are meant; `None`: no matter whose.
    versions
        The champion's and the challenger's.
    since
        Whom requests before were of does not count; files last changed before are passed over.
    """

    folder: Path
    release: int | None
    versions: tuple[str, str]
    since: datetime

    @property
    def told(self) -> str:
        """What it is kept under, apart from the number of its release."""
        return f"{_FORM} {self.release} {self.versions} {self.since.isoformat()}"


@dataclass(frozen=True)
class Tally:
    """What has been read.

    Parameters
    ----------
    places
        By kind and file: up to which byte it was read.
    requests
        In parts, each in order: putting them together is work for when they are kept.
    others
        When requests of an arm were answered by the other version.
    lines, broken
        How many were read, and how many more could not be.
    """

    places: dict[str, int] = field(default_factory=dict)
    seen: Seen = field(default_factory=lambda: Seen(*_empty("u8", "i8")))
    requests: tuple[Requests, ...] = ()
    others: Moments = field(default_factory=lambda: _empty("i8")[0])
    outcomes: Outcomes = field(
        default_factory=lambda: Outcomes(*_empty("u8", "u8", "u8", "u8", "f8", "i8", "i8"))
    )
    lines: int = 0
    broken: int = 0

    def units_of(self, requests: Names) -> Names:
        """Find the units of requests; zero for those nobody made."""
        found = np.zeros(len(requests), dtype=np.uint64)
        for part in self.requests:
            found = np.where(found == 0, part.units_of(requests), found)
        return found


def tally(asked: Asked, *, keeps: bool = True) -> Tally:
    """Read what has come to a log since it was last read.

    Parameters
    ----------
    keeps
        Whether what was read is kept, and not read again.

    Raises
    ------
    DataError
        If a line is of a form that this version of Perennial does not know.
    """
    known = _kept(asked) if keeps else Tally()
    try:
        now = _read_on(known, asked)
    except _Shrunk:
        known, now = Tally(), _read_on(Tally(), asked)
    if keeps and now.lines - known.lines >= max(KEEP_AFTER, known.lines // 50):
        now = replace(now, requests=_merged(now.requests))
        try:
            _keep(now, asked)
        except OSError as error:
            _log.warning("%s cannot be kept: %s. It is read anew.", _place(asked), error)
    return now


def _read_on(known: Tally, asked: Asked) -> Tally:
    """Read the rest of all files."""
    places, lines, broken = dict(known.places), known.lines, known.broken
    seen, requests, others = [known.seen], [*known.requests], [known.others]
    for name, prediction in _pieces(asked, PREDICTIONS, Prediction, places):
        found = seen_in(
            prediction.lines, release=asked.release, versions=asked.versions, since=asked.since
        )
        seen.append(found[0])
        requests.append(found[1])
        others.append(found[2])
        places[name] = prediction.end
        lines, broken = lines + len(prediction.lines), broken + prediction.broken
    outcomes = [known.outcomes]
    for name, told in _pieces(asked, OUTCOMES, Told, places):
        outcomes.append(told_in(told.lines))
        places[name] = told.end
        lines, broken = lines + len(told.lines), broken + told.broken
    if lines == known.lines:
        return replace(known, places=places, broken=broken)
    both = Seen.joined(seen)
    return Tally(
        places,
        Seen.of(both.key, both.at),
        _merged(tuple(requests)) if len(requests) > 8 else tuple(requests),
        np.concatenate(others),
        Outcomes.joined(outcomes),
        lines,
        broken,
    )


def _pieces(
    asked: Asked, kind: str, line: type[Kind], places: dict[str, int]
) -> Iterator[tuple[str, Piece[Kind]]]:
    """Give the lines of all files of a kind that were not read yet, and each file's name."""
    oldest = (asked.since - _EARLIER).timestamp()
    for path in files(asked.folder / kind):
        name = f"{kind}/{path.name.removesuffix(OPEN).removesuffix(CLOSED)}"
        begin = places.get(name, 0)
        try:
            found = path.stat()
        except FileNotFoundError:  # finished or swept away since it was listed: the next look
            continue
        if found.st_size < begin:
            raise _Shrunk
        if found.st_size > begin and found.st_mtime >= oldest:
            for piece in pieces(path, line, begin=begin):
                yield name, piece


def _merged(parts: tuple[Requests, ...]) -> tuple[Requests, ...]:
    return (Requests.joined(parts).sorted(),) if parts else ()


def _place(asked: Asked) -> Path:
    return asked.folder / INDEX / "units" / f"{asked.release}.npz"


def _kept(asked: Asked) -> Tally:
    place = _place(asked)
    try:
        found = place.stat()
        told, known = _load(place, found.st_mtime_ns, found.st_size)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):
        return Tally()  # there is none, or it is no good: it is made anew
    return known if told == asked.told else Tally()


@lru_cache(maxsize=2)
def _load(place: Path, changed: int, size: int) -> tuple[str, Tally]:
    """Load what was kept; the same file is not loaded twice."""
    with np.load(place, allow_pickle=False) as kept:
        told = msgspec.json.decode(kept["told"].tobytes(), type=_Told)
        requests = _unpacked(Requests, kept, "requests")
        return told.asked, Tally(
            told.places,
            _unpacked(Seen, kept, "seen"),
            (requests,) if len(requests) else (),
            kept["others"],
            _unpacked(Outcomes, kept, "outcomes"),
            told.lines,
            told.broken,
        )


class _Told(msgspec.Struct):
    asked: str
    places: dict[str, int]
    lines: int
    broken: int


def _unpacked(kind: type[Kept], kept: Mapping[str, NDArray[Any]], name: str) -> Kept:
    return kind(*(kept[f"{name}.{one.name}"] for one in fields(kind)))


def _packed(columns: Columns, name: str) -> dict[str, NDArray[Any]]:
    return {f"{name}.{one.name}": getattr(columns, one.name) for one in fields(columns)}


def _keep(found: Tally, asked: Asked) -> None:
    place = _place(asked)
    told = _Told(asked.told, found.places, found.lines, found.broken)
    requests = found.requests[0] if found.requests else Requests(*_empty("u8", "u8"))
    arrays = {
        **_packed(found.seen, "seen"),
        **_packed(requests, "requests"),
        **_packed(found.outcomes, "outcomes"),
        "others": found.others,
        "told": np.frombuffer(msgspec.json.encode(told), dtype=np.uint8),
    }
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = place.with_suffix(f".{os.getpid()}-{get_ident()}")
    try:
        with draft.open("wb") as out:
            np.savez(out, **arrays)  # type: ignore[arg-type]
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
