"""Where a candidate does worse than on average: declared groups, and the worst slices found.

Every slice is judged by the losses of its rows, so that all of them cost one pass over the rows
a column or pair of columns. Where the candidate gives probabilities, what they expect is taken
off each loss: rows that are hard to tell, and known to be, are no news. The p-value is one-sided
(Welch's test of the slice against the other rows), its spread taken between the pieces that hang
together (days, groups), and corrected by Holm's method for all slices looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.evidence import Missing, Slice, SliceSearch
from lifecycle.evaluation.metric_names import METRICS
from lifecycle.evaluation.metrics import expected_losses, from_mean_loss, row_losses
from lifecycle.evaluation.partitions import Partition, cut
from lifecycle.evaluation.resampling import Units
from lifecycle.task import Task

_PAIRED_COLUMNS = 10
"""Columns of which pairs are looked at: 45 pairs of up to 25 cells or so."""
_SHOWN = 10
_NEWS = 1.5
"""A pair is shown beside one of its columns only if its gap is this many times larger."""
_CREDIBLE = 0.05


@dataclass(frozen=True)
class _Rows:
    """What each row cost, and what the candidate's own probabilities expect it to cost."""

    metric: str
    losses: NDArray[np.float64]
    expected: NDArray[np.float64] | None
    is_positive: NDArray[Any] | None

    @classmethod
    def of(cls, metric: str, answers: Answers) -> "_Rows":
        """Read them off the answers."""
        is_positive = answers.truth if answers.task is Task.BINARY else None
        return cls(
            metric, row_losses(metric, answers), expected_losses(metric, answers), is_positive
        )

    @property
    def surprise(self) -> NDArray[np.float64]:
        """How much worse each row went than expected."""
        return self.losses if self.expected is None else self.losses - self.expected


@dataclass(frozen=True)
class _Parts:
    """The parts of one partition large enough to judge, shape ``(parts,)`` each."""

    partition: Partition
    chosen: NDArray[np.intp]
    rows: NDArray[np.int64]
    p_values: NDArray[np.float64]


def slice_groups(
    metric: str, answers: Answers, test: pa.Table, columns: Sequence[str], units: Units, least: int
) -> tuple[tuple[Slice, ...], tuple[Missing, ...]]:
    """Measure each value of each column; a value with fewer than `least` rows has no figure."""
    present = [column for column in columns if column in test.column_names]
    absent = tuple(
        Missing(evidence=f"slices {column}", reason=f'The test rows have no column "{column}".')
        for column in columns
        if column not in present
    )
    rows = _Rows.of(metric, answers)
    parts = [_judge(cut(test, column), rows.surprise, units, least) for column in present]
    corrected = _correct(parts)
    told = [
        found
        for part, p_values in zip(parts, corrected, strict=True)
        for found in (
            *_tell(part, p_values, rows, "group"),
            *_tell_small(metric, part),
        )
    ]
    small = tuple(
        Missing(
            evidence=f"slices {part.partition.column}",
            reason=f"No group of {part.partition.column} has {least:,} test rows.",
        )
        for part in parts
        if not len(part.chosen)
    )
    return tuple(told), absent + small


def find_slices(
    metric: str, answers: Answers, test: pa.Table, columns: Sequence[str], units: Units, least: int
) -> tuple[tuple[Slice, ...], SliceSearch]:
    """Look through single columns, and pairs of the first ten, for the slices that do worst.

    Parameters
    ----------
    columns
        The most telling first: only the first ten are paired.
    least
        Rows a slice has to have.

    Returns
    -------
    tuple
        At most ten slices, the least likely to be chance first, and what was looked through.
    """
    rows = _Rows.of(metric, answers)
    singles = [cut(test, column) for column in columns]
    pairs = [_cross(*pair, least) for pair in combinations(singles[:_PAIRED_COLUMNS], 2)]
    parts = [_judge(partition, rows.surprise, units, least) for partition in (*singles, *pairs)]
    told = [
        found
        for part, p_values in zip(parts, _correct(parts), strict=True)
        for found in _tell(part, p_values, rows, "found")
    ]
    count = sum(len(part.chosen) for part in parts)
    search = SliceSearch(metric=metric, columns=len(singles), slices=count)
    return tuple(_choose(told)), search


def _cross(first: Partition, second: Partition, least: int) -> Partition:
    """Cut by both columns; only parts with enough rows keep a number, the others share -1."""
    width = len(second.labels)
    both = first.codes * width + second.codes
    rows = np.bincount(both, minlength=len(first.labels) * width)
    kept = np.flatnonzero(rows >= least)
    place = np.full(len(rows), -1)
    place[kept] = np.arange(len(kept))
    labels = tuple(f"{first.labels[i // width]} and {second.labels[i % width]}" for i in kept)
    return Partition(f"{first.column} and {second.column}", labels, place[both])


def _judge(partition: Partition, losses: NDArray[np.float64], units: Units, least: int) -> _Parts:
    inside = partition.codes >= 0
    codes = np.where(inside, partition.codes, len(partition.labels))
    rows = np.bincount(codes, minlength=len(partition.labels) + 1)
    # All rows but at most one part of them, or there is nothing to compare with.
    chosen = np.flatnonzero((rows[:-1] >= least) & (rows[:-1] <= len(losses) - least))
    total = np.bincount(codes, weights=losses, minlength=len(rows)).astype(np.float64)
    mean = total[chosen] / rows[chosen]
    other = (losses.sum() - total[chosen]) / (len(losses) - rows[chosen])
    if units.are_rows:
        variances, freedom = _spread_of_rows(codes, losses, rows, total, chosen)
    else:
        variances, freedom = _spread_of_units(codes, losses, rows, units, chosen, mean, other)
    error = np.sqrt(variances)
    distance = np.where(error > 0, (mean - other) / np.where(error > 0, error, 1.0), 0.0)
    return _Parts(partition, chosen, rows, stats.t.sf(distance, freedom))


