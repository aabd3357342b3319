"""Profiles on disk by version, subject and span: each written whole, or not at all."""

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

import msgspec

from adapters.events.segment import reach_folder
from adapters.profiles.sketches import merge
from lifecycle.errors import DataError
from lifecycle.monitoring.span import Span

Subject = Literal["predictions", "labels"]
"""`predictions`: inputs, scores and decisions."""

_MAGIC = b"perennial profile 1\n"
_ENDING = ".profile"
_FORM = "%Y%m%dT%H%M%S.%fZ"
_DRAFT_IS_DEAD_AFTER = timedelta(days=1)


class DamagedProfileError(DataError):
    """A stored profile is not what was written: make it anew from the log."""


class _Head(msgspec.Struct):
    rows: int
    settled: bool
    digest: str


@dataclass(frozen=True)
class Kept:
    """A profile as it was stored.

    Parameters
    ----------
    settled
        Whether it was made so long after its span that no more events of it were to come.
    """

    profile: bytes
    rows: int
    settled: bool


class Store:
    """A folder of profiles, for example of one project.

    Examples
    --------
    >>> import tempfile
    >>> day = Span(start=datetime(2013, 1, 1, tzinfo=UTC), end=datetime(2013, 1, 2, tzinfo=UTC))
    >>> with tempfile.TemporaryDirectory() as name:
    ...     store = Store(Path(name) / "flights")
    ...     store.put("3", "predictions", day, b"a profile", rows=7)
    ...     store.get("3", "predictions", day), store.get("4", "predictions", day)
    (b'a profile', None)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(
        self,
        version: str,
        subject: Subject,
        span: Span,
        profile: bytes,
        *,
        rows: int,
        settled: bool = True,
    ) -> None:
        """Store a profile in place of the one there was, if any."""
        digest = hashlib.sha256(profile).hexdigest()
        head = msgspec.json.encode(_Head(rows=rows, settled=settled, digest=digest))
        place = self._place(version, subject, span)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(place, _MAGIC + head + b"\n" + zlib.compress(profile, 1))

    def get(self, version: str, subject: Subject, span: Span) -> bytes | None:
        """Give a profile; `None` where there is none.

        Raises
        ------
        DamagedProfileError
            If the file is not what was written.
        """
        kept = self.kept(version, subject, span)
        return None if kept is None else kept.profile

    def kept(self, version: str, subject: Subject, span: Span) -> Kept | None:
        """Give a profile with what is known of its making. Raises as `get`."""
        place = self._place(version, subject, span)
        try:
            content = place.read_bytes()
        except FileNotFoundError:
            return None
        head, packed = _read_head(content, place)
        try:
            profile = zlib.decompress(packed)
        except zlib.error:
            profile = b""
        if hashlib.sha256(profile).hexdigest() != head.digest:
            raise _damaged(place)
        return Kept(profile, head.rows, head.settled)

    def rows(self, version: str, subject: Subject, span: Span) -> int | None:
        """Say how many rows a profile has, also a damaged one; `None` where it cannot be told."""
        place = self._place(version, subject, span)
        with suppress(FileNotFoundError, DamagedProfileError):
            return _read_head(place.read_bytes(), place)[0].rows
        return None

    def versions(self) -> tuple[str, ...]:
        """Name the versions of which there are profiles."""
        if not self._folder.is_dir():
            return ()
        return tuple(sorted(unquote(path.name) for path in self._folder.iterdir()))

    def spans(self, version: str, subject: Subject = "predictions") -> tuple[Span, ...]:
        """List the spans of which there are profiles, by their starts; the longest first."""
        folder = self._folder / _name(version) / subject
        if not folder.is_dir():
            return ()
        found = [_read_span(path) for path in folder.iterdir() if path.name.endswith(_ENDING)]
        return tuple(
            sorted((span for span in found if span), key=lambda s: (s.start, s.start - s.end))
        )

    def window(self, version: str, subject: Subject, span: Span) -> bytes | None:
        """Give the profile of a span, merged from smaller ones where it is not there itself.

        `None` where the smaller ones leave a gap. Raises as `get`.
        """
        there = self.get(version, subject, span)
        if there is not None:
            return there
        parts = _tile(span, self.spans(version, subject))
        if parts is None:
            return None
        profiles = [self.get(version, subject, part) for part in parts]
        if any(profile is None for profile in profiles):  # swept since they were listed
            return None
        return merge(profile for profile in profiles if profile is not None)

    def sweep(self, *, keep: timedelta, now: datetime) -> tuple[Span, ...]:
        """Delete the profiles of spans that ended more than `keep` ago, and give those."""
        deleted = []
        for path in sorted(self._folder.glob(f"*/*/*{_ENDING}")):
            span = _read_span(path)
            if span is not None and span.end < now - keep:
                path.unlink(missing_ok=True)
                deleted.append(span)
        for path in self._folder.glob("*/*/.*"):  # what a killed writer left behind
            with suppress(FileNotFoundError):
                age = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
                if age > _DRAFT_IS_DEAD_AFTER:
                    path.unlink()
        return tuple(deleted)

    def _place(self, version: str, subject: Subject, span: Span) -> Path:
        name = f"{span.start.astimezone(UTC):{_FORM}}--{span.end.astimezone(UTC):{_FORM}}{_ENDING}"
        return self._folder / _name(version) / subject / name


def _name(version: str) -> str:
    return quote(version, safe="").replace(".", "%2E")


def _read_span(path: Path) -> Span | None:
    try:
        start, end = path.name.removesuffix(_ENDING).split("--")
        moments = [datetime.strptime(one, _FORM).replace(tzinfo=UTC) for one in (start, end)]
    except ValueError:
        return None
    return Span(start=moments[0], end=moments[1])


def _tile(whole: Span, parts: Iterable[Span]) -> list[Span] | None:
    """Choose parts that follow one another from the start of the whole to its end."""
    by_start: dict[datetime, list[Span]] = {}
    for part in parts:
        if part.start < part.end <= whole.end:
            by_start.setdefault(part.start, []).append(part)
    chosen: list[Span] = []
    left = [list(by_start.get(whole.start, ()))]
    while left:
        if not left[-1]:
            left.pop()
            if chosen:
                chosen.pop()
            continue
        part = left[-1].pop(0)
        chosen.append(part)
        if part.end == whole.end:
            return chosen
        left.append(by_start.pop(part.end, []))
    return None


def _read_head(content: bytes, place: Path) -> tuple[_Head, bytes]:
    magic, line, packed = content.partition(_MAGIC)
    head, _, packed = packed.partition(b"\n")
    if magic or not line:
        raise _damaged(place)
    try:
        return msgspec.json.decode(head, type=_Head), packed
    except msgspec.DecodeError:
        raise _damaged(place) from None


def _damaged(place: Path) -> DamagedProfileError:
    return DamagedProfileError(
        f"{place} is damaged: it is not the profile that was written, and was not used. "
        "Make it anew from the event log, or delete it."
    )


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    reach_folder(path.parent)
