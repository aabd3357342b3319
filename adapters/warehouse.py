"""DuckDB: the declared query over the declared tables, and nothing else in reach."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from adapters.sources import read
from adapters.sources.plain import plain_table
from lifecycle.data.cast import cast
from lifecycle.data.conform import require_distinct_names
from lifecycle.data.declaration import ColumnType, Data, Schema
from lifecycle.data.intake import Intake
from lifecycle.data.window import having_label, within
from lifecycle.errors import SourceError, suggest
from lifecycle.fingerprint import table_fingerprint

Rows: TypeAlias = pa.Table | ds.Dataset

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # Several threads add up floats and join rows in whatever order they finish, and the same
    # data would be another table in every run. Scans of files use all cores all the same.
    "threads": 1,
    # The tables themselves lie in memory beside DuckDB; what does not fit goes to disk.
    "memory_limit": "50%",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}

SESSION = ("SET TimeZone = 'UTC'", "SET enable_progress_bar = false")
LOCK = ("SET enable_external_access = false", "SET lock_configuration = true")
"""Run once the tables are registered: nothing else can be reached, and nothing undoes it."""

_UNKNOWN_NAME = re.compile(
    r'(?:column|named) "(?P<column>[^"]+)"|Table with name (?P<table>\S+) does not exist'
)
_LISTED = 60


def gather(data: Data, schema: Schema, *, home: Path) -> tuple[pa.Table, Intake]:
    """Bring the declared tables in, and give the rows training looks at.

    The rows come in the same order whenever the tables hold the same, and are as the query made
    them: conforming them to the schema is the next room's work. `Intake.refused` counts what
    conforming refuses, so it is zero here; rows that could not be read are counted with their
    table.

    Parameters
    ----------
    home
        The project's folder: relative paths start here.

    Raises
    ------
    SourceError
        If a table cannot be brought in, the query cannot be run, or its result lacks the
        label, the time or a part of the key.
    DataError
        If two columns of the result share a name.
    """
    sources = {name: read(source, name=name, home=home) for name, source in data.tables.items()}
    rows: dict[str, Rows] = {name: source.table for name, source in sources.items()}
    result = _the_only(rows) if data.query is None else query(data.query, rows)
    require_distinct_names(result)
    _require_roles(result, data)
    inside, outside = within(result, data.window, data.time) if data.time else (result, 0)
    table, unlabelled = having_label(inside, data.label)
    start, end = _span(table, data.time)
    known = {*schema.names(), data.label.column, data.time, *data.key}
    return table, Intake(
        tables=tuple(source.intake for source in sources.values()),
        rows=inside.num_rows,
        unlabelled=unlabelled,
        outside_window=outside,
        undeclared=tuple(name for name in table.column_names if name not in known),
        start=start,
        end=end,
        fingerprint=table_fingerprint(table),
    )


def query(sql: str, tables: Mapping[str, Rows]) -> pa.Table:
    """Run a SELECT over tables; it reaches no file, no network and no extension.

    Raises
    ------
    SourceError
        If it is not one SELECT, or DuckDB refuses it; says which tables and columns there are.

    Examples
    --------
    >>> query("SELECT sum(x) AS total FROM t", {"t": pa.table({"x": [1.5, 2]})}).to_pydict()
    {'total': [3.5]}
    """
    with TemporaryDirectory(prefix="perennial-") as scratch, _connect(scratch) as connection:
        _require_one_case("data.tables: the tables", tables)
        for name, rows in tables.items():
            _require_one_case(f"data.tables.{name}: the columns", rows.schema.names)
            connection.register(name, rows)
        for statement in (*SESSION, *LOCK):
            connection.execute(statement)
        try:
            _require_select(sql)
            return plain_table(connection.sql(sql).to_arrow_table())
        except duckdb.OutOfMemoryException:
            raise SourceError(
                f"data.query needs more than {SETTINGS['memory_limit']} of this machine's memory. "
                "Ask for fewer rows or columns, or sort less."
            ) from None
        except duckdb.Error as error:
            raise SourceError(_explain(error, tables)) from None


def _connect(scratch: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={**SETTINGS, "temp_directory": scratch})


def _require_select(sql: str) -> None:
    kinds = [statement.type for statement in duckdb.extract_statements(sql)]
    if kinds != [duckdb.StatementType.SELECT]:
        found = ", ".join(kind.name for kind in kinds) or "nothing"
        raise SourceError(f"data.query is {found}. Write one SELECT.")


def _require_one_case(what: str, names: Iterable[str]) -> None:
    """Refuse names SQL cannot tell apart: DuckDB would quietly rename or replace one of them."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise SourceError(
                f'{what} "{other}" and "{name}" differ only in case, '
                "which a query cannot tell apart. Rename one of them."
            )


def _the_only(rows: Mapping[str, Rows]) -> pa.Table:
    if len(rows) > 1:
        raise SourceError(
            f"data.query is missing, and there are {len(rows)} tables ({', '.join(rows)}). "
            "Say how they become one: SELECT ... FROM ... LEFT JOIN ..."
        )
    (only,) = rows.values()
    return only if isinstance(only, pa.Table) else only.to_table()


def _require_roles(result: pa.Table, data: Data) -> None:
    wanted = {"data.label.column": [data.label.column], "data.key": list(data.key)}
    if data.time is not None:
        wanted["data.time"] = [data.time]
    for role, names in wanted.items():
        for name in names:
            if name not in result.column_names:
                raise SourceError(
                    f'{role} names "{name}", which the rows do not have. '
                    f"{suggest(name, result.column_names)}"
                )
    window = data.window
    if data.time is None and (window.start is not None or window.end is not None):
        raise SourceError("data.window needs data.time, the column it is a window of.")


def _span(table: pa.Table, time: str | None) -> tuple[str | None, str | None]:
    if time is None:
        return None, None
    ends = pc.min_max(cast(table[time], ColumnType.TIME, name=time).column).as_py()
    first, last = ends["min"], ends["max"]
    return first and first.isoformat(), last and last.isoformat()


def _explain(error: duckdb.Error, tables: Mapping[str, Rows]) -> str:
    """Say what DuckDB found, where in the query, and what there is to choose from."""
    text, _, place = str(error).partition("\n\nLINE ")
    found = text.splitlines()[0].partition("Error: ")[2].rstrip("!.") or text
    if place:
        number, _, line = place.splitlines()[0].partition(": ")
        found = f"{found}; line {number}: {line.strip()}"
    unknown = _UNKNOWN_NAME.search(text)
    near: list[str] = []
    if unknown and unknown["table"]:
        near = get_close_matches(unknown["table"], list(tables), n=1, cutoff=0.5)
    elif unknown:
        columns = [name for rows in tables.values() for name in rows.schema.names]
        near = get_close_matches(unknown["column"], columns, n=1, cutoff=0.5)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    return f"data.query: {found}.{hint}\n" + "\n".join(
        f"  {name}: {_list(rows.schema.names)}" for name, rows in tables.items()
    )


def _list(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
