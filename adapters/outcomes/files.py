"""Outcomes from a file: each row held against what may be sent, then written into the event log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from adapters.events.log import EventLog
from adapters.events.reading import OUTCOMES
from adapters.labelling.files import TOLD, read_table, refusal
from adapters.outcomes.reading import Happened, outcomes
from adapters.outcomes.rows import Row, lines_of, rows_of
from lifecycle.errors import DataError
from lifecycle.serving.declaration import Events
from lifecycle.serving.outcomes import Outcome, OutcomeReader, UnitMask, outcome_lines

JSON_LINES = (".jsonl", ".ndjson")
"""Endings of files with one JSON object a line, as it would be sent."""

BLOCK = 5_000
"""Lines written in one piece: all of them are there afterwards, or none."""


@dataclass(frozen=True)
class Added:
    """What a file of outcomes brought.

    Parameters
    ----------
    rows
        Rows of the file.
    written
        Lines added to the log.
    known
        Rows that the log, or an earlier row, told already under the same name and id.
    different
        Lines added of what the log told otherwise before: what is told last counts.
    """

    rows: int
    written: int
    known: int
    different: int


def add_file(
    path: Path, *, folder: Path, mask: UnitMask | None, now: datetime, settings: Events
) -> Added:
    """Write the outcomes of a CSV, Parquet or JSON-lines file into the event log of a project.

    Its columns are `name`, `unit` or `request_id`, and where wanted `value`, `id` and
    `happened_at`. If any row is faulty nothing is written. Adding a file again writes nothing: a
    row without an id gets one made of the file's content and its place there.

    Parameters
    ----------
    folder
        The folder of all events.
    mask
        What is kept of the names of units; `None`: nothing says whom requests are of.
    now
        When they are told.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it lacks a column, has one that means nothing, or has faulty rows.
    CannotRecordError
        If the log cannot be written; adding the file again completes it.
    """
    reader = OutcomeReader(most=1, has_unit=mask is not None)
    rows, fingerprint = _read(path, reader)
    faults = [row.fault for row in rows if row.fault] or _contradictions(rows)
    if faults:
        repair = "Repair them and add the file again."
        raise DataError(refusal(path, len(rows), len(faults), faults[:TOLD], repair=repair))
    told = [_named(row, fingerprint) for row in rows]
    new, different = _without_known(told, folder, mask)
    with EventLog(folder, settings, name=OUTCOMES) as log:
        for start in range(0, len(new), BLOCK):
            lines = outcome_lines(
                request_id=f"file-{fingerprint[:16]}",
                at=now,
                by=f"file:{path.name}",
                outcomes=new[start : start + BLOCK],
                mask=mask,
            )
            log.write(lines)
    return Added(len(rows), len(new), len(rows) - len(new), different)


def _read(path: Path, reader: OutcomeReader) -> tuple[Sequence[Row], str]:
    if path.suffix.lower() in JSON_LINES:
        return lines_of(path, reader)
    table, fingerprint, unread = read_table(path)
    broken = [Row(place=why, fault=why) for why in unread.told]
    broken += [Row(place="", fault="another row that cannot be read")] * (
        unread.count - len(broken)
    )
    return [*broken, *rows_of(table, reader)], fingerprint


def _named(row: Row, fingerprint: str) -> Outcome:
    """Give an outcome an id of its own where it has none, the same whenever the file is added."""
    outcome = row.told
    if outcome.id is not None:
        return outcome
    place = row.place.replace(" ", "-")
    return msgspec.structs.replace(outcome, id=f"file-{fingerprint[:16]}-{place}")


def _contradictions(rows: Sequence[Row]) -> list[str]:
    """Tell of rows that have the same name and id, and are not the same."""
    first: dict[tuple[str, str], Row] = {}
    found = []
    for row in rows:
        if row.told.id is None:
            continue
        other = first.setdefault((row.told.name, row.told.id), row)
        if other.told != row.told:
            found.append(
                f"{row.place} has the name and the id of {other.place} and says something else. "
                "Keep the one that is right."
            )
    return found


def _without_known(
    told: Sequence[Outcome], folder: Path, mask: UnitMask | None
) -> tuple[list[Outcome], int]:
    """Leave out what was told already as it is now; give also how much was told otherwise."""
    wanted: dict[tuple[str, str | None], Outcome] = {}
    for outcome in told:
        wanted.setdefault((outcome.name, outcome.id), outcome)
    known: dict[tuple[str, str | None], Happened] = {}
    for event in outcomes(folder):
        if (event.name, event.id) in wanted:
            known[event.name, event.id] = event
    same = {name for name, event in known.items() if _is_same(wanted[name], event, mask)}
    new = [outcome for name, outcome in wanted.items() if name not in same]
    return new, len(known) - len(same)


def _is_same(outcome: Outcome, event: Happened, mask: UnitMask | None) -> bool:
    unit = None if outcome.unit is None or mask is None else mask(outcome.unit.encode())
    said = (unit, outcome.request_id, outcome.value)
    return said == (event.unit, event.request, event.value)
