import json
import math
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.data.conform import conform, resolve
from lifecycle.data.declaration import Schema
from lifecycle.data.describe import describe
from lifecycle.features.declaration import Features
from lifecycle.features.fitting import fit_features
from lifecycle.features.plan import plan_features
from lifecycle.modeling.calibration import Calibration
from lifecycle.modeling.candidate import CandidateState
from lifecycle.serving.contract import Contract
from lifecycle.serving.drawing_up import draw_up
from lifecycle.serving.openapi import example_row
from lifecycle.serving.values import Rule
from lifecycle.task import Task
from tests.lifecycle.data.building import declare
from tests.lifecycle.serving.contracts import a_reader
from tests.lifecycle.serving.fitting import SCHEMA, a_candidate, a_table


def draw(table, declared=None, *, features=None, **data):
    """Conform, describe, fit features, and draw up: as training does, without a model."""
    said = declare("y", **data)
    schema = resolve(table, Schema.model_validate(declared or {}), said)
    rows, _, _ = conform(table, schema, said)
    features = features or Features(rare=1)
    plan = plan_features(rows, schema, features)
    labels = (np.arange(len(rows))[:, None] % 2).astype(float)
    fitted = [
        fit_features(rows, labels, plan, view=view, features=features, seed=0)[0]
        for view in ("trees", "linear")
    ]
    state = CandidateState(
        task=said.label.task,
        classes=("no", "yes"),
        label="y",
        schema_=schema,
        features=tuple(fitted),
        members=(),
        calibration=Calibration(kind="none"),
        threshold=0.4,
        seed=0,
    )
    description = describe(rows, rows, schema, said)
    return draw_up(state, description, said, project="p", question="Is it?", unit=None)


def rows(**columns):
    count = len(next(iter(columns.values())))
    return pa.table({**columns, "y": ["yes" if place % 2 else "no" for place in range(count)]})


def fields(contract):
    return {field.name: field for field in contract.fields}


FLIGHTS = rows(
    time=[datetime(2013, 1, day, 6, 30) for day in (1, 2, 3, 9)],
    id=[1, 2, 3, 4],
    distance=[100.0, 200.0, 400.0, None],
    seats=[10, 20, 30, 41],
    jet=[True, False, True, True],
    carrier=["UA", "UA", "B6", "9E"],
    passenger=["Ada", "Bob", "Cyd", "Dan"],
    sex=["f", "m", "f", "f"],
    note=["a", "b", "c", "d"],
    delay=[1.0, 2.0, 3.0, 4.0],
)
DECLARED = {
    "time": {"type": "time", "missing": 0.0},
    "distance": {"type": "number", "min": 0, "max": 5000, "unit": "mile"},
    "carrier": {"type": "category", "values": ["UA", "B6", "9E"], "description": "Who flies"},
    "passenger": {"type": "text", "role": "personal"},
    "sex": {"type": "category", "role": "sensitive"},
    "note": {"type": "category", "role": "ignore"},
    "delay": {"type": "number", "role": "leak"},
}


def flights(declared=DECLARED, **said):
    return draw(FLIGHTS, declared, key=["id", "time"], time="time", **said)


def typical_body(contract):
    return json.dumps(example_row([Rule(field) for field in contract.fields])).encode()


def test_columns_the_encoders_read_are_features_and_all_others_may_be_left_out():
    uses = {field.name: field.use for field in flights().fields}

    assert uses == {
        "time": "feature", "id": "key", "distance": "feature", "seats": "feature",
        "jet": "feature", "carrier": "feature", "passenger": "recorded", "sex": "recorded",
        "note": "recorded",
    }  # fmt: skip
    assert [field.name for field in flights().fields if not field.is_required] == [
        "id", "passenger", "sex", "note",
    ]  # fmt: skip


def test_label_and_leaks_are_not_in_a_request_but_are_remembered():
    contract = flights()

    assert not {"y", "delay"} & fields(contract).keys()
    assert (contract.label, contract.withheld) == ("y", ("delay",))


def test_a_key_that_is_read_stays_a_feature_and_names_the_row_as_well():
    contract = flights()

    assert contract.key == ("id", "time")
    assert fields(contract)["time"].use == "feature"


def test_limits_values_and_words_are_those_that_were_declared():
    found = fields(flights())

    assert (found["distance"].minimum, found["distance"].maximum) == (0, 5000)
    assert found["distance"].unit == "mile"
    assert found["carrier"].allowed == ("UA", "B6", "9E")
    assert found["carrier"].description == "Who flies"
    assert not found["time"].may_be_missing
    assert found["distance"].may_be_missing


