"""Labels by running the declared query again: what the tables have come to know since."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adapters.declaration import LoadedProject
from adapters.events.matching import among
from adapters.events.naming import NOBODY, KeyNames, Names
from adapters.events.twins import microseconds, prediction_twins
from adapters.labelling.recording import Recorded, record
from adapters.labelling.rows import LabelRows, as_sent
from adapters.warehouse import gather
from lifecycle.data.conform import conform
from lifecycle.data.declaration import Data, Window
from lifecycle.errors import DataError
from lifecycle.serving.contract import Contract
from lifecycle.serving.events import Mask, Truth
from lifecycle.serving.labels import KNOWN_AT

BY = "query"

PIECE = 65_536
"""Rows of the query that are looked at together."""


@dataclass(frozen=True)
class Requeried:
    """What running the query again brought.

    Parameters
    ----------
    rows
        Rows of the query that have a label.
    early
        Of them, those whose label cannot have been known yet.
    refused
        Rows that could not be read, and predicted ones whose label the contract does not allow.
    predicted
        Rows whose key was asked about in the window.
    recorded
        What became of those.
    """

    rows: int
    early: int
    refused: int
    predicted: int
    recorded: Recorded


def labels_from_query(
    loaded: LoadedProject,
    contract: Contract,
    *,
    folder: Path,
    mask: Mask,
    since: datetime,
    until: datetime,
    as_of: datetime,
) -> Requeried:
    """Run `data.query` again, and write the labels of what was predicted into the event log.

    The declared window does not hold here: it says what training looks at. A row's label is taken
    once its time plus `data.label.arrives_after` is over, and that moment is when it came to be
    known; where no time or no delay is declared, every label that is there is taken. Labels the
    log says already are not written again. They are told just before `as_of`, so that who looks
    as of that moment sees them.

    Parameters
    ----------
    folder
        The folder of all events.
    since, until
        Predictions with `since` <= `at` < `until` are labelled.
    as_of
        The moment it is taken to be.

    Raises
    ------
    DataError
        If the rows of the project have no key that could lead to what was predicted.
    SourceError
        If a table cannot be brought in, or the query cannot be run.
    CannotRecordError
        If the log cannot be written; what was written until then stays.
    """
    if not contract.key:
        raise DataError(
            f'Rows of "{contract.project}" have no key that is kept with their predictions, so '
            "that the query cannot tell which row a label belongs to. Declare data.key, or tell "
            "labels by request_id."
        )
    table, early, refused = _rows(loaded, as_of)
    predicted = _predicted(folder, contract, since=since, until=until)
    wanted: list[Truth] = []
    for start in range(0, table.num_rows, PIECE):
        piece = table.slice(start, PIECE)
        rows = LabelRows(piece.filter(_among(piece, predicted, contract, mask)), contract)
        wanted += rows.truths(mask)
        refused += len(rows.faults)
    recorded = record(
        wanted,
        folder=folder,
        contract=contract,
        mask=mask,
        at=as_of - timedelta(microseconds=1),
        by=BY,
        request_id=f"{BY}-{as_of:%Y%m%dT%H%M%S}",
        settings=loaded.project.serving.events,
    )
    return Requeried(table.num_rows + early, early, refused, len(wanted), recorded)


def _rows(loaded: LoadedProject, as_of: datetime) -> tuple[pa.Table, int, int]:
    """Give key, label and moment of the rows whose label is known; count early and refused ones."""
    data = loaded.project.data.model_copy(update={"window": Window()})
    raw, _ = gather(data, loaded.project.columns, home=loaded.folder)
    table, _, refused = conform(raw, loaded.project.columns, data)
    known = _known_at(table, data)
    is_due = pc.less_equal(known, as_of.astimezone(UTC).replace(tzinfo=None)).fill_null(True)
    table = table.select([*data.key, data.label.column])
    if KNOWN_AT.name not in table.column_names:
        table = table.append_column(KNOWN_AT.name, known)
    kept = table.filter(is_due)
    return kept, table.num_rows - kept.num_rows, refused


def _among(table: pa.Table, predicted: Names, contract: Contract, mask: Mask) -> pa.Array:
    """Tell which rows were predicted, before anything else is asked of them."""
    columns = {name: as_sent(table[name]) for name in contract.key}
    keys = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return pa.array(among(KeyNames(contract).of(mask.rows(keys)), predicted))


def _known_at(table: pa.Table, data: Data) -> pa.ChunkedArray:
    """Say when the label of each row came to be known; null where nobody declared that."""
    if data.time is None or data.label.arrives_after is None:
        return pa.chunked_array([pa.nulls(table.num_rows, pa.timestamp("us"))])
    return pc.add(table[data.time], pa.scalar(data.label.arrives_after, pa.duration("us")))


def _predicted(folder: Path, contract: Contract, *, since: datetime, until: datetime) -> Names:
    """Give the keys that were asked about in a stretch of time, in order."""
    found = [np.zeros(0, dtype=np.uint64)]
    for twin in prediction_twins(folder, contract):
        if twin.touches(since, until):
            at = twin.numbers("at")
            inside = (at >= microseconds(since)) & (at < microseconds(until))
            found.append(np.unique(twin.numbers("key")[inside]))
    keys = np.unique(np.concatenate(found))
    whole: Names = keys[keys != NOBODY]
    return whole
