"""What a field may be, as JSON Schema says it (2020-12), and a row that could be sent."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from lifecycle.data.declaration import ColumnType
from lifecycle.features.limits import MISSING
from lifecycle.serving.times import ZONED, ZONELESS
from lifecycle.serving.values import LARGEST, SMALLEST, Kind, Rule, write_category

JsonSchema: TypeAlias = dict[str, Any]

TIME: JsonSchema = {
    "description": (
        "ISO 8601: a day, or a day and a time. Without a zone it is UTC; a day alone is its "
        "midnight. Fractions of a second are cut off."
    ),
    "examples": ["2013-07-01T18:00:00Z", "2013-07-01"],
    "anyOf": [
        {"type": "string", "format": "date-time", "pattern": ZONED},
        {"type": "string", "pattern": ZONED},  # with no seconds, or `+02`: no date-time (RFC 3339)
        {"type": "string", "pattern": ZONELESS},
    ],
}
"""Any time; fields refer to it as `#/components/schemas/Time`."""

_EXAMPLES = 3
_KINDS: tuple[Kind, ...] = ("string", "integer", "number", "boolean")
_MADE_UP: dict[ColumnType, Any] = {
    ColumnType.NUMBER: 0.0,
    ColumnType.INTEGER: 0,
    ColumnType.BOOLEAN: False,
    ColumnType.CATEGORY: "a",
    ColumnType.TEXT: "some text",
    ColumnType.TIME: "2013-07-01T18:00:00Z",
}


def field_schema(rule: Rule) -> JsonSchema:
    """Say what one field may be; exactly what `Rule` takes, as far as JSON Schema can.

    Examples
    --------
    >>> from lifecycle.serving.contract import Field
    >>> age = Field(name="age", type="integer", minimum=0, maximum=120, may_be_missing=False)
    >>> field_schema(Rule(age))
    {'type': 'integer', 'format': 'int64', 'minimum': 0, 'maximum': 120, 'examples': [0]}
    """
    field = rule.field
    described = {"description": _describe(rule)} if _describe(rule) else {}
    examples = {"examples": list(_examples(rule))}
    if field.type is ColumnType.TIME:
        time: JsonSchema = {"$ref": "#/components/schemas/Time"}
        if field.may_be_missing:
            time = {"anyOf": [time, {"type": "null"}]}
        return {**time, **described, **examples}
    return {"type": _types(rule), **_limits(rule), **_options(rule), **described, **examples}


def example(rule: Rule) -> Any:
    """Give a value that could be sent: a typical one, where one is known and may be told."""
    field = rule.field
    candidates = (
        field.typical,
        *(_as_sent(rule) or ())[:1],
        *field.known[:1],
        None,
        _within(_MADE_UP[field.type], rule),
    )
    for value in candidates:
        if (value is not None or field.may_be_missing) and rule.breach(value) is None:
            return value
    return None


def example_row(rules: Iterable[Rule]) -> dict[str, Any]:
    """Give a row that could be sent: the columns the model reads, and the key."""
    return {
        rule.field.name: example(rule)
        for rule in rules
        if rule.field.use != "recorded"
        and (rule.field.is_required or rule.breach(example(rule)) is None)
    }


def _types(rule: Rule) -> str | list[str]:
    kinds = [kind for kind in _KINDS if kind in rule.kinds]
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    if rule.field.may_be_missing:
        return [*kinds, "null"]
    return kinds[0] if len(kinds) == 1 else list(kinds)


def _limits(rule: Rule) -> JsonSchema:
    field = rule.field
    if field.type is ColumnType.NUMBER:
        limits: JsonSchema = {"format": "double"}
        for name, limit in (("minimum", rule.low), ("maximum", rule.high)):
            if limit is not None:
                limits[name] = int(limit) if float(limit).is_integer() else limit
        return limits
    if field.type is ColumnType.INTEGER:
        return {"format": "int64", "minimum": rule.low, "maximum": rule.high}
    if field.type is ColumnType.BOOLEAN:
        return {}
    if rule.options is not None:
        return {}
    limits = {} if field.may_be_missing else {"minLength": 1}
    if "integer" in rule.kinds and "number" not in rule.kinds:
        limits |= {"minimum": SMALLEST, "maximum": LARGEST}
    return limits


def _options(rule: Rule) -> JsonSchema:
    options = _as_sent(rule)
    if options is None:
        return {}
    if rule.field.may_be_missing:
        if "string" in rule.kinds and MISSING not in options:
            options.append(MISSING)
        options.append(None)
    return {"enum": options}


def _as_sent(rule: Rule) -> list[Any] | None:
    """List the values that are taken as JSON has them: `1` beside `"1"` where both are."""
    if rule.options is None:
        return None
    options = [value for value in rule.options if value != MISSING or rule.field.may_be_missing]
    if rule.field.type is not ColumnType.CATEGORY:
        return options
    return options + [
        value
        for text in options
        for value in _unquoted(text)
        if rule.breach(value) is None and write_category(value) == text
    ]


def _unquoted(text: str) -> list[bool | int | float]:
    if text in ("true", "false"):
        return [text == "true"]
    try:
        number = float(text)
        return [int(number) if number.is_integer() else number]
    except (ValueError, OverflowError):
        return []


def _describe(rule: Rule) -> str:
    field = rule.field
    parts = []
    if field.description:
        parts.append(field.description)
    if field.unit:
        parts.append(f"In {field.unit}")
    if field.use == "key":
        parts.append("Names the row, so that its label can find it; the model does not read it")
    if field.use == "recorded":
        parts.append("Written down with the answer; the model does not read it")
    if field.known and field.allowed is None:
        parts.append(
            f"The model has learnt from {len(field.known):,} values; others are answered too, "
            "and counted as unseen"
        )
    if field.personal:
        parts.append("Personal: masked wherever rows are stored")
    return " ".join(f"{part.rstrip('.')}." for part in parts)


def _examples(rule: Rule) -> Iterable[Any]:
    first = example(rule)
    yield first
    if rule.field.allowed is None:
        yield from [value for value in rule.field.known if value != first][: _EXAMPLES - 1]


def _within(value: Any, rule: Rule) -> Any:
    if rule.field.type not in (ColumnType.NUMBER, ColumnType.INTEGER):
        return value
    if rule.low is not None and value < rule.low:
        return rule.low
    return rule.high if rule.high is not None and value > rule.high else value
