"""Whether a column varies, and a few of its values are out of all proportion."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from lifecycle.data.rules.rule import Evidence, Rule, at_most_told, passed
from lifecycle.section import Share
from lifecycle.verdict import Outcome, Verdict


class Constant(Rule):
    """Every feature has more than one value; a constant one says nothing."""

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Warn of each constant feature; an empty one is told by `missing`."""
        verdicts = [
            Verdict(
                rule=f"constant {name}",
                outcome=Outcome.WARN,
                measured=1.0,
                limit=2.0,
                reason="All values are the same, so nothing can be learnt from it.",
            )
            for name in evidence.features
            if _is_constant(evidence.table[name])
        ]
        yield from at_most_told("constant", verdicts)
        if not verdicts:
            yield passed("constant", "Every feature varies.")


class Outliers(Rule):
    """Few numbers lie far outside where nearly all lie.

    A value is far outside when its distance from the middle nine tenths is more than `distance`
    times their width: a sentinel like 9999, a slipped decimal point, another unit. A long tail
    that belongs to the column (more than `at_most` of the values) is not told.

    Parameters
    ----------
    distance
        In widths of the range from the 5 % to the 95 % quantile; ten of them are 33 standard
        deviations of a normal distribution, which is never chance.
    """

    distance: float = Field(default=10.0, gt=0)
    at_most: Share = 0.01

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Warn of each number column with such values."""
        verdicts = []
        for name in evidence.features:
            column = evidence.table[name]
            if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
                continue
            if (verdict := self._judge_column(column, name)) is not None:
                verdicts.append(verdict)
        yield from at_most_told("outliers", verdicts)
        if not verdicts:
            yield passed("outliers", "No value lies far outside the others.")

    def _judge_column(self, column: pa.ChunkedArray, name: str) -> Verdict | None:
        values = column.drop_null().cast(pa.float64(), safe=False).to_numpy()
        if len(values) < 20:  # the outer twentieths would be empty
            return None
        low, high = _outer_twentieths(values)
        reach = self.distance * (high - low)
        floor, ceiling = low - reach, high + reach
        if reach == 0 or (values.min() >= floor and values.max() <= ceiling):
            return None
        outside = int(((values < floor) | (values > ceiling)).sum())
        if outside > self.at_most * len(values):
            return None
        return Verdict(
            rule=f"outliers {name}",
            outcome=Outcome.WARN,
            measured=f"{values.min():g} to {values.max():g}",
            limit=f"{floor:g} to {ceiling:g}",
            reason=f"{outside:,} values lie far outside the others. If they stand for "
            "something else (9999, another unit), turn them into NULL in the query.",
        )


def _is_constant(column: pa.ChunkedArray) -> bool:
    if not len(column) or column.null_count:  # missing or not is something to learn from
        return False
    if pa.types.is_string(column.type):
        return bool(pc.all(pc.equal(column, column[0])).as_py())
    extent = pc.min_max(column)
    return bool(extent["min"].as_py() == extent["max"].as_py())


def _outer_twentieths(values: np.ndarray) -> tuple[float, float]:
    """Give the 5 % and 95 % quantiles, of a stride through the values where there are many."""
    strided = values[:: max(1, len(values) // 20_000)]
    low, high = np.quantile(strided, (0.05, 0.95))
    return float(low), float(high)
