"""The predictions of a window as columns, each once, in the order of their times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from adapters.events.lines import Predicted, decoded
from adapters.events.naming import NOBODY, Names, picking
from adapters.events.twins import Twin, microseconds, prediction_twins
from adapters.events.typed import arrow_type, typed
from lifecycle.serving.contract import Contract
from lifecycle.task import Task

ID, ROW, AT, VERSION, SCORE, DECISION = "@id", "@row", "@at", "@version", "@score", "@decision"
"""What a prediction says of itself; no input is called so, or it cannot be asked for."""

_TIME = pa.timestamp("us", tz="UTC")
_NAME, _KEY, _AMONG = "@@name", "@@key", "@@among"


@dataclass(frozen=True)
class Predictions:
    """Predictions of a window.

    Parameters
    ----------
    table
        Them.
    names, keys
        How labels call each of them, by request and by key.
    crowded
        The names of the first rows of requests with several rows.
    torn
        Unreadable lines of the files that have something of the window.
    """

    table: pa.Table
    names: Names
    keys: Names
    crowded: Names
    torn: int


def score_columns(contract: Contract) -> tuple[str, ...]:
    """Name the columns of the scores: one, or of several classes one for each.

    Examples
    --------
    >>> several = Contract(
    ...     project="p", label="y", task="multiclass", classes=("a", "b", "c"), fields=()
    ... )
    >>> score_columns(several)
    ('@score a', '@score b', '@score c')
    """
    if contract.task is Task.MULTICLASS:
        return tuple(f"{SCORE} {name}" for name in contract.classes)
    return (SCORE,)


def read_predictions(
    folder: Path,
    contract: Contract,
    *,
    since: datetime,
    until: datetime,
    version: str | None,
    columns: Sequence[str],
) -> Predictions:
    """Read predictions with `since` <= `at` < `until`; of those asked again, the last."""
    reader = _Reader(contract, since, until, version, columns)
    tables, torn = [reader.schema.empty_table()], 0
    for twin in prediction_twins(folder, contract):
        if twin.touches(since, until):
            read, broken = reader.tables(twin)
            tables += read
            torn += max(broken, twin.torn)
    table = pa.concat_tables(tables)
    crowded = np.unique(table[_AMONG].to_numpy())
    places = _each_once(table[_NAME].to_numpy(), table[AT])
    if places is not None:
        table = table.take(pa.array(places))
    return Predictions(
        table.drop_columns([_NAME, _KEY, _AMONG]),
        table[_NAME].to_numpy(),
        table[_KEY].to_numpy(),
        crowded[crowded != NOBODY],
        torn,
    )


class _Reader:
    """Reads what is asked for from the lines of predictions."""

    def __init__(
        self,
        contract: Contract,
        since: datetime,
        until: datetime,
        version: str | None,
        columns: Sequence[str],
    ) -> None:
        fields = {field.name: field for field in contract.fields}
        self._fields = [fields[name] for name in columns]
        self._contract = contract
        self._since, self._until, self._version = since, until, version
        kind, self._listed = picking(columns)
        self._kind: Any = Predicted[kind]  # type: ignore[valid-type]
        self._scores = score_columns(contract)
        self.schema = pa.schema(
            [
                (ID, pa.string()), (ROW, pa.int64()), (AT, _TIME), (VERSION, pa.string()),
                *((name, pa.float64()) for name in self._scores), (DECISION, pa.string()),
                *((field.name, arrow_type(field)) for field in self._fields),
                (_NAME, pa.uint64()), (_KEY, pa.uint64()), (_AMONG, pa.uint64()),
            ]
        )  # fmt: skip

    def tables(self, twin: Twin) -> tuple[list[pa.Table], int]:
        """Read a file; what its twin knows already is taken from there."""
        at = twin.numbers("at")
        inside = (at >= microseconds(self._since)) & (at < microseconds(self._until))
        wanted = twin.table.filter(pa.array(inside))
        lines = wanted["line"].to_numpy()
        tables, broken = [], 0
        for piece in decoded(twin.path, self._kind):
            broken += piece.broken
            found, here = _meet(lines, piece.lines)
            events = [piece.events[place] for place in here.tolist()]
            table = self._table(events, wanted.take(pa.array(found)))
            if self._version is not None:
                table = table.filter(pc.equal(table[VERSION], self._version))
            tables.append(table)
        return tables, broken

    def _table(self, events: list[Any], known: pa.Table) -> pa.Table:
        inputs = self._listed([event.inputs for event in events])
        return pa.table(
            [
                pa.array([event.id for event in events], pa.string()),
                pa.array([event.row for event in events], pa.int64()),
                known["at"],
                pa.array([event.version for event in events], pa.string()),
                *self._read_scores([event.score for event in events]),
                pa.array([event.decision for event in events], pa.string()),
                *map(typed, inputs, self._fields),
                known["name"],
                known["key"],
                known["among"],
            ],
            schema=self.schema,
        )

    def _read_scores(self, scores: list[Any]) -> list[pa.Array]:
        if self._contract.task is Task.MULTICLASS:
            return [
                pa.array([_of_class(score, name) for score in scores], pa.float64())
                for name in self._contract.classes
            ]
        single = [None if isinstance(score, dict) else score for score in scores]
        return [pa.array(single, pa.float64())]


def _meet(known: NDArray[Any], lines: Sequence[int]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give the places of the lines that are in both, in either; both are in order."""
    there = np.asarray(lines)
    begin, end = np.searchsorted(known, [there[0], there[-1] + 1]) if len(there) else (0, 0)
    _, found, here = np.intersect1d(
        known[begin:end], there, assume_unique=True, return_indices=True
    )
    return found + begin, here


def _of_class(score: Any, name: str) -> float | None:
    return score.get(name) if isinstance(score, dict) else None


def _each_once(names: Names, at: pa.ChunkedArray) -> NDArray[Any] | None:
    """Give the places of the last line of each name, in the order of their times.

    `None` where that is what there is: then nothing has to be copied.
    """
    moments = at.cast(pa.int64()).to_numpy()
    order = np.argsort(moments, kind="stable")
    _, last = np.unique(names[order][::-1], return_index=True)
    places: NDArray[Any] = order[np.sort(len(order) - 1 - last)]
    is_so = len(places) == len(names) and bool((places == np.arange(len(names))).all())
    return None if is_so else places
