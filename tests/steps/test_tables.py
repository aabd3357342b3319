from pathlib import Path

import pyarrow as pa
import pytest

from steps.artifacts.table import read, write


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_a_table_comes_back_as_it_was(tmp_path: Path, compression: str | None) -> None:
    table = pa.table(
        {"x": [1.5, None], "s": ['a\n"b"', "🛫"], "t": pa.array([0, 1], "timestamp[us]")}
    )

    write(table, tmp_path / "t.arrow", compression=compression)

    assert read(tmp_path / "t.arrow").equals(table)


def test_a_table_that_was_read_outlives_its_file(tmp_path: Path) -> None:
    write(pa.table({"x": [1, 2, 3]}), tmp_path / "t.arrow", compression=None)
    table = read(tmp_path / "t.arrow")

    (tmp_path / "t.arrow").unlink()

    assert table["x"].to_pylist() == [1, 2, 3]


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array([], pa.float64())})

    write(table, tmp_path / "t.arrow", compression=None)

    assert read(tmp_path / "t.arrow").schema == table.schema
