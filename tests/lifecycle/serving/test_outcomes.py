"""What may be told of outcomes, and the lines it becomes."""

import json
from datetime import UTC, datetime

import pytest

from lifecycle.errors import ProjectError
from lifecycle.release.declaration import Metric
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.events import Mask
from lifecycle.serving.faults import Faults
from lifecycle.serving.outcomes import NAMES, Outcome, OutcomeReader, UnitMask, outcome_lines

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECRET = b"0123456789abcdef"


def read(body, *, has_unit=True):
    return OutcomeReader(most=10, has_unit=has_unit).read(json.dumps(body).encode())


def faults(body, **how):
    with pytest.raises(Faults) as raised:
        read(body, **how)
    return [(fault.pointer, fault.detail) for fault in raised.value.faults]


def lines(*told, mask=None):
    written = outcome_lines(
        request_id="t", at=AT, by="k1", outcomes=told, mask=mask or UnitMask(SECRET)
    )
    return [json.loads(line) for line in written.splitlines()]


def test_one_outcome_or_several_are_read():
    told = {"name": "booked", "unit": "u17", "value": 3, "id": "order-991"}

    assert read(told) == [Outcome(name="booked", unit="u17", value=3.0, id="order-991")]
    assert read([told, {"name": "seen", "request_id": "r"}])[1] == Outcome(
        name="seen", request_id="r"
    )


@pytest.mark.parametrize(
    ("body", "place", "told"),
    [
        ({"name": "booked"}, "", "An outcome names its unit or its request_id; there is neither."),
        ({"name": "x", "unit": "u", "request_id": "r"}, "", "there is both"),
        ({"unit": "u"}, "/name", "name is missing"),
        ({"name": "1st", "unit": "u"}, "/name", 'name is "1st"; it is a letter'),
        ({"name": "x" * 64, "unit": "u"}, "/name", "a letter, then up to 62 letters"),
        ({"name": "x", "unit": ""}, "/unit", "unit may not be missing"),
        ({"name": "x", "unit": 17}, "/unit", "send text, not a number"),
        ({"name": "x", "unit": "u" * 1_025}, "/unit", "unit has 1,025 characters; at most 1,024"),
        ({"name": "x", "unit": "u", "id": "i" * 201}, "/id", "at most 200 characters"),
        ({"name": "x", "unit": "u", "value": None}, "/value", "value may not be missing"),
        ({"name": "x", "unit": "u", "value": True}, "/value", "value is a number"),
        ({"name": "x", "unit": "u", "happened_at": "soon"}, "/happened_at", "not a time"),
        ({"name": "x", "request_id": "a b"}, "/request_id", "it is what the prediction was"),
        ({"name": "x", "unit": "u", "vaule": 1}, "/vaule", 'Did you mean "value"?'),
        ("x", "", 'The body is "x".'),
        ([], "", "an array of outcomes"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(body, place, told):
    (found,) = faults(body)

    assert found[0] == place
    assert told in found[1]


def test_all_that_is_wrong_is_told_at_once():
    body = [{"name": "x", "unit": "u"}, {"name": "", "value": "1"}, 7]

    assert [place for place, _ in faults(body)] == ["/1", "/1/name", "/1/value", "/2"]


def test_a_field_that_is_there_twice_is_refused():
    with pytest.raises(Faults, match="more than once"):
        OutcomeReader(most=1, has_unit=True).read(b'{"name":"x","name":"y","unit":"u"}')


def test_the_name_of_a_unit_is_never_repeated():
    (fault,) = faults({"name": "x", "unit": ["ada@example.org"]})
    (long,) = faults({"name": "x", "unit": "ada@example.org" * 100})

    assert "ada" not in fault[1] + long[1]


def test_where_no_unit_is_declared_it_is_said_what_to_do():
    (fault,) = faults({"name": "x", "unit": "u"}, has_unit=False)

    assert fault[0] == "/unit"
    assert "Declare release.unit" in fault[1]
    assert "by request_id" in fault[1]
    assert read({"name": "x", "request_id": "r"}, has_unit=False)[0].request_id == "r"


def test_a_line_holds_the_hash_and_when_it_happened_in_utc():
    told = Outcome(
        name="paid", unit="u17", value=2.5, id="o1", happened_at="2026-01-01T01:00:00+02:00"
    )

    assert lines(told) == [
        {
            "event": "outcome",
            "v": 1,
            "name": "paid",
            "unit": UnitMask(SECRET)(b"u17"),
            "request": None,
            "value": 2.5,
            "id": "o1",
            "happened": "2025-12-31T23:00:00.000000Z",
            "at": "2026-01-01T12:00:00.000000Z",
            "by": "k1",
            "sent": "t",
        }
    ]


def test_an_outcome_of_a_request_needs_no_secret():
    written = outcome_lines(
        request_id="t", at=AT, by=None, outcomes=[Outcome(name="x", request_id="r")], mask=None
    )

    assert (json.loads(written)["request"], json.loads(written)["unit"]) == ("r", None)
    with pytest.raises(ProjectError, match=r"release\.unit"):
        outcome_lines(
            request_id="t", at=AT, by=None, outcomes=[Outcome(name="x", unit="u")], mask=None
        )


def test_equal_units_are_equal_under_one_secret_only():
    one, other = UnitMask(SECRET), UnitMask(SECRET[::-1])

    assert one(b"u17") == UnitMask(SECRET)(b"u17")
    assert len({one(b"u17"), one(b"u18"), other(b"u17")}) == 3
    assert len(one(b"u17")) == 32


def test_a_unit_is_not_found_among_the_pseudonyms_of_a_column_called_unit():
    name = Field(name="unit", type="text", personal=True)
    contract = Contract(project="p", label="y", task="regression", fields=(name,))
    mask = Mask(contract, "pseudonym", secret=SECRET)

    assert mask({"unit": "u17"})["unit"] != UnitMask(SECRET)(b"u17")


@pytest.mark.parametrize(("secret", "told"), [(None, "there is no secret"), (b"abc", "3 bytes")])
def test_without_a_good_secret_there_is_no_mask(secret, told):
    with pytest.raises(ProjectError, match=told):
        UnitMask(secret)


def test_what_an_outcome_may_be_called_a_metric_of_a_test_may_be():
    (pattern,) = (one.pattern for one in Metric.model_fields["name"].metadata)

    assert pattern == NAMES
