"""Record by record through a damaged CSV file: what can be read, and what cannot and why.

Slower than the parallel parser, and exact: it runs only where a record is broken.
"""

import re
from dataclasses import dataclass
from typing import Any

from lifecycle.data.intake import Refusal

REFUSALS_KEPT = 20
EXCERPT_CHARACTERS = 120
RECORD_BYTES = 2**20
"""A longer record is a quotation mark that was never closed, or cannot be told from one."""

NOT_UTF8 = "its bytes are not UTF-8"


@dataclass
class Salvage:
    """What came out of a damaged file.

    Parameters
    ----------
    kept
        The bytes of all records that can be read, ready for a parser.
    refused
        How many records cannot.
    undecodable
        How many of these for their encoding.
    example
        The first of those, empty when there is none.
    refusals
        The first of them.
    """

    kept: bytes
    refused: int
    undecodable: int
    example: bytes
    refusals: tuple[Refusal, ...]


class _Reader:
    """Walks through the records and keeps count."""

    def __init__(self, content: Any, *, delimiter: str, fields: int) -> None:
        self.content = bytes(content)
        self.delimiter = delimiter.encode()
        self.fields = fields
        separator = re.escape(self.delimiter)
        quoted = rb'"[^"]*+(?:""[^"]*+)*+"'
        plain = rb'[^"\r\n%b][^\r\n%b]*+' % (separator, separator)
        field = rb"(?:%b|%b|)" % (quoted, plain)
        self.record = re.compile(rb"%b(?:%b%b)*+(?:\r\n|\n|\r|\Z)" % (field, separator, field))
        self.quoted = re.compile(rb"(?:(?<=%b)|^)%b" % (separator, quoted))

    def read(self, position: int) -> tuple[int, str | None]:
        """Give where the record at a position ends, and why it cannot be read."""
        end = self.content.find(b"\n", position) + 1 or len(self.content)
        line = self.content[position:end]
        if b'"' not in line:
            return end, self._judge(line, line)
        limit = min(len(self.content), position + RECORD_BYTES)
        match = self.record.match(self.content, position, limit)
        if match is None or (match.end() == limit < len(self.content)):
            return end, "a quotation mark is not closed, or text follows where one closes"
        return match.end(), self._judge(match[0], self.quoted.sub(b"", match[0]))

    def _judge(self, record: bytes, bare: bytes) -> str | None:
        """Say what is wrong with a record; `bare` is the same without what is quoted."""
        if self.fields > 1 and not record.strip(b"\r\n"):
            return None
        found = bare.count(self.delimiter) + 1
        if found != self.fields:
            return f"{found} field{'s' * (found > 1)} where the header has {self.fields}"
        return None if record.isascii() or _is_utf8(record) else NOT_UTF8


def salvage(
    content: Any, *, delimiter: str, fields: int, first_line: int, table: str, file: str
) -> Salvage:
    r"""Part the records that can be read from those that cannot.

    After a record with a broken quotation the reader goes on at the next line, so that one
    stray mark costs one line and not the rest of the file.

    Parameters
    ----------
    fields
        How many fields a record must have.
    first_line
        The line of the file at which `content` begins, from 1.
    table, file
        Named in what is refused.

    Examples
    --------
    >>> found = salvage(b"1,2\n3\n5,6\n", delimiter=",", fields=2, first_line=2,
    ...                 table="t", file="t.csv")
    >>> found.kept, found.refused, found.refusals[0].where
    (b'1,2\n5,6\n', 1, 't.csv, line 3')
    """
    reader = _Reader(content, delimiter=delimiter, fields=fields)
    runs: list[bytes] = []
    refusals: list[Refusal] = []
    refused = undecodable = position = run = 0
    example = b""
    line = first_line
    while position < len(reader.content):
        end, reason = reader.read(position)
        if reason is not None:
            runs.append(reader.content[run:position])
            run = end
            refused += 1
            if reason == NOT_UTF8:
                undecodable += 1
                example = example or reader.content[position:end].rstrip(b"\r\n")
            if len(refusals) < REFUSALS_KEPT:
                text = _excerpt(reader.content[position:end])
                where = f"{file}, line {line}"
                refusals.append(Refusal(table=table, where=where, reason=reason, text=text))
        line += reader.content.count(b"\n", position, end)
        position = end
    runs.append(reader.content[run:])
    return Salvage(b"".join(runs), refused, undecodable, example, tuple(refusals))


def _is_utf8(record: bytes) -> bool:
    try:
        record.decode()
    except UnicodeDecodeError:
        return False
    return True


def _excerpt(record: bytes) -> str:
    text = record.decode(errors="replace").rstrip("\r\n")
    return text if len(text) <= EXCERPT_CHARACTERS else text[: EXCERPT_CHARACTERS - 1] + "…"
