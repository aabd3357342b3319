"""CSV files: parsed in parallel, and record by record where something is broken."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from adapters.sources.compression import unpack
from adapters.sources.dialect import Dialect, read_dialect, wrong_encoding
from adapters.sources.place import Place
from adapters.sources.salvage import Salvage, salvage
from adapters.sources.survey import Survey, survey
from lifecycle.data.declaration import TableSource
from lifecycle.data.intake import Refusal
from lifecycle.errors import SourceError

BLOCK_BYTES = 2**21
"""What one thread parses at a time; no record may be longer."""

EXACT = 2.0**53
"""From here on, not every whole number is a float64: an identifier would lose its last digits."""


@dataclass(frozen=True)
class Delimited:
    """What a CSV file brought; `table` has the records that could be read, in their order."""

    table: pa.Table
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()


def read_delimited(place: Place, source: TableSource, *, name: str) -> Delimited:
    """Read a CSV file; compressed or not, with or without a byte order mark.

    Types are inferred over the whole file: whole number, true or false, date, time, number,
    else text. Digits that start with a zero are text, and so are whole numbers that no integer
    or float can hold.

    Raises
    ------
    SourceError
        If the file is empty, has no rows or none that can be read, is not in UTF-8, or names
        two columns the same.
    """
    content = _with_newlines(unpack(place.read()))
    dialect = read_dialect(content, delimiter=source.delimiter)
    records = content[dialect.header_bytes :]
    if not bytes(records[:4096]).strip() and not bytes(records).strip():
        raise SourceError("The file has a header and no rows.")
    parser = _Parser(dialect, source.missing, survey(records, delimiter=dialect.delimiter))
    table = parser.try_to_parse(records)
    if table is not None:
        return Delimited(table)
    found = salvage(
        records,
        delimiter=dialect.delimiter,
        fields=len(dialect.names),
        first_line=dialect.header_lines + 1,
        table=name,
        file=place.shown,
    )
    return _parse_salvaged(parser, found)


def _with_newlines(content: pa.Buffer) -> pa.Buffer:
    """End lines as Unix does where a file ends them as old Macs did; others are left alone."""
    head = bytes(content[:BLOCK_BYTES])
    if b"\r" in head and b"\n" not in head:
        return pa.py_buffer(content.to_pybytes().replace(b"\r", b"\n"))
    return content


def _parse_salvaged(parser: "_Parser", found: Salvage) -> Delimited:
    if not found.kept.strip():
        first = found.refusals[0]
        if found.undecodable == found.refused:
            raise wrong_encoding(found.example)
        raise SourceError(
            f"None of the {found.refused} rows can be read. {first.where}: {first.reason}."
        )
    table = parser.parse(found.kept)
    # One odd row is a damaged row; a share of them is a file in another encoding.
    if found.undecodable > max(100, table.num_rows / 100):
        raise wrong_encoding(found.example)
    return Delimited(table, found.refused, found.refusals)


@dataclass(frozen=True)
class _Parser:
    dialect: Dialect
    missing: tuple[str, ...]
    survey: Survey

    def try_to_parse(self, records: pa.Buffer) -> pa.Table | None:
        """Parse a file in which nothing is broken; `None` if something may be."""
        if not self.survey.is_well_quoted:
            return None
        try:
            table = self._parse(records)
        except pa.ArrowInvalid:
            return None
        # Text that is not UTF-8 comes out as bytes.
        return None if any(map(pa.types.is_binary, table.schema.types)) else table

    def parse(self, records: bytes) -> pa.Table:
        """Parse what was salvaged."""
        try:
            return self._parse(pa.py_buffer(records))
        except pa.ArrowInvalid as error:
            raise SourceError(f"The file cannot be read as CSV ({error}).") from None

    def _parse(self, records: pa.Buffer) -> pa.Table:
        table = self._read(records)
        suspects = [name for name in table.column_names if self._is_suspect(table[name])]
        if suspects:
            texts = self._read(records, only=suspects)
            for name in suspects:
                if _holds_identifiers(texts[name], table[name].type):
                    place = table.column_names.index(name)
                    table = table.set_column(place, name, texts[name])
        return table

    def _is_suspect(self, column: pa.ChunkedArray) -> bool:
        if pa.types.is_integer(column.type):
            return self.survey.has_leading_zeros
        if not pa.types.is_floating(column.type):
            return False
        ends = pc.min_max(column)
        return any(abs(end.as_py() or 0.0) >= EXACT for end in (ends["min"], ends["max"]))

    def _read(self, records: pa.Buffer, *, only: list[str] | None = None) -> pa.Table:
        """Run the parser; `only` reads some columns, as text."""
        return csv.read_csv(
            pa.BufferReader(records),
            read_options=csv.ReadOptions(
                column_names=list(self.dialect.names), block_size=BLOCK_BYTES
            ),
            parse_options=csv.ParseOptions(
                delimiter=self.dialect.delimiter,
                newlines_in_values=self.survey.has_quotes,
                ignore_empty_lines=len(self.dialect.names) > 1,
            ),
            convert_options=csv.ConvertOptions(
                null_values=list(self.missing),
                strings_can_be_null=True,
                include_columns=only,
                column_types=dict.fromkeys(only or (), pa.string()),
            ),
        )


_LEADING_ZERO = r"^\s*0[0-9]"
_LONG_NUMBER = r"^\s*[+-]?[0-9]{16,}\s*$"


def _holds_identifiers(texts: pa.ChunkedArray, inferred: pa.DataType) -> bool:
    pattern = _LEADING_ZERO if pa.types.is_integer(inferred) else _LONG_NUMBER
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())
