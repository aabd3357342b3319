"""The lines of the event log, and what is masked in them."""

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from lifecycle.errors import DataError, ProjectError
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.events import Mask, Truth, label_lines, prediction_lines, write_time
from lifecycle.serving.inputs import Answers

AT = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC)
SECRET = b"0123456789abcdef"


def contract(task="binary", *, classes=("no", "yes"), key=(), **personal):
    """Declare a contract of a number, a name, a moment and a flag; `name=True` is personal."""
    types = {"size": "number", "name": "text", "when": "time", "flag": "boolean", "code": "text"}
    fields = tuple(
        Field(name=name, type=kind, personal=personal.get(name, False))
        for name, kind in types.items()
    )
    return Contract(
        project="p", label="y", task=task, classes=classes, threshold=0.5, key=key, fields=fields
    )


def read(lines):
    *whole, rest = lines.split(b"\n")
    assert rest == b""
    return [json.loads(line) for line in whole]


def predict(declared, rows, scores, decisions, mask=None):
    return read(
        prediction_lines(
            request_id="r-1",
            at=AT,
            version="3",
            by="key-1",
            rows=rows,
            answers=Answers(np.array(scores), decisions and np.array(decisions)),
            contract=declared,
            mask=mask or Mask(declared, "drop"),
        )
    )


def test_a_prediction_is_one_line_with_all_it_takes_to_trace_it():
    row = {"size": 1.5, "name": None}

    assert predict(contract(), [row], [0.25], [0]) == [
        {
            "event": "prediction",
            "v": 1,
            "id": "r-1",
            "row": 0,
            "at": "2026-01-01T12:00:00.000005Z",
            "version": "3",
            "by": "key-1",
            "inputs": row,
            "score": 0.25,
            "decision": "no",
        }
    ]


def test_the_unit_and_the_arm_are_there_where_they_are_known_and_nothing_otherwise():
    declared = contract()
    asked = {
        "request_id": "r-1", "at": AT, "version": "3", "by": None, "rows": [{}, {}],
        "answers": Answers(np.array([0.1, 0.2]), np.array([0, 0])), "contract": declared,
        "mask": Mask(declared, "drop"),
    }  # fmt: skip

    told = read(prediction_lines(**asked, unit="5f" * 16, arm="7:champion"))
    in_no_test = read(prediction_lines(**asked, unit="5f" * 16))
    unknown = read(prediction_lines(**asked))

    assert [(line["unit"], line["arm"], line["v"]) for line in told] == [
        ("5f" * 16, "7:champion", 1)
    ] * 2
    assert "arm" not in in_no_test[0]
    assert not {"unit", "arm"} & set(unknown[0])
    assert unknown[0]["by"] is None


def test_many_rows_are_as_many_lines_in_their_order():
    lines = predict(contract(), [{"size": n} for n in range(3)], [0.1, 0.5, 0.9], [0, 1, 1])

    assert [(line["row"], line["inputs"]["size"], line["decision"]) for line in lines] == [
        (0, 0, "no"),
        (1, 1, "yes"),
        (2, 2, "yes"),
    ]


def test_the_score_of_several_classes_is_one_for_each():
    declared = contract("multiclass", classes=("fog", "rain", "sun"))
    (line,) = predict(declared, [{}], [[0.2, 0.3, 0.5]], [2])

    assert line["score"] == {"fog": 0.2, "rain": 0.3, "sun": 0.5}
    assert line["decision"] == "sun"


def test_a_regression_decides_nothing():
    (line,) = predict(contract("regression", classes=()), [{}], [7.5], None)

    assert (line["score"], line["decision"]) == (7.5, None)


def test_whatever_a_text_holds_it_stays_on_its_line():
    name = 'a\nb\r\u2028"\\\x00ü🙂'
    lines = predict(contract(), [{"name": name}, {"name": ""}], [0.1, 0.2], [0, 0])

    assert [line["inputs"]["name"] for line in lines] == [name, ""]


