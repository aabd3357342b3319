"""Finds the place of every text among all values the candidate knows, by one `LabelEncoder`."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from adapters.graphs.writer import GraphError, Writer, pick
from lifecycle.features.columns import BETWEEN
from lifecycle.features.limits import MISSING
from lifecycle.serving.contract import Layout

EXACT = 2**24
"""Below, every whole number is a 32-bit float."""

Columns = tuple[str, ...]


def text_order(columns: Columns, layout: Layout) -> tuple[int, int]:
    """Say where a column, or a cross of two, stands among the texts: as in the input first."""
    if len(columns) == 1 and columns[0] in layout.texts:
        return 0, layout.texts.index(columns[0])
    return len(columns), 0


def write_texts(
    writer: Writer, layout: Layout, asked: Mapping[Columns, Sequence[str]], values: Sequence[str]
) -> str:
    """Find the place of each text among `values`, shape ``(rows, asked)``; unknown comes last.

    Parameters
    ----------
    asked
        Columns and crosses, in `text_order`, with the values known of each.
    values
        Those of all of them, once.
    """
    texts = list(_write_columns(writer, layout, asked, unseen(values)))
    return writer.node(
        "LabelEncoder",
        texts[0] if len(texts) == 1 else writer.node("Concat", *texts, axis=1),
        keys_strings=list(values),
        values_int64s=list(range(len(values))),
        default_int64=len(values),
    )


def unseen(values: Sequence[str]) -> str:
    """Make a text that is none of the values, nor becomes one by what is joined to it.

    Examples
    --------
    >>> len(unseen(["", "a", "bcd"]))
    4
    """
    return BETWEEN * (1 + max((len(value) for value in values), default=0))


def _write_columns(
    writer: Writer, layout: Layout, asked: Mapping[Columns, Sequence[str]], other: str
) -> Iterator[str]:
    plain = [columns for columns in asked if text_order(columns, layout)[0] == 0]
    if plain:
        yield pick(writer, "texts", layout.texts, [column for (column,) in plain])
    for columns, known in asked.items():
        if columns not in plain:
            sides = [
                _write_side(writer, layout, name, [_side_of(value, side) for value in known], other)
                for side, name in enumerate(columns)
            ]
            yield sides[0] if len(sides) == 1 else _join(writer, *sides)


def _join(writer: Writer, left: str, right: str) -> str:
    between = np.array(BETWEEN, dtype=object)
    return writer.node("StringConcat", writer.node("StringConcat", left, between), right)


def _write_side(writer: Writer, layout: Layout, name: str, known: Sequence[str], other: str) -> str:
    """Give one column of a cross as text, shape ``(rows, 1)``; an unknown number as `other`."""
    if name in layout.texts:
        return pick(writer, "texts", layout.texts, (name,))
    texts = {_as_number(text, name): text for text in dict.fromkeys(known) if text != MISSING}
    return writer.node(
        "LabelEncoder",
        pick(writer, "numbers", layout.numbers, (name,)),
        keys_floats=[float("nan"), *texts],
        values_strings=[MISSING, *texts.values()],
        default_string=other,
    )


def _side_of(value: str, side: int) -> str:
    """Give one side of a crossed value; the text of a number has no separator in it.

    Examples
    --------
    >>> _side_of(f"7{BETWEEN}a", 0), _side_of(f"7{BETWEEN}a", 1)
    ('7', 'a')
    """
    return value.partition(BETWEEN)[0] if side == 0 else value.rpartition(BETWEEN)[2]


def _as_number(text: str, name: str) -> float:
    """Give the number the input has where training read this text.

    Examples
    --------
    >>> _as_number("12", "x"), _as_number("true", "x")
    (12.0, 1.0)
    """
    if text in ("true", "false"):
        return float(text == "true")
    number = int(text)
    if abs(number) >= EXACT:
        raise GraphError(
            f'"{name}" is crossed with another column, and {number} is among its values: whole '
            f"numbers of {EXACT} and more cannot be told apart in 32 bits. Declare it as a "
            "category in `schema`, or take it out of `features.crosses`."
        )
    return float(number)
