import bz2
import csv
import gzip
import io
import zipfile
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources import SourceTable, read
from lifecycle.data.declaration import TableSource
from lifecycle.errors import SourceError


@pytest.fixture
def read_bytes(tmp_path: Path):
    def read_bytes(content: bytes, *, name: str = "t.csv", **declared: object) -> SourceTable:
        (tmp_path / name).write_bytes(content)
        source = TableSource.model_validate({"url": name, **declared})
        return read(source, name="t", home=tmp_path)

    return read_bytes


def zipped(*members: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for member in members:
            archive.writestr(member, "a,b\n1,2\n")
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"a,b\n1,2\n"),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)),
        ("t.csv.bz2", bz2.compress(b"a,b\n1,2\n")),
        ("t.csv.zip", zipped("inside.csv")),
        ("t.csv.zip", zipped("inside.csv", "__MACOSX/._inside.csv")),
        ("t.csv.gz", b"a,b\n1,2\n"),
        ("t.tsv", b"a\tb\n1\t2\n"),
        ("t.csv", b"a;b\n1;2\n"),
        ("t.csv", b"a|b\n1|2\n"),
        ("t.csv", b"\xef\xbb\xbfa,b\n1,2\n"),
        ("t.csv", b"\xef\xbb\xbf\n\na,b\n1,2\n"),
        ("t.csv", b"a,b\r\n1,2\r\n"),
        ("t.csv", b"a,b\r1,2\r"),
        ("t.csv", b"a,b\n1,2"),
        ("t.csv", b"a,b\n\n1,2\n\n"),
        ("t.csv", b'"a","b"\n"1","2"\n'),
    ],
)
def test_a_table_is_read_however_it_is_packed(read_bytes, name, content):
    found = read_bytes(content, name=name)

    assert found.table.to_pydict() == {"a": [1], "b": [2]}
    assert found.intake.rows == 1
    assert found.intake.refused == 0


def test_types_are_inferred_over_the_whole_file(read_bytes):
    rows = "".join(f"{row},{row},{row}\n" for row in range(300_000))

    table = read_bytes(f"a,b,c\n{rows}0.5,2013-01-01,\n".encode()).table

    assert table.schema.types == [pa.float64(), pa.string(), pa.int64()]


def test_times_come_in_utc_without_a_zone(read_bytes):
    table = read_bytes(b"at\n2013-01-01T05:00:00+02:00\n2013-01-01T05:00:00Z\n").table

    assert table.schema.field("at").type == pa.timestamp("s")
    assert table["at"].to_pylist() == [datetime(2013, 1, 1, 3), datetime(2013, 1, 1, 5)]


def test_declared_words_stand_for_missing(read_bytes):
    table = read_bytes(b"a,b\n-,NA\n1,x\n", missing=["-"]).table

    assert table.to_pydict() == {"a": [None, 1], "b": ["NA", "x"]}


def test_digits_with_leading_zeros_stay_text(read_bytes):
    table = read_bytes(b"zip,count,at,share\n01234,1,00:15,0.5\n99999,0,01/02,0\n").table

    assert table["zip"].to_pylist() == ["01234", "99999"]
    assert table["count"].to_pylist() == [1, 0]
    assert table["share"].to_pylist() == [0.5, 0.0]


def test_an_identifier_no_number_can_hold_stays_text(read_bytes):
    table = read_bytes(b"id,big,real\n12345678901234567890,123456789012345678,1e300\n").table

    assert table["id"].to_pylist() == ["12345678901234567890"]
    assert table["big"].to_pylist() == [123456789012345678]
    assert table["real"].to_pylist() == [1e300]


def test_quotes_emoji_and_newlines_in_values_survive(read_bytes):
    values = ['say "hi"', "🛫 à l'heure", "two\nlines", "two\r\nlines", "a,b;c", " space ", '"']
    quoted = "".join(
        f'{place},"{value.replace(chr(34), chr(34) * 2)}"\r\n' for place, value in enumerate(values)
    )

    table = read_bytes(f"place,value\r\n{quoted}".encode()).table

    assert table["value"].to_pylist() == values


