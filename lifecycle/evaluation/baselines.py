"""Answers that need no model: the same for every row, or the same as last time."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.data.declaration import Data
from lifecycle.evaluation.answers import Answers, read_truth
from lifecycle.task import Task

_DAY_US = 86_400_000_000


def constant_baseline(truth: Answers, train: pa.Table, label: str) -> tuple[str, Answers]:
    """Answer every row with the training rows' mean, or with their shares of the classes.

    Returns
    -------
    tuple
        `mean` or `majority`, and the answers.
    """
    labels = _one_hot(read_truth(train, label, truth.task, truth.classes), len(truth.classes))
    name = "mean" if truth.task is Task.REGRESSION else "majority"
    return name, _answer(truth, np.tile(labels.mean(axis=0), (len(truth), 1)))


def last_baseline(truth: Answers, train: pa.Table, test: pa.Table, data: Data) -> Answers:
    """Answer each row as it went last time: the mean label of the last day known by then.

    A label is known once `arrives_after` has passed since its row's time (without it, once
    that time is past). The day ends with the last known row. Rows before the first known
    label get the training rows' mean. The training mean counts as one further row in the
    shares of classes, so that a one-sided day stays a possible mistake and no certainty.
    """
    label, count = data.label.column, len(truth.classes)
    both = [_one_hot(read_truth(each, label, truth.task, truth.classes), count) for each in (
        train, test)]  # fmt: skip
    prior = both[0].mean(axis=0)
    asked = _read_times(test, data)
    known, labels = np.concatenate([_read_times(train, data), asked]), np.concatenate(both)
    order = np.argsort(known, kind="stable")
    known, reached = known[order], np.cumsum(labels[order], axis=0)
    reached = np.vstack([np.zeros((1, reached.shape[1])), reached])
    delay = data.label.arrives_after
    until = asked - (0 if delay is None else round(delay.total_seconds() * 1e6))
    end = np.searchsorted(known, until, side="left")
    start = np.searchsorted(known, known[np.maximum(end - 1, 0)] - _DAY_US, side="right")
    extra = 1.0 if truth.task.is_classification else 0.0
    rows = (end - start)[:, None]
    mean = (reached[end] - reached[start] + extra * prior) / np.maximum(rows + extra, 1)
    return _answer(truth, np.where(end[:, None] > 0, mean, prior))


def _one_hot(read: tuple[tuple[str, ...], NDArray[Any]], count: int) -> NDArray[np.float64]:
    classes, truth = read
    if not classes:
        return np.asarray(truth, dtype=np.float64)[:, None]
    return np.asarray(np.eye(len(classes))[truth][:, :count])


def _read_times(table: pa.Table, data: Data) -> NDArray[np.int64]:
    times = table[data.time].cast(pa.timestamp("us")).cast(pa.int64())
    return np.asarray(times.combine_chunks().fill_null(0).to_numpy(zero_copy_only=False))


def _answer(truth: Answers, means: NDArray[np.float64]) -> Answers:
    scores = means if truth.task is Task.MULTICLASS else means[:, -1]
    decisions = means.argmax(axis=1) if truth.task.is_classification else scores
    return Answers(truth.task, truth.classes, truth.truth, scores, decisions)
