"""What a served model answers, as JSON Schema says it (2020-12)."""

from typing import Any

from lifecycle.serving.contract import Contract
from lifecycle.serving.field_schema import JsonSchema
from lifecycle.task import Task

PROBLEM = "Problem"


def answer_schemas(contract: Contract) -> dict[str, JsonSchema]:
    """Describe predictions, problems and health, by the name each is referred to."""
    said = _said(contract)
    required = ["score"] if contract.task is Task.REGRESSION else ["score", "decision"]
    head: dict[str, Any] = {
        "request_id": {"type": "string", "description": "By which a label finds it"},
        "version": {"type": "string", "description": "Which version of the model answered"},
    }
    return {
        "Prediction": {"type": "object", "properties": said, "required": required},
        "Answer": {
            "type": "object",
            "description": "To one row",
            "properties": head | said,
            "required": [*head, *required],
        },
        "Answers": {
            "type": "object",
            "description": "To several rows",
            "properties": head
            | {"predictions": {"type": "array", "items": _ref("Prediction"), "minItems": 1}},
            "required": [*head, "predictions"],
        },
        "Reason": _REASON,
        PROBLEM: _PROBLEM,
        "Fault": _FAULT,
        "Life": _status("alive"),
        "Readiness": {
            **_status("ready", "not ready"),
            "required": ["status", "faults"],
        },
    }


def _said(contract: Contract) -> dict[str, JsonSchema]:
    said = {
        "score": _score(contract),
        "reasons": {
            "type": "array",
            "items": _ref("Reason"),
            "description": "On request: what moved the score most, the most first",
        },
        "reference_score": {
            "type": "number",
            "description": "On request: the score of the typical row, which reasons start from",
        },
    }
    if contract.task is not Task.REGRESSION:
        said["decision"] = {
            "type": "string",
            "enum": list(contract.classes),
            "description": f"What {contract.label} is taken to be",
        }
    return said


def _score(contract: Contract) -> JsonSchema:
    if contract.task is Task.REGRESSION:
        unit = f", in {contract.unit}" if contract.unit else ""
        return {"type": "number", "description": f"What {contract.label} will be{unit}"}
    if contract.task is Task.BINARY:
        positive = contract.classes[-1] if contract.classes else "the second class"
        at = "" if contract.threshold is None else f"; decided from {contract.threshold:.6g} on"
        return {"type": "number", "description": f"Probability of {positive}, 0 to 1{at}"}
    return {
        "type": "object",
        "description": "Probability of each class, 0 to 1",
        "properties": {name: {"type": "number"} for name in contract.classes},
        "required": list(contract.classes),
        "additionalProperties": False,
    }


def _status(*said: str) -> JsonSchema:
    faults = {"type": "object", "additionalProperties": {"type": "string"}}
    return {
        "type": "object",
        "properties": {"status": {"enum": list(said)}, "faults": faults},
        "required": ["status"],
    }


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}


_REASON: JsonSchema = {
    "type": "object",
    "properties": {
        "column": {"type": "string", "description": "Its name; `a × b` for two taken together"},
        "value": {"description": "What was sent for it"},
        "contribution": {
            "type": "number",
            "description": "How far it moved the score away from `reference_score`",
        },
    },
    "required": ["column", "contribution"],
}
_FAULT: JsonSchema = {
    "type": "object",
    "properties": {
        "row": {"type": ["integer", "null"], "description": "From 0; null: the body as a whole"},
        "field": {"type": ["string", "null"], "description": "null: the row as a whole"},
        "pointer": {"type": "string", "description": "Where, as a JSON pointer (RFC 6901)"},
        "found": {"type": "string"},
        "allowed": {"type": "string"},
        "detail": {"type": "string", "description": "What is wrong, and what to do"},
    },
    "required": ["row", "field", "pointer", "found", "allowed", "detail"],
}
_PROBLEM: JsonSchema = {
    "type": "object",
    "description": "A problem document (RFC 9457)",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": _ref("Fault"),
            "description": "The faults of the request, the first hundred of them",
        },
    },
    "required": ["type", "title", "status", "detail", "request_id"],
}
