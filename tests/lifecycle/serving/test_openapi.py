import json

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode

from lifecycle.data.declaration import ColumnType
from lifecycle.serving import problem
from lifecycle.serving.contract import Field
from lifecycle.serving.declaration import Access, Limits, Tokens
from lifecycle.serving.faults import Faults, NotJson, TooManyRows
from lifecycle.serving.labels import LabelReader
from lifecycle.serving.openapi import openapi
from lifecycle.serving.outcomes import OutcomeReader
from tests.lifecycle.serving.contracts import (
    EVERY_KIND,
    GOOD,
    a_contract,
    a_reader,
    one_field,
)

MOST = 4
CODED = Field(name="x", type="category", known=("1", "2"), may_be_missing=False)
FIELDS = (
    *EVERY_KIND,
    CODED,
    Field(name="x", type="category", allowed=("1", "2", "true", "", "1.5"), known=("1",)),
    Field(name="x", type="category", allowed=("1", "2", ""), may_be_missing=False),
    Field(name="x", type="category"),
    Field(name="x", type="category", known=("a",), may_be_missing=False),
    Field(name="x", type="text", may_be_missing=False),
    Field(name="x", type="integer", allowed=("1", "7", "30"), maximum=23),
    Field(name="x", type="integer", minimum=0.5, maximum=22.5),
    Field(name="x", type="number", allowed=("1.5", "7")),
    Field(name="x", type="boolean", allowed=("true",), may_be_missing=False),
    Field(name="x", type="time"),
    Field(name="x", type="number", minimum=0.1, may_be_missing=False),
)
VALUES = (
    None, True, False, 0, 1, 2, 7, 23, 24, 30, -1, 1.0, 1.5, 7.0, 22.5, 0.1, 100, 100.5, -1.5, -1.6,
    1e300, 2**53, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 1e19, "", " ", "a", "ä", "x", "1", "2",
    "1.0", "1.5", "true", "True", "EWR", "LGA", "2013-07-01", "2013-07-01T18:00:00Z",
    "2013-07-01 18:00",
    "2013-07-01T18:00:00.5+02:00", "2013-07-01T18:00:00+0200", "2013-07-01T18:00+02", "2013-02-29",
    "2012-02-29", "1900-02-29", "2000-02-29", "2100-02-29", "2104-02-29T00:00Z", "2013-04-31",
    "2013-12-31T23:59:59", "2013-07-01T24:00:00Z", "2013-07-01T18:00:60Z", "1899-12-31",
    "1900-01-01", "2199-12-31T23:59:59", "2200-01-01", "yesterday",
    "1900-01-01T00:00:00+14:00", "20130701", "T18:00",
    "2013-07-01T18:00:00z", [], {}, [1], {"a": 1},
)  # fmt: skip


def document(contract=None, *, access=None, has_unit=True, **limits):
    return openapi(
        contract or a_contract(),
        limits=Limits(**{"rows": MOST, **limits}),
        access=access or Access(),
        version="3",
        has_unit=has_unit,
    )


def body_schema(found, path):
    content = found["paths"][path]["post"]["requestBody"]["content"]
    return {**content["application/json"]["schema"], "components": found["components"]}


def statuses(found, path):
    (operation,) = found["paths"][path].values()
    return set(operation["responses"])


def takes(read, body):
    try:
        read(json.dumps(body).encode())
    except (Faults, NotJson, TooManyRows):
        return False
    return True


@pytest.mark.parametrize(
    "contract",
    [
        a_contract(),
        a_contract(()),
        a_contract(task="regression", classes=(), key=()),
        a_contract(task="multiclass", classes=("a", 'b"', "ç")),
        *(a_contract((field,), key=()) for field in FIELDS),
    ],
    ids=lambda contract: f"{contract.task}-{len(contract.fields)}",
)
def test_the_document_is_valid_openapi(contract):
    found = document(contract)

    assert list(OpenAPIV31SpecValidator(found).iter_errors()) == []
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.name}-{field.type}")
def test_a_value_is_taken_exactly_where_the_document_says_so(field):
    contract = a_contract((field,), key=())
    says = Draft202012Validator(body_schema(document(contract), "/predict"))
    reader = a_reader(contract)

    bodies = [{field.name: value} for value in VALUES]

    told = [body for body in bodies if says.is_valid(body)]
    assert [body for body in bodies if takes(reader.read, body)] == told
    assert 0 < len(told) < len(bodies)


@pytest.mark.parametrize(
    "body",
    [{}, GOOD, {**GOOD, "more": 1}, {**GOOD, "late": True}, {k: GOOD[k] for k in list(GOOD)[1:]},
     [], [GOOD], [GOOD] * MOST, [GOOD] * (MOST + 1), [GOOD, {}], [GOOD, 1], [[GOOD]], None, 1, "x"],
    ids=lambda body: str(body)[:20],
)  # fmt: skip
def test_a_body_is_taken_exactly_where_the_document_says_so(body):
    says = Draft202012Validator(body_schema(document(), "/predict"))

    assert takes(a_reader(most_rows=MOST).read, body) == says.is_valid(body)


