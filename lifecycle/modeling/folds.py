"""Folds: which training rows are fitted on and which are answered for, several times over."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from lifecycle.data.declaration import Data, GroupSplit, RandomSplit, Split
from lifecycle.errors import DataError
from lifecycle.features.columns import read_codes, read_seconds

Rows = NDArray[np.int64]
FoldKind = Literal["time", "group", "stratified", "random"]

FIRST_SHARE = 0.7
"""Over time: the part of the rows that is always fitted on, before the first fold begins.

The folds stand in for the test that follows the last of them. The earlier they begin, the fewer
rows they fit on, which favours simpler models than all rows will bear, and the further what they
answer for lies from what will be asked.
"""

MANY_ROWS = 20_000
"""From here on three folds tell as much as five, for less."""


@dataclass(frozen=True)
class Folds:
    """Pairs of row numbers to fit on and to answer for."""

    kind: FoldKind
    pairs: tuple[tuple[Rows, Rows], ...]

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def described(self) -> str:
        """In words: what kind of folds these are."""
        words = {
            "time": "expanding over time",
            "group": "by group",
            "stratified": "stratified by class",
            "random": "at random",
        }
        return words[self.kind]


def make_folds(
    table: pa.Table,
    labels: NDArray[np.float64],
    data: Data,
    split: Split | None,
    *,
    folds: int | None,
    seed: int,
) -> Folds:
    """Cut the training rows into folds, the way train and test were cut apart.

    Over time where there is a time column and the split is by time (or not declared): each
    fold answers for a stretch of time and is fitted on what came before, less the rows whose
    label was not known yet when the stretch began. By group where the split is. Else at
    random, with every class in each fold as far as its rows go.

    Raises
    ------
    DataError
        If there are too few rows, groups or times to cut.
    """
    if len(labels) < 4:
        raise DataError(
            f"{len(labels)} training rows cannot be divided into folds; at least 4 are needed. "
            "Bring more rows, or declare a smaller split.test."
        )
    by_time = data.time in table.column_names and not isinstance(split, GroupSplit | RandomSplit)
    if by_time and data.time is not None:
        return _over_time(table, data, max(folds or 3, 3))
    number = folds or (3 if len(labels) >= MANY_ROWS else 5)
    if isinstance(split, GroupSplit):
        return _by_group(table, split.column, number, seed)
    number = min(number, len(labels) // 2)
    if data.label.task.is_classification:
        return _stratified(labels, number, seed)
    cutter = KFold(number, shuffle=True, random_state=seed)
    return Folds("random", tuple(cutter.split(labels)))


def _over_time(table: pa.Table, data: Data, number: int) -> Folds:
    seconds, missing = read_seconds(table, str(data.time))
    if missing.any():
        raise DataError(
            f'{int(missing.sum())} training rows have no "{data.time}", so they have no place in '
            "time. Leave them out in the query, or declare split: {by: random, test: 20%}."
        )
    gap = data.label.arrives_after
    wait = int(gap.total_seconds()) if gap is not None else 0
    quantiles = np.linspace(FIRST_SHARE, 1, number + 1)[:-1]
    starts = np.unique(np.quantile(seconds, quantiles, method="higher"))
    ends = [*starts[1:], seconds.max() + 1]
    pairs = []
    for start, end in zip(starts, ends, strict=True):
        known = np.flatnonzero((seconds < start) & (seconds + wait <= start))
        asked = np.flatnonzero((seconds >= start) & (seconds < end))
        if len(known) and len(asked):
            pairs.append((known, asked))
    if len(pairs) < 2:
        raise DataError(
            f'"{data.time}" has too few different times in {len(table)} training rows for folds '
            "over time. Declare split: {by: random, test: 20%}."
        )
    return Folds("time", tuple(pairs))


def _by_group(table: pa.Table, column: str, number: int, seed: int) -> Folds:
    codes, _ = read_codes(table, (column,))
    groups = len(np.unique(codes))
    if groups < 2:
        raise DataError(
            f'Folds by group need at least 2 groups, and "{column}" has {groups} in the training '
            "rows. Declare another split.column, or split: {by: random, test: 20%}."
        )
    cutter = GroupKFold(min(number, groups), shuffle=True, random_state=seed)
    return Folds("group", tuple(cutter.split(codes, groups=codes)))


def _stratified(labels: NDArray[np.float64], number: int, seed: int) -> Folds:
    """Deal the rows of each class round, so that even a class of 3 rows is spread out."""
    counts = np.unique(labels, return_counts=True)[1]
    if counts.min() >= number:
        cutter = StratifiedKFold(number, shuffle=True, random_state=seed)
        return Folds("stratified", tuple(cutter.split(labels, labels)))
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    in_class_order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    fold = np.empty(len(labels), dtype=np.int64)
    fold[in_class_order] = np.arange(len(labels)) % number
    pairs = [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(number)]
    return Folds("stratified", tuple(pairs))
