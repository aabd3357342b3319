"""Labels from a file: each row held against the contract, then written into the event log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from adapters.labelling.recording import Recorded, record
from adapters.labelling.rows import LabelRows
from adapters.sources import read
from lifecycle.data.conform import require_distinct_names
from lifecycle.data.declaration import TableSource
from lifecycle.errors import DataError, SourceError
from lifecycle.serving.contract import Contract
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask

TOLD = 5
"""So many faulty rows are told one by one; all are counted."""


@dataclass(frozen=True)
class Added:
    """What a file of labels brought.

    Parameters
    ----------
    rows
        Rows of the file.
    recorded
        What became of those with a label.
    without
        Rows that have no label yet; they are left out.
    faulty
        Rows that cannot be right.
    faults
        The first of them, each with its number (row 1 is the first below the header) and why.
    """

    rows: int
    recorded: Recorded
    without: int = 0
    faulty: int = 0
    faults: tuple[str, ...] = ()


def add_file(
    path: Path,
    contract: Contract,
    *,
    folder: Path,
    mask: Mask,
    now: datetime,
    settings: Events,
    skip_faulty: bool = False,
) -> Added:
    """Write the labels of a CSV or Parquet file into the event log of a project.

    Its rows name what they are the truth of by `request_id` (and `row`, where a request had
    several), or else by all columns of the key. The truth is in the column called as the label
    is, or `label`; when it came to be known in `known_at`, if that is there.

    If any row is faulty nothing is written, since half a file is seldom what somebody wanted;
    `skip_faulty` writes the others. Adding a file again writes nothing: a label is written only
    where the log does not say the same by the same name already.

    Parameters
    ----------
    folder
        The folder of all events.
    now
        When they are told.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it lacks a column, or has faulty rows and these are not to be skipped.
    CannotRecordError
        If the log cannot be written; adding the file again completes it.
    """
    table, fingerprint, unread = read_table(path)
    rows = LabelRows(table, contract)
    truths = rows.truths(mask)
    faults = [*unread.told, *(f"row {row + 1}: {why}" for row, why in sorted(rows.faults.items()))]
    count, faulty = table.num_rows + unread.count, unread.count + len(rows.faults)
    if faulty and not skip_faulty:
        repair = "Repair them, or leave them out with --skip-faulty."
        raise DataError(refusal(path, count, faulty, faults[:TOLD], repair=repair))
    recorded = record(
        truths,
        folder=folder,
        contract=contract,
        mask=mask,
        at=now,
        by=f"file:{path.name}",
        request_id=f"file-{fingerprint[:16]}",
        settings=settings,
    )
    return Added(count, recorded, rows.without, faulty, tuple(faults[:TOLD]))


@dataclass(frozen=True)
class Unread:
    """Rows of a file that could not be read at all, and why the first of them."""

    count: int
    told: tuple[str, ...]


def read_table(path: Path) -> tuple[pa.Table, str, Unread]:
    """Read a CSV or Parquet file; give also its fingerprint, and what could not be read.

    Raises
    ------
    SourceError
        If none of it can be read.
    """
    try:
        found = read(TableSource(url=path.name), name="file", home=path.resolve().parent)
    except SourceError as error:
        raise SourceError(str(error).removeprefix("data.tables.file ")) from None
    table = found.table if isinstance(found.table, pa.Table) else found.table.to_table()
    require_distinct_names(table)
    told = tuple(f"{one.where}: {one.reason}" for one in found.intake.refusals)
    return table, found.intake.fingerprint, Unread(found.intake.refused, told)


def refusal(path: Path, count: int, faulty: int, faults: Sequence[str], *, repair: str) -> str:
    """Say that nothing of a file was added, and why."""
    shown = "\n".join(f"  {fault}" for fault in faults)
    more = f"\n  and {faulty - len(faults):,} more" if faulty > len(faults) else ""
    return (
        f"{faulty:,} of {count:,} rows of {path.name} cannot be right, so that nothing was added. "
        f"{repair}\n{shown}{more}"
    )
