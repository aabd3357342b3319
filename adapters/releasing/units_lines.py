"""What a test needs of the event log's lines, read from where reading ended last time."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Generic, Self, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from adapters.events.reading import is_rehearsal
from adapters.events.segment import CLOSED, OPEN
from lifecycle.errors import DataError
from lifecycle.serving.events import FORM

Names = NDArray[np.uint64]
Moments = NDArray[np.int64]

BLOCK = 2**23
"""Bytes of a file that are decoded at once."""

NOBODY = np.uint64(0)
CHAMPION, CHALLENGER, NEITHER = 0, 1, 2
_SIDES = {"champion": CHAMPION, "challenger": CHALLENGER}
_HEXADECIMAL = re.compile("[0-9a-f]{32}").fullmatch


class _Line(msgspec.Struct, frozen=True, gc=False):
    v: int
    at: datetime


class Prediction(_Line, tag_field="event", tag="prediction", frozen=True, gc=False):
    """What is read of a line of a prediction."""

    id: str
    row: int
    version: str
    unit: str | None = None
    arm: str | None = None


class Told(_Line, tag_field="event", tag="outcome", frozen=True, gc=False):
    """What is read of a line of an outcome."""

    name: str
    value: float = 1.0
    unit: str | None = None
    request: str | None = None
    id: str | None = None
    happened: datetime | None = None


Kind = TypeVar("Kind", Prediction, Told)


@dataclass(frozen=True)
class Columns:
    """Arrays of one length."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def take(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Give some of the rows, in that order."""
        return type(self)(*(getattr(self, one.name)[places] for one in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put the rows of several one after another."""
        return cls(*(np.concatenate([getattr(p, one.name) for p in parts]) for one in fields(cls)))


@dataclass(frozen=True)
class Seen(Columns):
    """When units were first seen, in the order of `key`: a unit with its side, see `key_of`."""

    key: Names
    at: Moments

    @classmethod
    def of(cls, key: Names, at: Moments) -> Self:
        """Keep of each key its first moment."""
        if not len(key):
            return cls(key, at)
        order = np.argsort(key, kind="stable")  # of sorted parts one after another: a merge
        key, at = key[order], at[order]
        begins = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        return cls(key[begins], np.minimum.reduceat(at, begins))

    @property
    def unit(self) -> Names:
        """The units, without their sides."""
        return self.key & ~np.uint64(3)

    @property
    def side(self) -> NDArray[np.uint64]:
        """`CHAMPION`, `CHALLENGER` or `NEITHER`."""
        return self.key & np.uint64(3)


@dataclass(frozen=True)
class Requests(Columns):
    """Which unit a request was of, in the order of its `id`."""

    id: Names
    unit: Names

    def sorted(self) -> Self:
        """Put them in order."""
        return self.take(np.argsort(self.id, kind="stable"))

    def units_of(self, ids: Names) -> Names:
        """Find the units of requests; `NOBODY` for those that are not among them."""
        if not len(self):
            return np.zeros(len(ids), dtype=np.uint64)
        places = np.minimum(np.searchsorted(self.id, ids), len(self) - 1)
        return np.where(self.id[places] == ids, self.unit[places], NOBODY)


@dataclass(frozen=True)
class Outcomes(Columns):
    """Outcomes as they were told, in the order of the log.

    Parameters
    ----------
    name
        A hash of what it is called.
    own
        A hash of its name and the sender's id; `NOBODY`: it has none.
    unit, request
        Of whom it is told; the other is `NOBODY`.
    at, when
        When it was told, and when it happened: not after it was told, whatever was said.
    """

    name: Names
    own: Names
    unit: Names
    request: Names
    value: NDArray[np.float64]
    at: Moments
    when: Moments


@dataclass(frozen=True)
class Piece(Generic[Kind]):
    """Some lines of a file, the place where they end, and how many of them cannot be read."""

    lines: list[Kind]
    end: int
    broken: int


def key_of(units: Names, side: int | NDArray[np.uint64]) -> Names:
    """Write a unit and its side as one number; a unit's two lowest bits are given up for it."""
    return (units & ~np.uint64(3)) | np.asarray(side, dtype=np.uint64)


def hashes(texts: Iterable[str]) -> Names:
    """Name texts by 64 bits, never zero; the odds that any two of a million meet are 1 in 10^7."""
    joined = b"".join(
        [blake2b(t.encode("utf-8", "replace"), digest_size=8).digest() for t in texts]
    )
    names = np.frombuffer(joined, dtype="<u8").astype(np.uint64)
    names[names == NOBODY] = 1
    return names


def units(texts: Sequence[str]) -> Names:
    """Shorten the hashes of units to 62 bits, in place: the service writes 32 hexadecimal digits.

    Whatever else names a unit is hashed.

    Examples
    --------
    >>> [f"{name:x}" for name in units(["00000000000000ff" * 2]).tolist()]
    ['fc']
    """
    joined = "".join(texts)
    if len(joined) == 32 * len(texts) and all(map(_HEXADECIMAL, texts)):
        names = np.frombuffer(bytes.fromhex(joined), dtype=">u8")[::2].astype(np.uint64)
    else:
        names = np.concatenate([_unit(text) for text in texts])
    names &= ~np.uint64(3)
    names[names == NOBODY] = 4
    return names


def _unit(text: str) -> Names:
    if _HEXADECIMAL(text):
        return np.array([int(text[:16], 16)], dtype=np.uint64)
    return hashes([text])


def microseconds(moments: Iterable[datetime]) -> Moments:
    """Write moments as microseconds since 1970."""
    seconds = np.array([moment.timestamp() for moment in moments], dtype=np.float64)
    return np.rint(seconds * 1e6).astype(np.int64)


def pieces(path: Path, kind: type[Kind], *, begin: int) -> Iterator[Piece[Kind]]:
    """Decode the whole lines of a file from a place on.

    Raises
    ------
    DataError
        If a line is of a form that this version of Perennial does not know.
    """
    decoder: msgspec.json.Decoder[Kind] = msgspec.json.Decoder(kind)
    for block, end in _blocks(path, begin):
        lines, broken = _decoded(block, decoder)
        strange = {line.v for line in lines} - {FORM}
        if strange:
            raise DataError(
                f"{path.name} has a line of form {strange.pop()}; this version of Perennial reads "
                f"form {FORM}. Read it with the version that wrote it."
            )
        yield Piece(lines, end, broken)


def _blocks(path: Path, begin: int) -> Iterator[tuple[bytes, int]]:
    for name in (path.name, path.name.removesuffix(OPEN) + CLOSED):
        with suppress(FileNotFoundError):
            file = path.with_name(name).open("rb")
            break
    else:
        return  # it was swept away
    with file:
        file.seek(begin)
        rest = b""
        while piece := file.read(BLOCK):
            cut = piece.rfind(b"\n") + 1
            if not cut:
                rest += piece
                continue
            block, rest = rest + piece[:cut], piece[cut:]
            begin += len(block)
            yield block, begin


def _decoded(block: bytes, decoder: msgspec.json.Decoder[Kind]) -> tuple[list[Kind], int]:
    try:
        lines = decoder.decode_lines(block)
        if all(_has_zone(line) for line in lines):
            return lines, 0
    except (ValueError, UnicodeDecodeError):  # msgspec's errors are ValueErrors
        pass
    found, texts = [], block.splitlines()
    for text in texts:
        with suppress(ValueError, UnicodeDecodeError):
            line = decoder.decode(text)
            if _has_zone(line):
                found.append(line)
    return found, len(texts) - len(found)


def _has_zone(line: Prediction | Told) -> bool:
    if line.at.tzinfo is None:
        return False
    return not isinstance(line, Told) or line.happened is None or line.happened.tzinfo is not None


def seen_in(
    lines: list[Prediction], *, release: int | None, versions: tuple[str, str], since: datetime
) -> tuple[Seen, Requests, Moments]:
    """Give whom requests were of, and when an arm's were answered by the other version.

    Parameters
    ----------
    release
        Whose arms are meant; `None`: no matter whose.
    versions
        The champion's and the challenger's.
    since
        From when on being seen counts.
    """
    # All rows of a request are of one unit, written in one piece.
    lines = [e for e in lines if e.row == 0 and e.unit is not None and not is_rehearsal(e.id)]
    sides: dict[str | None, int] = {arm: _side(arm, release) for arm in {e.arm for e in lines}}
    side = np.array([sides[line.arm] for line in lines], dtype=np.uint64)
    names, at = units([line.unit or "" for line in lines]), microseconds(e.at for e in lines)
    others = [
        place
        for place, line in enumerate(lines)
        if sides[line.arm] != NEITHER and line.version != versions[sides[line.arm]]
    ]
    requests = Requests(hashes(line.id for line in lines), names)
    recent = at >= round(since.timestamp() * 1e6)
    return Seen.of(key_of(names, side)[recent], at[recent]), requests.sorted(), at[others]


def _side(arm: str | None, release: int | None) -> int:
    number, _, name = (arm or "").rpartition(":")
    return _SIDES.get(name, NEITHER) if release is None or number == str(release) else NEITHER


def told_in(lines: list[Told]) -> Outcomes:
    """Give outcomes as columns."""
    named = {name: hashes([name])[0] for name in {line.name for line in lines}}
    own = np.zeros(len(lines), dtype=np.uint64)
    unit, request = own.copy(), own.copy()
    with_id = [place for place, line in enumerate(lines) if line.id is not None]
    own[with_id] = hashes(f"{lines[place].name}\0{lines[place].id}" for place in with_id)
    of_unit = [place for place, line in enumerate(lines) if line.unit is not None]
    unit[of_unit] = units([lines[place].unit or "" for place in of_unit])
    of_request = [p for p, line in enumerate(lines) if line.unit is None and line.request]
    request[of_request] = hashes(lines[place].request or "" for place in of_request)
    at = microseconds(line.at for line in lines)
    when = microseconds(line.happened or line.at for line in lines)
    name = np.array([named[line.name] for line in lines], dtype=np.uint64)
    value = np.array([line.value for line in lines], dtype=np.float64)
    return Outcomes(name, own, unit, request, value, at, np.minimum(when, at))
