"""Puts what is wrong with a value into words: what was found, what is allowed, what to do."""

import json
from functools import lru_cache
from typing import Any

from lifecycle.data.declaration import ColumnType
from lifecycle.errors import suggest
from lifecycle.serving.faults import NotJson
from lifecycle.serving.json_body import Unheld, parse
from lifecycle.serving.times import NoTimeError, read_time
from lifecycle.serving.values import Breach, Kind, Rule

SHOWN = 12
"""So many allowed values are listed in a message."""

_LONGEST_SHOWN = 80
_LONGEST_NAME = 400
_LONGEST_SUGGESTED = 60
_PLAIN = (ColumnType.CATEGORY, ColumnType.TEXT)
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


def meaning(rule: Rule) -> str:
    """Say what values a field takes."""
    field = rule.field
    if field.allowed is not None:
        told = _list(field.allowed)
    elif field.type is ColumnType.CATEGORY and rule.kinds != {"string"}:
        told = "text or " + " or ".join(
            word for kind, word in _OTHER_KINDS.items() if kind in rule.kinds
        )
    else:
        told = _MEANINGS[field.type]
    unit = f" ({field.unit})" if field.unit else ""
    return f"{told}{_range(rule)}{unit}" + (", or null" if field.may_be_missing else "")


def show_value(rule: Rule, value: Any) -> str:
    """Show a value; a personal one is not repeated."""
    if rule.field.personal and value is not None:
        return f"{kind_of(value)} (personal)"
    return show(value)


def tell(rule: Rule, value: Any, breach: Breach) -> str:
    """Say what is wrong with a value, and what to do."""
    name = show_name(rule.field.name)
    if breach is Breach.MISSING:
        return f"{name} may not be missing: send {meaning(rule)}."
    if breach is Breach.UNHELD:
        hint = "send null instead" if rule.field.may_be_missing else f"send {meaning(rule)}"
        return f"{name} is {show_value(rule, value)}, which JSON or 64 bits do not hold: {hint}."
    if breach is Breach.RANGE:
        return f"{name} is {show_value(rule, value)}, out of its range{_range(rule)}."
    if breach is Breach.FRACTION:
        return f"{name} is a whole number, and {show_value(rule, value)} has a fraction."
    if breach is Breach.LETTERS:
        return f"{name} has half of a character (a lone surrogate) in it: send valid Unicode."
    if breach is Breach.TIME:
        return f"{name} is not a time we can read. {_why_no_time(value)}"
    if breach is Breach.VALUE:
        return f"{name} is none of the values it may have. {_nearest(rule, value)}".rstrip()
    return f"{name} is {_MEANINGS[rule.field.type]}: {_repair(rule, value)}."


def _range(rule: Rule) -> str:
    low, high = rule.field.minimum, rule.field.maximum
    if rule.field.type not in (ColumnType.NUMBER, ColumnType.INTEGER):
        return ""
    if rule.field.type is ColumnType.INTEGER and low is None and high is None:
        return ""
    if low is not None and high is not None:
        return f" from {low:.15g} to {high:.15g}"
    if low is not None:
        return f" from {low:.15g} on"
    return f" up to {high:.15g}" if high is not None else ""


def _repair(rule: Rule, value: Any) -> str:
    if rule.field.personal or not isinstance(value, str | int | float | bool):
        return f"send {meaning(rule)}, not {kind_of(value)}"
    if isinstance(value, str) and _takes_unquoted(rule, value):
        return f"write {_cut(value.strip())} without quotes"
    if "string" in rule.kinds and rule.field.type in _PLAIN:
        return f"write {_cut(json.dumps(str(value)))} with quotes"
    return f"send {meaning(rule)}, not {show(value)}"


def _takes_unquoted(rule: Rule, text: str) -> bool:
    try:
        value = parse(text.encode("utf-8", "replace"))
    except NotJson:
        return False
    return isinstance(value, bool | int | float) and rule.breach(value) is None


def _nearest(rule: Rule, value: Any) -> str:
    allowed = rule.field.allowed or ()
    if rule.field.personal or len(allowed) > SHOWN or len(str(value)) > _LONGEST_SUGGESTED:
        return ""
    return _suggest(str(rule.plain(value)), allowed)


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


def _list(values: tuple[str, ...]) -> str:
    shown = ", ".join(values[:SHOWN])
    return f"one of {shown}" + (f", … ({len(values)} in all)" if len(values) > SHOWN else "")


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
