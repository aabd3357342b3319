"""Whether the values are inside what was declared for their column."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from lifecycle.data.declaration import Column, ColumnType
from lifecycle.data.rules.rule import Evidence, Rule, passed
from lifecycle.section import Share
from lifecycle.verdict import Outcome, Verdict

_NUMERIC = (ColumnType.NUMBER, ColumnType.INTEGER)


class Ranges(Rule):
    """Numbers lie within the declared `min` and `max`.

    Parameters
    ----------
    at_most
        Share of a column's values that may lie outside before it fails; below, it warns.
    """

    at_most: Share = 0.0

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Give a verdict for each column with a declared range."""
        ranged = [
            (name, column)
            for name, column in evidence.declared.root.items()
            if (column.min is not None or column.max is not None)
            and name in evidence.table.column_names
            and pa.types.is_primitive(evidence.table.schema.field(name).type)
            and column.type in _NUMERIC
        ]
        for name, column in ranged:
            yield self._judge_column(evidence.table[name], name, column)
        if not ranged:
            yield passed("ranges", "No column has a declared range.")

    def _judge_column(self, values: pa.ChunkedArray, name: str, column: Column) -> Verdict:
        extent = pc.min_max(values)
        low, high = extent["min"].as_py(), extent["max"].as_py()
        outside = 0
        if column.min is not None and low is not None and low < column.min:
            outside += pc.sum(pc.less(values, column.min)).as_py()
        if column.max is not None and high is not None and high > column.max:
            outside += pc.sum(pc.greater(values, column.max)).as_py()
        limit = f"{_number(column.min, '-∞')} to {_number(column.max, '∞')}"
        return Verdict(
            rule=f"ranges {name}",
            outcome=_rate(outside, len(values), self.at_most),
            measured=f"{_number(low, 'none')} to {_number(high, 'none')}",
            limit=limit,
            reason=f"{outside:,} of {len(values):,} values lie outside {limit}."
            if outside
            else f"All values lie within {limit}.",
        )


class AllowedValues(Rule):
    """A category has none but its declared `values`; `at_most` as in `ranges`."""

    at_most: Share = 0.0

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Give a verdict for each column with declared values."""
        listed = [
            (name, column.values)
            for name, column in evidence.declared.root.items()
            if column.values is not None and name in evidence.table.column_names
        ]
        for name, values in listed:
            yield self._judge_column(evidence.table[name], name, values)
        if not listed:
            yield passed("values", "No column has declared values.")

    def _judge_column(
        self, values: pa.ChunkedArray, name: str, allowed: tuple[str, ...]
    ) -> Verdict:
        text = values.cast(pa.string())
        inside = pc.is_in(text, value_set=pa.array([*allowed, None], pa.string()))
        outside = len(values) - int(pc.sum(inside).as_py() or 0)
        reason = f"All values are among the {len(allowed)} declared ones."
        if outside:
            strange = pc.unique(text.filter(pc.invert(inside))).to_pylist()
            shown = ", ".join(f'"{value}"' for value in strange[:5])
            reason = f"{outside:,} values are not declared: {shown}" + (
                ", ..." if len(strange) > 5 else "."
            )
        return Verdict(
            rule=f"values {name}",
            outcome=_rate(outside, len(values), self.at_most),
            measured=float(outside),
            limit=self.at_most * len(values),
            reason=reason,
        )


def _rate(outside: int, rows: int, at_most: float) -> Outcome:
    if outside > at_most * rows:
        return Outcome.FAIL
    return Outcome.WARN if outside else Outcome.PASS


def _number(value: float | None, otherwise: str) -> str:
    return otherwise if value is None else f"{value:g}"