KEY = {"id": 7, "asked": "2013-07-01"}


@pytest.mark.parametrize("is_keyed", [True, False])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_label_is_taken_exactly_where_the_document_says_so(task, is_keyed):
    contract = a_contract(task=task, **({} if is_keyed else {"key": ()}))
    says = Draft202012Validator(body_schema(document(contract), "/labels"))
    reader = LabelReader(contract, most=MOST)
    row, named = {"request_id": "r"}, {"key": KEY}
    labels = [{**place, "label": value} for place in (row, named) for value in VALUES]
    labels += [{**row, "label": "true", "row": value} for value in (0, 1, 1.0, -1, 2**31, None)]
    labels += [{**named, "label": 1, "row": 0}, {**row, **named, "label": 1}, {"label": 1}, row]
    labels += [{"key": {**KEY, name: value}, "label": True} for name in KEY for value in VALUES]
    labels += [{"key": {"id": 7}, "label": 1}, {**row, "label": 1, "more": 1}, {"key": 1}]
    labels += [{**row, "label": 1, "known_at": value} for value in VALUES]
    labels += [{"request_id": name, "label": 1} for name in ("", "a b", "é", "x" * 129, 1, None)]
    labels += [[], None, [{**row, "label": 1}] * MOST, [{**row, "label": 1}] * (MOST + 1)]

    told = [label for label in labels if says.is_valid(label)]

    assert [label for label in labels if takes(reader.read, label)] == told


@pytest.mark.parametrize("has_unit", [True, False])
def test_an_outcome_is_taken_exactly_where_the_document_says_so(has_unit):
    says = Draft202012Validator(body_schema(document(has_unit=has_unit), "/outcomes"))
    reader = OutcomeReader(most=MOST, has_unit=has_unit)
    unit, row = {"unit": "u17"}, {"request_id": "r"}
    told = [{"name": "a.b-c_1", **unit}, {"name": "x", **row}, {"name": "x", **unit, **row}, unit]
    told += [
        {"name": "x", **place, field: value}
        for place in (unit, row)
        for field in ("name", "value", "id", "happened_at", "more")
        for value in (*VALUES, "x" * 63, "x" * 64, "x" * 200, "x" * 201)
    ]
    told += [{"name": "x", "unit": value} for value in (*VALUES, "x" * 1_024, "x" * 1_025)]
    told += [{"name": "x", "request_id": name} for name in ("", "a b", "é", "x" * 129, 1, None)]
    told += [[], None, "x", [{"name": "x", **row}] * MOST, [{"name": "x", **row}] * (MOST + 1)]

    taken = [one for one in told if says.is_valid(one)]

    assert [one for one in told if takes(reader.read, one)] == taken
    assert 0 < len(taken) < len(told)


@pytest.mark.parametrize("path", ["/labels", "/outcomes"])
@pytest.mark.parametrize("has_unit", [True, False])
def test_every_example_of_what_is_told_later_is_taken(path, has_unit):
    content = document(has_unit=has_unit)["paths"][path]["post"]["requestBody"]["content"]
    examples = content["application/json"]["examples"]
    read = {
        "/labels": LabelReader(a_contract(), most=MOST).read,
        "/outcomes": OutcomeReader(most=MOST, has_unit=has_unit).read,
    }[path]

    assert all(takes(read, example["value"]) for example in examples.values())
    assert len(examples) == (2 if has_unit or path == "/labels" else 1)


