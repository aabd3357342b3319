"""Where rows come from: one file a kind of source, and `read` in front of them all."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from adapters.sources import database, http, local, package, s3
from adapters.sources.address import Address, parse_address
from adapters.sources.delimited import Delimited, read_delimited
from adapters.sources.parquet import ENDINGS as PARQUET_ENDINGS
from adapters.sources.parquet import read_parquet
from adapters.sources.place import Place, name_without_compression
from adapters.sources.plain import plain_table
from lifecycle.data.declaration import TableSource
from lifecycle.data.intake import TableIntake
from lifecycle.errors import SourceError, suggest
from lifecycle.fingerprint import table_fingerprint

FILES: dict[str, Callable[[Address, Path], Place]] = {
    "": local.locate,
    "package": package.locate,
    "http": http.locate,
    "https": http.locate,
    "s3": s3.locate,
}
"""Where files come from, by the scheme of their URL."""

CSV_ENDINGS = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class SourceTable:
    """A table as it arrived.

    Parameters
    ----------
    table
        The rows; Parquet files are a dataset that is scanned when asked, so that they may be
        larger than memory. Times are in UTC, without a zone.
    intake
        What came and what was refused.
    """

    table: pa.Table | ds.Dataset
    intake: TableIntake


def read(source: TableSource, *, name: str, home: Path) -> SourceTable:
    """Read a declared table.

    Parameters
    ----------
    name
        What it is called in the declaration.
    home
        The project's folder: relative paths start here.

    Raises
    ------
    SourceError
        If it cannot be brought in, saying why and what to do, without any secret.
    """
    try:
        address = parse_address(source.url)
    except SourceError as error:
        raise SourceError(f"data.tables.{name}: {error}") from None
    try:
        return _read(source, address, name=name, home=home)
    except SourceError as error:
        reason = address.redact(str(error))
    except OSError as error:
        reason = address.redact(f"It cannot be read ({error}).")
    except Exception as error:
        # A driver's own words may hold a password, and so may the frames of its traceback.
        if not address.stand_ins:
            raise
        reason = address.redact(f"{type(error).__name__}: {error}")
    raise SourceError(f"data.tables.{name} ({address.shown}): {reason}")


def _read(source: TableSource, address: Address, *, name: str, home: Path) -> SourceTable:
    if database.is_database(address):
        rows = database.read_database(address, source, name=name, home=home)
        return _complete(Delimited(rows), name=name, url=address.shown)
    if address.scheme not in FILES:
        known = [scheme for scheme in (*FILES, *database.DRIVERS) if scheme]
        raise SourceError(
            f'Nothing is known of "{address.scheme}://". {suggest(address.scheme, known)}'
        )
    if source.query is not None or source.table is not None:
        raise SourceError("Only a database has a query and a table. Use data.query for files.")
    place = FILES[address.scheme](address, home)
    if _is_parquet(source, place):
        rows, fingerprint = read_parquet(place)
        count = rows.num_rows if isinstance(rows, pa.Table) else rows.count_rows()
        intake = TableIntake(table=name, url=address.shown, rows=count, fingerprint=fingerprint)
        return SourceTable(rows, intake)
    return _complete(read_delimited(place, source, name=name), name=name, url=address.shown)


def _complete(found: Delimited, *, name: str, url: str) -> SourceTable:
    table = plain_table(found.table)
    intake = TableIntake(
        table=name,
        url=url,
        rows=table.num_rows,
        refused=found.refused,
        refusals=found.refusals,
        fingerprint=table_fingerprint(table),
    )
    return SourceTable(table, intake)


def _is_parquet(source: TableSource, place: Place) -> bool:
    if source.format is not None:
        return source.format == "parquet"
    if place.is_folder:
        return True
    name = name_without_compression(place.path).lower()
    if name.endswith((*CSV_ENDINGS, *PARQUET_ENDINGS)):
        return name.endswith(PARQUET_ENDINGS)
    endings = ", ".join((*CSV_ENDINGS, *PARQUET_ENDINGS))
    raise SourceError(f"The ending of {name} tells no format ({endings}). Declare format: csv.")
