"""The contract of a prediction request: which fields it has, and what each of them may be.

The one source for validation, the OpenAPI document, forms, streams and batches.
"""

from functools import cached_property
from typing import Literal

from lifecycle.data.declaration import ColumnType
from lifecycle.section import Value
from lifecycle.task import Task

EARLIEST, LATEST = "1900-01-01T00:00:00", "2200-01-01T00:00:00"
"""A time whose year, as it is written, is outside of these is a slip of the pen, whatever the
column: the first moment that is taken, and the first that is not any more."""


class Field(Value):
    """One field of a request.

    Parameters
    ----------
    use
        `feature`: the model reads it, so it has to be there. `key`: names the row, so that
        its label can be joined later. `recorded`: written down with the answer, for example
        to judge fairness; neither is read by the model, and both may be left out.
    may_be_missing
        Whether `null` is taken.
    minimum, maximum
        The declared range, both ends included: anything outside is refused.
    allowed
        The declared values: any other is refused.
    known
        The values the model has learnt from: any other is served, and counted as unseen.
    typical
        Median, or most frequent value, of the training rows; a time in ISO 8601.
    personal
        Whether it is masked wherever rows are stored.
    """

    name: str
    type: ColumnType
    use: Literal["feature", "key", "recorded"] = "feature"
    may_be_missing: bool = True
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] | None = None
    known: tuple[str, ...] = ()
    typical: bool | int | float | str | None = None
    unit: str | None = None
    description: str | None = None
    personal: bool = False

    @property
    def is_required(self) -> bool:
        """Whether a request without it is refused."""
        return self.use == "feature"


class Contract(Value):
    """What may be asked, and what is answered.

    Parameters
    ----------
    classes
        Binary: (negative, positive); the score is the probability of the second.
    threshold
        Binary: from which score on the decision is the positive class.
    key
        The fields that together name a row; by them a label finds its prediction.
    fields
        In the order of the schema.
    withheld
        Columns of the query that are known only afterwards: a request has none of them.
    """

    project: str
    label: str
    task: Task
    classes: tuple[str, ...] = ()
    threshold: float | None = None
    question: str = ""
    unit: str | None = None
    key: tuple[str, ...] = ()
    fields: tuple[Field, ...]
    withheld: tuple[str, ...] = ()

    @cached_property
    def features(self) -> tuple[Field, ...]:
        """The fields the model reads."""
        return tuple(field for field in self.fields if field.use == "feature")


class Layout(Value):
    """In which order the columns a model reads stand in the inputs of its graph.

    Parameters
    ----------
    numbers
        Numbers, integers and booleans: `float32`, shape ``(rows, len(numbers))``; missing is
        NaN, yes is 1.
    times
        `int64`, seconds since 1970 (UTC, rounded down), shape ``(rows, len(times))``; missing
        is `MISSING_TIME`.
    texts
        Categories and texts: strings, shape ``(rows, len(texts))``; missing is the empty
        string.

    An input without columns does not exist.
    """

    numbers: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


MISSING_TIME = -(2**63)
