from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyarrow import parquet

from adapters.sources import read
from adapters.warehouse import query
from lifecycle.data.declaration import TableSource
from lifecycle.errors import SourceError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t").mkdir()
    return tmp_path / "t"


def read_folder(folder: Path):
    return read(TableSource(url="t"), name="t", home=folder.parent)


def write(path: Path, **columns: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path)


def test_all_files_of_a_folder_are_one_table_in_the_order_of_their_names(folder):
    for name, values in {"b": [3, 4], "a": [1, 2], "c/d": [5]}.items():
        write(folder / f"{name}.parquet", x=values)

    found = read_folder(folder)

    assert found.intake.rows == 5
    assert query("SELECT * FROM t", {"t": found.table})["x"].to_pylist() == [1, 2, 3, 4, 5]


def test_folders_named_key_and_value_are_columns(folder):
    write(folder / "year=2013" / "month=2" / "a.parquet", x=[1])
    write(folder / "year=2014" / "month=10" / "a.parquet", x=[2])

    rows = query(
        "SELECT x FROM t WHERE year = 2014 AND month = 10", {"t": read_folder(folder).table}
    )

    assert rows.to_pydict() == {"x": [2]}


def test_bookkeeping_of_other_programs_is_no_data(folder):
    write(folder / "a.parquet", x=[1])
    write(folder / "_temporary" / "b.parquet", x=[2])
    write(folder / ".hidden.parquet", x=[3])
    (folder / "_SUCCESS").touch()
    (folder / "README.md").write_text("no table")

    assert read_folder(folder).table.to_table()["x"].to_pylist() == [1]


def test_a_folder_below_a_hidden_one_is_read(tmp_path):
    write(tmp_path / ".cache" / "_run" / "t" / "a.parquet", x=[1])

    found = read(TableSource(url=".cache/_run/t"), name="t", home=tmp_path)

    assert found.intake.rows == 1


def test_columns_are_the_union_over_all_files_in_a_type_that_holds_them(folder):
    new_york = pa.timestamp("ns", "America/New_York")
    noon = datetime(2013, 1, 1, 12)
    write(folder / "a.parquet", x=pa.array([1], pa.int32()), at=pa.array([noon], new_york))
    write(
        folder / "b.parquet",
        x=[0.5],
        at=pa.array([noon], pa.timestamp("us")),
        only_here=["z"],
    )

    table = read_folder(folder).table.to_table()

    assert table.to_pydict() == {
        "x": [1.0, 0.5],
        "at": [noon, noon],
        "only_here": [None, "z"],
    }


def test_a_dictionary_in_one_file_and_text_in_another_is_text(folder):
    write(folder / "a.parquet", x=pa.array(["p"]).dictionary_encode())
    write(folder / "b.parquet", x=["q"])

    assert read_folder(folder).table.to_table()["x"].to_pylist() == ["p", "q"]


def test_files_that_disagree_on_a_type_are_an_error_that_names_the_column(folder):
    write(folder / "a.parquet", x=["p"])
    write(folder / "b.parquet", x=[1])

    with pytest.raises(SourceError, match=r"do not agree on a column's type.*Field x"):
        read_folder(folder)


def test_it_is_scanned_and_not_loaded(folder):
    write(folder / "a.parquet", x=[1])

    assert isinstance(read_folder(folder).table, ds.Dataset)


def test_the_fingerprint_is_that_of_the_content(folder):
    write(folder / "a.parquet", x=[1, 2])
    before = read_folder(folder).intake.fingerprint
    (folder / "a.parquet").touch()
    touched = read_folder(folder).intake.fingerprint
    write(folder / "a.parquet", x=[1, 3])

    assert touched == before
    assert read_folder(folder).intake.fingerprint != before


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 and then nonsense PAR1", b"a,b\n1,2\n"])
def test_a_damaged_file_is_an_error_that_names_it(folder, content):
    write(folder / "a.parquet", x=[1])
    (folder / "b.parquet").write_bytes(content)

    with pytest.raises(SourceError, match=r"(?s)cannot be read as Parquet.*b\.parquet"):
        read_folder(folder)


def test_a_folder_without_parquet_says_so(folder):
    (folder / "a.csv").write_text("a\n1\n")

    with pytest.raises(SourceError, match=r"The folder has no file that ends with \.parquet"):
        read_folder(folder)


def test_a_table_without_rows_keeps_its_types(folder):
    write(folder / "a.parquet", x=pa.array([], pa.float64()))

    found = read_folder(folder)

    assert found.intake.rows == 0
    assert found.table.schema.field("x").type == pa.float64()


def test_a_query_reads_only_what_it_needs_from_the_right_rows(folder):
    for part in range(3):
        write(folder / f"{part}.parquet", x=list(range(1000)), part=[part] * 1000)

    rows = query("SELECT sum(x) AS s FROM t WHERE part = 1", {"t": read_folder(folder).table})

    assert rows["s"].to_pylist() == [499_500]
