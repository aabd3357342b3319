import json

import pytest

from lifecycle.serving.contract import Field
from lifecycle.serving.events import Truth
from lifecycle.serving.faults import Faults, NotJson, TooManyRows
from lifecycle.serving.labels import LabelReader
from tests.lifecycle.serving.contracts import a_contract

READER = LabelReader(a_contract(), most=100)
AMOUNT = a_contract(task="regression", classes=(), label="amount")


def read(label, reader=READER):
    return reader.read(json.dumps(label).encode())


def faults_of(label, reader=READER):
    with pytest.raises(Faults) as caught:
        read(label, reader)
    return [(fault.pointer, fault.detail) for fault in caught.value.faults]


def test_a_label_of_a_row_is_read():
    told = {"request_id": "r1", "row": 2, "label": "true", "known_at": "2013-07-02T01:00:00+02:00"}

    assert read(told) == [
        Truth(label="true", request_id="r1", row=2, known_at="2013-07-02T01:00:00+02:00")
    ]


def test_without_a_row_it_is_the_first():
    assert read({"request_id": "r1", "label": "true"})[0].row == 0


def test_a_label_of_a_key_is_read_with_the_key_as_sent():
    key = {"id": 7.0, "asked": "2013-07-01"}

    assert read({"key": key, "label": "false"}) == [Truth(label="false", key=key)]


def test_several_labels_are_read_in_their_order():
    labels = [{"request_id": "r1", "row": row, "label": "true"} for row in range(3)]

    assert [truth.row for truth in read(labels)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("classes", "sent", "read_as"),
    [
        (("false", "true"), True, "true"),
        (("false", "true"), "false", "false"),
        (("0", "1"), 1, "1"),
        (("0", "1"), 0.0, "0"),
        (("0", "1"), "1", "1"),
        (("1.5", "2"), 1.5, "1.5"),
        (("cat", "dog"), "dog", "dog"),
    ],
)
def test_a_class_is_spelled_as_in_training(classes, sent, read_as):
    reader = LabelReader(a_contract(classes=classes), most=1)

    assert read({"request_id": "r1", "label": sent}, reader)[0].label == read_as


@pytest.mark.parametrize("sent", ["tru", 1, 1.0, None, "", [], {}, "True"])
def test_what_is_no_class_is_refused(sent):
    ((where, told),) = faults_of({"request_id": "r1", "label": sent})

    assert where == "/label"
    assert told.startswith("label ")


def test_a_class_nobody_knows_is_told_with_the_nearest_one():
    ((_, told),) = faults_of({"request_id": "r1", "label": "tru"})

    assert told.endswith('Known: false, true. Did you mean "true"?')


@pytest.mark.parametrize("sent", [1, 1.5, -1e300, 10**20])
def test_a_number_is_taken_where_numbers_are_predicted(sent):
    assert read({"request_id": "r1", "label": sent}, LabelReader(AMOUNT, most=1))[0].label == sent


@pytest.mark.parametrize("sent", ["NaN", "Infinity", "1e400", '"1"', "true", "null"])
def test_what_is_no_finite_number_is_refused_there(sent):
    with pytest.raises(Faults, match="label "):
        LabelReader(AMOUNT, most=1).read(f'{{"request_id": "r1", "label": {sent}}}'.encode())


@pytest.mark.parametrize(
    ("label", "where", "told"),
    [
        ({"label": "true"}, "", "names its row by request_id"),
        ({"request_id": "r", "key": {"id": 1, "asked": None}, "label": "true"}, "", "is both"),
        ({"request_id": "r"}, "/label", "label is missing"),
        ({"request_id": "r", "lable": "true", "label": "true"}, "/lable", 'Did you mean "label"?'),
        ({"request_id": "r", "row": -1, "label": "true"}, "/row", "out of its range"),
        ({"request_id": "r", "row": 1.5, "label": "true"}, "/row", "has a fraction"),
        ({"request_id": "r", "row": True, "label": "true"}, "/row", "row is a whole number"),
        ({"request_id": "r", "known_at": "soon", "label": "true"}, "/known_at", "is not a time"),
        ({"request_id": "r", "known_at": 7, "label": "true"}, "/known_at", "ISO 8601"),
        ({"request_id": "", "label": "true"}, "/request_id", 'request_id is ""'),
        ({"request_id": "a b", "label": "true"}, "/request_id", "answered with"),
        ({"request_id": "r\n", "label": "true"}, "/request_id", "answered with"),
        ({"request_id": "x" * 129, "label": "true"}, "/request_id", "answered with"),
        ({"request_id": 7, "label": "true"}, "/request_id", "request_id is 7"),
        ({"request_id": None, "label": "true"}, "/request_id", "request_id is null"),
        ({"key": {"id": 1}, "label": "true"}, "/key/asked", "the key is id, asked, all of them"),
        ({"key": {"id": 0, "asked": None}, "label": "true"}, "/key/id", "out of its range from 1"),
        ({"key": {"id": 1, "asked": "x"}, "label": "true"}, "/key/asked", "is not a time"),
        ({"key": {"id": 1, "asked": None, "a/b": 1}, "label": "true"}, "/key/a~1b", "no part of"),
        ({"key": 7, "label": "true"}, "/key", "it is an object with id, asked"),
        ({"key": {"id": 1, "asked": None}, "row": 0, "label": "true"}, "/row", "Leave it out"),
    ],
)  # fmt: skip
def test_a_label_that_cannot_be_right_is_told_why(label, where, told):
    ((pointer, detail),) = faults_of(label)

    assert pointer == where
    assert told in detail


def test_all_faults_of_all_labels_are_told_at_once():
    good = {"request_id": "r", "label": "true"}

    found = faults_of([good, {"row": "x", "label": "maybe"}, 7, {**good, "known_at": ""}])

    assert [pointer for pointer, _ in found] == ["/1", "/1/row", "/1/label", "/2", "/3/known_at"]


def test_rows_without_a_key_are_named_by_their_request():
    reader = LabelReader(a_contract(key=()), most=1)

    ((where, told),) = faults_of({"key": {"id": 1}, "label": "true"}, reader)

    assert (where, told) == ("/key", "Rows of this model have no key: name the row by request_id.")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"request_id": "r", "label": "true", "label": "false"}', "/label"),
        (b'{"key": {"id": 1, "id": 2, "asked": null}, "label": "true"}', "/key/id"),
    ],
)
def test_a_field_that_is_there_twice_is_refused(body, where):
    with pytest.raises(Faults, match="more than once") as caught:
        READER.read(body)

    assert [fault.pointer for fault in caught.value.faults] == [where]


@pytest.mark.parametrize("body", [b"[]", b"null", b'"r1"', b"7"])
def test_a_body_without_labels_is_one_fault_of_the_whole(body):
    with pytest.raises(Faults, match="Send one label as an object") as caught:
        READER.read(body)

    assert caught.value.faults[0].pointer == ""


def test_what_is_not_json_and_what_is_too_much_are_told_apart():
    with pytest.raises(NotJson):
        READER.read(b'{"request_id": "r"')
    with pytest.raises(TooManyRows, match="2 rows; one request takes at most 1"):
        read([{}, {}], LabelReader(a_contract(), most=1))


def test_a_personal_part_of_a_key_is_not_repeated():
    name = Field(name="name", type="text", use="key", personal=True, may_be_missing=False)
    reader = LabelReader(a_contract((name,), key=("name",)), most=1)

    with pytest.raises(Faults) as caught:
        read({"key": {"name": 123456}, "label": "true"}, reader)

    (fault,) = caught.value.faults
    assert "123456" not in fault.found + fault.detail
