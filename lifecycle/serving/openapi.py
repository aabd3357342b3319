"""The OpenAPI document of a served model, made from its contract."""

from typing import Any

from lifecycle.serving import problem
from lifecycle.serving.answer_schema import PROBLEM, answer_schemas
from lifecycle.serving.contract import Contract
from lifecycle.serving.declaration import Access, Endpoint, Limits
from lifecycle.serving.field_schema import TIME, JsonSchema, example_row, field_schema
from lifecycle.serving.labels import REQUEST_ID
from lifecycle.serving.problem import MEDIA_TYPE, Kind
from lifecycle.serving.told_schema import (
    REQUEST,
    closed,
    label_examples,
    label_schemas,
    outcome_examples,
    outcome_schemas,
)
from lifecycle.serving.values import Rule

MOST_REASONS = 100
"""So many reasons can be asked for."""

_JSON = "application/json"
_ABOUT = (
    "Every answer has an `X-Request-Id`: the one that was sent (1 to 128 visible ASCII "
    "characters), or a new one. Whatever is wrong is answered with a problem document "
    "(RFC 9457), whose `type` is to be compared, not to be fetched. A request that is wrong in "
    "several places is told all of them at once, the first hundred one by one.\n\n"
    "JSON is that of RFC 8259: no NaN, no infinities; a field stands once in an object."
)
_BODY_FAULTS = (
    problem.NOT_JSON, problem.TOO_SLOW, problem.TOO_LARGE, problem.TOO_MANY_ROWS, problem.MEDIA,
    problem.CONTRACT, problem.CANNOT_RECORD, problem.NOT_READY, problem.DRAINING,
)  # fmt: skip


def openapi(
    contract: Contract, *, limits: Limits, access: Access, version: str, has_unit: bool = False
) -> dict[str, Any]:
    """Describe the HTTP interface of a served model in OpenAPI 3.1.

    Parameters
    ----------
    version
        Of the model.
    has_unit
        Whether it is known whom a request is of, so that outcomes can be told of them.
    """
    guard = _Guard(access, limits)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": contract.project,
            "version": version,
            "summary": contract.question or f"What {contract.label} will be",
            "description": _ABOUT,
        },
        "paths": {
            "/predict": {"post": _predict(contract, limits, guard)},
            "/labels": {"post": _labels(contract, limits, guard)},
            "/outcomes": {"post": _outcomes(limits, guard, has_unit)},
            "/contract": {"get": _contract(guard)},
            "/openapi.json": {"get": _document(guard)},
            "/docs": {"get": _docs(guard)},
            "/healthz": {"get": _health(guard)},
            "/readyz": {"get": _ready(guard)},
            "/metrics": {"get": _metrics(guard)},
        },
        "components": {
            "schemas": {
                "Time": TIME,
                "Row": _row(contract),
                **label_schemas(contract),
                **outcome_schemas(has_unit=has_unit),
                **answer_schemas(contract),
                **_contract_schemas(),
            },
            "headers": _HEADERS,
            **guard.schemes(),
        },
    }


class _Guard:
    """What access adds to every operation."""

    def __init__(self, access: Access, limits: Limits) -> None:
        self._access = access
        self._is_keyed = access.keys or access.tokens is not None
        self._has_rate = limits.rate is not None

    def operation(
        self,
        name: str,
        summary: str,
        answers: dict[str, Any],
        faults: tuple[Kind, ...] = (),
        *,
        endpoint: Endpoint | None = None,
        is_open: bool = False,
        **more: Any,
    ) -> dict[str, Any]:
        """Describe an operation with all it can answer.

        Parameters
        ----------
        answers
            By status, where nothing is wrong.
        faults
            What can go wrong besides what can everywhere.
        endpoint
            What it shows; access may have opened it.
        """
        is_open = is_open or (endpoint is not None and endpoint in self._access.open)
        kinds = (*faults, problem.METHOD, problem.INTERNAL, problem.BUSY)
        if not is_open:
            kinds += (problem.UNAUTHORIZED,)
            kinds += (problem.FORBIDDEN,) if self._is_keyed else ()
            kinds += (problem.RATE,) if self._has_rate else ()
        return {
            "operationId": name,
            "summary": summary,
            **more,
            "responses": {**answers, **_problems(kinds)},
            "security": [] if is_open else self._ways(),
        }

    def schemes(self) -> dict[str, Any]:
        """Describe how somebody tells who they are; nothing where nobody has to."""
        taken = [
            *(["an API key"] if self._access.keys else []),
            *(["a token (JWT)"] if self._access.tokens else []),
        ]
        if not taken:
            return {}
        bearer = {"type": "http", "scheme": "bearer", "description": " or ".join(taken)}
        header = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        return {
            "securitySchemes": {
                "bearer": bearer,
                **({"key": header} if self._access.keys else {}),
            }
        }

    def _ways(self) -> list[dict[str, list[str]]]:
        ways: list[dict[str, list[str]]] = [{"bearer": []}] if self._is_keyed else []
        ways += [{"key": []}] if self._access.keys else []
        return [*ways, {}] if self._access.anonymous else ways


