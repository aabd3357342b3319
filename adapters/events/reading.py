"""Events found again: one request, a window of time, labels joined to what was predicted."""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

import msgspec
import pyarrow as pa

from adapters.events.segment import CLOSED, OPEN, TORN, take_over
from lifecycle.data.declaration import ColumnType
from lifecycle.errors import DataError
from lifecycle.serving.events import FORM, canonical

PREDICTIONS, LABELS, OUTCOMES = "predictions", "labels", "outcomes"

INDEX = "index"
"""The folder beside those where `adapters.events.twins` keeps what it has read."""

REHEARSAL = "smoke-"
"""Ids of requests a deployment makes to try a version begin with it: nobody asked them."""

_TIME = pa.timestamp("us", tz="UTC")
PREDICTION_COLUMNS = pa.schema(
    {
        "id": pa.string(),
        "row": pa.int64(),
        "at": _TIME,
        "version": pa.string(),
        "by": pa.string(),
        "inputs": pa.string(),
        "score": pa.float64(),
        "scores": pa.map_(pa.string(), pa.float64()),
        "decision": pa.string(),
    }
)
"""A table of predictions: `inputs` is JSON; `score` is null for several classes, which have
their probabilities in `scores`."""

LABEL_COLUMNS = pa.schema(
    {
        "id": pa.string(),
        "row": pa.int64(),
        "key": pa.string(),
        "label": pa.string(),
        "known_at": _TIME,
        "at": _TIME,
        "by": pa.string(),
        "request": pa.string(),
    }
)
"""A table of labels: `key` is JSON; `label` is text, `true` or `1` for both 1 and 1.0."""

_LATE = timedelta(hours=1)
"""How much later than its `at` a line may be written: far longer than any request takes."""


_TAIL = 1_000_000
"""Bytes at the end of a file among which its last line is."""


class _Event(msgspec.Struct, frozen=True, gc=False):
    at: datetime
    v: int


class _Prediction(_Event, tag_field="event", tag="prediction", frozen=True, gc=False):
    id: str
    row: int
    version: str
    by: str | None
    inputs: msgspec.Raw
    score: float | dict[str, float]
    decision: str | None

    def values(self) -> dict[str, Any]:
        several = isinstance(self.score, dict)
        return {
            "id": self.id,
            "row": self.row,
            "at": self.at,
            "version": self.version,
            "by": self.by,
            "inputs": bytes(self.inputs).decode(),
            "score": None if several else self.score,
            "scores": list(self.score.items()) if isinstance(self.score, dict) else None,
            "decision": self.decision,
        }


class _Label(_Event, tag_field="event", tag="label", frozen=True, gc=False):
    id: str | None
    row: int | None
    key: dict[str, Any] | None
    label: bool | int | float | str
    known_at: str | None
    by: str | None
    request: str

    def values(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "row": self.row,
            "key": None if self.key is None else msgspec.json.encode(self.key).decode(),
            "label": canonical(self.label, ColumnType.TEXT),
            "known_at": None if self.known_at is None else _moment(self.known_at),
            "at": self.at,
            "by": self.by,
            "request": self.request,
        }


_Kind = TypeVar("_Kind", _Prediction, _Label)


@dataclass(frozen=True)
class Found:
    """The events of one request, in the order of their times.

    Parameters
    ----------
    events
        Its predictions, the labels told of it, and the labels it told itself.
    torn
        Lines that name it and cannot be read.
    """

    events: tuple[dict[str, Any], ...]
    torn: int


@dataclass(frozen=True)
class Window:
    """What was written down in a window of time.

    Parameters
    ----------
    predictions, labels
        See `PREDICTION_COLUMNS` and `LABEL_COLUMNS`.
    torn
        Lines that cannot be read, half-written ones for example; in neither table.
    """

    predictions: pa.Table
    labels: pa.Table
    torn: int


def find(folder: Path, request_id: str) -> Found:
    """Find the events of a request, in files that are finished and in those that are written.

    Examples
    --------
    >>> find(Path("/nowhere"), "r-1")
    Found(events=(), torn=0)
    """
    needle = msgspec.json.encode(request_id)
    events: list[dict[str, Any]] = []
    torn = 0
    for name in (PREDICTIONS, LABELS):
        for path in files(folder / name):
            for line in _lines(path):
                if needle not in line:
                    continue
                try:
                    event = msgspec.json.decode(line, type=dict[str, Any])
                except (msgspec.DecodeError, UnicodeDecodeError):
                    torn += 1
                    continue
                if request_id in (event.get("id"), event.get("request")):
                    events.append(event)
    return Found(tuple(sorted(events, key=lambda event: str(event.get("at")))), torn)


def read(
    folder: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
) -> Window:
    """Read a window of events as tables, in the order of their times.

    Parameters
    ----------
    folder
        The folder of all events.
    since, until
        Predictions with `since` <= `at` < `until`; `None` is an open end.
    as_of
        Labels with `since` <= `at` < `as_of`: those that had been told by then.

    Raises
    ------
    DataError
        If a line is of a form that this version of Perennial does not know.
    """
    predictions = _Reader(_Prediction, since, until)
    labels = _Reader(_Label, since, as_of)
    return Window(
        predictions.table(folder / PREDICTIONS, PREDICTION_COLUMNS),
        labels.table(folder / LABELS, LABEL_COLUMNS),
        predictions.torn + labels.torn,
    )


