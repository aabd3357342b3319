"""Tables and queries of SQL databases, streamed into Arrow."""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from adapters.sources.address import Address
from adapters.sources.local import place
from adapters.sources.names import require_distinct
from adapters.sources.values import to_array, unite
from lifecycle.data.declaration import TableSource
from lifecycle.errors import SourceError, suggest

DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite",
}
"""The driver for each database where the URL names none."""

BATCH_ROWS = 20_000
CONNECT_SECONDS = 10


def is_database(address: Address) -> bool:
    """Whether an address is a SQLAlchemy URL."""
    return address.scheme.partition("+")[0] in DRIVERS


def read_database(address: Address, source: TableSource, *, name: str, home: Path) -> pa.Table:
    """Read a table or the result of a query, in one fixed order of rows.

    A database promises no order, and with another order the same rows would be another table.
    Exact decimals become integers where all are whole, else floats; what Arrow has no type for
    (identifiers, documents, arrays) becomes text.

    Raises
    ------
    SourceError
        If the database cannot be reached or refuses, or the table is not there.
    """
    try:
        engine = _engine(address, home)
        try:
            with engine.connect() as connection:
                table = _fetch(_execute(connection, source, name))
        finally:
            engine.dispose()
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise SourceError(_say(error)) from None
    return table.sort_by([(column, "ascending") for column in table.column_names])


def _engine(address: Address, home: Path) -> sa.Engine:
    try:
        url = sa.make_url(address.url)
        url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
        if url.get_backend_name() == "sqlite":
            return _sqlite_engine(url, home)
        return sa.create_engine(url, poolclass=NullPool, connect_args=_connect_options(url))
    except NoSuchModuleError:
        raise SourceError(f"SQLAlchemy knows no driver {url.drivername}.") from None
    except ModuleNotFoundError as error:
        raise SourceError(f"The driver {error.name} is not installed.") from None
    except (ArgumentError, ValueError):
        raise SourceError(
            "The address is not a SQLAlchemy URL: postgresql://USER:${PASSWORD}@HOST:PORT/DATABASE."
        ) from None


def _connect_options(url: sa.URL) -> dict[str, Any]:
    """Wait a short while for a server, and promise it only to read."""
    options: dict[str, Any] = {}
    if "connect_timeout" not in url.query:
        options["connect_timeout"] = CONNECT_SECONDS
    if url.get_driver_name() == "pymysql":
        options["init_command"] = "SET SESSION TRANSACTION READ ONLY"
    return options


def _sqlite_engine(url: sa.URL, home: Path) -> sa.Engine:
    """Open a SQLite file for reading only; SQLite itself would create one that is not there."""
    if not url.database or url.database == ":memory:":
        raise SourceError("A SQLite address needs a file: sqlite:///PATH.")
    found = place(home / Path(url.database).expanduser(), shown=url.database)
    uri = f"file:{quote(found.path)}?mode=ro"
    return sa.create_engine(
        "sqlite://", poolclass=NullPool, creator=lambda: sqlite3.connect(uri, uri=True)
    )


def _execute(
    connection: sa.Connection, source: TableSource, name: str
) -> sa.CursorResult[tuple[Any, ...]]:
    streaming = connection.execution_options(
        stream_results=True, yield_per=BATCH_ROWS, no_parameters=True, postgresql_readonly=True
    )
    if source.query is not None:
        return streaming.exec_driver_sql(source.query)
    schema, table = _find_table(sa.inspect(connection), source.table or name)
    return streaming.execute(sa.select(sa.text("*")).select_from(sa.table(table, schema=schema)))


def _find_table(inspector: sa.Inspector, wanted: str) -> tuple[str | None, str]:
    """Find a table or view by name, or by `schema.name` where no table has the dot in its name."""
    if inspector.has_table(wanted):
        return None, wanted
    schema, _, table = wanted.rpartition(".")
    if schema and inspector.has_table(table, schema=schema):
        return schema, table
    known = [*inspector.get_table_names(), *inspector.get_view_names()]
    raise SourceError(f'There is no table "{wanted}". {suggest(wanted, known)}')


def _fetch(result: sa.CursorResult[tuple[Any, ...]]) -> pa.Table:
    if not result.returns_rows:
        raise SourceError("The query gives no rows back. Declare a SELECT.")
    names = list(result.keys())
    require_distinct(names)
    parts = [
        [to_array(values) for values in zip(*rows, strict=True)] for rows in result.partitions()
    ]
    columns = [unite([part[place] for part in parts]) for place in range(len(names))]
    return pa.Table.from_arrays(columns, names=names)


def _say(error: Exception) -> str:
    """Give the driver's own words without SQLAlchemy's statement and link."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig  # type: ignore[assignment]
    words = " ".join(str(error.args[-1] if error.args else error).split())
    return f"The database answers: {words.rstrip('.')}."
