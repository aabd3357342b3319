"""The lines of one file, decoded many at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from adapters.events.reading import whole_lines
from lifecycle.errors import DataError
from lifecycle.serving.events import FORM

PIECE = 2**22
"""Bytes decoded at a time."""

Inputs = TypeVar("Inputs")
Kind = TypeVar("Kind", bound="Event")


class Event(msgspec.Struct, frozen=True, gc=False):
    """What all lines have."""

    at: datetime
    v: int

    def check(self) -> None:
        """Raise a ValueError if it cannot be right."""
        if self.at.tzinfo is None:
            raise ValueError("A moment without a zone is none.")


class Predicted(Event, Generic[Inputs], tag_field="event", tag="prediction", frozen=True, gc=False):
    """A line of a prediction, of whose inputs only what is asked for is read."""

    id: str
    row: int
    version: str
    score: float | dict[str, float]
    inputs: Inputs
    decision: str | None = None


class Told(Event, tag_field="event", tag="label", frozen=True, gc=False):
    """A line of a label."""

    label: bool | int | float | str | None
    id: str | None = None
    row: int | None = None
    key: dict[str, Any] | None = None
    known_at: str | None = None

    @property
    def known(self) -> datetime | None:
        """When it came to be known, where that was said; without a zone it is UTC."""
        if self.known_at is None:
            return None
        moment = datetime.fromisoformat(self.known_at)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

    def check(self) -> None:
        """Raise a ValueError if it cannot be right."""
        super().check()
        _ = self.known


@dataclass(frozen=True)
class Piece(Generic[Kind]):
    """Some lines of a file.

    Parameters
    ----------
    events
        Those that can be read.
    lines
        Where each of them stands in the file, from 0.
    broken
        How many others there are.
    """

    events: list[Kind]
    lines: Sequence[int]
    broken: int


def decoded(path: Path, kind: type[Kind]) -> Iterator[Piece[Kind]]:
    """Decode a file piece by piece.

    Raises
    ------
    DataError
        If a line is of a form that this version of Perennial does not know.
    """
    decoder = msgspec.json.Decoder(kind)
    begin = 0
    for lines in whole_lines(path, PIECE):
        piece = _at_once(lines, decoder, begin) or _one_by_one(lines, decoder, begin)
        strange = {event.v for event in piece.events} - {FORM}
        if strange:
            raise DataError(
                f"{path.name} has a line of form {strange.pop()}; this version of Perennial reads "
                f"form {FORM}. Read it with the version that wrote it."
            )
        yield piece
        begin += len(lines)


def _at_once(
    lines: list[bytes], decoder: msgspec.json.Decoder[Kind], begin: int
) -> Piece[Kind] | None:
    try:
        events = decoder.decode_lines(b"".join(lines))
        for event in events:
            event.check()
    except (ValueError, UnicodeDecodeError):  # msgspec's errors are ValueErrors
        return None
    is_whole = len(events) == len(lines)  # it passes over empty lines
    return Piece(events, range(begin, begin + len(lines)), 0) if is_whole else None


def _one_by_one(lines: list[bytes], decoder: msgspec.json.Decoder[Kind], begin: int) -> Piece[Kind]:
    events, places = [], []
    for place, line in enumerate(lines, start=begin):
        try:
            event = decoder.decode(line)
            event.check()
        except (ValueError, UnicodeDecodeError):
            continue
        events.append(event)
        places.append(place)
    return Piece(events, places, len(lines) - len(events))