@pytest.mark.parametrize("path", ["/predict", "/labels", "/outcomes"])
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_generated_bodies_are_taken_where_they_are_valid(path, mode):
    found = document()
    del found["paths"][path]["post"]["parameters"]  # so that it is the body that is wrong
    schema = schemathesis.openapi.from_dict(found)
    read = {
        "/predict": a_reader(most_rows=MOST).read,
        "/labels": LabelReader(a_contract(), most=MOST).read,
        "/outcomes": OutcomeReader(most=MOST, has_unit=True).read,
    }[path]
    seen = []

    @settings(
        max_examples=80, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(schema[path]["POST"].as_strategy(generation_mode=mode))
    def hold(case):
        of_body = [info.mode for place, info in case.meta.components.items() if place == "body"]
        if of_body == [mode] and _is_json(case.body):
            seen.append(case.body)
            assert takes(read, case.body) == (mode is GenerationMode.POSITIVE), case.body

    hold()
    assert len(seen) > 5


def _is_json(body):
    try:
        return json.loads(json.dumps(body, allow_nan=False)) is not Ellipsis
    except (TypeError, ValueError):
        return False


LIMIT = st.none() | st.floats(allow_nan=False)
WORDS = st.lists(st.text(max_size=3), max_size=3)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(list(ColumnType)), st.booleans(), LIMIT, LIMIT, st.none() | WORDS, WORDS)
def test_every_example_keeps_the_contract(kind, may_be_missing, minimum, maximum, allowed, known):
    contract = one_field(
        type=kind, may_be_missing=may_be_missing, minimum=minimum, maximum=maximum,
        allowed=allowed, known=tuple(known), typical="a" if kind in ("category", "text") else None,
    )  # fmt: skip
    found = document(contract)
    examples = found["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    reader = a_reader(contract)

    can_be_sent = any(takes(reader.read, {"x": value}) for value in (*VALUES, *(allowed or ())))

    for example in examples["examples"].values():
        assert takes(reader.read, example["value"]) or not can_be_sent


def test_the_example_is_the_typical_row():
    contract = a_contract(
        (
            Field(name="distance", type="number", typical=888.0),
            Field(name="carrier", type="category", known=("9E", "UA"), typical="UA"),
            Field(name="flight", type="integer", use="key", typical=1435),
            Field(name="sex", type="category", use="recorded", typical="f"),
        ),
        key=("flight",),
    )
    content = document(contract)["paths"]["/predict"]["post"]["requestBody"]["content"]

    shown = content["application/json"]["examples"]["one"]["value"]

    assert shown == {"distance": 888.0, "carrier": "UA", "flight": 1435}


def test_fields_are_described_by_what_was_declared():
    field = Field(
        name="x", type="number", unit="mile", description="How far", minimum=10, personal=True
    )

    schema = document(a_contract((field,)))["components"]["schemas"]["Row"]["properties"]["x"]

    assert schema["description"] == "How far. In mile. Personal: masked wherever rows are stored."
    assert (schema["type"], schema["minimum"]) == (["number", "null"], 10)


def test_every_route_tells_all_it_can_answer():
    found = document(rate=5)

    body = {"400", "401", "403", "405", "408", "413", "415", "422", "429", "500", "503"}
    assert statuses(found, "/predict") == body | {"200"}
    assert statuses(found, "/labels") == statuses(found, "/outcomes") == body | {"202"}
    for path in ("/contract", "/openapi.json", "/metrics"):
        assert statuses(found, path) == {"200", "401", "403", "405", "429", "500", "503"}
    for path in ("/healthz", "/readyz", "/docs"):
        assert statuses(found, path) == {"200", "405", "500", "503"}


def test_every_problem_there_is_is_in_the_document():
    written = json.dumps(document(rate=5)["paths"])

    gone = {kind.slug for kind in problem.KINDS if f'"{kind.uri}"' not in written}
    assert gone == {"not-found"}  # only where there is no route


def test_answers_have_the_headers_that_go_with_their_status():
    responses = document(rate=5)["paths"]["/predict"]["post"]["responses"]

    headers = {
        status: set(found["headers"]) - {"X-Request-Id"} for status, found in responses.items()
    }
    assert {status: names for status, names in headers.items() if names} == {
        "401": {"WWW-Authenticate"},
        "403": {"WWW-Authenticate"},
        "405": {"Allow"},
        "429": {"Retry-After"},
        "503": {"Retry-After"},
    }


TOKENS = Tokens(keys="jwks.json", issuer="i", audience="a")


@pytest.mark.parametrize(
    ("access", "schemes", "ways"),
    [
        (Access(), {"bearer", "key"}, [{"bearer": []}, {"key": []}]),
        (Access(keys=False, tokens=TOKENS), {"bearer"}, [{"bearer": []}]),
        (Access(anonymous=True), {"bearer", "key"}, [{"bearer": []}, {"key": []}, {}]),
        (Access(keys=False, anonymous=True), set(), [{}]),
    ],
)
def test_who_may_ask_is_told_as_it_was_declared(access, schemes, ways):
    found = document(access=access)

    assert set(found["components"].get("securitySchemes", {})) == schemes
    assert found["paths"]["/predict"]["post"]["security"] == ways
    assert found["paths"]["/healthz"]["get"]["security"] == []
    assert ("403" in statuses(found, "/predict")) == bool(schemes)


def test_what_is_open_asks_nobody_who_they_are():
    found = document(access=Access(open=("metrics",)))

    assert found["paths"]["/metrics"]["get"]["security"] == []
    assert "401" not in statuses(found, "/metrics")
    assert "401" in statuses(found, "/contract")


def test_the_answer_is_that_of_the_task():
    schemas = document(a_contract(task="regression", classes=(), unit="dollar"))["components"]
    several = document(a_contract(task="multiclass", classes=("a", "b", "c")))["components"]

    assert "decision" not in schemas["schemas"]["Answer"]["properties"]
    assert schemas["schemas"]["Answer"]["properties"]["score"]["description"].endswith("in dollar")
    assert several["schemas"]["Answer"]["properties"]["score"]["required"] == ["a", "b", "c"]
    assert several["schemas"]["Prediction"]["properties"]["decision"]["enum"] == ["a", "b", "c"]


def test_the_contract_route_describes_the_contract():
    found = document()
    schema = {"$ref": "#/components/schemas/Contract", "components": found["components"]}

    Draft202012Validator(schema).validate(json.loads(a_contract().model_dump_json()))


def test_no_address_elsewhere_is_in_the_document():
    assert "http://" not in json.dumps(document())
    assert "https://" not in json.dumps(document())
