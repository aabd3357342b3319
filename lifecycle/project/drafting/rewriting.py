"""What a query has to put right before a table can be declared as it is."""

import re
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from lifecycle.data.cast import plain
from lifecycle.project.drafting.target import Target

_SEEN = 1_000
"""Values looked at to tell how a column writes its dates; the query then reads every row."""

_FORMATS = {
    r"\d{4}/\d{1,2}/\d{1,2}": "%Y/%m/%d",
    r"\d{1,2}\.\d{1,2}\.\d{4}": "%d.%m.%Y",
    r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}": "%Y/%m/%d %H:%M",
    r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}:\d{2}": "%Y/%m/%d %H:%M:%S",
    r"\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}": "%d.%m.%Y %H:%M",
    r"\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}:\d{2}": "%d.%m.%Y %H:%M:%S",
}
"""Ways to write dates that can be read one way only; 01/02/2013 is not among them."""


@dataclass(frozen=True)
class Rewriting:
    """The columns that are read differently, each with an SQL expression and a reason."""

    expressions: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def query(self, table: str) -> str:
        """Write the SQL; empty where nothing is to be put right."""
        if not self.expressions:
            return ""
        lines = [
            f"  {expression} AS {quote(name)}" for name, expression in self.expressions.items()
        ]
        notes = [f"-- {' '.join(name.split())}: {why}" for name, why in self.reasons.items()]
        select = "SELECT * REPLACE (\n" + ",\n".join(lines) + f"\n)\nFROM {quote(table)}"
        return "\n".join([*notes, select])


def rewrite(table: pa.Table, target: Target) -> Rewriting:
    """Find dates in other forms than ISO 8601, infinite numbers, and classes to leave out.

    Examples
    --------
    >>> from lifecycle.project.drafting.target import draft_target
    >>> rows = pa.table({"day": ["2012/01/31"] * 20, "y": [0, 1] * 10})
    >>> print(rewrite(rows, draft_target(rows, "y")).query("days"))
    -- day: dates are written as %Y/%m/%d
    SELECT * REPLACE (
      strptime("day", '%Y/%m/%d') AS "day"
    )
    FROM "days"
    """
    names = table.column_names
    if len({name.lower() for name in names}) < len(names):
        return Rewriting()  # names that differ only in case cannot be told apart in SQL
    expressions: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for name in names:
        column = plain(table[name])
        if form := _date_format(column):
            expressions[name] = f"strptime({quote(name)}, '{form}')"
            reasons[name] = f"dates are written as {form}"
        elif pa.types.is_floating(column.type) and pc.any(pc.is_inf(column)).as_py():
            expressions[name] = f"CASE WHEN isfinite({quote(name)}) THEN {quote(name)} END"
            reasons[name] = "infinite numbers count as missing"
    if target.left_out:
        words = ", ".join("'" + word.replace("'", "''") + "'" for word in target.left_out)
        column_name = quote(target.column)
        expressions[target.column] = (
            f"CASE WHEN {_as_text(table[target.column], column_name)} NOT IN ({words}) "
            f"THEN {column_name} END"
        )
        reasons[target.column] = (
            f"too few rows to learn {len(target.left_out)} of its values: left out, and counted "
            "as unlabelled"
        )
    return Rewriting(expressions, reasons)


def quote(name: str) -> str:
    """Quote a name for SQL.

    Examples
    --------
    >>> quote("dep. time")
    '"dep. time"'
    """
    return '"' + name.replace('"', '""') + '"'


def _as_text(column: pa.ChunkedArray, quoted: str) -> str:
    kind = plain(column[:0]).type
    if pa.types.is_string(kind):
        return f"trim({quoted})"
    if pa.types.is_floating(kind):
        return f"CAST(CAST({quoted} AS BIGINT) AS VARCHAR)"
    return f"CAST({quoted} AS VARCHAR)"


def _date_format(column: pa.ChunkedArray) -> str | None:
    """Give the one form all seen values of a text column are written in."""
    if not pa.types.is_string(column.type):
        return None
    seen = column.drop_null().slice(0, _SEEN).to_pylist()
    for pattern, form in _FORMATS.items():
        if (
            seen
            and re.fullmatch(pattern, seen[0])
            and all(re.fullmatch(pattern, value) for value in seen)
        ):
            every = pc.match_substring_regex(column.drop_null(), f"^{pattern}$")
            return form if pc.all(every).as_py() else None
    return None
