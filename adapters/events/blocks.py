"""Blocks of whole lines of predictions, read into typed columns.

Arrow's JSON reader does it at once. It is strict: a block that it refuses, for a torn line or a
value of another type, is asked of it again with wider types, and is read line by line where that
does not help. Nothing is guessed: both ways give the same columns.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from adapters.events.columns import convert, empties
from adapters.events.ends import Ends
from adapters.events.reading import REHEARSAL
from adapters.events.segment import CLOSED, OPEN
from adapters.events.typed import arrow_type, typed
from lifecycle.data.declaration import ColumnType
from lifecycle.errors import DataError
from lifecycle.serving.contract import Contract
from lifecycle.serving.events import FORM
from lifecycle.task import Task

BLOCK = 16 * 2**20
"""Bytes of a file that are read at once."""

_PIECE = 2**20
"""Bytes of a block that one thread reads at once."""

_TIME = pa.timestamp("us", tz="UTC")
_TEXTS = (ColumnType.CATEGORY, ColumnType.TEXT)
_NEEDED = ("event", "v", "id", "row", "at", "version")
_CHANGED = re.compile(r"Column\(/inputs/(.*)\) changed from string to (number|boolean)", re.DOTALL)


@dataclass(frozen=True)
class Batch:
    """Some predictions, in the order of the log.

    Parameters
    ----------
    meta
        `id`, `row`, `at` (UTC), `version`, `score` (null of several classes), then, of several
        classes, a column `score CLASS` for each in the order of the contract, and `decision`.
    inputs
        A column for each field of the contract, in its order and in the type of a conformed
        table; personal ones are text, as they are masked. What is absent or the empty text is
        null. Times are cut to seconds, as the model reads them.
    torn
        Lines that cannot be read, half-written ones for example; in neither table.
    unread
        By field: values that are not of its type; they are null.
    """

    meta: pa.Table
    inputs: pa.Table
    torn: int = 0
    unread: dict[str, int] = field(default_factory=dict)


class Reader:
    """Reads the files of one contract; what it learns of how values are written, it keeps.

    Parameters
    ----------
    contract
        `None`: neither inputs nor scores are read.
    since, until, version
        See `adapters.events.batches.predictions`.
    """

    def __init__(
        self,
        contract: Contract | None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        version: str | None = None,
    ) -> None:
        self._since, self._until, self._version = since, until, version
        self._fields = () if contract is None else contract.fields
        self._asked = {one.name: arrow_type(one) for one in self._fields}
        several = contract is not None and contract.task is Task.MULTICLASS
        self._classes = contract.classes if contract is not None and several else ()
        self._score = _score_type(contract)

    def read(self, path: Path, *, rows: int = 65_536) -> Iterator[Batch]:
        """Read the rows of a file that are in the window."""
        ends = Ends()
        for block in blocks(path):
            batch = self._read_at_once(block, path, ends) or self._read_lines(block, path, ends)
            first = Batch(batch.meta[:rows], batch.inputs[:rows], batch.torn, batch.unread)
            if len(first.meta) or first.torn:
                yield first
            for start in range(rows, len(batch.meta), rows):
                end = start + rows
                yield Batch(batch.meta[start:end], batch.inputs[start:end])
        ends.keep(path)

    def _read_at_once(self, block: bytes, path: Path, ends: Ends) -> Batch | None:
        """Read a block in which all is right; `None` where it is not."""
        table = self._parse(block)
        if table is None or len(table) != block.count(b"\n") + (not block.endswith(b"\n")):
            return None
        if any(table[name].null_count for name in _NEEDED):
            return None
        if not pc.all(pc.equal(table["event"], "prediction")).as_py():
            return None
        _require_form(pc.unique(table["v"]).to_pylist(), path)
        wanted = table.filter(self._wanted(table))
        columns: dict[str, pa.ChunkedArray] = {}
        unread: dict[str, int] = {}
        for one, column in zip(self._fields, _children(wanted, "inputs"), strict=True):
            converted = convert(column, one)
            if converted is None:
                return None
            columns[one.name] = converted
            if refused := converted.null_count - column.null_count - empties(column):
                unread[one.name] = refused
        ends.see(block, table["at"])
        return Batch(self._meta(wanted), pa.table(columns), 0, unread)

    def _parse(self, block: bytes) -> pa.Table | None:
        """Let Arrow read a block, with types as wide as it turns out to need."""
        piece = _PIECE
        while True:
            try:
                return pj.read_json(
                    pa.BufferReader(block),
                    pj.ReadOptions(block_size=piece),
                    pj.ParseOptions(
                        explicit_schema=self._lines(), unexpected_field_behavior="ignore"
                    ),
                )
            except pa.ArrowInvalid as error:
                if "straddling" in str(error) and piece <= len(block):
                    piece = len(block) + 1
                elif not self._widen(str(error)):
                    return None

    def _lines(self) -> pa.Schema:
        columns = {
            "event": pa.string(), "v": pa.int64(), "id": pa.string(), "row": pa.int64(),
            "at": _TIME, "version": pa.string(), "decision": pa.string(),
            "inputs": pa.struct(list(self._asked.items())), "score": self._score,
        }  # fmt: skip
        return pa.schema({name: kind for name, kind in columns.items() if kind is not None})

    def _widen(self, error: str) -> bool:
        """Ask for wider types, as an error says; tell whether there were any."""
        changed = _CHANGED.search(error)
        if changed is not None:
            named = [one for one in self._fields if one.name == changed[1]]
            if named and named[0].type in _TEXTS and self._asked[changed[1]] == pa.string():
                kinds = {"number": pa.float64(), "boolean": pa.bool_()}
                self._asked[changed[1]] = kinds[changed[2]]
                return True
        for narrow, wide in ((pa.int64(), pa.float64()), (pa.timestamp("us"), pa.string())):
            if f"convert JSON to {narrow}" in error and narrow in self._asked.values():
                self._asked = {
                    name: wide if kind == narrow else kind for name, kind in self._asked.items()
                }
                return True
        return False

    def _wanted(self, table: pa.Table) -> pa.ChunkedArray:
        wanted = pc.invert(pc.starts_with(table["id"], REHEARSAL))
        if self._version is not None:
            wanted = pc.and_(wanted, pc.equal(table["version"], self._version))
        if self._since is not None:
            wanted = pc.and_(wanted, pc.greater_equal(table["at"], pa.scalar(self._since, _TIME)))
        if self._until is not None:
            wanted = pc.and_(wanted, pc.less(table["at"], pa.scalar(self._until, _TIME)))
        return wanted

    def _meta(self, table: pa.Table) -> pa.Table:
        columns = {name: table[name] for name in ("id", "row", "at", "version")}
        if self._score is not None:
            columns["score"] = (
                pa.chunked_array([pa.nulls(len(table), pa.float64())])
                if self._classes
                else table["score"]
            )
        if self._classes:
            for name, shares in zip(self._classes, _children(table, "score"), strict=True):
                columns[f"score {name}"] = shares
        return pa.table({**columns, "decision": table["decision"]})

    def _read_lines(self, block: bytes, path: Path, ends: Ends) -> Batch:
        """Read a block line by line, and count those that cannot be read."""
        texts = block.removesuffix(b"\n").split(b"\n")
        lines = [line for text in texts if (line := _decode(text, path)) is not None]
        heads = self._heads(lines)
        ends.see(block, heads["at"])
        wanted = self._wanted(heads)
        rows = [line.inputs for line, take in zip(lines, wanted.to_pylist(), strict=True) if take]
        columns: dict[str, pa.Array] = {}
        unread: dict[str, int] = {}
        for one in self._fields:
            values = [row.get(one.name) for row in rows]
            columns[one.name] = typed(values, one)
            known = sum(value is not None and value != "" for value in values)
            if refused := known - len(rows) + columns[one.name].null_count:
                unread[one.name] = refused
        torn = len(texts) - len(lines)
        return Batch(self._meta(heads.filter(wanted)), pa.table(columns), torn, unread)

    def _heads(self, lines: "list[_Line]") -> pa.Table:
        columns = {
            "id": pa.array([line.id for line in lines], pa.string()),
            "row": pa.array([line.row for line in lines], pa.int64()),
            "at": pa.array([line.at for line in lines], _TIME),
            "version": pa.array([line.version for line in lines], pa.string()),
            "decision": pa.array([line.decision for line in lines], pa.string()),
        }
        if self._score is not None:
            scores = [
                line.score if isinstance(line.score, dict) == bool(self._classes) else None
                for line in lines
            ]
            columns["score"] = pa.array(scores, self._score)
        return pa.table(columns)


class _Head(msgspec.Struct, gc=False):
    v: int


class _Line(_Head, tag_field="event", tag="prediction", gc=False):
    id: str
    row: int
    at: datetime
    version: str
    inputs: dict[str, Any]
    score: float | dict[str, float] | None
    decision: str | None = None


_LINE = msgspec.json.Decoder(_Line)
_HEAD = msgspec.json.Decoder(_Head)


def _decode(text: bytes, path: Path) -> _Line | None:
    try:
        line = _LINE.decode(text)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        with suppress(ValueError, RecursionError):
            _require_form([_HEAD.decode(text).v], path)
        return None
    _require_form([line.v], path)
    return line


def _require_form(forms: Iterable[int], path: Path) -> None:
    for form in forms:
        if form != FORM:
            raise DataError(
                f"{path.name} has a line of form {form}; this version of Perennial reads "
                f"form {FORM}. Read it with the version that wrote it."
            )


def _score_type(contract: Contract | None) -> pa.DataType | None:
    if contract is None:
        return None
    if contract.task is not Task.MULTICLASS:
        return pa.float64()
    return pa.struct([(name, pa.float64()) for name in contract.classes])


def _children(table: pa.Table, name: str) -> list[pa.ChunkedArray]:
    """Give the fields of a column of structs; where the struct is null, so are they."""
    children: list[pa.ChunkedArray] = table[name].flatten()
    return children


def blocks(path: Path) -> Iterator[bytes]:
    """Read a file in blocks of whole lines.

    What follows the last line break comes last; in a file that is still written it is on its
    way, and left out.
    """
    file = _open(path)
    if file is None:
        return
    with file:
        rest = b""
        while piece := file.read(BLOCK):
            cut = piece.rfind(b"\n") + 1
            if cut:
                yield rest + piece[:cut]
                rest = piece[cut:]
            else:
                rest += piece
        if rest and not path.name.endswith(OPEN):
            yield rest


def _open(path: Path) -> BinaryIO | None:
    """Open a file, also if it was finished since it was listed; `None` if it was deleted."""
    for name in (path.name, path.name.removesuffix(OPEN) + CLOSED):
        with suppress(FileNotFoundError):
            return path.with_name(name).open("rb")
    return None
