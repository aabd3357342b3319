"""Reads the body of a labels request: truths that came to be known later.

Each names the row it belongs to, by the request that asked about it and the row's place there,
or by the values of the row's key.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lifecycle.data.declaration import ColumnType
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.entries import Wrong, broken, read_entries, repeated
from lifecycle.serving.events import Truth
from lifecycle.serving.json_body import Unheld
from lifecycle.serving.telling import kind_of, meaning, show, show_name, suggest_name
from lifecycle.serving.values import Rule

REQUEST_ID = r"^[\x21-\x7e]{1,128}$"
"""A pattern of what names a request: up to 128 visible ASCII characters."""

LAST_ROW = 2**31 - 1

_FIELDS = ("request_id", "row", "key", "label", "known_at")
_ONE_OF_TWO = "request_id (and row, where there were several), or key"


def label_field(contract: Contract) -> Field:
    """Give what a label may be: one of the classes, as training writes them, or a number."""
    if contract.task.is_classification:
        return Field(
            name="label",
            type=ColumnType.CATEGORY,
            may_be_missing=False,
            allowed=contract.classes,
            typical=contract.classes[-1] if contract.classes else None,
            description=f"The truth: what {contract.label} turned out to be",
        )
    return Field(
        name="label",
        type=ColumnType.NUMBER,
        may_be_missing=False,
        unit=contract.unit,
        description=f"The truth: what {contract.label} turned out to be",
    )


ROW = Field(
    name="row",
    type=ColumnType.INTEGER,
    may_be_missing=False,
    minimum=0,
    maximum=LAST_ROW,
    description="Which row of the request, from 0",
)
KNOWN_AT = Field(
    name="known_at",
    type=ColumnType.TIME,
    description="When it came to be known; without it, when it is told",
)


class LabelReader:
    """Reads bodies of labels.

    Parameters
    ----------
    most
        Most labels in one request.

    Examples
    --------
    >>> contract = Contract(project="p", label="y", task="binary", classes=("no", "yes"), fields=())
    >>> LabelReader(contract, most=10).read(b'{"request_id": "r1", "label": "yes"}')
    [Truth(label='yes', request_id='r1', row=0, key=None, known_at=None)]
    """

    def __init__(self, contract: Contract, *, most: int) -> None:
        self._most = most
        self._label = Rule(label_field(contract))
        self._rules = {"row": Rule(ROW), "label": self._label, "known_at": Rule(KNOWN_AT)}
        fields = {field.name: field for field in contract.fields}
        self._key = {name: Rule(fields[name]) for name in contract.key}

    def read(self, body: bytes) -> list[Truth]:
        """Read a body: one label, or an array of them.

        Raises
        ------
        NotJson
            If it is not JSON.
        TooManyRows
            If it has more labels than are taken.
        Faults
            If a label cannot be right: all that is wrong with it.
        """
        labels = read_entries(body, self._check, what="label", most=self._most)
        return [self._read(label) for label in labels]

    def _read(self, label: Mapping[str, Any]) -> Truth:
        truth = self._label.plain(label["label"])
        return Truth(
            label=truth if isinstance(truth, str) else float(truth),
            request_id=label.get("request_id"),
            row=int(label.get("row", 0)) if "request_id" in label else None,
            key=label.get("key"),
            known_at=label.get("known_at"),
        )

    def _check(self, label: Any) -> Iterator[Wrong]:
        if not isinstance(label, dict):
            yield Wrong((), show(label), "an object", f"A label is an object, not {show(label)}.")
            return
        yield from repeated(label, ())
        for name in label:
            if name not in _FIELDS:
                hint = suggest_name(name, _FIELDS)
                detail = f"{show_name(name)} is no field of a label. {hint}"
                yield Wrong((name,), "the field", "no such field", detail)
        yield from self._check_name(label)
        for name, rule in self._rules.items():
            if name in label:
                yield from broken(rule, label[name], (name,))
        if "label" not in label:
            told = "label is missing: it is the truth that is told."
            yield Wrong(("label",), "nothing", meaning(self._label), told)

    def _check_name(self, label: Mapping[str, Any]) -> Iterator[Wrong]:
        """Check what says which row it is the truth of."""
        named = [name for name in ("request_id", "key") if name in label]
        if len(named) != 1:
            found = "both" if named else "neither"
            detail = f"A label names its row by {_ONE_OF_TWO}; there is {found}."
            yield Wrong((), found, _ONE_OF_TWO, detail)
        if "key" in label:
            yield from self._check_key(label["key"])
            if "row" in label and named == ["key"]:
                detail = "row goes with request_id; a key names a row by itself. Leave it out."
                yield Wrong(("row",), "the field", "no such field", detail)
        if "request_id" in label and not is_request_id(label["request_id"]):
            allowed = "1 to 128 visible ASCII characters"
            found = show(label["request_id"])
            detail = f"request_id is {found}; it is what the prediction was answered with."
            yield Wrong(("request_id",), found, allowed, detail)

    def _check_key(self, key: Any) -> Iterator[Wrong]:
        names = ", ".join(self._key)
        if not self._key:
            detail = "Rows of this model have no key: name the row by request_id."
            yield Wrong(("key",), kind_of(key), "no such field", detail)
            return
        if not isinstance(key, dict):
            detail = f"key is {kind_of(key)}; it is an object with {names}."
            yield Wrong(("key",), show(key), f"an object with {names}", detail)
            return
        yield from repeated(key, ("key",))
        for name, value in key.items():
            if name in self._key:
                yield from broken(self._key[name], value, ("key", name))
            else:
                detail = f"{show_name(name)} is no part of the key, which is {names}."
                yield Wrong(("key", name), "the field", "no such field", detail)
        for name, rule in self._key.items():
            if name not in key:
                detail = f"{show_name(name)} is missing: the key is {names}, all of them."
                yield Wrong(("key", name), "nothing", meaning(rule), detail)


def is_request_id(value: Any) -> bool:
    """Tell whether a value may name a request; see `REQUEST_ID`."""
    if not isinstance(value, str) or isinstance(value, Unheld):
        return False
    return re.fullmatch(REQUEST_ID[1:-1], value) is not None