def sweep(folder: Path, *, retention: timedelta, now: datetime) -> tuple[Path, ...]:
    """Delete the finished files whose last event is older than `retention`, and give their paths.

    Files whose writers died are finished first, so that they are not kept for ever.
    """
    limit = now - retention
    deleted: list[Path] = []
    for name in (PREDICTIONS, LABELS, OUTCOMES):
        if not (folder / name).is_dir():
            continue
        take_over(folder / name)
        for path in sorted((folder / name).iterdir()):
            if path.name.endswith((CLOSED, TORN)) and _last(path) < limit:
                path.unlink(missing_ok=True)
                deleted.append(path)
                for twin in (folder / INDEX / name).glob(
                    f"*/{path.name.partition('.jsonl')[0]}.arrow"
                ):
                    twin.unlink(missing_ok=True)
    return tuple(deleted)


class _Reader(Generic[_Kind]):
    """Lines of one kind within a window, and how many could not be read."""

    def __init__(self, kind: type[_Kind], since: datetime | None, until: datetime | None) -> None:
        self._decoder: msgspec.json.Decoder[_Kind] = msgspec.json.Decoder(kind)
        self._since, self._until = since, until
        self.torn = 0

    def table(self, folder: Path, columns: pa.Schema) -> pa.Table:
        batches = [
            pa.RecordBatch.from_pylist(list(self._values(path)), schema=columns)
            for path in files(folder)
            if self._may_hold(path)
        ]
        return pa.Table.from_batches(batches, schema=columns).sort_by("at")

    def _values(self, path: Path) -> Iterator[dict[str, Any]]:
        for line in _lines(path):
            try:
                event = self._decoder.decode(line)
                values = event.values()
            except (ValueError, UnicodeDecodeError):  # msgspec's errors are ValueErrors
                self.torn += 1
                continue
            if event.v != FORM:
                raise DataError(
                    f"{path.name} has a line of form {event.v}; this version of Perennial reads "
                    f"form {FORM}. Read it with the version that wrote it."
                )
            if self._is_inside(event.at):
                yield values

    def _is_inside(self, moment: datetime) -> bool:
        return (self._since is None or self._since <= moment) and (
            self._until is None or moment < self._until
        )

    def _may_hold(self, path: Path) -> bool:
        """Spare the reading of files that are wholly before the window."""
        return self._since is None or path.name.endswith(OPEN) or _last(path) >= self._since - _LATE


def is_rehearsal(request_id: str) -> bool:
    """Tell whether a request was made by a deployment itself.

    Examples
    --------
    >>> is_rehearsal("smoke-17f3"), is_rehearsal("r-1")
    (True, False)
    """
    return request_id.startswith(REHEARSAL)


def files(folder: Path) -> list[Path]:
    """List the files of a log once each, finished or not, by the time of their beginning.

    A file that is renamed while a folder is listed may be missing from the list; as each is
    renamed only once, it is in the next one.
    """
    if not folder.is_dir():
        return []
    names = [path.name for _ in range(2) for path in folder.iterdir()]
    stems = {name.removesuffix(OPEN): name for name in names if name.endswith(OPEN)}
    stems |= {name.removesuffix(CLOSED): name for name in names if name.endswith(CLOSED)}
    return [folder / name for _, name in sorted(stems.items())]


def lines_at(path: Path, places: Collection[int]) -> list[bytes]:
    """Give some lines of a file, by their places in it, from 0."""
    if not places:
        return []
    return [line for place, line in enumerate(_lines(path)) if place in places]


def labels_at(path: Path, places: Collection[int]) -> pa.Table:
    """Give the labels of some lines of a file as a table; see `LABEL_COLUMNS`."""
    decoder = msgspec.json.Decoder(_Label)
    values = [decoder.decode(line).values() for line in lines_at(path, places)]
    return pa.Table.from_pylist(values, schema=LABEL_COLUMNS)


def _lines(path: Path) -> Iterator[bytes]:
    file = _opened(path)
    if file is not None:
        with file:
            yield from file


def _opened(path: Path) -> BinaryIO | None:
    """Open a file, also if it was finished since it was listed; `None`: it was swept away."""
    with suppress(FileNotFoundError):
        return path.open("rb")
    with suppress(FileNotFoundError):
        return path.with_name(path.name.removesuffix(OPEN) + CLOSED).open("rb")
    return None


def whole_lines(path: Path, size: int) -> Iterator[list[bytes]]:
    """Give the lines of a file, about `size` bytes at a time.

    A last line without an end is left out of a file that is still written: it is on its way.
    """
    file = _opened(path)
    if file is None:
        return
    with file:
        while lines := file.readlines(size):
            if path.name.endswith(OPEN) and not lines[-1].endswith(b"\n"):
                lines.pop()
            if lines:
                yield lines


def _last(path: Path) -> datetime:
    """Give the time of the last event in a file; that of its last change if none can be read."""
    decoder = msgspec.json.Decoder(_Event)
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        for line in reversed(file.read().splitlines()):
            with suppress(ValueError):
                return decoder.decode(line).at
        return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
