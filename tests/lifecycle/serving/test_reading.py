import json
import math
import re
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.data.cast import cast
from lifecycle.data.declaration import ColumnType
from lifecycle.errors import DataError
from lifecycle.features.columns import read_block
from lifecycle.serving.checking import Checker
from lifecycle.serving.contract import MISSING_TIME, Field, Layout
from lifecycle.serving.faults import MOST_TOLD, Faults, NotJson, TooManyRows
from lifecycle.serving.json_body import parse
from lifecycle.serving.reading import Reader
from lifecycle.serving.times import ZONED, ZONELESS, NoTimeError, read_time, read_times
from lifecycle.serving.values import write_category
from tests.lifecycle.serving.contracts import EVERY_KIND, GOOD, a_contract, a_reader, one_field

READER = a_reader()
CHECKER = Checker(a_contract())


def written(*rows, **changed):
    body = [{**row, **changed} for row in rows]
    return json.dumps(body[0] if len(body) == 1 else body, ensure_ascii=False).encode()


def faults_of(body, reader=READER):
    with pytest.raises(Faults) as caught:
        reader.read(body)
    return caught.value.faults


def read_one(value, **said):
    """Read one row of one field, given as JSON text."""
    return a_reader(one_field(**said)).read(f'{{"x": {value}}}'.encode())


def test_a_row_becomes_the_arrays_of_its_layout():
    request = READER.read(written(GOOD))

    assert request.is_single
    np.testing.assert_array_equal(
        request.inputs.numbers, np.array([[1.5, 1e30, 7, 2**40, 1]], np.float32)
    )
    assert request.inputs.times.tolist() == [[1372701600]]
    assert request.inputs.texts.tolist() == [["JFK", "b", "1", "so"]]


def test_rows_are_kept_as_they_were_sent():
    row = {**GOOD, "integer": 7.0, "id": 3, "coded": None}

    assert READER.read(written(row)).rows == [row]
    assert READER.read(written(row, GOOD)).rows == [row, GOOD]


def test_an_array_of_one_row_is_not_a_single_row():
    request = READER.read(json.dumps([GOOD]).encode())

    assert not request.is_single
    assert request.inputs.rows == 1


@pytest.mark.parametrize("copies", [1, 40])
def test_many_rows_are_read_as_each_by_itself(copies):
    rows = [GOOD, {**GOOD, "number": None, "named": "", "time": "1969-12-31T23:59:59.5Z"}] * copies

    many = READER.read(written(*rows)).inputs

    single = [READER.read(written(row)).inputs for row in rows]
    np.testing.assert_array_equal(many.numbers, np.vstack([one.numbers for one in single]))
    np.testing.assert_array_equal(many.times, np.vstack([one.times for one in single]))
    np.testing.assert_array_equal(many.texts, np.vstack([one.texts for one in single]))


@pytest.mark.parametrize("copies", [1, 40])
def test_missing_values_are_counted_by_column(copies):
    gone = {"number": None, "boolean": None, "named": "", "coded": None, "text": None}
    rows = [GOOD, {**GOOD, **gone}] * copies

    request = READER.read(written(*rows))

    assert request.missing == dict.fromkeys(gone, copies)
    assert np.isnan(request.inputs.numbers[1, [0, 4]]).all()
    assert request.inputs.texts[1].tolist() == ["JFK", "", "", ""]


@pytest.mark.parametrize("copies", [1, 40])
def test_categories_the_model_has_not_learnt_from_are_counted(copies):
    rows = [GOOD, {**GOOD, "named": "zz", "coded": 99}] * copies

    assert READER.read(written(*rows)).unseen == {
        "listed": 2 * copies,  # JFK is allowed, but was not there to learn from
        "named": copies,
        "coded": copies,
    }


def test_a_model_that_reads_nothing_takes_empty_rows():
    reader = Reader(a_contract(()), Layout(), most_rows=10)

    inputs = reader.read(b"[{}, {}]").inputs

    assert (inputs.numbers.shape, inputs.times.shape, inputs.texts.shape) == ((2, 0),) * 3


def test_a_layout_the_contract_does_not_know_is_refused():
    with pytest.raises(DataError, match='reads "y", which is no feature'):
        Reader(one_field(), Layout(numbers=("y",)), most_rows=1)
    with pytest.raises(DataError, match=r'reads "x" as a time.*it is number'):
        Reader(one_field(), Layout(times=("x",)), most_rows=1)


