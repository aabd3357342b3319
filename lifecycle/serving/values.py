"""What one value of a field may be: the one place of a contract's rules.

`lifecycle.serving.reading` checks most of them while it decodes, and asks here what was wrong
when anything was; `lifecycle.serving.telling` puts it into words.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from math import ceil, floor, isfinite
from typing import Any, Literal

import numpy as np

from lifecycle.data.declaration import ColumnType
from lifecycle.features.limits import MISSING
from lifecycle.serving.contract import Field
from lifecycle.serving.json_body import Unheld
from lifecycle.serving.times import NoTimeError, read_time

Kind = Literal["string", "number", "integer", "boolean"]
"""What JSON Schema calls the values; a missing one is `null` besides."""

SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""Whole numbers are 64 bits, as in tables."""

_EXACT = 2.0**53
_PLAIN = (ColumnType.CATEGORY, ColumnType.TEXT)
_KINDS: dict[ColumnType, frozenset[Kind]] = {
    ColumnType.NUMBER: frozenset({"number"}),
    ColumnType.INTEGER: frozenset({"integer"}),
    ColumnType.BOOLEAN: frozenset({"boolean"}),
    ColumnType.TEXT: frozenset({"string"}),
    ColumnType.TIME: frozenset({"string"}),
}


class Breach(Enum):
    """In which way a value breaks the rules of its field."""

    MISSING = auto()
    KIND = auto()
    UNHELD = auto()
    FRACTION = auto()
    RANGE = auto()
    VALUE = auto()
    TIME = auto()
    LETTERS = auto()


@dataclass(frozen=True)
class Rule:
    """What a value of one field may be.

    Examples
    --------
    >>> rule = Rule(Field(name="age", type="integer", minimum=0, may_be_missing=False))
    >>> rule.breach(7), rule.breach(7.0), rule.breach(-1)
    (None, None, <Breach.RANGE: 5>)
    """

    field: Field

    @cached_property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of values it takes.

        A category is text. It takes numbers or booleans where training has written down such,
        or where nothing is known of it; elsewhere they are more likely a slip than a value.
        """
        if self.field.type is not ColumnType.CATEGORY:
            return _KINDS[self.field.type]
        values = {*self.field.known, *(self.field.allowed or ())} - {MISSING}
        if not values:
            return frozenset({"string", "number", "integer", "boolean"})
        return frozenset({"string", *(kind for value in values for kind in _written_from(value))})

    @cached_property
    def low(self) -> float | None:
        """The lowest number it takes."""
        low = _limit(self.field, self.field.minimum)
        if self.field.type is not ColumnType.INTEGER:
            return low
        return SMALLEST if low is None else min(max(SMALLEST, ceil(low)), LARGEST)

    @cached_property
    def high(self) -> float | None:
        """The highest number it takes."""
        high = _limit(self.field, self.field.maximum)
        if self.field.type is not ColumnType.INTEGER:
            return high
        return LARGEST if high is None else max(min(LARGEST, floor(high)), SMALLEST)

    @cached_property
    def options(self) -> tuple[Any, ...] | None:
        """The only values it takes, as `plain` gives them, in the order they were declared."""
        if self.field.allowed is None:
            return None
        return tuple(dict.fromkeys(self._read_allowed(self.field.allowed)))

    @cached_property
    def allowed(self) -> frozenset[Any] | None:
        """The same as a set."""
        return None if self.options is None else frozenset(self.options)

    def breach(self, value: Any) -> Breach | None:
        """Tell in which way a value is not allowed; `None` where it is."""
        if value is None or (value == MISSING and self.field.type in _PLAIN):
            return None if self.field.may_be_missing else Breach.MISSING
        broken = _CHECKS[self.field.type](self, value)
        if broken is None and self.allowed is not None and self.plain(value) not in self.allowed:
            return Breach.VALUE
        return broken

    def plain(self, value: Any) -> Any:
        """Give a value that breaks no other rule as equal ones are equal."""
        if self.field.type is ColumnType.CATEGORY:
            return value if isinstance(value, str) else write_category(value)
        if self.field.type is ColumnType.TIME:
            return read_time(value)
        return value

    def _read_allowed(self, texts: tuple[str, ...]) -> Iterator[Any]:
        """Read the declared values as values of the field; one that is none can never be sent."""
        for text in texts:
            if self.field.type in _PLAIN:
                yield text
                continue
            try:
                value = text if self.field.type is ColumnType.TIME else json.loads(text)
                if _CHECKS[self.field.type](self, value) is None:
                    yield self.plain(value)
            except ValueError:
                continue


def write_category(value: bool | int | float) -> str:
    """Write a number or boolean as training writes one down where a category is declared.

    Examples
    --------
    >>> [write_category(value) for value in (True, 7, 7.0, 1.5, 1e-7, 2.5e30)]
    ['true', '7', '7', '1.5', '1e-7', '2.5e+30']
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        if SMALLEST <= value <= LARGEST:
            return str(value)
        value = float(value)
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if 1e-6 <= abs(value) < 1e10:  # there, Arrow writes no exponent
        return np.format_float_positional(value, trim="-")
    mantissa, _, exponent = np.format_float_scientific(value, trim="-").partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].lstrip('0')}"


