import sqlite3
import traceback
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from adapters.sources import read
from adapters.sources.database import BATCH_ROWS
from adapters.sources.values import to_array, unite
from lifecycle.data.declaration import TableSource
from lifecycle.errors import SourceError
from tests.servers.databases import PASSWORD, Database, has_mariadb
from tests.servers.process import free_port

pytest_plugins = ["tests.servers.fixtures"]
pytestmark = pytest.mark.xdist_group("servers")


@pytest.fixture(params=["postgres", *(["mariadb"] if has_mariadb() else [])])
def server(request: pytest.FixtureRequest) -> Database:
    return request.getfixturevalue(request.param)


def execute(database: Database, *statements: str) -> None:
    with database.engine().begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def read_url(url: str, home: Path, **declared: object):
    return read(TableSource(url=url, **declared), name="t", home=home)


def error_of(url: str, home: Path, **declared: object) -> str:
    with pytest.raises(SourceError) as error:
        read_url(url, home, **declared)
    return "".join(traceback.format_exception(error.value))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE orders (id INTEGER, price REAL)")
        database.executemany("INSERT INTO orders VALUES (?, ?)", [(2, 1.5), (1, None)])
        database.execute('CREATE TABLE "odd ""name; --" (x)')
        database.execute('INSERT INTO "odd ""name; --" VALUES (7)')
        database.execute("CREATE VIEW dear AS SELECT * FROM orders WHERE price > 1")
    return tmp_path


def test_types_of_a_database_arrive(server, tmp_path):
    execute(
        server,
        "DROP TABLE IF EXISTS typed",
        "CREATE TABLE typed (whole NUMERIC(10, 0), exact NUMERIC(10, 2), flag BOOLEAN,"
        " day DATE, at TIMESTAMP, nothing INT)",
        "INSERT INTO typed VALUES (5, 1.25, TRUE, '2013-01-01', '2013-01-01 05:00:00', NULL)",
    )

    table = read_url(server.url, tmp_path, table="typed").table

    assert table.drop_columns("flag").to_pylist() == [
        {
            "whole": 5,
            "exact": 1.25,
            "day": date(2013, 1, 1),
            "at": datetime(2013, 1, 1, 5),
            "nothing": None,
        }
    ]
    assert table["flag"].to_pylist() == [True]


def test_postgres_times_come_in_utc_and_odd_types_as_text(postgres, tmp_path):
    table = read_url(
        postgres.url,
        tmp_path,
        query="SELECT timestamptz '2013-01-01 05:00:00-05' AS at, ARRAY[1, 2] AS many,"
        " '{\"a\": 1}'::jsonb AS document,"
        " 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS id, '50%' AS \"a %s :b\"",
    ).table

    assert table.to_pylist() == [
        {
            "at": datetime(2013, 1, 1, 10),
            "many": "[1, 2]",
            "document": '{"a": 1}',
            "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a %s :b": "50%",
        }
    ]


def test_a_table_of_another_schema_is_found(postgres, tmp_path):
    execute(
        postgres,
        "CREATE SCHEMA IF NOT EXISTS sales",
        "DROP TABLE IF EXISTS sales.orders",
        "CREATE TABLE sales.orders AS SELECT 1 AS x",
    )

    assert read_url(postgres.url, tmp_path, table="sales.orders").table["x"].to_pylist() == [1]


def test_rows_come_in_one_order_whatever_the_database_does(server, tmp_path):
    execute(
        server,
        "DROP TABLE IF EXISTS shuffled",
        "CREATE TABLE shuffled (x INT, y INT)",
        "INSERT INTO shuffled VALUES (3, 0), (1, 0), (2, 0)",
    )
    before = read_url(server.url, tmp_path, table="shuffled").intake.fingerprint
    execute(
        server,
        "DELETE FROM shuffled WHERE x = 3",
        "INSERT INTO shuffled VALUES (3, 0)",
    )

    assert read_url(server.url, tmp_path, table="shuffled").intake.fingerprint == before


def test_many_batches_are_one_table(server, tmp_path):
    rows = 2 * BATCH_ROWS + 1
    numbers = f"WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {rows})"
    if server.driver == "mysql":
        numbers = f"WITH n (x) AS (SELECT seq FROM seq_1_to_{rows})"

    found = read_url(
        server.url, tmp_path, query=f"{numbers} SELECT x, CASE WHEN x > 30000 THEN 0.5 END y FROM n"
    )

    assert found.intake.rows == rows
    assert found.table["x"].to_pylist() == list(range(1, rows + 1))
    assert found.table["y"].null_count == 30_000