def test_a_crossed_integer_is_read_as_the_text_of_training():
    contract = one_field(type="integer")

    reader = Reader(contract, Layout(texts=("x",)), most_rows=99)

    assert reader.read(b'[{"x":7.0},{"x":null}]').inputs.texts.tolist() == [["7"], [""]]
    for rows in (1, 50):
        with pytest.raises(Faults, match="has a fraction"):
            reader.read(b"[" + b",".join([b'{"x":7.5}'] * rows) + b"]")


# ---- numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 1), ("1e2", 100), ("-0.0", -0.0), ("-0", 0), ("1e-400", 0), ("1e300", 1e30),
     ("-1e300", -1e30), ("9" * 300, 1e30), ("18446744073709551616", 2**64), ("null", math.nan)],
)  # fmt: skip
def test_numbers_are_read_as_json_writes_them(text, expected):
    number = read_one(text).inputs.numbers[0, 0]

    np.testing.assert_equal(number, np.float32(expected))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"12"', "write 12 without quotes"),
        ("true", "send a number, or null, not true"),
        ('"NaN"', 'send a number, or null, not "NaN"'),
        ('"1e400"', "send a number, or null, not"),
        ("NaN", "NaN, which JSON or 64 bits do not hold: send null instead"),
        ("-Infinity", "-Infinity, which JSON or 64 bits do not hold"),
        ("1e400", "1e400, which JSON or 64 bits do not hold"),
        ("9" * 400, "which JSON or 64 bits do not hold"),
        ("9" * 5000, "which JSON or 64 bits do not hold"),
        ("[1]", "not an array"),
        ("{}", "not an object"),
    ],
)
def test_what_is_no_number_is_refused(text, told):
    with pytest.raises(Faults, match=r"^x is ") as caught:
        read_one(text)

    assert told in caught.value.faults[0].detail


@pytest.mark.parametrize("text", ["7", "7.0", "7e0", "70e-1", "-0.0", "23", "0"])
def test_a_whole_number_may_be_written_as_a_float(text):
    request = read_one(text, type="integer", minimum=0, maximum=23)

    assert request.inputs.numbers[0, 0] == float(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("7.5", "x is a whole number, and 7.5 has a fraction."),
        ("-1", "x is -1, out of its range from 0 to 23."),
        ("23.5", "x is a whole number, and 23.5 has a fraction."),
        ("24.0", "x is 24.0, out of its range from 0 to 23."),
        ("99999999999999999999", "out of its range"),
        ("1e19", "out of its range"),
        ("true", "x is a whole number: send a whole number from 0 to 23, or null, not true."),
        ('"7"', "x is a whole number: write 7 without quotes."),
        ('"99"', "send a whole number from 0 to 23, or null, not"),
    ],
)
@pytest.mark.parametrize("rows", [1, 30])
def test_what_is_no_whole_number_is_refused(text, told, rows):
    reader = a_reader(one_field(type="integer", minimum=0, maximum=23))
    body = "[" + ",".join(['{"x":1}'] * (rows - 1) + [f'{{"x":{text}}}']) + "]"

    faults = faults_of(body.encode(), reader)

    assert [fault.pointer for fault in faults] == [f"/{rows - 1}/x"]
    assert told in faults[0].detail


def test_whole_numbers_end_at_64_bits():
    assert read_one(str(2**63 - 1), type="integer").inputs.rows == 1
    assert read_one(str(-(2**63)), type="integer").inputs.rows == 1
    for text in (str(2**63), "9223372036854775808.0", "1e30"):
        with pytest.raises(Faults, match="out of its range"):
            read_one(text, type="integer")


def test_numbers_are_cut_where_training_cuts_them():
    values = [1e29, 1e30, 1e31, -1e200, 3.4e38, 0.1, 16777217.0]
    table = pa.table({"x": values})

    body = json.dumps([{"x": value} for value in values]).encode()
    numbers = a_reader(one_field()).read(body).inputs.numbers

    np.testing.assert_array_equal(numbers, read_block(table, ["x"]))


def test_the_ends_of_a_range_are_in_it():
    said = {"minimum": -1.5, "maximum": 100}

    assert read_one("-1.5", **said).inputs.rows == read_one("100", **said).inputs.rows == 1
    for text in ("-1.5000000000000002", "100.00000000000001"):
        with pytest.raises(Faults, match=r"out of its range from -1.5 to 100\."):
            read_one(text, **said)


# ---- booleans, categories, texts