VALUES = st.text(st.sampled_from('ab0,;"\n\r é🛫'), max_size=6)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=8), st.sampled_from([1, 2]))
def test_whatever_python_writes_is_read_back(rows, quoting):
    target = io.StringIO(newline="")
    writer = csv.writer(target, quoting=quoting)
    writer.writerows([("first", "second"), *rows])
    with TemporaryDirectory() as folder:
        (Path(folder) / "t.csv").write_bytes(target.getvalue().encode())
        source = TableSource(url="t.csv", missing=("no such word",), delimiter=",")
        found = read(source, name="t", home=Path(folder))

    table = found.table
    assert found.intake.refused == 0
    if table.schema.types == [pa.string(), pa.string()]:
        assert list(zip(*table.to_pydict().values(), strict=True)) == rows
    else:
        assert table.num_rows == len(rows)


LINES = st.lists(st.text(st.sampled_from('a0,"'), min_size=1, max_size=7), min_size=1, max_size=8)


@settings(max_examples=500, deadline=None)
@given(LINES)
def test_each_line_of_a_damaged_file_is_read_or_refused(lines):
    content = "\n".join(["x,y", *lines])
    with TemporaryDirectory() as folder:
        (Path(folder) / "t.csv").write_text(content)
        try:
            found = read(TableSource(url="t.csv", delimiter=","), name="t", home=Path(folder))
        except SourceError as error:
            assert "None of the" in str(error)
            return

    inside = sum(str(v).count("\n") for column in found.table.columns for v in column.to_pylist())
    refused = sum(1 + refusal.text.count("\n") for refusal in found.intake.refusals)
    assert found.intake.rows + inside + refused == len(lines)


def test_a_quotation_mark_inside_plain_text_is_text(read_bytes):
    found = read_bytes(b'size,n\n5" pipe,1\n6" pipe,2\n')

    assert found.table["size"].to_pylist() == ['5" pipe', '6" pipe']
    assert found.intake.refused == 0


def test_an_empty_line_of_a_single_column_is_a_missing_value(read_bytes):
    assert read_bytes(b"a\n1\n\n3\n").table["a"].to_pylist() == [1, None, 3]


def test_a_saved_index_gets_a_name(read_bytes):
    assert read_bytes(b",a\n0,5\n").table.column_names == ["column_1", "a"]


@pytest.mark.parametrize(
    ("bad", "line", "reason"),
    [
        (b"1\n", 3, "1 field where the header has 2"),
        (b"1,2,3\n", 3, "3 fields where the header has 2"),
        (b'1,"two\nlines",3\n', 3, "3 fields where the header has 2"),
        (b'1,"never closed\n', 3, "a quotation mark is not closed"),
        (b'1,"closed" early\n', 3, "text follows where one closes"),
        (b"1,caf\xe9\n", 3, "its bytes are not UTF-8"),
        (b"1,\xff\n", 3, "its bytes are not UTF-8"),
    ],
)
@pytest.mark.parametrize("end", [b"", b"7,last"], ids=["at the end", "in the middle"])
def test_a_record_that_cannot_be_read_is_refused_with_its_line(read_bytes, bad, line, reason, end):
    found = read_bytes(b"a,b\n5,first\n" + bad + end)

    kept = [5, 7] if end else [5]
    assert found.table["a"].to_pylist() == kept
    assert found.intake.refused == 1
    (refusal,) = found.intake.refusals
    assert refusal.table == "t"
    assert refusal.where == f"t.csv, line {line}"
    assert reason in refusal.reason
    assert refusal.text.startswith("1")


def test_line_numbers_count_lines_inside_values_and_before_the_header(read_bytes):
    found = read_bytes(b'\n"a\nb",c\n1,"x\ny\nz"\n2,3,4\n5,6\n')

    assert found.table["c"].to_pylist() == ["x\ny\nz", "6"]
    assert found.intake.refusals[0].where == "t.csv, line 7"


