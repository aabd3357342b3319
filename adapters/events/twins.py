"""Columnar twins of the event log's files: what joining needs of each line, read once.

A finished file never changes, so what was read of it is kept beside the log, in
`index/<kind>/<fingerprint of the key>/`: about a tenth of its size, and read in a fraction of the
time. A twin can be deleted at any time; where it cannot be kept, its file is read anew each time.
Since a twin knows the first and the last moment of its file, whatever order they came in, no clock
that jumps makes a window miss an event.
"""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import get_ident
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from adapters.events.lines import Predicted, Told, decoded
from adapters.events.naming import NOBODY, KeyNames, Names, picking, row_names
from adapters.events.reading import INDEX, LABELS, PREDICTIONS, files, is_rehearsal
from adapters.events.segment import CLOSED
from lifecycle.data.declaration import ColumnType
from lifecycle.serving.contract import Contract
from lifecycle.serving.events import canonical

_FORM = b"3"
"""Of the twins themselves: one of another form is made anew."""

_TIME = pa.timestamp("us", tz="UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_log = logging.getLogger("perennial.events")

PREDICTED = pa.schema(
    {
        "line": pa.int64(), "at": _TIME, "name": pa.uint64(), "key": pa.uint64(),
        "among": pa.uint64(),
    }
)  # fmt: skip
"""`line`: its place in the file. `among`: of a row that is not the first of its request, the name
of the first."""

TOLD = pa.schema(
    {
        "line": pa.int64(), "at": _TIME, "name": pa.uint64(), "bare": pa.bool_(),
        "label": pa.string(), "known_at": _TIME,
    }
)  # fmt: skip
"""`bare`: it names a request and no row of it."""


@dataclass(frozen=True)
class Twin:
    """What joining needs of one file.

    Parameters
    ----------
    path
        The file.
    table
        Its lines in their order, without those of rehearsals.
    torn
        How many could not be read.
    """

    path: Path
    table: pa.Table
    torn: int

    def touches(self, since: datetime, until: datetime) -> bool:
        """Whether an event of it may lie in a stretch of time; by its name, if it has none."""
        first, last = self._ends
        return first is None or last is None or (first < until and since <= last)

    @property
    def _ends(self) -> tuple[datetime | None, datetime | None]:
        if self.table.num_rows:
            ends = pc.min_max(self.table["at"])
            return ends["min"].as_py(), ends["max"].as_py()
        found = re.match(r"\d{8}T\d{6}", self.path.name)
        began = datetime.strptime(found[0], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if found else None
        return began, began

    def numbers(self, column: str) -> NDArray[Any]:
        """Give a column without gaps as an array; moments are microseconds since 1970."""
        values = self.table[column]
        if pa.types.is_timestamp(values.type):
            values = values.cast(pa.int64())
        return np.asarray(values.to_numpy())


def microseconds(moment: datetime) -> int:
    """Give a moment as the twins write it.

    Examples
    --------
    >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (moment - _EPOCH) // _MICROSECOND


def prediction_twins(folder: Path, contract: Contract) -> Iterator[Twin]:
    """Give the twins of all files of predictions, one at a time, in their order.

    Raises
    ------
    DataError
        If a line is of a form that this version of Perennial does not know.
    """
    keys = KeyNames(contract)
    for path in files(folder / PREDICTIONS):
        yield _twin(folder, PREDICTIONS, path, keys)


def label_twins(folder: Path, contract: Contract) -> Iterator[Twin]:
    """Give the twins of all files of labels, as `prediction_twins` does."""
    keys = KeyNames(contract)
    for path in files(folder / LABELS):
        yield _twin(folder, LABELS, path, keys)


def _twin(folder: Path, kind: str, path: Path, keys: KeyNames) -> Twin:
    if not path.name.endswith(CLOSED):
        return _read(path, kind, keys)
    kept = folder / INDEX / kind / keys.fingerprint[:16] / f"{path.name.removesuffix(CLOSED)}.arrow"
    with suppress(OSError, pa.ArrowInvalid, KeyError, TypeError):
        return _open(kept, path)
    twin = _read(path, kind, keys)
    try:
        _keep(kept, twin)
    except OSError as error:
        _log.warning("%s cannot be kept: %s. %s is read anew each time.", kept, error, path.name)
    return twin


def _open(kept: Path, path: Path) -> Twin:
    with pa.memory_map(str(kept)) as source:
        table = pa.ipc.open_file(source).read_all()
    told = table.schema.metadata
    if told[b"form"] != _FORM or int(told[b"size"]) != path.stat().st_size:
        raise KeyError("It is that of another file.")
    return Twin(path, table, int(told[b"torn"]))


def _keep(kept: Path, twin: Twin) -> None:
    size = str(twin.path.stat().st_size)
    told = {"form": _FORM, "size": size, "torn": str(twin.torn)}
    table = twin.table.replace_schema_metadata(told)
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = kept.with_suffix(f".{os.getpid()}-{get_ident()}")
    try:
        with pa.ipc.new_file(str(draft), table.schema) as out:
            out.write_table(table)
        draft.replace(kept)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path, kind: str, keys: KeyNames) -> Twin:
    read = _read_predictions if kind == PREDICTIONS else _read_labels
    return read(path, keys)


def _read_predictions(path: Path, keys: KeyNames) -> Twin:
    kind, listed = picking(keys.columns)
    tables, torn = [PREDICTED.empty_table()], 0
    for piece in decoded(path, Predicted[kind]):  # type: ignore[valid-type]
        torn += piece.broken
        kept = [place for place, event in enumerate(piece.events) if not is_rehearsal(event.id)]
        events = [piece.events[place] for place in kept]
        ids, rows = [event.id for event in events], [event.row for event in events]
        columns = (
            [piece.lines[place] for place in kept],
            pa.array([event.at for event in events], _TIME),
            row_names(ids, rows),
            keys(listed([event.inputs for event in events]), len(events)),
            _first_names(ids, rows),
        )
        tables.append(pa.table(list(columns), schema=PREDICTED))
    return Twin(path, pa.concat_tables(tables).combine_chunks(), torn)


def _first_names(ids: list[str], rows: list[int]) -> Names:
    """Give for each row that is not the first of its request the name of that one."""
    names = np.zeros(len(ids), dtype=np.uint64)
    later = np.flatnonzero(rows).tolist()
    names[later] = row_names([ids[place] for place in later], [0] * len(later))
    return names


def _read_labels(path: Path, keys: KeyNames) -> Twin:
    tables, torn = [TOLD.empty_table()], 0
    for piece in decoded(path, Told):
        torn += piece.broken
        kept = [p for p, event in enumerate(piece.events) if not is_rehearsal(event.id or "")]
        events = [piece.events[place] for place in kept]
        tables.append(_told_table(events, [piece.lines[place] for place in kept], keys))
    return Twin(path, pa.concat_tables(tables).combine_chunks(), torn)


def _told_table(events: list[Told], lines: list[int], keys: KeyNames) -> pa.Table:
    names = np.full(len(events), NOBODY)
    by_key = [place for place, event in enumerate(events) if event.key is not None]
    by_row = [place for place, e in enumerate(events) if e.key is None and e.id is not None]
    names[by_key] = keys.of([events[place].key or {} for place in by_key])
    names[by_row] = row_names(
        [events[place].id or "" for place in by_row], [events[place].row or 0 for place in by_row]
    )
    columns = (
        lines,
        pa.array([event.at for event in events], _TIME),
        names,
        [event.key is None and event.row is None for event in events],
        [canonical(event.label, ColumnType.TEXT) for event in events],
        pa.array([event.known for event in events], _TIME),
    )
    return pa.table(list(columns), schema=TOLD)