@pytest.mark.parametrize("text", ["1", "0", '"true"', '"yes"', "[]"])
def test_only_true_and_false_are_booleans(text):
    with pytest.raises(Faults, match="x is true or false"):
        read_one(text, type="boolean")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, -3, 10**15], pa.int64()),
        ([1.0, 2.5, 0.1, 1e-5, 1.5e-7, 2.5e20, 123456789012.5], pa.float64()),
        ([True, False], pa.bool_()),
    ],
)
def test_a_category_is_spelled_as_in_training(values, kind):
    column = pa.chunked_array([pa.array(values, kind)])
    trained = cast(column, ColumnType.CATEGORY).column.to_pylist()
    reader = a_reader(one_field(type="category", known=tuple(trained)))

    request = reader.read(json.dumps([{"x": value} for value in values]).encode())

    assert request.inputs.texts[:, 0].tolist() == trained
    assert request.unseen == {}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_is_written_as_training_writes_it(number):
    trained = cast(pa.chunked_array([[number]]), ColumnType.CATEGORY).column[0].as_py()

    assert write_category(number) == trained


@pytest.mark.parametrize("text", ["7", "true", "1.5"])
def test_a_category_of_words_takes_no_numbers(text):
    with pytest.raises(Faults) as caught:
        read_one(text, type="category", known=("EWR", "9E"))

    assert caught.value.faults[0].detail == f'x is text: write "{json.loads(text)}" with quotes.'


def test_a_category_of_codes_takes_them_with_and_without_quotes():
    reader = a_reader(one_field(type="category", allowed=("1", "2")))

    request = reader.read(b'[{"x": 1}, {"x": "1"}, {"x": 1.0}, {"x": ""}, {"x": null}]')

    assert request.inputs.texts[:, 0].tolist() == ["1", "1", "1", "", ""]
    for text in ("3", '"3"', "true", "1.5"):
        with pytest.raises(Faults):
            reader.read(f'{{"x": {text}}}'.encode())


def test_a_value_that_was_not_declared_is_refused_with_the_nearest_one():
    (fault,) = faults_of(written(GOOD, listed="JKF"))

    assert fault.found == '"JKF"'
    assert fault.allowed == "one of EWR, JFK"
    assert fault.detail.endswith('Known: EWR, JFK. Did you mean "JFK"?')


@pytest.mark.parametrize("kind", ["category", "text"])
@pytest.mark.parametrize("text", ["null", '""'])
def test_an_empty_text_is_missing(kind, text):
    assert read_one(text, type=kind).missing == {"x": 1}
    with pytest.raises(Faults, match="x may not be missing"):
        read_one(text, type=kind, may_be_missing=False)


@pytest.mark.parametrize("text", [r'"a\u0000b"', '"\x7f"', r'"\ud83d\ude00"', '"é\u2028"', '" "'])
def test_any_unicode_is_text(text):
    request = read_one(text, type="text")

    assert request.inputs.texts[0, 0] == json.loads(text, strict=False)


@pytest.mark.parametrize("text", [r'"\ud800"', r'"\udc00a"', r'"\ud800\u0041"'])
@pytest.mark.parametrize("kind", ["category", "text"])
def test_half_a_character_is_refused(text, kind):
    with pytest.raises(Faults, match="half of a character"):
        read_one(text, type=kind)


@pytest.mark.parametrize("field", ["integer", "number", "boolean"])
def test_declared_values_of_other_types_are_held_too(field):
    allowed, good, bad = {
        "integer": (("1", "2"), "1.0", "3"),
        "number": (("1.5", "2"), "2", "2.5"),
        "boolean": (("true",), "true", "false"),
    }[field]

    assert read_one(good, type=field, allowed=allowed).inputs.rows == 1
    with pytest.raises(Faults, match="none of the values it may have"):
        read_one(bad, type=field, allowed=allowed)


