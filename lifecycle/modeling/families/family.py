"""What every family of models has in common: the rows it gets, what it is asked, its answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from lifecycle.features.fitting import View
from lifecycle.modeling.declaration import FamilyName, Metric
from lifecycle.ports import Trial
from lifecycle.task import Task

Params = dict[str, float | int | str | bool]
Matrix = NDArray[np.float32]
Vector = NDArray[np.float64]


class OutOfTime(Exception):  # noqa: N818 - not an error: the time that was given is used up
    """The time given to a search has run out."""


@dataclass(frozen=True)
class Question:
    """What is to be learned, the same for every trial of a search.

    Parameters
    ----------
    classes
        How many there are; 1 for regression.
    check
        Called between the rounds of a fit; raises `OutOfTime` when the fit must end.
    """

    task: Task
    classes: int
    metric: Metric
    seed: int
    threads: int
    check: Callable[[], None]


@dataclass
class Sample:
    """Encoded rows with their labels; what a family prepares of them is kept in `prepared`.

    Parameters
    ----------
    y
        Class indices, or values, shape ``(rows,)``.
    """

    X: Matrix
    y: Vector
    prepared: dict[str, Any] = field(default_factory=dict)

    def prepare(self, name: str, make: Callable[[], Any]) -> Any:
        """Make something of these rows once, and hand out the same from then on."""
        if name not in self.prepared:
            self.prepared[name] = make()
        return self.prepared[name]


class Model(Protocol):
    """A fitted model: numbers in, scores out; no more than it needs for that is kept."""

    kind: ClassVar[str]

    def predict(self, X: Matrix) -> Vector:
        """Score rows: P(second class) ``(rows,)``, ``(rows, classes)``, or values."""
        ...

    def dump(self) -> bytes:
        """Write the model down; the same model gives the same bytes."""
        ...

    @classmethod
    def load(cls, content: bytes) -> Self:
        """Read what `dump` wrote."""
        ...


@dataclass(frozen=True)
class Fit:
    """A fitted model and what the validation rows said.

    Parameters
    ----------
    answer
        Scores the validation rows, with as many rounds as it is told where there are rounds.
    curve
        Mean loss of the validation rows after each round, for families that stop early.
    is_whole
        Whether the fit came to its end before its time did.
    """

    model: Model
    rounds: int | None = None
    answer: Callable[[int | None], Vector] | None = None
    curve: tuple[float, ...] = ()
    is_whole: bool = True


class Family(Protocol):
    """A kind of model: its defaults, what may be varied, and how it is fitted."""

    name: ClassVar[FamilyName]
    view: ClassVar[View]

    def starts(self, question: Question, rows: int, columns: int) -> tuple[Params, ...]:
        """Give the configurations tried first: the defaults, then others known to do well."""
        ...

    def suggest(self, trial: Trial, question: Question, rows: int) -> Params:
        """Let the trial choose a configuration."""
        ...

    def fit(
        self,
        params: Params,
        question: Question,
        train: Sample,
        validation: Sample | None = None,
        rounds: int | None = None,
    ) -> Fit:
        """Fit on the training rows.

        With validation rows the number of rounds is found on them, and `OutOfTime` ends the
        fit. Without, `rounds` are made, and a fit that runs out of time keeps what it has.
        """
        ...
