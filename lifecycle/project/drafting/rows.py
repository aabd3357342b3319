"""What the rows of a table allow: a key, an order in time, gates that can tell something."""

import math
import re
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lifecycle.data.declaration import ColumnType, Label, Role
from lifecycle.data.label import classes
from lifecycle.data.rules.rows import RefusedRows, Rows
from lifecycle.errors import ProjectError
from lifecycle.project.drafting.columns import DraftColumn, draft_columns
from lifecycle.project.drafting.quoting import scalar
from lifecycle.project.drafting.target import ENOUGH_OF_A_CLASS, Target
from lifecycle.task import Task

TEST_SHARE = 0.2

DIFFERENT_TIMES = 30
"""Fewer moments than this are too few for three folds over time and a test after them."""

_ASKED_AT = re.compile(r"(date|time|day|month|week|year|stamp|created|start|_at|_on)", re.I)


@dataclass(frozen=True)
class Draft:
    """Everything the text of a draft says.

    Parameters
    ----------
    rows
        Rows with a label; `arrived` counts those without as well.
    refused
        Rows that could not be read.
    time
        The column that orders the rows, if one does and both sides of a cut have all classes.
    not_split_by
        A time column the rows are not split by, and why.
    """

    target: Target
    positive: str | None
    columns: tuple[DraftColumn, ...]
    rows: int
    arrived: int
    refused: int
    key: str | None
    time: str | None
    not_split_by: str = ""

    @property
    def is_small(self) -> bool:
        """Whether there are too few rows for narrow intervals."""
        return self.rows < 1_000

    @property
    def checks(self) -> dict[str, str]:
        """Limits of the data checks that these rows would not meet, as they are met."""
        limits: dict[str, str] = {}
        if self.rows < Rows().at_least:
            limits["rows"] = f"{{at_least: {self.rows}}}"
        if self.target.rarest is not None and self.target.rarest < ENOUGH_OF_A_CLASS:
            limits["labels"] = f"{{at_least: {self.target.rarest}}}"
        if self.refused > RefusedRows().at_most * (self.arrived + self.refused):
            share = self.refused / (self.arrived + self.refused)
            limits["refused"] = f"{{at_most: {math.ceil(100 * share)}%}}"
        if allowed := [scalar(column.name) for column in self.columns if column.is_allowed]:
            limits["leakage"] = f"{{allow: [{', '.join(allowed)}]}}"
        return limits


def draft_rows(table: pa.Table, target: Target, *, arrived: int, refused: int = 0) -> Draft:
    """Describe a table that has a label in every row."""
    columns, conformed = draft_columns(table, target)
    _require_features(columns, target)
    label = Label(column=target.column, task=target.task)
    names = classes(conformed, label)
    time, reason = _choose_time(columns, conformed, target)
    keys = [column.name for column in columns if column.is_key]
    columns = tuple(
        replace(column, missing=0.0) if column.name == time else column for column in columns
    )
    return Draft(
        target=target,
        positive=names[1] if target.task is Task.BINARY else None,
        columns=columns,
        rows=len(conformed),
        arrived=arrived,
        refused=refused,
        key=keys[0] if keys else None,
        time=time,
        not_split_by=reason,
    )


def _require_features(columns: tuple[DraftColumn, ...], target: Target) -> None:
    others = [column for column in columns if column.name != target.column]
    if any(column.is_feature for column in others):
        return
    why = "\n".join(f"  {column.name}: {column.comment}" for column in others[:20])
    raise ProjectError(
        f'There is nothing to predict "{target.column}" from: no other column says anything about '
        f"its rows.\n{why}".rstrip()
    )


def _choose_time(
    columns: tuple[DraftColumn, ...], table: pa.Table, target: Target
) -> tuple[str | None, str]:
    """Choose what orders the rows: complete, of many moments, and fair to both sides of a cut."""
    times = [
        column.name
        for column in columns
        if column.type is ColumnType.TIME
        and column.role in (None, Role.IGNORE)
        and not table[column.name].null_count
    ]
    times.sort(key=lambda name: _ASKED_AT.search(name) is None)
    reason = ""
    for name in times:
        if pc.count_distinct(table[name]).as_py() < DIFFERENT_TIMES:
            reason = reason or f"{name} has fewer than {DIFFERENT_TIMES} different moments"
        elif not _is_fair(table, name, target):
            reason = reason or f"the latest rows by {name} have other classes than the earlier ones"
        else:
            return name, ""
    return None, reason


def _is_fair(table: pa.Table, time: str, target: Target) -> bool:
    """Tell whether every class is on both sides of a cut, and the earlier rows are many."""
    moments = np.asarray(table[time].cast(pa.int64()).to_numpy())
    is_test = moments >= np.quantile(moments, 1 - TEST_SHARE, method="higher")
    if is_test.mean() > 0.5:
        return False
    if target.task is Task.REGRESSION:
        return True
    sides = [
        pc.count_distinct(table[target.column].filter(pa.array(side))).as_py()
        for side in (is_test, ~is_test)
    ]
    return len(set(sides)) == 1
