"""Rows of a file read as outcomes, and what is wrong with those that are none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from adapters.labelling.rows import as_sent
from lifecycle.data.cast import MEANINGS, cast
from lifecycle.data.declaration import ColumnType
from lifecycle.errors import DataError, SourceError, suggest
from lifecycle.fingerprint import fingerprint
from lifecycle.serving.faults import NotJson
from lifecycle.serving.json_body import parse
from lifecycle.serving.outcomes import FIELDS, Outcome, OutcomeReader
from lifecycle.serving.telling import show

_KINDS = {"value": ColumnType.NUMBER, "happened_at": ColumnType.TIME}
_PLACES = ("unit", "request_id")


@dataclass(frozen=True)
class Row:
    """A row of a file.

    Parameters
    ----------
    place
        Where it is: `row 3` below the header of a table, `line 3` of JSON lines.
    fault
        What is wrong with it; empty: nothing.
    outcome
        What it tells; nothing where it is faulty.
    """

    place: str
    fault: str = ""
    outcome: Outcome | None = None

    @property
    def told(self) -> Outcome:
        """What it tells; of rows only that are not faulty."""
        if self.outcome is None:
            raise DataError(self.fault)
        return self.outcome


def rows_of(table: pa.Table, reader: OutcomeReader) -> Iterator[Row]:
    """Read the rows of a table.

    Raises
    ------
    DataError
        If it has a column that means nothing, or lacks one.
    """
    _require_columns(table)
    columns, refused = {}, dict[int, str]()
    for name in table.column_names:
        kind = _KINDS.get(name, ColumnType.TEXT)
        done = cast(table[name], kind, name=name)
        columns[name] = as_sent(done.column)
        for place in np.flatnonzero([] if done.refused is None else done.refused).tolist():
            found = show(str(table[name][place].as_py()))
            refused.setdefault(place, f"{name} is {found}, which is not {MEANINGS[kind]}.")
    for place, values in enumerate(zip(*columns.values(), strict=True)):
        sent = {n: v for n, v in zip(columns, values, strict=True) if v is not None and v != ""}
        yield _row(f"row {place + 1}", sent, reader, refused.get(place, _gap(columns, sent)))


def lines_of(path: Path, reader: OutcomeReader) -> tuple[list[Row], str]:
    """Read JSON lines; give also the fingerprint of the file.

    Raises
    ------
    SourceError
        If it cannot be read, or is empty.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"({path.name}): It cannot be read ({error.strerror}).") from None
    found = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            found.append(_line(f"line {number}", line, reader))
    if not found:
        raise SourceError(f"({path.name}): The file is empty.")
    return found, fingerprint(content.decode("utf-8", "replace"))


def _line(place: str, line: bytes, reader: OutcomeReader) -> Row:
    try:
        return _row(place, parse(line), reader)
    except NotJson as error:
        return Row(place, f"{place}: {error}")


def _row(place: str, sent: Any, reader: OutcomeReader, fault: str = "") -> Row:
    faults = [fault] if fault else [wrong.detail for wrong in reader.check(sent)]
    if faults:
        return Row(place, f"{place}: {' '.join(faults)}")
    return Row(place, outcome=reader.outcome(sent))


def _gap(columns: Mapping[str, Any], sent: Mapping[str, Any]) -> str:
    """Tell of a value that is not there though there is a column for it: it might not be 1."""
    if "value" in columns and "value" not in sent:
        return "value is missing. Write the number, or leave the whole column out: then each is 1."
    return ""


def _require_columns(table: pa.Table) -> None:
    names = table.column_names
    for name in names:
        if name not in FIELDS:
            raise DataError(
                f'The column "{name}" says nothing of an outcome. {suggest(name, FIELDS)} '
                "Rename it, or leave it out."
            )
    if "name" not in names or not {*_PLACES} & {*names}:
        raise DataError(
            "A file of outcomes needs the columns name, and unit or request_id. Columns there are: "
            f"{', '.join(names)}."
        )