# ---- times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-07-01T18:00:00Z", "2013-07-01T18:00:00"),
        ("2013-07-01 18:00:00", "2013-07-01T18:00:00"),
        ("2013-07-01T18:00", "2013-07-01T18:00:00"),
        ("2013-07-01", "2013-07-01T00:00:00"),
        ("2013-07-01T18:00:00+02:00", "2013-07-01T16:00:00"),
        ("2013-07-01T18:00:00-0530", "2013-07-01T23:30:00"),
        ("2013-07-01T18:00+02", "2013-07-01T16:00:00"),
        ("2013-07-01T18:00:00.999999999Z", "2013-07-01T18:00:00"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59"),
        ("1900-01-01", "1900-01-01T00:00:00"),
        ("2199-12-31T23:59:59Z", "2199-12-31T23:59:59"),
        ("2199-12-31T23:59:59-14:00", "2200-01-01T13:59:59"),
        ("1900-01-01T00:00:00+14:00", "1899-12-31T10:00:00"),
        ("2000-02-29", "2000-02-29T00:00:00"),
    ],
)
@pytest.mark.parametrize("copies", [1, 20])
def test_times_are_read_as_whole_seconds_in_utc(text, expected, copies):
    reader = a_reader(one_field(type="time"))
    moment = datetime.fromisoformat(expected).replace(tzinfo=UTC)

    times = reader.read(json.dumps([{"x": text}] * copies).encode()).inputs.times

    assert times.tolist() == [[int(moment.timestamp())]] * copies


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("yesterday", "Write a time as 2013-07-01T18:00:00Z"),
        ("20130701", "Write a time as"),
        ("2013-W27-1", "Write a time as"),
        ("2013-07-01T18", "Write a time as"),
        ("2013-07-01t18:00:00z", "Write a time as"),
        (" 2013-07-01", "Write a time as"),
        ("2013-07-01\n", "Write a time as"),
        ("２０１３-07-01", "Write a time as"),
        ("", "Write a time as"),
        ("10000-01-01", "Write a time as"),
        ("2013-02-29T00:00:00Z", "no such day"),
        ("2013-07-01T24:00:00Z", "no such day"),
        ("2016-12-31T23:59:60Z", "no such day"),
        ("2013-07-01T18:00:00+24:00", "no such day"),
        ("0000-01-01", "no such day"),
        ("0001-01-01T00:00:00+14:00", "between 1900-01-01 and 2200-01-01"),
        ("1899-12-31T23:59:59Z", "between 1900-01-01 and 2200-01-01"),
        ("9999-12-31T23:59:59-14:00", "between 1900-01-01 and 2200-01-01"),
        ("2200-01-01T00:00:00Z", "between 1900-01-01 and 2200-01-01"),
    ],
)
@pytest.mark.parametrize("copies", [1, 20])
def test_what_is_no_time_is_refused(text, told, copies):
    rows = [{"x": "2013-07-01T18:00:00Z"}] * (copies - 1) + [{"x": text}]

    faults = faults_of(json.dumps(rows).encode(), a_reader(one_field(type="time")))

    assert [fault.pointer for fault in faults] == [f"/{copies - 1}/x"]
    assert told in faults[0].detail


@pytest.mark.parametrize("text", ["1372701600", "true", "{}"])
def test_a_number_is_no_time(text):
    with pytest.raises(Faults, match="x is a time in ISO 8601"):
        read_one(text, type="time")


@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)), st.sampled_from(["", "Z", " "]))
def test_many_times_are_read_as_each_by_itself(moment, form):
    text = moment.isoformat(sep=" " if form == " " else "T", timespec="seconds")
    texts = [text + form.strip(), None] * 20

    expected = [read_time(one) if one else MISSING_TIME for one in texts]
    assert read_times(texts).tolist() == expected


def test_times_written_across_one_another_are_not_read_as_others():
    """Joined they are two good times, each by itself is none."""
    texts = ["2013-07-01T18:00:0", "02013-07-01T18:00:00"] * 10

    with pytest.raises(NoTimeError):
        read_times(texts)


@settings(max_examples=200)
@given(st.one_of(st.from_regex(ZONED), st.from_regex(ZONELESS)))
def test_every_time_the_documents_pattern_allows_is_taken(text):
    assert read_time(text.removesuffix("\n")) is not None  # `$` lets one line break follow


@given(st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30)), st.booleans())
def test_every_time_python_writes_is_within_the_pattern(moment, is_zoned):
    text = moment.isoformat() + ("+05:30" if is_zoned else "")

    assert re.search(ZONED if is_zoned else ZONELESS, text)
    assert read_time(text) is not None


# ---- the body as a whole


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "The body is empty."),
        (b"  \n", "The body is empty."),
        (b"{", "The body is not JSON"),
        (b'{"x": 01}', "The body is not JSON"),
        (b'{"x": 1} {', "The body is not JSON: Extra data at line 1, column 10."),
        (b'{"x": 1,}', "The body is not JSON"),
        (b"\xef\xbb\xbf{}", "The body begins with a byte order mark"),
        (b'{"x": "\xff"}', "The body is not UTF-8: byte 7 begins no character."),
        (b'{"x": "\xed\xa0\x80"}', "The body is not UTF-8"),
        ('{"x": 1}'.encode("utf-16"), "The body is not UTF-8"),
        (b'{"x": 1}\x00', "The body is not JSON"),
        (b"{'x': 1}", "The body is not JSON"),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'{"x": ' + b"[" * 100_000, "The body is nested too deeply."),
        (b'{"y": ' + b'{"y":' * 100_000, "The body is nested too deeply."),
    ],
)
def test_what_is_not_json_is_told_apart(body, told):
    with pytest.raises(NotJson, match=r"^The body") as caught:
        a_reader(one_field()).read(body)

    assert told in str(caught.value)