def _spread_of_rows(
    codes: NDArray[np.int64],
    losses: NDArray[np.float64],
    rows: NDArray[np.int64],
    total: NDArray[np.float64],
    chosen: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Variance of mean minus mean of the others, from the rows of both; Welch's test."""
    squares = np.bincount(codes, weights=losses**2, minlength=len(rows)).astype(np.float64)

    def variance(
        count: NDArray[np.int64], plain: NDArray[np.float64], squared: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        spread = np.maximum(squared - plain**2 / count, 0.0)
        return np.asarray(spread / (count - 1) / count)

    inside = variance(rows[chosen], total[chosen], squares[chosen])
    outside = variance(
        len(losses) - rows[chosen],
        losses.sum() - total[chosen],
        (losses**2).sum() - squares[chosen],
    )
    return inside + outside, np.minimum(rows[chosen], len(losses) - rows[chosen]) - 1.0


def _spread_of_units(
    codes: NDArray[np.int64],
    losses: NDArray[np.float64],
    rows: NDArray[np.int64],
    units: Units,
    chosen: NDArray[np.intp],
    mean: NDArray[np.float64],
    other: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take the same variance between pieces (cluster-robust): what a piece adds to the gap."""
    shape = (len(rows), units.count)
    cell = codes * units.count + units.codes
    count = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    total = np.bincount(cell, weights=losses, minlength=count.size).reshape(shape)
    inside = (total[chosen] - mean[:, None] * count[chosen]) / rows[chosen, None]
    rest, rest_count = total.sum(axis=0) - total[chosen], count.sum(axis=0) - count[chosen]
    outside = (rest - other[:, None] * rest_count) / (len(losses) - rows[chosen, None])
    pieces = np.maximum((count[chosen] > 0).sum(axis=1), 2)
    variances = ((inside - outside) ** 2).sum(axis=1) * pieces / (pieces - 1)
    return variances, pieces - 1.0


def _correct(parts: Iterable[_Parts]) -> list[NDArray[np.float64]]:
    """Correct all p-values together by Holm's step-down method, which any dependence allows."""
    groups = [part.p_values for part in parts]
    plain = np.concatenate([np.empty(0), *groups])
    order = np.argsort(plain, kind="stable")
    stepped = np.maximum.accumulate(plain[order] * np.arange(len(plain), 0, -1))
    corrected = np.empty_like(plain)
    corrected[order] = np.minimum(stepped, 1.0)
    ends = np.cumsum([len(group) for group in groups])
    return np.split(corrected, ends[:-1]) if groups else []


def _tell(
    part: _Parts, p_values: NDArray[np.float64], rows: _Rows, kind: Literal["group", "found"]
) -> list[Slice]:
    metric = rows.metric
    overall = from_mean_loss(metric, rows.losses.mean(keepdims=True))[0]
    measured = from_mean_loss(metric, _sum(part, rows.losses) / part.rows[part.chosen])
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0
    expected = positives = None
    if rows.expected is not None:
        expected = from_mean_loss(metric, _sum(part, rows.expected) / part.rows[part.chosen])
    if rows.is_positive is not None:
        positives = _sum(part, rows.is_positive)
    return [
        Slice(
            column=part.partition.column,
            value=part.partition.labels[place],
            kind=kind,
            metric=metric,
            measured=float(measured[index]),
            gap=float(sign * (overall - measured[index])),
            p_value=float(p_values[index]),
            expected=None if expected is None else float(expected[index]),
            rows=int(part.rows[place]),
            positives=None if positives is None else int(positives[index]),
        )
        for index, place in enumerate(part.chosen)
    ]


def _sum(part: _Parts, values: NDArray[Any]) -> NDArray[np.float64]:
    """Sum over the rows of each part large enough to judge."""
    inside = part.partition.codes >= 0
    codes, count = part.partition.codes[inside], len(part.partition.labels)
    total = np.bincount(codes, weights=values[inside], minlength=count)
    return np.asarray(total[part.chosen], dtype=np.float64)


def _tell_small(metric: str, part: _Parts) -> list[Slice]:
    return [
        Slice(
            column=part.partition.column,
            value=label,
            kind="group",
            metric=metric,
            measured=None,
            gap=None,
            rows=int(part.rows[place]),
        )
        for place, label in enumerate(part.partition.labels)
        if place not in part.chosen and part.rows[place]
    ]


def _choose(told: list[Slice]) -> list[Slice]:
    """Keep the ten least likely to be chance, and of a slice and its part only the news."""
    kept: list[Slice] = []
    worse = [part for part in told if (part.gap or 0.0) > 0]
    for part in sorted(worse, key=lambda each: (each.p_value or 0.0, -(each.gap or 0.0))):
        if len(kept) == _SHOWN:
            break
        if all((part.gap or 0.0) > _NEWS * (own.gap or 0.0) for own in kept if _holds(own, part)):
            kept.append(part)
    return kept


def _holds(whole: Slice, part: Slice) -> bool:
    """Whether one slice is a part of the other, or the other of it."""
    pairs = [
        set(zip(each.column.split(" and "), each.value.split(" and "), strict=False))
        for each in (whole, part)
    ]
    return pairs[0] <= pairs[1] or pairs[1] <= pairs[0]
