"""What is told after an answer, labels and outcomes, as JSON Schema says it (2020-12)."""

from typing import Any

from lifecycle.serving.contract import Contract
from lifecycle.serving.field_schema import JsonSchema, example, field_schema
from lifecycle.serving.labels import KNOWN_AT, REQUEST_ID, ROW, label_field
from lifecycle.serving.outcomes import HAPPENED_AT, ID, LONGEST, NAME, NAMES, UNIT, VALUE
from lifecycle.serving.values import Rule

REQUEST = "r-2013-07-01"
"""How examples call a request."""


def label_schemas(contract: Contract) -> dict[str, JsonSchema]:
    """Describe a label, by the ways in which it can name its row."""
    label = {"label": field_schema(Rule(label_field(contract)))}
    known_at = {"known_at": field_schema(Rule(KNOWN_AT))}
    of_row = {"request_id": _ANSWERED, "row": field_schema(Rule(ROW))}
    schemas = {"LabelOfRow": closed(of_row | label | known_at, ("request_id", "label"))}
    if contract.key:
        fields = {field.name: field_schema(Rule(field)) for field in contract.fields}
        key = closed({name: fields[name] for name in contract.key}, contract.key)
        schemas["LabelOfKey"] = closed({"key": key} | label | known_at, ("key", "label"))
    return schemas


def label_examples(contract: Contract) -> dict[str, Any]:
    """Give labels that could be sent, by what each names its row by."""
    label = example(Rule(label_field(contract)))
    examples = {"of a row": {"value": {"request_id": REQUEST, "row": 0, "label": label}}}
    if contract.key:
        rules = [Rule(field) for field in contract.fields if field.name in contract.key]
        key = {rule.field.name: example(rule) for rule in rules}
        examples["of a key"] = {"value": {"key": key, "label": label}}
    return examples


def outcome_schemas(*, has_unit: bool) -> dict[str, JsonSchema]:
    """Describe an outcome, by the ways in which it can say what it came of."""
    fields = {field.name: field_schema(Rule(field)) for field in (NAME, UNIT, VALUE, ID)}
    fields["name"]["pattern"] = NAMES
    for name, longest in LONGEST.items():
        fields[name]["maxLength"] = longest
    what, unit = {"name": fields.pop("name")}, fields.pop("unit")
    rest = fields | {"happened_at": field_schema(Rule(HAPPENED_AT))}
    of_request = closed(what | {"request_id": _ANSWERED} | rest, ("name", "request_id"))
    schemas = {"OutcomeOfRequest": of_request}
    if has_unit:
        schemas["OutcomeOfUnit"] = closed(what | {"unit": unit} | rest, ("name", "unit"))
    return schemas


def outcome_examples(*, has_unit: bool) -> dict[str, Any]:
    """Give outcomes that could be sent, by what each came of."""
    examples: dict[str, Any] = {
        "of a request": {"value": {"name": NAME.typical, "request_id": REQUEST}}
    }
    if has_unit:
        told = {"name": "paid", "unit": UNIT.typical, "value": 129.5, "id": ID.typical}
        examples["of a unit"] = {"value": told}
    return examples


def closed(properties: dict[str, JsonSchema], required: tuple[str, ...]) -> JsonSchema:
    """Describe an object that has no other fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_ANSWERED: JsonSchema = {
    "type": "string",
    "pattern": REQUEST_ID,
    "description": "As it was answered",
}
