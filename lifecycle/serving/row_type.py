"""The type rows are decoded into: most rules of a contract as msgspec checks them by itself."""

from collections.abc import Mapping
from math import nextafter
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from lifecycle.data.declaration import ColumnType
from lifecycle.features.limits import MISSING
from lifecycle.serving.values import LARGEST, Rule

_PLAIN = (ColumnType.CATEGORY, ColumnType.TEXT)
_HIGHEST = nextafter(2.0**63, 0)
"""The largest 64-bit float that is a 64-bit whole number."""


def attributes(rules: Mapping[str, Rule]) -> dict[str, str]:
    """Name the attribute of each field: names of fields need not be names in Python."""
    return {name: f"f{place}" for place, name in enumerate(rules)}


def is_decodable(rules: Mapping[str, Rule]) -> bool:
    r"""Tell whether msgspec finds the fields by their names: none has a `"`, `\` or control."""
    return not any(
        letter in '"\\' or letter < " " or "\ud800" <= letter <= "\udfff"
        for name in rules
        for letter in name
    )


def row_type(rules: Mapping[str, Rule]) -> type[msgspec.Struct]:
    """Make the type of a row; its fields are called as in `attributes`.

    Examples
    --------
    >>> from lifecycle.serving.contract import Field
    >>> kind = row_type({"age": Rule(Field(name="age", type="integer", maximum=120))})
    >>> msgspec.json.decode(b'{"age": 36}', type=kind).f0
    36
    """
    names = attributes(rules)
    fields: list[Any] = []
    for name, rule in rules.items():
        if rule.field.is_required:
            fields.append((names[name], _type(rule)))
        else:
            fields.append((names[name], _type(rule) | UnsetType, UNSET))
    return msgspec.defstruct(
        "Row",
        fields,
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,  # it holds no containers: nothing to look for in a cycle
        rename={short: name for name, short in names.items()} if is_decodable(rules) else None,
    )


def is_special(rule: Rule) -> bool:
    """Tell whether a rule has parts the type does not check.

    Those of integers (no fraction) and of times are not among them: both are looked at anyway.
    """
    return _literals(rule) is None and (
        rule.allowed is not None
        or (rule.field.type is ColumnType.CATEGORY and rule.kinds != {"string"})
    )


def _type(rule: Rule) -> Any:
    kind = _type_there(rule)
    return kind | None if rule.field.may_be_missing else kind


def _type_there(rule: Rule) -> Any:
    """Give the type of a value that is not `null`."""
    low, high = rule.low, rule.high
    if rule.field.type is ColumnType.NUMBER:
        return Annotated[float, Meta(ge=low, le=high)]
    if rule.field.type is ColumnType.INTEGER:
        highest = _HIGHEST if high is None or high >= LARGEST else float(high)
        fractional = Annotated[float, Meta(ge=None if low is None else float(low), le=highest)]
        return Annotated[int, Meta(ge=low, le=high)] | fractional
    if rule.field.type is ColumnType.BOOLEAN:
        return bool
    if rule.field.type is ColumnType.TIME:
        return str
    literals = _literals(rule)
    if literals is not None:
        return Literal[literals]
    text = str if rule.field.may_be_missing else Annotated[str, Meta(min_length=1)]
    return text if rule.kinds == {"string"} else text | int | float | bool


def _literals(rule: Rule) -> tuple[str, ...] | None:
    """Give the texts that are taken, where there is a list of them and nothing but text is."""
    if rule.field.type not in _PLAIN or rule.field.allowed is None or rule.kinds != {"string"}:
        return None
    texts = {*rule.field.allowed} - {MISSING}
    if rule.field.may_be_missing:
        texts |= {MISSING}
    return tuple(sorted(texts)) or None
