"""What the first lines of a CSV file say: its encoding, delimiter and column names."""

import codecs
import csv
import io
from dataclasses import dataclass

import pyarrow as pa

from adapters.sources.names import require_distinct
from lifecycle.errors import SourceError

DELIMITERS = ",;\t|"
HEAD_BYTES = 2**16
HEAD_RECORDS = 100


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Parameters
    ----------
    delimiter
        The character between fields.
    names
        The columns, each name once.
    header_bytes, header_lines
        How far the header reaches, a byte order mark and blank lines before it included.
    """

    delimiter: str
    names: tuple[str, ...]
    header_bytes: int
    header_lines: int


def read_dialect(content: pa.Buffer, *, delimiter: str | None) -> Dialect:
    """Read the header and find the delimiter that splits the first records most evenly.

    Raises
    ------
    SourceError
        If the file is not text in UTF-8, or two columns have the same name.
    """
    head = bytes(content[:HEAD_BYTES])
    _require_utf8(head)
    marked = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    text = head[marked:].decode("utf-8", errors="replace")
    delimiter = delimiter or _find_delimiter(text)
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        raise SourceError(f"{delimiter!r} cannot be a delimiter. Declare one ASCII character.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = next((record for record in reader if any(record)), None)
    if header is None:
        raise SourceError("The file is empty.")
    lines = head[marked:].splitlines(keepends=True)[: reader.line_num]
    size = marked + sum(map(len, lines))
    _require_utf8_header(head[:size])
    return Dialect(delimiter, _name_columns(header), size, reader.line_num)


def _require_utf8(head: bytes) -> None:
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
    if head.startswith(marks) or b"\0" in head:
        raise SourceError(
            "The file is not text in UTF-8; it looks like UTF-16 (or is no text at all). "
            "Convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW."
        )


def _require_utf8_header(header: bytes) -> None:
    try:
        header.decode()
    except UnicodeDecodeError:
        raise wrong_encoding(header.strip()) from None


def wrong_encoding(example: bytes) -> SourceError:
    """Give the error for a file in an encoding of the eight-bit kind."""
    return SourceError(
        "The file is not text in UTF-8; read as Windows-1252, it has "
        f'"{example.decode("cp1252", errors="replace")[:80]}". '
        "Convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW."
    )


def _find_delimiter(text: str) -> str:
    r"""Choose what gives the most records as many fields as the header, then the most fields.

    Examples
    --------
    >>> _find_delimiter("a;b\n1,5;2\n")
    ';'
    """
    if "\n" in text:
        text = text[: text.rindex("\n")]  # the last line may be cut off

    def evenness(delimiter: str) -> tuple[float, int]:
        records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        sizes = [len(record) for _, record in zip(range(HEAD_RECORDS), records, strict=False)]
        sizes = [size for size in sizes if size]
        if not sizes or sizes[0] == 1:
            return 0.0, 1
        return sizes.count(sizes[0]) / len(sizes), sizes[0]

    return max(DELIMITERS, key=evenness)


def _name_columns(header: list[str]) -> tuple[str, ...]:
    """Give every column a name; one without (such as a saved index) is named by its place."""
    names = tuple(name or f"column_{place}" for place, name in enumerate(header, start=1))
    require_distinct(names)
    return names