def test_one_stray_mark_costs_one_line_and_not_the_rest(read_bytes):
    good = b'%d,"text, quoted"\n'
    lines = [b"a,b\n", *(good % row for row in range(1000))]
    lines[500] = b'499,"never closed\n'

    found = read_bytes(b"".join(lines))

    assert found.table.num_rows == 999
    assert [refusal.where for refusal in found.intake.refusals] == ["t.csv, line 501"]


def test_rows_and_refusals_add_up_in_a_large_file(read_bytes):
    generator = np.random.default_rng(7)
    bad = set(generator.choice(200_000, size=500, replace=False).tolist())
    lines = [f"{row},x\n" if row not in bad else f"{row},x,y\n" for row in range(200_000)]

    found = read_bytes(("a,b\n" + "".join(lines)).encode())

    assert (found.intake.rows, found.intake.refused) == (199_500, 500)
    assert len(found.intake.refusals) == 20
    assert found.intake.refusals[0].where == f"t.csv, line {min(bad) + 2}"
    assert not bad & set(found.table["a"].to_pylist())


def test_a_refused_record_is_shown_in_part_only(read_bytes):
    found = read_bytes(b"a,b\n1,2\n" + b"x" * 5000 + b"\n")

    assert len(found.intake.refusals[0].text) == 120


def test_the_same_rows_have_the_same_fingerprint_in_any_packing(read_bytes):
    plain = read_bytes(b"a,b\n1,x\n2,y\n").intake
    packed = read_bytes(gzip.compress(b'"a";"b"\r\n1;x\r\n2;"y"\r\n'), name="t.csv.gz").intake

    assert plain.fingerprint == packed.fingerprint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b"\n\n\n", "The file is empty"),
        (b"\xef\xbb\xbf", "The file is empty"),
        (b"a,b\n", "has a header and no rows"),
        (b"a,b", "has a header and no rows"),
        (b"a,b\n\n\n", "has a header and no rows"),
        (b"a,b,a,b,c\n1,2,3,4,5\n", 'More than one column is called "a", "b"'),
        ("a,b\n1,é\n".encode("utf-16"), "not text in UTF-8; it looks like UTF-16"),
        ("naïve,b\n1,2\n".encode("cp1252"), 'Windows-1252, it has "naïve,b"'),
        ("a,b\n1,é\n2,è\n".encode("cp1252"), 'Windows-1252, it has "1,é"'),
        (b"a,b\n1\n2\n", "None of the 2 rows can be read. t.csv, line 2: 1 field"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], "The compressed file is damaged"),
        (zipped("one.csv", "two.csv"), "holds 2 files: one.csv, two.csv"),
        (zipped(), "holds 0 files"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(read_bytes, content, message):
    with pytest.raises(SourceError) as error:
        read_bytes(content)

    assert str(error.value).startswith("data.tables.t (t.csv): ")
    assert message in str(error.value)


def test_a_file_mostly_in_another_encoding_is_an_error_and_not_500_refusals(read_bytes):
    rows = "".join(f"{row},{'é' if row % 4 == 0 else 'e'}\n" for row in range(2000))

    with pytest.raises(SourceError, match="Windows-1252"):
        read_bytes(f"a,b\n{rows}".encode("cp1252"))


def test_a_declared_delimiter_wins(read_bytes):
    assert read_bytes(b"a b\n1 2\n", delimiter=" ").table.to_pydict() == {"a": [1], "b": [2]}


def test_a_delimiter_of_two_characters_is_an_error(read_bytes):
    with pytest.raises(SourceError, match="cannot be a delimiter"):
        read_bytes(b"a::b\n1::2\n", delimiter="::")


def test_an_ending_that_tells_no_format_asks_for_one(read_bytes):
    with pytest.raises(SourceError, match="Declare format: csv"):
        read_bytes(b"a,b\n1,2\n", name="t.data")


def test_a_declared_format_wins_over_the_ending(read_bytes):
    assert read_bytes(b"a,b\n1,2\n", name="t.data", format="csv").table.num_rows == 1
