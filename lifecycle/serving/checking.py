"""Everything that is wrong with rows, found in one go over a body as plain values."""

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple

from lifecycle.serving.contract import Contract
from lifecycle.serving.faults import MOST_TOLD, Fault, Faults, pointer
from lifecycle.serving.json_body import Repeating
from lifecycle.serving.telling import (
    meaning,
    show,
    show_name,
    show_value,
    suggest_name,
    tell,
    tellable,
)
from lifecycle.serving.values import Breach, Rule


class Slip(Enum):
    """What can be wrong with a row besides its values."""

    NO_ROW = auto()
    UNKNOWN = auto()
    WITHHELD = auto()
    LABEL = auto()
    REPEATED = auto()
    ABSENT = auto()


class Finding(NamedTuple):
    """A fault that is not yet put into words: only the first hundred are."""

    row: int
    name: str | None
    value: Any
    what: Breach | Slip


class Checker:
    """Holds rows against a contract.

    Examples
    --------
    >>> from lifecycle.serving.contract import Field
    >>> age = Field(name="age", type="integer", minimum=0, maximum=120, may_be_missing=False)
    >>> contract = Contract(project="p", label="y", task="regression", fields=(age,))
    >>> faults = Checker(contract).check({"age": 130, "aeg": 1})
    >>> for fault in faults.faults:
    ...     print(fault.pointer, "|", fault.detail)
    /age | age is 130, out of its range from 0 to 120.
    /aeg | aeg is no field of this model. Known: age. Did you mean "age"?
    """

    def __init__(self, contract: Contract) -> None:
        self.rules: Mapping[str, Rule] = {field.name: Rule(field) for field in contract.fields}
        self._names = tuple(self.rules)
        self._required = tuple(field.name for field in contract.fields if field.is_required)
        self._label = contract.label
        self._withheld = frozenset(contract.withheld)

    def check(self, body: Any) -> Faults | None:
        """Find all faults of a row, or of an array of them; `None` where there are none."""
        if not isinstance(body, dict | list) or body == []:
            return Faults([_no_rows(body)])
        is_single = isinstance(body, dict)
        found = count = 0
        told: list[Fault] = []
        for number, row in enumerate([body] if is_single else body):
            for finding in self._check_row(number, row):
                count += 1
                if found < MOST_TOLD:
                    found += 1
                    told.append(self._tell(finding, is_single))
        return Faults(told, count) if count else None

    def _check_row(self, number: int, row: Any) -> Iterator[Finding]:
        if not isinstance(row, dict):
            yield Finding(number, None, row, Slip.NO_ROW)
            return
        for name, value in row.items():
            rule = self.rules.get(name)
            what = self._strange(name) if rule is None else rule.breach(value)
            if what is not None:
                yield Finding(number, name, value, what)
        if isinstance(row, Repeating):
            for name in row.repeated:
                yield Finding(number, name, row[name], Slip.REPEATED)
        for name in self._required:
            if name not in row:
                yield Finding(number, name, None, Slip.ABSENT)

    def _strange(self, name: str) -> Slip:
        if name == self._label:
            return Slip.LABEL
        return Slip.WITHHELD if name in self._withheld else Slip.UNKNOWN

    def _tell(self, finding: Finding, is_single: bool) -> Fault:
        row, name, value, what = finding
        steps: list[int | str] = [] if is_single else [row]
        if name is None:
            return Fault(row, None, pointer(*steps), show(value), "an object",
                         f"Row {row} is {show(value)}, not an object of fields.")  # fmt: skip
        shown = name if name in self.rules else tellable(name)
        where = pointer(*steps, shown)
        rule = self.rules.get(name)
        if isinstance(what, Breach) and rule is not None:
            return Fault(
                row, shown, where, show_value(rule, value), meaning(rule), tell(rule, value, what)
            )
        found, allowed, detail = self._tell_slip(shown, what, rule)
        return Fault(row, shown, where, found, allowed, detail)

    def _tell_slip(self, name: str, what: Breach | Slip, rule: Rule | None) -> tuple[str, str, str]:
        told = show_name(name)
        if rule is not None and what is Slip.ABSENT:
            hint = " Send null where it is not known." if rule.field.may_be_missing else ""
            return "nothing", meaning(rule), f"{told} is missing, and the model reads it.{hint}"
        if what is Slip.REPEATED:
            detail = f"{told} is there more than once; which one is meant cannot be known."
            return "the field more than once", "each field once", detail
        if what is Slip.LABEL:
            detail = f"{told} is what the model answers. Leave it out; send it to /labels later."
        elif what is Slip.WITHHELD:
            detail = (
                f"{told} is known only afterwards, so it was kept from the model. Leave it out."
            )
        else:
            hint = suggest_name(name, self._names)
            detail = f"{told} is no field of this model. {hint}".rstrip()
        return "the field", "no such field", detail


def _no_rows(body: Any) -> Fault:
    found = "an empty array" if body == [] else show(body)
    return Fault(
        row=None, field=None, pointer="", found=found,
        allowed="an object (one row), or an array of at least one",
        detail=f"The body is {found}. Send one row as an object of fields, or an array of rows.",
    )  # fmt: skip