@pytest.mark.parametrize("body", [b"null", b'"x"', b"1", b"true", b"[]", b"NaN"])
def test_a_body_without_rows_is_one_fault_of_the_whole(body):
    (fault,) = faults_of(body)

    assert (fault.row, fault.field, fault.pointer) == (None, None, "")
    assert "Send one row as an object of fields" in fault.detail


def test_what_is_no_row_among_rows_is_a_fault_of_that_row():
    faults = faults_of(json.dumps([GOOD, 1, [GOOD], None]).encode())

    assert [fault.pointer for fault in faults] == ["/1", "/2", "/3"]
    assert {fault.field for fault in faults} == {None}


def test_more_rows_than_are_taken_are_told_before_any_fault():
    reader = a_reader(one_field(), most_rows=2)

    assert reader.read(b'[{"x": 1}, {"x": 2}]').inputs.rows == 2
    for row in (b'{"x": 1}', b'{"x": "wrong"}', b"7"):
        with pytest.raises(TooManyRows, match="3 rows; one request takes at most 2"):
            reader.read(b"[" + b",".join([row] * 3) + b"]")


def test_all_faults_of_all_rows_are_told_at_once():
    bad = {**GOOD, "integer": 99, "listed": None, "aeg": 1, "time": "soon"}
    del bad["number"]

    faults = faults_of(json.dumps([GOOD, bad]).encode())

    assert [fault.pointer for fault in faults] == [
        "/1/integer", "/1/listed", "/1/time", "/1/aeg", "/1/number",
    ]  # fmt: skip
    assert {fault.row for fault in faults} == {1}
    assert all(fault.found and fault.allowed and fault.detail for fault in faults)


def test_a_single_row_is_pointed_into_without_its_number():
    (fault,) = faults_of(written(GOOD, integer=99))

    assert (fault.row, fault.pointer) == (0, "/integer")


def test_the_first_hundred_faults_are_told_and_all_are_counted():
    with pytest.raises(Faults) as caught:
        READER.read(written(*[{**GOOD, "integer": 99}] * 250))

    assert (len(caught.value.faults), caught.value.count) == (MOST_TOLD, 250)
    assert "250 faults; the first 100 are told" in str(caught.value)


def test_a_field_that_is_not_there_is_told_with_what_it_may_be():
    row = {name: value for name, value in GOOD.items() if name not in ("number", "integer")}

    first, second = faults_of(written(row))

    assert first.allowed == "a number from -1.5 to 100, or null"
    assert first.detail.endswith("Send null where it is not known.")
    assert (second.allowed, second.found) == ("a whole number from 0 to 23", "nothing")


def test_an_unknown_field_is_told_with_the_one_that_was_meant():
    (fault,) = faults_of(written(GOOD, intger=1))

    assert fault.detail.endswith('Did you mean "integer"?')


def test_the_answer_itself_and_what_is_known_only_afterwards_are_told_apart():
    label, leak = faults_of(written(GOOD, late=True, arrival=1))

    assert "late is what the model answers" in label.detail
    assert "arrival is known only afterwards" in leak.detail


@pytest.mark.parametrize(
    "name", ["a/b", "m~n", "", " ", 'say "x"', "back\\slash", "line\nbreak", "😀", "f0", "None"]
)
def test_fields_of_any_name_are_read_and_pointed_at(name):
    contract = a_contract((Field(name=name, type="integer", maximum=9, known=()),))
    reader = a_reader(contract)

    assert reader.read(json.dumps({name: 7}).encode()).inputs.numbers.tolist() == [[7]]
    assert reader.read(json.dumps([{name: 7}]).encode()).rows == [{name: 7}]
    (fault,) = faults_of(json.dumps({name: 10}).encode(), reader)
    assert fault.pointer == "/" + name.replace("~", "~0").replace("/", "~1")
    assert fault.field == name