def _predict(contract: Contract, limits: Limits, guard: _Guard) -> dict[str, Any]:
    several = {
        "type": "array",
        "items": _ref("Row"),
        "minItems": 1,
        "maxItems": limits.rows,
    }
    row = example_row([Rule(field) for field in contract.fields])
    return guard.operation(
        "predict",
        contract.question or f"Predict {contract.label}",
        {
            "200": _answer(
                "What the model says; of several rows in the order they were sent",
                {"oneOf": [_ref("Answer"), _ref("Answers")]},
            )
        },
        _BODY_FAULTS,
        description=(
            f"One row, or up to {limits.rows:,} of them in an array; the body may have "
            f"{limits.body_kb:,} KB. A category the model has not learnt from is answered."
        ),
        parameters=[_REASONS, _REQUEST_ID],
        requestBody=_body(
            {"oneOf": [_ref("Row"), several]},
            {"one": {"value": row}, "several": {"value": [row] * min(2, limits.rows)}},
        ),
    )


def _labels(contract: Contract, limits: Limits, guard: _Guard) -> dict[str, Any]:
    return guard.operation(
        "label",
        f"Tell what {contract.label} turned out to be",
        _ACCEPTED,
        _BODY_FAULTS,
        description=(
            "One label, or several in an array. Each names its row by the request that asked "
            "about it" + (", or by the key of the row." if contract.key else ".")
        ),
        parameters=[_REQUEST_ID],
        requestBody=_told(label_schemas(contract), label_examples(contract), limits),
    )


def _outcomes(limits: Limits, guard: _Guard, has_unit: bool) -> dict[str, Any]:
    schemas, examples = outcome_schemas(has_unit=has_unit), outcome_examples(has_unit=has_unit)
    return guard.operation(
        "outcome",
        "Tell what came of it, for a test that counts it",
        _ACCEPTED,
        _BODY_FAULTS,
        description=(
            "One outcome, or several in an array. Each names the request it came of"
            + (", or the unit. " if has_unit else ". ")
            + "Of those with the same name and id, one counts."
        ),
        parameters=[_REQUEST_ID],
        requestBody=_told(schemas, examples, limits),
    )


def _told(
    schemas: dict[str, JsonSchema], examples: dict[str, Any], limits: Limits
) -> dict[str, Any]:
    """Describe a body of one entry, or of several in an array."""
    one = [_ref(name) for name in schemas]
    several = {"type": "array", "items": {"oneOf": one}, "minItems": 1, "maxItems": limits.rows}
    return _body({"oneOf": [*one, several]}, examples)


def _contract(guard: _Guard) -> dict[str, Any]:
    answers = {"200": _answer("The contract", _ref("Contract"))}
    return guard.operation(
        "contract", "What may be asked, and what is answered", answers,
        endpoint="contract", parameters=[_REQUEST_ID],
    )  # fmt: skip


def _document(guard: _Guard) -> dict[str, Any]:
    answers = {"200": _answer("The document", {"type": "object"})}
    return guard.operation(
        "openapi", "This document", answers, endpoint="docs", parameters=[_REQUEST_ID]
    )


def _docs(guard: _Guard) -> dict[str, Any]:
    page = {"200": _answer("A page", {"type": "string"}, "text/html")}
    summary = "This document as a page; it holds nothing of the model by itself"
    return guard.operation("docs", summary, page, is_open=True, parameters=[_REQUEST_ID])