def _limit(field: Field, limit: float | None) -> float | None:
    is_number = field.type in (ColumnType.NUMBER, ColumnType.INTEGER)
    return limit if is_number and limit is not None and isfinite(limit) else None


def _written_from(value: str) -> Iterator[Kind]:
    """Tell from which kinds of values training may have written a category."""
    if value in ("true", "false"):
        yield "boolean"
    try:
        number = float(value)
    except ValueError:
        return
    if isfinite(number) and write_category(number) == value:
        yield "integer"
        if not number.is_integer():
            yield "number"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_number(rule: Rule, value: Any) -> Breach | None:
    if isinstance(value, Unheld):
        return Breach.UNHELD
    if not _is_number(value):
        return Breach.KIND
    try:
        number = float(value)
    except OverflowError:
        return Breach.UNHELD
    low, high = rule.low, rule.high
    inside = (low is None or number >= low) and (high is None or number <= high)
    return None if inside else Breach.RANGE


def _check_integer(rule: Rule, value: Any) -> Breach | None:
    if isinstance(value, Unheld):
        return Breach.UNHELD
    if not _is_number(value):
        return Breach.KIND
    if isinstance(value, float) and not value.is_integer():
        return Breach.FRACTION
    low, high = rule.low, rule.high
    inside = (low is None or value >= low) and (high is None or value <= high)
    return None if inside else Breach.RANGE


def _check_boolean(rule: Rule, value: Any) -> Breach | None:
    return None if isinstance(value, bool) else Breach.KIND


def _check_text(rule: Rule, value: Any) -> Breach | None:
    if isinstance(value, Unheld):
        return Breach.UNHELD if rule.kinds & {"number", "integer"} else Breach.KIND
    if isinstance(value, str):
        return None if _is_whole(value) else Breach.LETTERS
    if isinstance(value, bool):
        return None if "boolean" in rule.kinds else Breach.KIND
    if not isinstance(value, int | float) or not rule.kinds & {"number", "integer"}:
        return Breach.KIND
    if "number" in rule.kinds:
        return _check_number(rule, value)
    if isinstance(value, float) and not value.is_integer():
        return Breach.KIND
    return None if SMALLEST <= value <= LARGEST else Breach.UNHELD


def _check_time(rule: Rule, value: Any) -> Breach | None:
    if not isinstance(value, str) or isinstance(value, Unheld):
        return Breach.KIND
    try:
        read_time(value)
    except NoTimeError:
        return Breach.TIME
    return None


def _is_whole(text: str) -> bool:
    """Tell whether a text has no lone surrogate in it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


_CHECKS = {
    ColumnType.NUMBER: _check_number,
    ColumnType.INTEGER: _check_integer,
    ColumnType.BOOLEAN: _check_boolean,
    ColumnType.CATEGORY: _check_text,
    ColumnType.TEXT: _check_text,
    ColumnType.TIME: _check_time,
}
