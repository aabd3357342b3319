"""Reads the body of a prediction request into what a model takes, or tells all its faults.

A body that is right is decoded straight into a type made from the contract, which checks most
of its rules on the way. Only one that is not is read again, plainly, to find all that is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from lifecycle.serving.checking import Checker
from lifecycle.serving.contract import Contract, Layout
from lifecycle.serving.faults import NotJson, TooManyRows
from lifecycle.serving.inputs import Inputs
from lifecycle.serving.json_body import parse
from lifecycle.serving.row_type import attributes, is_decodable, row_type
from lifecycle.serving.taking import Taken, Taker


@dataclass(slots=True)
class Request:
    """A request that keeps its contract.

    Parameters
    ----------
    is_single
        Whether it was one row, and not an array.
    inputs
        What the model takes.
    unseen
        By column: how many rows have a category the model has not learnt from.
    missing
        By column the model reads: in how many rows it is missing. Columns without are left out.
    """

    is_single: bool
    inputs: Inputs
    unseen: dict[str, int]
    missing: dict[str, int]
    _decoded: Sequence[Any]
    _rows: list[dict[str, Any]] | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as they were sent: the fields that were there; numbers are 64-bit floats."""
        if self._rows is None:
            self._rows = msgspec.to_builtins(self._decoded)
        return self._rows


class Reader:
    """Reads bodies that keep one contract.

    Parameters
    ----------
    layout
        In which order the model takes the columns.
    most_rows
        Most rows of one request.

    Examples
    --------
    >>> from lifecycle.serving.contract import Field
    >>> fields = Field(name="age", type="integer"), Field(name="sex", type="category")
    >>> contract = Contract(project="p", label="y", task="regression", fields=fields)
    >>> reader = Reader(contract, Layout(numbers=("age",), texts=("sex",)), most_rows=10)
    >>> request = reader.read(b'{"age": 36, "sex": null}')
    >>> request.inputs.numbers, request.inputs.texts, request.missing
    (array([[36.]], dtype=float32), array([['']], dtype=object), {'sex': 1})
    """

    def __init__(self, contract: Contract, layout: Layout, *, most_rows: int) -> None:
        self._most = most_rows
        self._checker = Checker(contract)
        rules = self._checker.rules
        self._names = attributes(rules)
        self._taker = Taker(rules, layout)
        one: Any = row_type(rules)
        self._many: Any = list[one]
        self._decoder = msgspec.json.Decoder(one | self._many) if is_decodable(rules) else None

    def read(self, body: bytes) -> Request:
        """Read a body.

        Raises
        ------
        NotJson
            If it is not JSON.
        TooManyRows
            If it has more rows than are taken.
        Faults
            If it is not what the contract asks for: all that is wrong with it.
        """
        request = self._read_at_once(body)
        return self._read_plainly(body) if request is None else request

    def _read_at_once(self, body: bytes) -> Request | None:
        """Read a body that is right; `None` where it is not, or cannot be read in this way."""
        if self._decoder is None:
            return None
        try:
            decoded = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        is_single = type(decoded) is not list
        rows = [decoded] if is_single else decoded
        self._require_few(rows)
        taken = self._taker.take(rows, body) if rows else None
        return None if taken is None else _request(is_single, taken, rows)

    def _read_plainly(self, body: bytes) -> Request:
        value = parse(body)
        if isinstance(value, list):
            self._require_few(value)
        faults = self._checker.check(value)
        if faults is not None:
            raise faults
        request = self._take_plain(value)
        if request is None:  # the two ways of reading disagree, which no test has found them to do
            raise NotJson("The body cannot be read.")
        return request

    def _take_plain(self, value: Any) -> Request | None:
        """Take rows whose fields have names that cannot be decoded at once."""
        if self._decoder is not None:
            return None
        is_single = isinstance(value, dict)
        sent = [value] if is_single else value
        shortened = [{self._names[name]: row[name] for name in row} for row in sent]
        taken = self._taker.take(msgspec.convert(shortened, self._many), None)
        return None if taken is None else _request(is_single, taken, sent)

    def _require_few(self, rows: Sequence[Any]) -> None:
        if len(rows) > self._most:
            raise TooManyRows(len(rows), self._most)


def _request(is_single: bool, taken: Taken, sent: Sequence[Any]) -> Request:
    inputs, unseen, missing = taken
    return Request(is_single, inputs, unseen, missing, sent)