def _health(guard: _Guard) -> dict[str, Any]:
    answers = {"200": _answer("It lives", _ref("Life"))}
    return guard.operation(
        "healthz", "Whether the process lives", answers, is_open=True, parameters=[_REQUEST_ID]
    )


def _ready(guard: _Guard) -> dict[str, Any]:
    operation = guard.operation(
        "readyz", "Whether requests should be sent here",
        {"200": _answer("Ready", _ref("Readiness"))}, is_open=True, parameters=[_REQUEST_ID],
    )  # fmt: skip
    not_ready = _answer("Not ready, and why; or busy", _ref("Readiness"))
    busy = operation["responses"]["503"]
    not_ready["content"] |= busy["content"]
    return {**operation, "responses": {**operation["responses"], "503": not_ready}}


def _metrics(guard: _Guard) -> dict[str, Any]:
    figures = {"200": _answer("In Prometheus' text format", {"type": "string"}, "text/plain")}
    return guard.operation(
        "metrics", "Figures of this process", figures,
        endpoint="metrics", parameters=[_REQUEST_ID],
    )  # fmt: skip


def _problems(kinds: tuple[Kind, ...]) -> dict[str, Any]:
    """Describe the answers where something is wrong, one for each status."""
    by_status: dict[int, list[Kind]] = {}
    for kind in sorted(kinds, key=problem.KINDS.index):
        by_status.setdefault(kind.status, []).append(kind)
    return {str(status): _problem(status, alike) for status, alike in by_status.items()}


def _problem(status: int, kinds: list[Kind]) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": _header("X-Request-Id")}
    for name, statuses in _HEADERS_OF.items():
        if status in statuses:
            headers[name] = _header(name)
    first = kinds[0]
    shown = {"type": first.uri, "title": first.title, "status": status, "detail": first.meaning}
    own = {"type": {"enum": [kind.uri for kind in kinds]}, "status": {"const": status}}
    schema = {"allOf": [_ref(PROBLEM), {"type": "object", "properties": own}]}
    return {
        "description": " ".join(f"{kind.title}: {kind.meaning}" for kind in kinds),
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": schema, "example": {**shown, "request_id": REQUEST}}},
    }


def _answer(description: str, schema: JsonSchema, media: str = _JSON) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {"X-Request-Id": _header("X-Request-Id")},
        "content": {media: {"schema": schema}},
    }


def _body(schema: JsonSchema, examples: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {_JSON: {"schema": schema, "examples": examples}}}


def _row(contract: Contract) -> JsonSchema:
    return {
        "type": "object",
        "description": "A row: a value for each column",
        "properties": {field.name: field_schema(Rule(field)) for field in contract.fields},
        "required": [field.name for field in contract.fields if field.is_required],
        "additionalProperties": False,
    }


def _contract_schemas() -> dict[str, JsonSchema]:
    """Describe `Contract` and what it is made of; of each docstring, what comes first."""
    whole = Contract.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    schemas = {**whole.pop("$defs"), "Contract": whole}
    return {
        name: {**schema, "description": schema.get("description", name).split("\n\n")[0]}
        for name, schema in schemas.items()
    }


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}


_ACCEPTED = {
    "202": _answer(
        "Written down",
        closed(
            {"request_id": {"type": "string"}, "accepted": {"type": "integer", "minimum": 1}},
            ("request_id", "accepted"),
        ),
    )
}
_REASONS = {
    "name": "reasons",
    "in": "query",
    "description": "How many reasons to give with each answer; `true` for as many as usual",
    "schema": {
        "oneOf": [
            {"type": "integer", "minimum": 0, "maximum": MOST_REASONS},
            {"type": "boolean"},
        ]
    },
}
_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "description": "What the request is to be called; anything unfit is replaced, not refused",
    "schema": {"type": "string"},
}
_HEADERS = {
    "X-Request-Id": {
        "description": "What the request is called",
        "required": True,
        "schema": {"type": "string", "pattern": REQUEST_ID},
    },
    "Retry-After": {
        "description": "After how many seconds to come again",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "Allow": {
        "description": "The methods there are",
        "required": True,
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {
        "description": "How to tell who asks (RFC 6750)",
        "required": True,
        "schema": {"type": "string"},
    },
}
_HEADERS_OF = {"Retry-After": (429, 503), "Allow": (405,), "WWW-Authenticate": (401, 403)}
