"""Where the records are: a SQLite file in the state folder, or PostgreSQL for a team."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from lifecycle.errors import PerennialError, StackError

VARIABLE = "PERENNIAL_RECORDS"
"""The environment variable with the SQLAlchemy URL of a team's database."""

FILE = "records.db"
BUSY_SECONDS = 30
CONNECT_SECONDS = 10

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "sqlite": "sqlite",
}


class RecordsError(PerennialError):
    """The records cannot be read or written."""


def url_of(state: Path) -> sa.URL:
    """Give where the records of a state folder are.

    Raises
    ------
    StackError
        If `$PERENNIAL_RECORDS` is no address of a database that can be used.
    """
    declared = os.environ.get(VARIABLE, "").strip()
    if not declared:
        return sa.URL.create("sqlite", database=str(state / FILE))
    how = f"{VARIABLE} takes postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or sqlite:///PATH."
    try:
        url = sa.make_url(declared)
    except (ArgumentError, ValueError):
        raise StackError(f"${VARIABLE} is not the URL of a database. {how}") from None
    if url.drivername not in _DRIVERS or not url.database:
        raise StackError(f"${VARIABLE} is {url.render_as_string()}, which is not taken. {how}")
    return url.set(drivername=_DRIVERS[url.drivername])


def engine_of(url: sa.URL) -> sa.Engine:
    """Make ready to connect; nothing is opened yet."""
    if url.get_backend_name() == "sqlite":
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        sa.event.listen(engine, "connect", _tune)
        sa.event.listen(engine, "begin", _begin)
        return engine
    options = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    try:
        return sa.create_engine(url, connect_args=options, pool_pre_ping=True, pool_size=2)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise StackError(f"The driver of {url.get_backend_name()} is missing: {error}.") from None


def _tune(connection: Any, _record: Any) -> None:
    """Let readers read while one writes, and let writers wait for one another."""
    connection.isolation_level = None  # SQLAlchemy begins transactions itself, below
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA synchronous=FULL")  # what is recorded outlives a power cut
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: sa.Connection) -> None:
    # A transaction that begins by reading and writes later fails where another one has written
    # meanwhile, without waiting: who will write says so at once.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Place:
    """A database with a way to read and one to write; faults are said in its own words."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.engine.dialect.name == "sqlite"

    @property
    def shown(self) -> str:
        """Where it is, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Read in one transaction."""
        with self._told(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Write in one transaction: all of it or nothing."""
        with self._told(), self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise RecordsError(
                f"The records in {self.shown} cannot be used: {_say(error)}"
            ) from error


def _say(error: Exception) -> str:
    """Give the driver's own words, without the statement and what was written with it."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig  # type: ignore[assignment]
    words = " ".join(str(error.args[0] if error.args else error).split())
    return f"the database says: {words.rstrip('.')}."