def test_no_row_is_written_without_its_answer():
    with pytest.raises(ValueError, match="zip"):
        predict(contract(), [{}, {}], [0.1], [0])


def test_moments_are_written_in_utc_and_one_without_zone_is_refused():
    assert write_time(AT.astimezone(timezone(timedelta(hours=-5)))) == write_time(AT)
    with pytest.raises(ValueError, match="has no zone"):
        write_time(datetime(2026, 1, 1))


def test_a_label_names_its_prediction_by_request_or_by_key():
    truths = [
        Truth(label="yes", request_id="r-1", row=2),
        Truth(label=True, key={"code": "x", "name": "Ada"}, known_at="2026-01-02"),
    ]
    mask = Mask(contract(name=True), "drop")
    lines = label_lines(request_id="r-9", at=AT, by="labeller", truths=truths, mask=mask)

    told = {"event": "label", "v": 1, "at": "2026-01-01T12:00:00.000005Z", "by": "labeller"}
    assert read(lines) == [
        {**told, "id": "r-1", "row": 2, "key": None, "label": "yes", "known_at": None,
         "request": "r-9"},
        {**told, "id": None, "row": None, "key": {"code": "x", "name": None}, "label": True,
         "known_at": "2026-01-02", "request": "r-9"},
    ]  # fmt: skip


def test_nothing_of_a_personal_column_is_kept_where_it_is_dropped():
    row = {"size": 1, "name": "Ada"}
    (line,) = predict(contract(name=True), [row], [0.1], [0])

    assert line["inputs"] == {"size": 1, "name": None}
    assert row["name"] == "Ada"


def test_equal_values_have_the_same_pseudonym_and_other_values_or_secrets_another():
    declared = contract(name=True)
    mask, other = (Mask(declared, "pseudonym", secret=key) for key in (SECRET, SECRET[::-1]))
    ada, ada_again, bob = (mask({"name": name})["name"] for name in ("Ada", "Ada", "Bob"))

    assert ada == ada_again
    assert len({ada, bob, other({"name": "Ada"})["name"]}) == 3
    assert len(ada) * 4 == 128


@pytest.mark.parametrize(
    ("column", "ways"),
    [
        ("size", [7, 7.0]),
        ("when", ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T02:00+02:00"]),
        ("code", [7, "7"]),
    ],
)
def test_one_value_has_one_pseudonym_however_it_was_written(column, ways):
    mask = Mask(contract(**{column: True}), "pseudonym", secret=SECRET)

    assert len({mask({column: way})[column] for way in ways}) == 1


def test_the_same_value_in_two_columns_cannot_be_told_to_be_the_same():
    mask = Mask(contract(name=True, code=True), "pseudonym", secret=SECRET)
    masked = mask({"name": "Ada", "code": "Ada"})

    assert masked["name"] != masked["code"]


def test_what_is_missing_has_no_pseudonym():
    mask = Mask(contract(name=True), "pseudonym", secret=SECRET)

    assert [mask({"name": name})["name"] for name in (None, "")] == [None, None]


@pytest.mark.parametrize("secret", [None, b"", b"fifteen bytes !"])
def test_without_a_secret_that_holds_pseudonyms_are_refused_at_the_start(secret):
    with pytest.raises(ProjectError, match=r'"name" is personal.*PERENNIAL_MASK'):
        Mask(contract(name=True), "pseudonym", secret=secret)


def test_where_nothing_is_personal_no_secret_is_asked_for():
    mask = Mask(contract(), "pseudonym")

    assert mask({"name": "Ada"}) == {"name": "Ada"}


def test_a_column_nobody_declared_is_never_recorded():
    with pytest.raises(DataError, match="does not know: passport"):
        predict(contract(), [{"size": 1}, {"passport": "X1"}], [0.1, 0.2], [0, 0])


def test_a_key_that_is_dropped_is_told():
    declared = contract(key=("code", "name"), name=True)

    assert Mask(declared, "drop").lost_keys == ("name",)
    assert Mask(declared, "pseudonym", secret=SECRET).lost_keys == ()
