"""Mistakes planted in requests and contracts, each of which a named part must catch."""

import json
from time import process_time

import pytest
from jsonschema import Draft202012Validator

from lifecycle.serving.contract import Layout
from lifecycle.serving.declaration import Access, Limits
from lifecycle.serving.faults import Faults, NotJson, TooManyRows
from lifecycle.serving.labels import LabelReader
from lifecycle.serving.openapi import openapi
from lifecycle.serving.problem import problem_of
from lifecycle.serving.reading import Reader
from tests.lifecycle.serving.contracts import (
    EVERY_KIND,
    GOOD,
    LAYOUT,
    a_contract,
    a_reader,
    one_field,
)

READER = a_reader()
ROWS = [GOOD] * 400


def answer(body, reader=READER):
    """Read a body; give the problem it is answered with, or none."""
    try:
        reader.read(body)
    except (Faults, NotJson, TooManyRows) as error:
        return json.loads(problem_of(error, "r1").body())
    return None


def planted(**changed):
    """Many good rows, and among them one with a mistake."""
    return json.dumps([*ROWS[:321], {**GOOD, **changed}, *ROWS[321:]], allow_nan=True).encode()


def test_rows_without_a_mistake_are_let_pass():
    assert answer(json.dumps(ROWS).encode()) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", "1.5"),
        ("number", True),
        ("number", float("nan")),
        ("number", float("-inf")),
        ("number", 100.001),
        ("number", [1.5]),
        ("integer", 7.5),
        ("integer", None),
        ("integer", "7"),
        ("integer", 24),
        ("integer", -1),
        ("long", 2**63),
        ("boolean", 1),
        ("boolean", "true"),
        ("listed", "LGA"),
        ("listed", ""),
        ("listed", None),
        ("listed", 1),
        ("named", 7),
        ("text", 7),
        ("time", "tomorrow"),
        ("time", "2013-02-30"),
        ("time", "0213-07-01T18:00:00Z"),
        ("time", 1372701600),
        ("time", None),
        ("time", ""),
        ("id", 0),
        ("asked", "2013-13-01"),
        ("group", "z"),
        ("whom", 7),
        ("late", True),
        ("arrival", "2013-07-01"),
        ("Number", 1.5),
        ("number ", 1.5),
    ],
)
def test_one_wrong_value_among_many_rows_is_found_and_nothing_else(name, value):
    problem = answer(planted(**{name: value}))

    assert (problem["status"], problem["type"]) == (422, "/problems/contract")
    assert [(error["row"], error["field"]) for error in problem["errors"]] == [(321, name)]


@pytest.mark.parametrize("name", [field.name for field in EVERY_KIND if field.is_required])
def test_one_field_that_is_not_there_among_many_rows_is_found(name):
    gone = {key: value for key, value in GOOD.items() if key != name}

    problem = answer(json.dumps([*ROWS, gone]).encode())

    assert [error["pointer"] for error in problem["errors"]] == [f"/400/{name}"]


@pytest.mark.parametrize("name", GOOD)
def test_one_field_that_is_there_twice_among_many_rows_is_found(name):
    good = json.dumps(GOOD)
    twice = good[:-1] + f', "{name}": {json.dumps(GOOD[name])}}}'

    problem = answer(f"[{','.join([good] * 200 + [twice] + [good] * 200)}]".encode())

    assert [error["pointer"] for error in problem["errors"]] == [f"/200/{name}"]


def test_a_field_left_out_and_another_there_twice_do_not_balance():
    good = json.dumps({**GOOD, "id": 1})
    bad = json.dumps({**GOOD})[:-1] + ', "number": 2}'

    problem = answer(f"[{good},{bad}]".encode())

    assert [error["pointer"] for error in problem["errors"]] == ["/1/number"]


def test_a_text_full_of_quotes_and_colons_hides_no_repeated_field():
    tricky = json.dumps({**GOOD, "text": '","number":2,"\\":"\\\\'})

    assert answer(tricky.encode()) is None
    assert answer((tricky[:-1] + ', "number": 1.5}').encode())["status"] == 422


def test_an_unseen_category_is_no_mistake():
    request = READER.read(planted(named="ultraviolet"))

    assert request.unseen["named"] == 1


@pytest.mark.parametrize(
    "text", [r"\ud800", r"\u0000", "x" * 100_000, "\x7f", r"\"<script>"], ids=lambda text: text[:8]
)
@pytest.mark.parametrize("form", ['{"%s": 1}', '{"listed": "%s"}', '["%s"]'])
def test_what_a_caller_sends_makes_no_answer_that_is_endless_or_cannot_be_written(text, form):
    problem = answer((form % text).encode())

    assert problem["status"] == 422
    assert len(json.dumps(problem)) < 10_000


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 4_000_000,
        b'{"number":' * 400_000,
        b'{"number": ' + b"9" * 4_000_000 + b"}",
        b'{"number": 0.' + b"9" * 4_000_000 + b"}",
        b"{" + b'"number":1,' * 360_000 + b'"number":1}',
        b"{" + b",".join(b'"n%d":1' % place for place in range(300_000)) + b"}",
        b"[" + b",".join([b"{}"] * 1_000) + b"]",
        b"[" + b"{}," * 1_300_000 + b"{}]",
        b'{"text": "' + rb"\"" * 2_000_000 + b'"}',
        b'{"' + b"x" * 4_000_000 + b'": 1}',
    ],
    ids=["deep", "deep objects", "digits", "decimals", "repeated", "unknown", "empty", "many",
         "escapes", "long name"],
)  # fmt: skip
def test_a_hostile_body_costs_no_more_than_its_size(body):
    started = process_time()

    problem = answer(body)

    assert problem["status"] in (400, 413, 422)
    assert process_time() - started < 3


def test_a_reader_that_forgot_a_rule_is_caught_by_the_document():
    """The planted reader knows no range; what the document refuses it takes."""
    contract = one_field(maximum=10)
    document = openapi(contract, limits=Limits(), access=Access(), version="1")
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    says = Draft202012Validator(
        {**content["application/json"]["schema"], "components": document["components"]}
    )
    forgetful = Reader(one_field(), Layout(numbers=("x",)), most_rows=1)

    assert not says.is_valid({"x": 11})
    assert answer(b'{"x": 11}', forgetful) is None
    assert answer(b'{"x": 11}', a_reader(contract))["status"] == 422


def test_a_label_that_is_the_prediction_of_another_model_is_refused():
    reader = LabelReader(a_contract(), most=10)

    problem = answer(b'{"request_id": "r1", "label": "rain"}', reader)

    assert problem["errors"][0]["pointer"] == "/label"


def test_a_layout_of_another_contract_is_refused_when_it_is_made():
    with pytest.raises(Exception, match="no feature of the contract"):
        Reader(one_field(), LAYOUT, most_rows=1)