def test_a_source_cannot_write(server, tmp_path):
    execute(server, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept (x INT)")

    error_of(server.url, tmp_path, query="INSERT INTO kept VALUES (1)")

    assert read_url(server.url, tmp_path, table="kept").intake.rows == 0


def test_postgres_is_promised_only_reading(postgres, tmp_path):
    execute(postgres, "CREATE SEQUENCE IF NOT EXISTS counter")

    message = error_of(postgres.url, tmp_path, query="SELECT nextval('counter')")

    assert "read-only transaction" in message


def test_a_wrong_password_is_told_and_not_shown(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "wr0ng-s3cret@")

    for url in (
        server.with_password("${SHOP_PASSWORD}"),
        server.with_password("wr0ng-s3cret%40"),
    ):
        message = error_of(url, tmp_path)

        assert "s3cret" not in message
        assert "The database answers: " in message
        assert "denied" in message or "authentication failed" in message


def test_a_password_from_the_environment_may_hold_any_character(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)

    found = read_url(server.with_password("${SHOP_PASSWORD}"), tmp_path, query="SELECT 1 AS x")

    assert found.table["x"].to_pylist() == [1]
    assert "${SHOP_PASSWORD}" in found.intake.url
    assert PASSWORD not in found.intake.model_dump_json()


def test_a_query_that_fails_is_told_in_the_databases_words(server, tmp_path):
    message = error_of(server.url, tmp_path, query="SELECT no_such_column")

    assert "The database answers: " in message
    assert "no_such_column" in message
    assert "sqlalche.me" not in message


@pytest.mark.parametrize("driver", ["postgresql", "mysql"])
def test_a_server_that_is_not_there_is_told(driver, tmp_path):
    message = error_of(f"{driver}://me:s3cret@127.0.0.1:{free_port()}/shop", tmp_path)

    assert "refused" in message
    assert "s3cret" not in message


def test_a_missing_table_is_an_error_with_the_nearest_name(shop):
    message = error_of("sqlite:///shop.db", shop, table="order")

    assert 'There is no table "order". Known: dear, odd "name; --, orders.' in message
    assert 'Did you mean "orders"?' in message


def test_the_table_is_by_default_the_one_it_is_declared_as(shop):
    with pytest.raises(SourceError, match='There is no table "t"'):
        read_url("sqlite:///shop.db", shop)


@pytest.mark.parametrize("table", ["orders", "dear", 'odd "name; --'])
def test_tables_views_and_odd_names_are_read(shop, table):
    assert read_url("sqlite:///shop.db", shop, table=table).intake.rows > 0


def test_sqlite_is_found_from_the_projects_folder_and_by_absolute_path(shop):
    for url in ("sqlite:///shop.db", f"sqlite:///{shop}/shop.db"):
        assert read_url(url, shop, table="orders").table["id"].to_pylist() == [1, 2]


def test_a_missing_sqlite_file_is_an_error_and_is_not_made(tmp_path):
    assert "There is no file no.db" in error_of("sqlite:///no.db", tmp_path)
    assert not (tmp_path / "no.db").exists()


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "no.db").write_text("hello " * 1000)

    assert "file is not a database" in error_of("sqlite:///no.db", tmp_path)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_sqlite_needs_a_file(url, tmp_path):
    assert "A SQLite address needs a file" in error_of(url, tmp_path)


def test_sqlite_is_opened_for_reading_only(shop):
    assert "readonly" in error_of("sqlite:///shop.db", shop, query="DELETE FROM orders")


def test_a_query_without_rows_is_an_empty_table(shop):
    found = read_url("sqlite:///shop.db", shop, query="SELECT * FROM orders WHERE id = 9")

    assert found.table.column_names == ["id", "price"]
    assert found.intake.rows == 0


def test_columns_of_the_same_name_are_an_error(shop):
    message = error_of("sqlite:///shop.db", shop, query="SELECT id, price AS id FROM orders")

    assert 'More than one column is called "id"' in message


def test_a_column_of_several_types_is_text(shop):
    query = "SELECT 1 AS x UNION ALL SELECT 'one' UNION ALL SELECT 2.5"

    rows = read_url("sqlite:///shop.db", shop, query=query).table["x"].to_pylist()

    assert sorted(rows) == ["1", "2.5", "one"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://me:s3cret@host:port/shop", "is not a SQLAlchemy URL"),
        ("postgresql+nodriver://me:s3cret@host/shop", "knows no driver postgresql+nodriver"),
        ("postgresql+psycopg2://me:s3cret@host/shop", "The driver psycopg2 is not installed"),
    ],
)
def test_a_url_that_cannot_be_used_is_told(url, reason, tmp_path):
    message = error_of(url, tmp_path)

    assert reason in message
    assert "s3cret" not in message


@pytest.mark.parametrize(
    ("values", "arrives"),
    [
        ([Decimal("5"), None], [5, None]),
        ([Decimal("5.5"), Decimal("1")], [5.5, 1.0]),
        ([Decimal(2**70)], [float(2**70)]),
        ([Decimal("Infinity"), Decimal("1")], [float("inf"), 1.0]),
        ([2**70, 1], [str(2**70), "1"]),
        ([b"\x00\xff"], [b"\x00\xff"]),
        ([time(5, 0)], [time(5, 0)]),
        ([timedelta(hours=1)], [timedelta(hours=1)]),
        ([datetime(2013, 1, 1, tzinfo=UTC)], [datetime(2013, 1, 1)]),
        ([uuid.UUID(int=1)], [str(uuid.UUID(int=1))]),
        ([{"a": "é"}, None], ['{"a": "é"}', None]),
        ([None, None], [None, None]),
    ],
)
def test_values_of_drivers_become_arrow(values, arrives):
    assert to_array(values).to_pylist() == arrives


@pytest.mark.parametrize(
    ("batches", "kind", "arrives"),
    [
        ([[None], [1]], pa.int64(), [None, 1]),
        ([[1], [0.5]], pa.float64(), [1.0, 0.5]),
        ([[1], ["one"]], pa.string(), ["1", "one"]),
        ([[True], [1]], pa.string(), ["True", "1"]),
        ([[None], [None]], pa.null(), [None, None]),
    ],
)
def test_batches_meet_in_a_type_that_holds_both(batches, kind, arrives):
    column = unite([pa.array(batch) for batch in batches])

    assert column.type == kind
    assert column.to_pylist() == arrives
