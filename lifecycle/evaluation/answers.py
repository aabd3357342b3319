"""What a predictor answered for rows whose truth is known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.errors import DataError, suggest
from lifecycle.ports import Predictor
from lifecycle.task import Task


@dataclass(frozen=True)
class Answers:
    """Scores and decisions beside the truth, row by row.

    Parameters
    ----------
    classes
        The predictor's classes, then any other class the truth holds; empty in regression.
    truth
        Class indices (classification) or numbers, shape ``(n,)``.
    scores
        As of `Predictor.score`. A class the predictor does not know has score zero.
    decisions
        Class indices, or in regression the scores, shape ``(n,)``.
    """

    task: Task
    classes: tuple[str, ...]
    truth: NDArray[Any]
    scores: NDArray[np.float64]
    decisions: NDArray[Any]

    def __len__(self) -> int:
        return len(self.truth)

    def at(self, rows: NDArray[Any]) -> "Answers":
        """Keep only some rows."""
        return Answers(
            self.task, self.classes, self.truth[rows], self.scores[rows], self.decisions[rows]
        )

    def probabilities(self) -> NDArray[np.float64]:
        """Give one column a class, shape ``(n, k)`` (classification)."""
        if self.task is Task.BINARY:
            return np.column_stack([1 - self.scores, self.scores])
        return self.scores

    def recode(self, classes: tuple[str, ...]) -> "Answers":
        """Give the classes new numbers, as a second predictor does.

        Raises
        ------
        DataError
            If `classes` leaves one out, or a binary score would change its meaning.
        """
        if classes == self.classes:
            return self
        if self.task is not Task.MULTICLASS or set(self.classes) - set(classes):
            raise DataError(
                f"It tells {', '.join(self.classes)} apart, and here it is {', '.join(classes)}."
            )
        place = np.array([classes.index(name) for name in self.classes])
        scores = np.zeros((len(self), len(classes)))
        scores[:, place] = self.scores
        return Answers(self.task, classes, place[self.truth], scores, place[self.decisions])


def answer(predictor: Predictor, table: pa.Table, label: str) -> Answers:
    """Ask a predictor about rows and put the truth beside its answers.

    Raises
    ------
    DataError
        If there is no row or no label column, a label is missing, a binary label holds a third
        class, or a score is not a number.
    """
    scores = score(predictor, table)
    known = tuple(predictor.classes)
    classes, truth = read_truth(table, label, predictor.task, known)
    decisions = np.asarray(predictor.decide(scores))
    if len(classes) > len(known) and predictor.task is Task.MULTICLASS:
        padding = np.zeros((len(scores), len(classes) - len(known)))
        scores = np.hstack([scores, padding])
    return Answers(predictor.task, classes, truth, scores, decisions)


def score(predictor: Predictor, table: pa.Table) -> NDArray[np.float64]:
    """Score rows and refuse what is no score: a wrong shape, or not a number."""
    if table.num_rows == 0:
        raise DataError("There are no rows to evaluate on. Widen the window or the test share.")
    scores = np.asarray(predictor.score(table), dtype=np.float64)
    wanted: tuple[int, ...] = (table.num_rows,)
    if predictor.task is Task.MULTICLASS:
        wanted = (table.num_rows, len(predictor.classes))
    if scores.shape != wanted:
        raise DataError(f"The scores have shape {scores.shape}; {wanted} was expected.")
    broken = ~np.isfinite(scores.reshape(table.num_rows, -1)).all(axis=1)
    if broken.any():
        raise DataError(
            f"{broken.sum():,} of {table.num_rows:,} scores are not numbers, first in row "
            f"{int(broken.argmax())}. A model has to answer for missing values as well."
        )
    return scores


def read_truth(
    table: pa.Table, label: str, task: Task, known: tuple[str, ...]
) -> tuple[tuple[str, ...], NDArray[Any]]:
    """Read the labels of a table as indices of `known` classes (then others), or as numbers."""
    if label not in table.column_names:
        raise DataError(f'There is no label column "{label}". {suggest(label, table.column_names)}')
    column = table[label]
    if column.null_count:
        raise DataError(f'{column.null_count:,} rows have no label in "{label}".')
    if task is Task.REGRESSION:
        return (), column.cast(pa.float64(), safe=False).to_numpy()
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    found = encoded.dictionary.to_pylist()
    others = tuple(sorted(set(found) - set(known)))
    if others and task is Task.BINARY:
        raise DataError(
            f'The label "{label}" holds {", ".join(others)}, and the model knows '
            f"{' and '.join(known)} only."
        )
    classes = (*known, *others)
    index = np.array([classes.index(name) for name in found], dtype=np.int64)
    return classes, index[encoded.indices.to_numpy(zero_copy_only=False)]