@pytest.mark.parametrize("rows", [1, 40])
@pytest.mark.parametrize(
    "twice",
    ['"number": 1.5', '"listed": "EWR"', r'"n\u0075mber": 1', '"time": "2013-07-01"', '"id": 5',
     r'"text": "\\\"\":"', '"whom": null'],
)  # fmt: skip
def test_a_field_that_is_there_twice_is_refused(twice, rows):
    row = {**GOOD, "id": 5, "whom": 'a \\"quoted\\" : one', "text": 'x"\\'}
    good = json.dumps(row)
    bad = good[:-1] + ", " + twice + "}"
    body = "[" + ",".join([good] * (rows - 1) + [bad]) + "]"

    faults = faults_of(body.encode())

    assert READER.read(good.encode()).rows == [row]
    name = json.loads("{" + twice + "}").popitem()[0]
    assert [(fault.row, fault.field) for fault in faults] == [(rows - 1, name)]
    assert "more than once" in faults[0].detail


def test_a_personal_value_is_not_repeated_in_an_answer():
    (fault,) = faults_of(written(GOOD, whom=123456))

    assert "123456" not in fault.found + fault.allowed + fault.detail
    assert fault.found == "a number (personal)"


def test_key_and_recorded_fields_may_be_left_out_but_not_be_wrong():
    assert READER.read(written(GOOD, id=1, asked="2013-07-01", group="x", whom="me")).inputs.rows

    faults = faults_of(written(GOOD, id=0.5, asked="soon", group="y", whom=1))

    assert [fault.field for fault in faults] == ["id", "asked", "group", "whom"]


ATOMS = st.sampled_from(
    ["null", "true", "false", "0", "-0.0", "1", "1.0", "1.5", "7", "23.0", "24", "-1", "1e2",
     "1e400", "-1e400", "1E19", "9223372036854775807", "9223372036854775808", "9" * 400, "NaN",
     "Infinity", '""', '"EWR"', '"a"', '"1"', '"true"', '"1.5"', '"x"', '"2013-07-01"',
     '"2013-07-01T18:00:00Z"', '"2013-02-30"', '"yesterday"', r'"\ud800"', r'"\ud83d\ude00"',
     r'"\\\""', '"a\\u0000"', "[]", "[[1]]", "{}", '{"number": 1}', "01", "+1", "'a'", "", "nul",
     '"\t"', '"\\x"']
)  # fmt: skip
FIELDS = [field.name for field in EVERY_KIND]
NAMES = st.sampled_from([*FIELDS, "late", "arrival", "x", r"n\u0075mber"])
PADS = st.sampled_from(["", " ", "\n", "\t", "\r", "\x0b", ","])


@st.composite
def bodies(draw):
    """Rows that are nearly right, written as no library would."""
    rows = []
    for _ in range(draw(st.integers(0, 3))):
        pairs = [(name, json.dumps(value)) for name, value in GOOD.items()]
        for name, atom in draw(st.lists(st.tuples(NAMES, ATOMS), max_size=3)):
            kept = draw(st.sampled_from(["replace", "replace", "replace", "add"]))
            if kept == "replace":
                pairs = [pair for pair in pairs if pair[0] != name]
            pairs.append((name, atom))
        if draw(st.integers(0, 9)) == 0:
            pairs = draw(st.permutations(pairs))[1:]
        pad = draw(PADS) if draw(st.integers(0, 19)) == 0 else ""
        rows.append("{" + ",".join(f'"{n}":{pad}{v}' for n, v in pairs) + "}")
    if len(rows) == 1 and draw(st.booleans()):
        return rows[0].encode()
    return f"[{','.join(rows)}]{draw(PADS) if draw(st.integers(0, 19)) == 0 else ''}".encode()


@settings(max_examples=600, deadline=None)
@given(bodies())
def test_both_ways_of_reading_take_and_refuse_the_same(body):
    try:
        plain = parse(body)
        is_right = CHECKER.check(plain) is None
    except NotJson:
        plain, is_right = None, False

    try:
        request = READER.read(body)
    except (Faults, NotJson) as error:
        assert not is_right
        assert str(error) != "The body cannot be read."
        return

    assert is_right
    sent = [plain] if isinstance(plain, dict) else plain
    assert request.rows == [{name: as_kept(name, row[name]) for name in row} for row in sent]


def as_kept(name, value):
    """Numbers are kept as 64-bit floats."""
    return float(value) if name in ("number", "free") and value is not None else value


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_answered_and_never_break_anything(body):
    with pytest.raises((Faults, NotJson)):
        READER.read(body)
