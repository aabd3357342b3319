"""Rows of a table read as truths: what each is the truth of, and what is wrong with those not."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from adapters.events.naming import NOBODY
from adapters.labelling.recording import names_of
from lifecycle.data.cast import MEANINGS, cast
from lifecycle.data.declaration import ColumnType
from lifecycle.errors import DataError, suggest
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.events import Mask, Truth
from lifecycle.serving.labels import KNOWN_AT, ROW, is_request_id, label_field
from lifecycle.serving.telling import show, show_value, tell
from lifecycle.serving.values import Rule

REQUEST = Field(name="request_id", type=ColumnType.TEXT, may_be_missing=False)
LABEL = "label"

Values = list[Any]


class LabelRows:
    """Reads the rows of a table that have a label.

    Parameters
    ----------
    table
        With `request_id` (and perhaps `row`), or all columns of the key; the label under its own
        name or as `label`; perhaps `known_at`. Other columns are of no account.

    Raises
    ------
    DataError
        If it has no column of the label, or none that say what the labels are the truth of.

    Attributes
    ----------
    without
        How many rows have no label yet.
    faults
        What is wrong with a row, by its place, from 0.

    Examples
    --------
    >>> contract = Contract(project="p", label="late", task="binary", classes=("no", "yes"),
    ...                     fields=())
    >>> rows = LabelRows(
    ...     pa.table({"request_id": ["r1", "r2", "r3"], "late": ["yes", None, "3"]}), contract
    ... )
    >>> [truth.label for truth in rows.truths(Mask(contract, "drop"))], rows.without, rows.faults
    (['yes'], 1, {2: 'label is none of the values it may have. Known: no, yes.'})
    """

    def __init__(self, table: pa.Table, contract: Contract) -> None:
        self._contract = contract
        self._key = _key_of(table, contract)
        self.faults: dict[int, str] = {}
        name, field = _label_of(table, contract), label_field(contract)
        done = cast(table[name], field.type, name=name)
        is_there = pc.is_valid(done.column).to_numpy()
        if done.refused is not None:
            is_there |= done.refused
        self.without = int((~is_there).sum())
        self._places: NDArray[np.int64] = np.flatnonzero(is_there)
        self._table = table.filter(pa.array(is_there))
        self._labels = self._read(name, field)

    def truths(self, mask: Mask) -> list[Truth]:
        """Give the truths of rows that are right, in their order.

        Of rows that say different things of the same, none is right.

        Parameters
        ----------
        mask
            By which equal keys are told.
        """
        names = self._table.column_names
        is_known = KNOWN_AT.name in {*names} - {*self._contract.key, self._contract.label}
        known = self._read(KNOWN_AT.name, KNOWN_AT) if is_known else None
        truth = self._by_key() if self._key else self._by_request()
        found = [
            (row, truth(row, None if known is None else known[row]))
            for row in range(self._table.num_rows)
            if int(self._places[row]) not in self.faults
        ]
        return self._without_contradictions(found, mask)

    def _by_request(self) -> Callable[[int, str | None], Truth]:
        requests = self._read(REQUEST.name, REQUEST)
        for row, request in enumerate(requests):
            if request is not None and not is_request_id(request):
                self._refuse(row, f"request_id is {show(request)}; it is what the prediction was "
                             "answered with, 1 to 128 visible ASCII characters.")  # fmt: skip
        has_rows = ROW.name in self._table.column_names and self._contract.label != ROW.name
        rows = self._read(ROW.name, ROW) if has_rows else [None] * len(requests)
        return lambda row, known: Truth(
            label=self._labels[row], request_id=requests[row], row=rows[row], known_at=known
        )

    def _by_key(self) -> Callable[[int, str | None], Truth]:
        columns = {field.name: self._read(field.name, field) for field in self._key}
        for name, values in columns.items():
            for row, value in enumerate(values):
                if value is None:
                    self._refuse(row, f"{name} is missing, and part of a key names no row.")
        return lambda row, known: Truth(
            label=self._labels[row],
            key={name: values[row] for name, values in columns.items()},
            known_at=known,
        )

    def _read(self, name: str, field: Field) -> Values:
        """Give a column as somebody would send it; a value that may not be sent is a fault."""
        rule = Rule(field)
        done = cast(self._table[name], field.type, name=name)
        values = as_sent(done.column)
        for row in np.flatnonzero([] if done.refused is None else done.refused).tolist():
            found = show_value(rule, str(self._table[name][row].as_py()))
            self._refuse(row, f"{name} is {found}, which is not {MEANINGS[field.type]}.")
        breaches = {value: rule.breach(value) for value in set(values)}
        if any(breaches.values()):
            for row, value in enumerate(values):
                if (breach := breaches[value]) is not None:
                    self._refuse(row, tell(rule, value, breach))
        return values

    def _without_contradictions(self, found: list[tuple[int, Truth]], mask: Mask) -> list[Truth]:
        names = names_of([truth for _, truth in found], self._contract, mask)
        said: dict[int, tuple[int, Truth]] = {}
        for name, (row, truth) in zip(names.tolist(), found, strict=True):
            first, other = said.setdefault(name, (row, truth))
            if name != NOBODY and other.label != truth.label:
                one, two = self._places[first] + 1, self._places[row] + 1
                why = f"rows {one} and {two} say different things of the same; keep the one that"
                self._refuse(first, f"{why} is right.")
                self._refuse(row, f"{why} is right.")
        return [truth for row, truth in found if int(self._places[row]) not in self.faults]

    def _refuse(self, row: int, why: str) -> None:
        self.faults.setdefault(int(self._places[row]), why)


def as_sent(column: pa.ChunkedArray) -> Values:
    """Give the values of a column as somebody would send them: times in ISO 8601."""
    if not pa.types.is_timestamp(column.type):
        values: Values = column.to_pylist()
        return values
    return [None if value is None else _write(value) for value in column.to_pylist()]


def _write(moment: datetime) -> str:
    return f"{moment.isoformat()}Z"


def _label_of(table: pa.Table, contract: Contract) -> str:
    taken = {REQUEST.name, ROW.name, KNOWN_AT.name, *contract.key}
    for name in (contract.label, LABEL):
        if name in table.column_names and name not in taken:
            return name
    raise DataError(
        f'There is no column "{contract.label}" or "{LABEL}", which would be the truth. '
        f"{suggest(contract.label, table.column_names)}"
    )


def _key_of(table: pa.Table, contract: Contract) -> tuple[Field, ...]:
    """Give the fields of the key rows are named by; none: they are named by their request."""
    names = set(table.column_names)
    if REQUEST.name in names and REQUEST.name not in contract.key:
        return ()
    lacking = [name for name in contract.key if name not in names]
    if contract.key and not lacking:
        fields = {field.name: field for field in contract.fields}
        return tuple(fields[name] for name in contract.key)
    by_key = (
        f", or all columns of the key ({', '.join(contract.key)}; there is no {', '.join(lacking)})"
        if contract.key
        else "; rows of this model have no key that is written down (data.key; personal columns "
        "only as pseudonyms)"
    )
    raise DataError(
        "Nothing says what these labels are the truth of. Give a column request_id (and row, where "
        f"a request had several rows){by_key}. Columns there are: {', '.join(table.column_names)}."
    )