def test_known_values_are_those_of_all_lookups_crosses_included():
    declared = {**DECLARED, "sex": {"type": "category"}, "note": {"type": "category"}}
    declared["carrier"] = {"type": "category", "role": "ignore"}
    crossed = Features(crosses=[("carrier", "note")], rare=1)

    found = fields(flights(declared, features=crossed))

    assert found["sex"].known == ("f", "m")
    assert found["carrier"].known == ("9E", "B6", "UA")
    assert found["carrier"].use == "feature"


def test_a_missing_value_is_no_known_value():
    table = rows(c=["a", None, "b", "", "a", "b"])

    assert fields(draw(table))["c"].known == ("a", "b")


def test_typical_values_are_medians_and_the_most_frequent():
    found = {name: field.typical for name, field in fields(flights()).items()}

    assert found["distance"] == 200.0
    assert found["seats"] in (20, 25, 30)
    assert isinstance(found["seats"], int)
    assert found["jet"] is True
    assert found["carrier"] == "UA"
    assert "2013-01-02T06:30:00Z" <= found["time"] <= "2013-01-03T06:30:00Z"


def test_of_a_personal_column_no_value_is_told():
    declared = {**DECLARED, "carrier": {"type": "category", "role": ["feature", "personal"]}}

    found = fields(flights(declared))

    assert (found["carrier"].use, found["carrier"].personal) == ("feature", True)
    assert (found["carrier"].known, found["carrier"].typical) == ((), None)
    assert (found["passenger"].personal, found["passenger"].typical) == (True, None)
    assert "Ada" not in flights(declared).model_dump_json()


def test_a_contract_is_read_as_it_was_written():
    contract = flights()

    assert Contract.model_validate_json(contract.model_dump_json()) == contract


def test_the_typical_row_keeps_the_contract():
    contract = flights()

    (row,) = a_reader(contract).read(typical_body(contract)).rows

    assert set(row) == {field.name for field in contract.features} | {"id"}
    assert (row["carrier"], row["distance"]) == ("UA", 200.0)


def test_a_column_that_is_declared_but_not_there_is_in_no_request():
    declared = {**DECLARED, "gone": {"type": "number"}}

    assert "gone" not in fields(flights(declared))


def test_an_endless_limit_is_none():
    declared = {**DECLARED, "distance": {"type": "number", "min": -math.inf, "max": math.inf}}

    found = fields(flights(declared))["distance"]

    assert (found.minimum, found.maximum) == (None, None)


def test_a_fitted_candidate_of_strange_columns_gets_its_contract():
    candidate = a_candidate(Task.BINARY, ("xgboost", "linear"))
    table = a_table().append_column("y", pa.array(["no", "yes"] * 150))
    data = declare("y")
    description = describe(table, table, SCHEMA, data)

    contract = draw_up(candidate.state, description, data, project="p", question="", unit=None)

    assert tuple(field.name for field in contract.features) == candidate.columns
    assert fields(contract)["colour"].known == ("blue's", "green", "naïve", "red")
    assert a_reader(contract).read(typical_body(contract)).inputs.rows == 1


NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
COLUMNS = st.sampled_from(
    [
        [None, None, None, None, None, None],
        [1, 2, 3, 4, 5, None],
        [0.5, None, 2.5, -1e150, 1e150, 0.0],
        [True, False, None, True, True, False],
        ["a", 'say "b"', "", "日本", None, "a"],
        ["x\x1fy", "x", "y\x1f", "\x00", "\\", "a/b~c"],
        [datetime(2013, 1, 1), None, *[datetime(2013, 6, day, 23, 59, 59) for day in (1, 2, 3, 4)]],
        [7, 7, 7, 7, 7, 7],
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES.filter(lambda name: name != "y"), COLUMNS, max_size=4), st.data())
def test_any_table_gets_a_contract_whose_typical_row_is_read(columns, data):
    table = pa.table({**columns, "y": ["yes", "no", "yes", "no", "yes", "no"]})
    names = list(columns)
    key = data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []

    contract = draw(table, key=key)

    assert a_reader(contract).read(typical_body(contract)).inputs.rows == 1
    assert {field.name for field in contract.fields} == set(names)
    assert contract.key == tuple(key)


@pytest.mark.parametrize("count", [1, 3])
def test_a_table_of_hardly_any_rows_gets_a_contract(count):
    contract = draw(rows(a=list(range(count)), b=["x"] * count))

    assert {field.name for field in contract.fields} == {"a", "b"}
