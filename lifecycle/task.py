"""The kinds of question a model answers."""

from enum import StrEnum


class Task(StrEnum):
    """What kind of answer a model gives."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"

    @property
    def is_classification(self) -> bool:
        """Whether the answer is one of several classes."""
        return self is not Task.REGRESSION
