"""Which groups have fallen behind the others since the version's own test rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.evidence import Evaluation, Missing, Slice
from lifecycle.evaluation.metrics import expected_losses, row_losses
from lifecycle.evaluation.partitions import cut
from lifecycle.evaluation.resampling import Units
from lifecycle.evaluation.slices import slice_groups
from lifecycle.monitoring.evidence import GroupChange
from lifecycle.monitoring.performance.spread import design_effect, to_mean_loss

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Groups:
    """The groups as they are, what has become of them, and what could not be told."""

    slices: tuple[Slice, ...] = ()
    changes: tuple[GroupChange, ...] = ()
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True)
class _Excess:
    """How much more a row of a group costs than one of the others, and its standard error."""

    amount: float
    error: float
    freedom: int


def compare_groups(
    metric: str,
    answers: Answers,
    columns: Mapping[str, pa.Array | pa.ChunkedArray],
    units: Units,
    evaluation: Evaluation,
    *,
    least: int,
) -> Groups:
    """Tell of each group how it does, and whether it has fallen behind since the test rows.

    A group that always was harder than the others is no news: what is judged is the change of
    the distance, by Welch's test with a spread between the pieces that hang together. That
    of the test rows is taken to be the same for as many rows.

    Parameters
    ----------
    metric
        One that is a mean over rows.
    columns
        Of the labelled rows, by name.
    least
        A group with fewer rows is not told.
    """
    if not columns or not len(answers):
        return Groups()
    table = pa.table(dict(columns))
    slices, _ = slice_groups(metric, answers, table, list(columns), units, least)
    expected = expected_losses(metric, answers)
    losses = row_losses(metric, answers)
    surprise = losses if expected is None else losses - expected
    told = [
        _change(part, table, surprise, units, evaluation)
        for part in slices
        if part.measured is not None
    ]
    judged = {each.column for each in told}
    missing = tuple(
        Missing(
            evidence=f"slices {column}",
            reason=_why_none(column, [part for part in slices if part.column == column], least),
        )
        for column in columns
        if column not in judged
    )
    return Groups(slices, _correct(told), missing)


def _why_none(column: str, parts: Sequence[Slice], least: int) -> str:
    """Say of a column why none of its groups can be told from the others."""
    largest = max(parts, key=lambda part: part.rows, default=None)
    rows = "" if largest is None else f"; the largest, {largest.value}, has {largest.rows:,}"
    return (
        f"A group and all others beside it need {least:,} labelled rows each to be told apart, "
        f"and no group of {column} has that{rows}. Declare a longer `monitoring.window`."
    )


def _change(
    part: Slice, table: pa.Table, surprise: Numbers, units: Units, evaluation: Evaluation
) -> GroupChange:
    partition = cut(table, part.column)
    inside = partition.codes == partition.labels.index(part.value)
    now = _excess(surprise, inside, units, design_effect(evaluation))
    before = _before(part, evaluation.slices)
    grown, error = now.amount, now.error
    if before is not None:
        grown, error = now.amount - before[0], now.error * sqrt(1 + part.rows / before[1])
    chance = float(stats.t.sf(grown / error, now.freedom)) if error > 0 else float(grown <= 0)
    return GroupChange(
        column=part.column,
        value=part.value,
        metric=part.metric,
        rows=part.rows,
        measured=part.measured or 0.0,
        excess=now.amount,
        before=None if before is None else before[0],
        p_value=chance,
    )


def _excess(surprise: Numbers, inside: NDArray[np.bool_], units: Units, effect: float) -> _Excess:
    """Compare rows inside with all others; the spread is that of what each piece adds.

    It is at least what the test rows show of rows that hang together. A group has only its
    share of each piece, and so that share of the effect [1]_.

    References
    ----------
    .. [1] L. Kish, Survey Sampling, Wiley (1965): 1 + (rows a piece - 1) times the correlation.
    """
    rows, others = int(inside.sum()), int((~inside).sum())
    mean, other = surprise[inside].mean(), surprise[~inside].mean()
    adds = np.where(inside, (surprise - mean) / rows, (other - surprise) / others)
    variance = float((adds**2).sum()) * rows / max(rows - 1, 1)
    variance += 2 * (effect - 1) * float(surprise.var()) / len(surprise)
    freedom = min(rows, others) - 1
    if not units.are_rows:
        pieces = len(np.unique(units.codes[inside]))
        freedom = max(pieces - 1, 1)
        added = np.bincount(units.codes, weights=adds, minlength=units.count)
        variance = max(variance, float((added**2).sum()) * pieces / freedom)
    return _Excess(amount=float(mean - other), error=sqrt(variance), freedom=max(freedom, 1))


def _before(part: Slice, told: Sequence[Slice]) -> tuple[float, int] | None:
    """Read the excess on the test rows, and their number, off the evaluation's own groups."""
    groups = {
        each.value: each
        for each in told
        if each.kind == "group"
        and (each.column, each.metric) == (part.column, part.metric)
        and each.measured is not None
    }
    own = groups.pop(part.value, None)
    if own is None or not groups:
        return None
    rows = [each.rows for each in groups.values()]
    others = float(np.average([_surprise(each) for each in groups.values()], weights=rows))
    return _surprise(own) - others, own.rows


def _surprise(part: Slice) -> float:
    expected = 0.0 if part.expected is None else to_mean_loss(part.metric, part.expected)
    return to_mean_loss(part.metric, part.measured or 0.0) - expected


def _correct(told: Sequence[GroupChange]) -> tuple[GroupChange, ...]:
    """Correct for the number of groups by Holm's step-down method, in the order given."""
    plain = np.array([each.p_value for each in told])
    order = np.argsort(plain, kind="stable")
    stepped = np.maximum.accumulate(plain[order] * np.arange(len(plain), 0, -1))
    corrected = np.empty_like(plain)
    corrected[order] = np.minimum(stepped, 1.0)
    return tuple(
        each.model_copy(update={"p_value": float(p_value)})
        for each, p_value in zip(told, corrected, strict=True)
    )
