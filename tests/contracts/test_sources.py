"""What every kind of source keeps, checked over all kinds there are."""

import io
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from adapters.sources import FILES, read
from adapters.sources.database import DRIVERS
from lifecycle.data.conform import conform
from lifecycle.data.declaration import Data, Schema, TableSource
from lifecycle.errors import SourceError
from tests.servers.databases import Database, has_mariadb

pytest_plugins = ["tests.servers.fixtures"]
pytestmark = pytest.mark.xdist_group("servers")

TABLE = pa.table(
    {
        "id": [1, 2, 3],
        "note": ["plain", 'with "quotes", and commas', "two\nlines 🛫"],
        "amount": [1.5, None, -2.0],
        "at": pa.array([datetime(2013, 1, day, 5, 30) for day in (1, 2, 3)], pa.timestamp("s")),
    }
)
SCHEMA = Schema.model_validate(
    {
        "id": {"type": "integer"},
        "note": {"type": "text"},
        "amount": {"type": "number"},
        "at": {"type": "time"},
    }
)
DATA = Data.model_validate(
    {"tables": {"t": "t.csv"}, "label": {"column": "amount", "task": "regression"}}
)


def write_csv() -> bytes:
    target = io.BytesIO()
    csv.write_csv(TABLE, target)
    return target.getvalue()


def write_parquet() -> bytes:
    target = io.BytesIO()
    parquet.write_table(TABLE, target)
    return target.getvalue()


Shelf = Callable[[pytest.FixtureRequest, Path, str, bytes], str]
"""Puts a file where a kind of source finds it, and gives its URL."""


def on_disk(request: pytest.FixtureRequest, folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return name


def in_a_package(request: pytest.FixtureRequest, folder: Path, name: str, content: bytes) -> str:
    request.getfixturevalue("monkeypatch").syspath_prepend(folder)
    (folder / "shelf_package").mkdir(exist_ok=True)
    (folder / "shelf_package" / "__init__.py").write_text("raise ImportError('imported')")
    (folder / "shelf_package" / name).write_bytes(content)
    return f"package://shelf_package/{name}"


def on_the_web(request: pytest.FixtureRequest, folder: Path, name: str, content: bytes) -> str:
    (request.getfixturevalue("web_folder") / name).write_bytes(content)
    return f"{request.getfixturevalue('web_url')}/{name}"


def in_s3(request: pytest.FixtureRequest, folder: Path, name: str, content: bytes) -> str:
    request.getfixturevalue("put")(f"shelf/{name}", content)
    return f"s3://tables/shelf/{name}"


FILE_SHELVES: dict[str, Shelf] = {
    "": on_disk,
    "package": in_a_package,
    "http": on_the_web,
    "s3": in_s3,
}


def in_postgres(request: pytest.FixtureRequest, folder: Path) -> str:
    return fill(request.getfixturevalue("postgres"), "TIMESTAMP", '"order"')


def in_mariadb(request: pytest.FixtureRequest, folder: Path) -> str:
    return fill(request.getfixturevalue("mariadb"), "DATETIME", "`order`")


def in_sqlite(request: pytest.FixtureRequest, folder: Path) -> str:
    with sqlite3.connect(folder / "shop.db") as database:
        database.execute('CREATE TABLE "order" (id INT, note TEXT, amount REAL, at TEXT)')
        rows = [(*row[:3], str(row[3])) for row in map(tuple, map(dict.values, rows_of(TABLE)))]
        database.executemany('INSERT INTO "order" VALUES (?, ?, ?, ?)', rows)
    return "sqlite:///shop.db"


DATABASE_SHELVES: dict[str, Callable[[pytest.FixtureRequest, Path], str]] = {
    "postgresql": in_postgres,
    "mysql": in_mariadb,
    "sqlite": in_sqlite,
}
ALIASES = {"https": "http", "postgres": "postgresql", "mariadb": "mysql"}
TESTABLE = [kind for kind in DATABASE_SHELVES if kind != "mysql" or has_mariadb()]


def fill(database: Database, time: str, name: str) -> str:
    with database.engine().begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
        connection.exec_driver_sql(
            f"CREATE TABLE {name} (id INT, note TEXT, amount DOUBLE PRECISION, at {time})"
        )
        for row in rows_of(TABLE):
            connection.exec_driver_sql(
                f"INSERT INTO {name} VALUES (%s, %s, %s, %s)", tuple(row.values())
            )
    return database.url


def rows_of(table: pa.Table) -> list[dict[str, object]]:
    return table.to_pylist()


@pytest.fixture(
    params=[
        *((kind, "csv") for kind in FILE_SHELVES),
        *((kind, "parquet") for kind in FILE_SHELVES),
        *((kind, "") for kind in TESTABLE),
    ],
    ids=lambda kind: "-".join(filter(None, kind)) or "path",
)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> TableSource:
    kind, form = request.param
    if kind in DATABASE_SHELVES:
        return TableSource(url=DATABASE_SHELVES[kind](request, tmp_path), table="order")
    content = write_csv() if form == "csv" else write_parquet()
    return TableSource(url=FILE_SHELVES[kind](request, tmp_path, f"t.{form}", content))


def test_every_kind_of_source_is_held_to_this_contract() -> None:
    assert set(FILE_SHELVES) | set(DATABASE_SHELVES) | set(ALIASES) == {*FILES, *DRIVERS}
    assert FILES["https"] is FILES["http"]


def test_the_same_rows_come_from_every_source(source: TableSource, tmp_path: Path) -> None:
    found = read(source, name="t", home=tmp_path)

    table = found.table if isinstance(found.table, pa.Table) else found.table.to_table()
    conformed, _, refused = conform(table, SCHEMA, DATA)
    assert conformed.to_pylist() == rows_of(TABLE)
    assert (found.intake.rows, found.intake.refused, refused) == (3, 0, 0)


def test_reading_again_gives_the_same_fingerprint(source: TableSource, tmp_path: Path) -> None:
    first, second = (read(source, name="t", home=tmp_path).intake for _ in range(2))

    assert first == second


def test_an_intake_shows_no_secret(source: TableSource, tmp_path: Path) -> None:
    shown = read(source, name="t", home=tmp_path).intake.model_dump_json()

    assert "s3cret" not in shown
    assert "testing-secret" not in shown


def test_what_is_not_there_is_an_error_that_names_the_table(
    source: TableSource, tmp_path: Path
) -> None:
    absent = source.model_copy(
        update={"table": "nothing_here"} if source.table else {"url": source.url[:-3] + "gone"}
    )

    with pytest.raises(SourceError, match=r"^data\.tables\.t"):
        read(absent, name="t", home=tmp_path)
