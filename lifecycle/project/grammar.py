"""What a declaration may say, as JSON Schema: for editors, and for the words of error messages."""

import inspect
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from lifecycle.project.project import Project
from lifecycle.section import read_duration, read_share, write_duration

SHARE = r"^\s*\d+(\.\d+)?\s*%\s*$"
DURATION = r"^\s*\d+(\.\d+)?\s*[smhdw]\s*$"
MOMENT = r"^\d{4}-\d{2}-\d{2}([Tt ].+)?$"
_SCALAR: JsonSchemaValue = {"type": ["string", "number", "boolean"]}
_BOUNDS = {
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
}


@cache
def json_schema() -> JsonSchemaValue:
    """Give the JSON Schema (draft 2020-12) of a declaration.

    Examples
    --------
    >>> sorted(json_schema()["required"])
    ['about', 'data', 'name']
    """
    schema = Project.model_json_schema(by_alias=True, schema_generator=_Generator)
    _allow_short_forms(schema["$defs"])
    _tidy(schema)
    return {"$schema": _Generator.schema_dialect, "title": "Perennial project", **schema}


class _Generator(GenerateJsonSchema):
    """Knows the written forms of shares, durations and moments, and reads our docstrings."""

    def function_before_schema(
        self, schema: core_schema.BeforeValidatorFunctionSchema
    ) -> JsonSchemaValue:
        function = schema["function"]["function"]
        if function is read_share:
            number: JsonSchemaValue = {"type": "number"}
            return {"anyOf": [number, {"type": "string", "pattern": SHARE}]}
        if function is read_duration:
            return {"type": "string", "pattern": DURATION}
        return super().function_before_schema(schema)

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": MOMENT}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        described = super().model_schema(schema)
        model = schema["cls"]
        summary, fields = _read_docstring(model)
        described["description"] = summary
        for name, field in model.model_fields.items():
            written = field.alias or name
            place = described.get("properties", {}).get(written)
            text = fields.get(name) or fields.get(written)
            if place is not None and text:
                place["description"] = text
        return described

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return write_duration(dft)
        return super().encode_default(dft)


def _read_docstring(model: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """Split a NumPy docstring into its summary and what it says of each field."""
    text = inspect.cleandoc(model.__doc__ or "")
    summary, _, rest = text.partition("\nParameters\n----------\n")
    fields: dict[str, str] = {}
    names: list[str] = []
    for line in re.split(r"\n\n[A-Z]\w+\n-+\n", rest)[0].splitlines():
        if line and not line[0].isspace():
            names = [name.strip() for name in line.split(":")[0].split(",")]
        else:
            for name in names:
                fields[name] = f"{fields.get(name, '')} {line.strip()}".strip()
    summary = re.split(r"\n\n(?:Examples|Raises|References)\n-+\n", summary)[0]
    return " ".join(summary.split()), fields


def _allow_short_forms(models: dict[str, Any]) -> None:
    """Let in what a section's own reading turns into the full form."""
    data, column, label = (models[name]["properties"] for name in ("Data", "Column", "Label"))
    data["tables"]["additionalProperties"] = {
        "anyOf": [{"type": "string"}, data["tables"]["additionalProperties"]]
    }
    role = column["role"]
    column["role"] = {**role, "anyOf": [role["items"], {"type": "array", "items": role["items"]}]}
    del column["role"]["type"], column["role"]["items"]
    column["values"]["anyOf"][0]["items"] = _SCALAR
    label["positive"]["anyOf"][0] = _SCALAR
    models["TableSource"]["properties"]["missing"]["items"] = _SCALAR
    caveats = models["About"]["properties"]["caveats"]
    caveats["anyOf"] = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    del caveats["type"], caveats["items"]


def _tidy(node: Any) -> None:
    """Drop titles that repeat the key, and put bounds where validators look for them."""
    for child in _children(node):
        _tidy(child)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("title"), str):
        del node["title"]
    for ours, theirs in _BOUNDS.items():
        if isinstance(bound := node.get(ours), int | float):
            del node[ours]
            target: dict[str, Any] = next(
                (one for one in node.get("anyOf", ()) if one.get("type") == "number"), {}
            )
            target[theirs] = bound


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, list):
        yield from node
