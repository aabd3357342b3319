"""What each column is worth to a candidate, and which way it pushes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import rankdata

from lifecycle.evaluation.answers import Answers, score
from lifecycle.evaluation.evidence import Importance
from lifecycle.evaluation.metric_names import gain
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.partitions import cut
from lifecycle.ports import Predictor
from lifecycle.task import Task

_BUDGET = 300_000
"""Rows scored altogether, so that wide tables cost little more than narrow ones."""
_MOST_COLUMNS = 200
_MOST_ROWS, _FEWEST_ROWS, _MOST_REPEATS = 3_000, 300, 3
_ROWS_A_CALL = 30_000


def measure_importance(
    candidate: Predictor,
    answers: Answers,
    test: pa.Table,
    columns: Sequence[str],
    *,
    metric: str,
    seed: int,
) -> tuple[Importance, ...]:
    """Shuffle one column after the other and see how much worse the candidate gets.

    Zero means that the candidate does as well without the column. Columns that say the same
    share their worth: each alone can look worthless. The most important column comes first. Of
    more than 200 columns those are shuffled that go together with the score most closely.

    Parameters
    ----------
    answers
        The candidate's answers for all rows of `test`.
    """
    if not columns:
        return ()
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(answers))
    if len(columns) > _MOST_COLUMNS:
        columns = _screen(columns, test, answers, np.sort(order[:_MOST_ROWS]))
    repeats = int(np.clip(_BUDGET // (len(columns) * _MOST_ROWS), 1, _MOST_REPEATS))
    most = int(np.clip(_BUDGET // (len(columns) * repeats), _FEWEST_ROWS, _MOST_ROWS))
    rows = np.sort(order[:most])
    sample, own = test.take(rows).combine_chunks(), answers.at(rows)
    base = compute(metric, own)
    jobs = [
        (column, generator.permutation(len(rows))) for column in columns for _ in range(repeats)
    ]
    values = np.array([compute(metric, each) for each in _reanswer(candidate, sample, own, jobs)])
    worse = np.array([gain(metric, base, value) for value in values]).reshape(-1, repeats)
    found = [
        Importance(
            column=column,
            loss=float(lost.mean()),
            deviation=float(lost.std(ddof=1)) if repeats > 1 else 0.0,
            direction=_direction(sample[column], own),
        )
        for column, lost in zip(columns, worse, strict=True)
    ]
    return tuple(sorted(found, key=lambda each: -each.loss))


def _reanswer(
    candidate: Predictor,
    sample: pa.Table,
    own: Answers,
    jobs: Sequence[tuple[str, NDArray[np.intp]]],
) -> Iterator[Answers]:
    """Answer the sample with one column shuffled, several shuffles a call."""
    step = max(1, _ROWS_A_CALL // sample.num_rows)
    for start in range(0, len(jobs), step):
        block = jobs[start : start + step]
        scores = score(candidate, _shuffle(sample, block))
        for part in np.split(scores, len(block)):
            missing = own.scores.shape[1] - part.shape[1] if part.ndim == 2 else 0
            full = np.pad(part, ((0, 0), (0, missing))) if missing else part
            yield replace(own, scores=full, decisions=np.asarray(candidate.decide(part)))


def _shuffle(sample: pa.Table, block: Sequence[tuple[str, NDArray[np.intp]]]) -> pa.Table:
    """Repeat the sample once for each job, its column shuffled there; the rest is not copied."""
    whole = {name: sample[name].combine_chunks() for name in sample.column_names}
    chunks = {name: [column] * len(block) for name, column in whole.items()}
    for place, (column, order) in enumerate(block):
        chunks[column][place] = whole[column].take(pa.array(order))
    return pa.table(
        {name: pa.chunked_array(parts, sample[name].type) for name, parts in chunks.items()}
    )


def _screen(
    columns: Sequence[str], test: pa.Table, answers: Answers, rows: NDArray[np.intp]
) -> list[str]:
    """Choose the columns whose parts differ most in the mean score (correlation ratio)."""
    sample, scores = test.take(rows), answers.scores[rows].reshape(len(rows), -1)
    scores = scores - scores.mean(axis=0)

    def spread(column: str) -> float:
        codes = cut(sample, column).codes
        rows_of = np.maximum(np.bincount(codes), 1)
        sums = [np.bincount(codes, weights=each) for each in scores.T]
        return float(sum((total**2 / rows_of).sum() for total in sums))

    return sorted(columns, key=spread, reverse=True)[:_MOST_COLUMNS]


def _direction(column: pa.ChunkedArray, own: Answers) -> float | None:
    """Spearman's rank correlation of a number with the score; nothing for a category."""
    if own.task is Task.MULTICLASS or pa.types.is_string(column.type):
        return None
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    numbers = column.cast(pa.float64(), safe=False).to_numpy()
    known = np.isfinite(numbers)
    if known.sum() < 3 or np.ptp(numbers[known]) == 0 or np.ptp(own.scores[known]) == 0:
        return None
    ranks = rankdata(numbers[known]), rankdata(own.scores[known])
    return float(np.corrcoef(*ranks)[0, 1])
