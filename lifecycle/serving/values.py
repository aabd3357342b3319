"""What one value of a field may be: the rules of a contract, and how a broken one is told.

The one place of these rules. `lifecycle.serving.reading` checks most of them while it decodes,
and asks here what was wrong when anything was.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property, lru_cache
from math import ceil, floor, isfinite
from typing import Any, Literal

import numpy as np

from lifecycle.data.declaration import ColumnType
from lifecycle.errors import suggest
from lifecycle.features.limits import MISSING
from lifecycle.serving.contract import Field
from lifecycle.serving.json_body import Unheld
from lifecycle.serving.times import NoTimeError, read_time

Kind = Literal["string", "number", "integer", "boolean"]
"""What JSON Schema calls the values; a missing one is `null` besides."""

SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""Whole numbers are 64 bits, as in tables."""

SHOWN = 12
"""So many allowed values are listed in a message."""

_LONGEST_SHOWN = 80
_LONGEST_NAME = 400
_LONGEST_SUGGESTED = 60
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
    >>> rule.tell("7", rule.breach("7"))
    'age is a whole number: write 7 without quotes.'
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

    @cached_property
    def meaning(self) -> str:
        """What it takes, in words."""
        field = self.field
        if field.allowed is not None:
            told = _list(field.allowed)
        elif field.type is ColumnType.CATEGORY and self.kinds != {"string"}:
            told = "text or " + " or ".join(
                word for kind, word in _OTHER_KINDS.items() if kind in self.kinds
            )
        else:
            told = _MEANINGS[field.type]
        unit = f" ({field.unit})" if field.unit else ""
        return f"{told}{self._range}{unit}" + (", or null" if field.may_be_missing else "")

    def found(self, value: Any) -> str:
        """Show a value; a personal one is not repeated."""
        if self.field.personal and value is not None:
            return f"{kind_of(value)} (personal)"
        return show(value)

    def tell(self, value: Any, breach: Breach) -> str:
        """Say what is wrong with a value, and what to do."""
        name, meaning = show_name(self.field.name), self.meaning
        if breach is Breach.MISSING:
            return f"{name} may not be missing: send {meaning}."
        if breach is Breach.UNHELD:
            hint = "send null instead" if self.field.may_be_missing else f"send {meaning}"
            return f"{name} is {self.found(value)}, which JSON or 64 bits do not hold: {hint}."
        if breach is Breach.RANGE:
            return f"{name} is {self.found(value)}, out of its range{self._range}."
        if breach is Breach.FRACTION:
            return f"{name} is a whole number, and {self.found(value)} has a fraction."
        if breach is Breach.LETTERS:
            return f"{name} has half of a character (a lone surrogate) in it: send valid Unicode."
        if breach is Breach.TIME:
            return f"{name} is not a time we can read. {_why_no_time(value)}"
        if breach is Breach.VALUE:
            return f"{name} is none of the values it may have. {self._suggest(value)}".rstrip()
        return f"{name} is {_MEANINGS[self.field.type]}: {self._repair(value)}."

    @property
    def _range(self) -> str:
        low, high = self.field.minimum, self.field.maximum
        if self.field.type not in (ColumnType.NUMBER, ColumnType.INTEGER):
            return ""
        if self.field.type is ColumnType.INTEGER and low is None and high is None:
            return ""
        if low is not None and high is not None:
            return f" from {low:.15g} to {high:.15g}"
        if low is not None:
            return f" from {low:.15g} on"
        return f" up to {high:.15g}" if high is not None else ""

    def _repair(self, value: Any) -> str:
        if self.field.personal or not isinstance(value, str | int | float | bool):
            return f"send {self.meaning}, not {kind_of(value)}"
        if isinstance(value, str) and self._takes_unquoted(value):
            return f"write {value} without quotes"
        if "string" in self.kinds and self.field.type in _PLAIN:
            return f"write {json.dumps(str(value))} with quotes"
        return f"send {self.meaning}, not {show(value)}"

    def _takes_unquoted(self, text: str) -> bool:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, bool | int | float) and self.breach(value) is None

    def _suggest(self, value: Any) -> str:
        allowed = self.field.allowed or ()
        if self.field.personal or len(allowed) > SHOWN or len(str(value)) > _LONGEST_SUGGESTED:
            return ""
        return _suggest(str(self.plain(value)), allowed)

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


def kind_of(value: Any) -> str:
    """Name a JSON value's kind.

    Examples
    --------
    >>> kind_of(True), kind_of(1.5), kind_of([1]), kind_of("a")
    ('a boolean', 'a number', 'an array', 'text')
    """
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float | Unheld):
        return "a number"
    if isinstance(value, str):
        return "text"
    if value is None:
        return "null"
    return "an array" if isinstance(value, list) else "an object"


def show(value: Any) -> str:
    """Show a JSON value in a message: as it is written, long ones cut."""
    if isinstance(value, Unheld):
        text = str(value)
    elif isinstance(value, dict | list):
        return kind_of(value)
    else:
        text = json.dumps(value, ensure_ascii=False)
    return _cut(text)


def show_name(name: str) -> str:
    """Show a field's name in a message."""
    return _cut(name)


def tellable(name: str) -> str:
    """Give a field's name as an answer may repeat it: not endless, and without half characters."""
    return _cut(name, _LONGEST_NAME)


def _cut(text: str, longest: int = _LONGEST_SHOWN) -> str:
    shown = text if len(text) <= longest else f"{text[:longest]}…"
    return shown.encode("utf-8", "replace").decode("utf-8")  # no answer holds a lone surrogate


def _limit(field: Field, limit: float | None) -> float | None:
    is_number = field.type in (ColumnType.NUMBER, ColumnType.INTEGER)
    return limit if is_number and limit is not None and isfinite(limit) else None


def _list(values: tuple[str, ...]) -> str:
    shown = ", ".join(values[:SHOWN])
    return f"one of {shown}" + (f", … ({len(values)} in all)" if len(values) > SHOWN else "")


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


def _why_no_time(value: str) -> str:
    try:
        read_time(value)
    except NoTimeError as error:
        return str(error)
    return ""


@lru_cache(maxsize=1_024)
def _suggest(word: str, allowed: tuple[str, ...]) -> str:
    return suggest(word, allowed)


def suggest_name(name: str, names: tuple[str, ...]) -> str:
    """Name the field somebody may have meant; nothing for a name of no sensible length."""
    if len(name) > _LONGEST_SUGGESTED:
        return ""
    return _suggest(tellable(name), names)


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
_MEANINGS = {
    ColumnType.NUMBER: "a number",
    ColumnType.INTEGER: "a whole number",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.CATEGORY: "text",
    ColumnType.TEXT: "text",
    ColumnType.TIME: "a time in ISO 8601",
}
_OTHER_KINDS: dict[Kind, str] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
