"""Which columns of rows, answers and labels go into a profile, and under which names.

The columns of rows keep their names. Those of answers and labels stand beside them under names no
column can have, so that a column may be called `score`.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adapters.events.batches import Batch
from adapters.events.typed import arrow_type
from adapters.profiles.sketches import Sketches
from lifecycle.data.cast import ARROW_TYPES
from lifecycle.data.declaration import Role, Schema
from lifecycle.monitoring.summary import Subject
from lifecycle.serving.contract import Contract, Field
from lifecycle.task import Task

DECISION = "decision"


def key_of(name: str, subject: Subject) -> str:
    """Name the column of a subject in a profile.

    Examples
    --------
    >>> key_of("score", "input") == key_of("score", "prediction")
    False
    """
    return name if subject == "input" else f"{subject}\0{name}"


def inputs_of(contract: Contract) -> tuple[Field, ...]:
    """Give the fields that are profiled: of personal ones, masks would be."""
    return tuple(field for field in contract.fields if not field.personal)


def scores_of(task: Task, classes: Sequence[str]) -> tuple[str, ...]:
    """Name the scores: one, or of several classes one for each.

    Examples
    --------
    >>> scores_of(Task.BINARY, ("no", "yes")), scores_of(Task.MULTICLASS, ("a", "b", "c"))
    (('score',), ('score a', 'score b', 'score c'))
    """
    return tuple(f"score {name}" for name in classes) if task is Task.MULTICLASS else ("score",)


def profile(table: pa.Table, schema: Schema) -> bytes:
    """Profile the columns the schema names, and serialise the result.

    A personal column is counted, but none of its values is kept. Times are profiled as whole
    microseconds since 1970 and truth values as 0 and 1, so that they have distributions; whylogs
    gives them none. NaN is missing.
    """
    names = [name for name in table.column_names if name in schema]
    kinds = {name: table.schema.field(name).type for name in names}
    sketches = Sketches(
        {
            name: ARROW_TYPES[schema[name].type] if pa.types.is_null(kind) else kind
            for name, kind in kinds.items()
        }
    )
    for name in names:
        sketches.track(name, table[name], is_personal=Role.PERSONAL in schema[name].role)
    return sketches.serialise()


class Gathering:
    """The profile of predictions, made batch by batch: their inputs, scores and decisions."""

    def __init__(self, contract: Contract) -> None:
        self._inputs = tuple(field.name for field in inputs_of(contract))
        self._answers = scores_of(contract.task, contract.classes)
        kinds = {field.name: arrow_type(field) for field in inputs_of(contract)}
        kinds |= {key_of(name, "prediction"): pa.float64() for name in self._answers}
        if contract.task.is_classification:
            self._answers = (*self._answers, DECISION)
            kinds[key_of(DECISION, "prediction")] = pa.string()
        self._sketches = Sketches(kinds)
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Add a batch; lines that cannot be read are in no profile."""
        for name in self._inputs:
            self._sketches.track(name, batch.inputs[name])
        for name in self._answers:
            self._sketches.track(key_of(name, "prediction"), batch.meta[name])
        self.rows += len(batch.meta)

    def serialise(self) -> bytes:
        """Give the profile as it is now."""
        return self._sketches.serialise()


def profile_window(batches: Iterable[Batch], contract: Contract) -> bytes:
    """Profile the inputs, scores and decisions of predictions; of none, every column has 0 rows.

    Examples
    --------
    >>> contract = Contract(project="p", label="y", task="regression", fields=())
    >>> profile_window([], contract)[:4]
    b'WHY1'
    """
    gathering = Gathering(contract)
    for batch in batches:
        gathering.add(batch)
    return gathering.serialise()


def profile_predictions(
    scores: NDArray[np.float64], decisions: NDArray[np.int64] | None, classes: Sequence[str]
) -> bytes:
    """Profile answers to rows the version has not learnt from: the reference of predictions.

    Merged with the training profile, both are the reference of a window.

    Parameters
    ----------
    scores, decisions
        As in `lifecycle.serving.inputs.Answers`.
    classes
        Those of the contract; none in regression.
    """
    task = Task.MULTICLASS if scores.ndim == 2 else Task.BINARY
    names = scores_of(task, classes)
    columns = dict(zip(names, scores.T if scores.ndim == 2 else [scores], strict=True))
    kinds: dict[str, pa.DataType] = {key_of(name, "prediction"): pa.float64() for name in names}
    if decisions is not None:
        kinds[key_of(DECISION, "prediction")] = pa.string()
    sketches = Sketches(kinds)
    for name, column in columns.items():
        sketches.track(key_of(name, "prediction"), pa.chunked_array([pa.array(column)]))
    if decisions is not None:
        named = pa.array(classes, pa.string()).take(pa.array(decisions))
        sketches.track(key_of(DECISION, "prediction"), pa.chunked_array([named]))
    return sketches.serialise()


def profile_labels(labels: pa.ChunkedArray, contract: Contract) -> bytes:
    """Profile labels: texts of classes, or numbers; null is a prediction without one."""
    kind = pa.string() if contract.task.is_classification else pa.float64()
    sketches = Sketches({key_of(contract.label, "label"): kind})
    sketches.track(key_of(contract.label, "label"), labels.cast(kind))
    return sketches.serialise()
