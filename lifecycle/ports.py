"""What the domain asks of the outside world, as protocols; adapters fulfil them."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.task import Task


class Trial(Protocol):
    """One try of a search: proposes a value for each named parameter (Optuna's ask side)."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Propose a number in [low, high]."""
        ...

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Propose an integer in [low, high]."""
        ...

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Propose one of the choices."""
        ...


class Predictor(Protocol):
    """Anything that answers for rows: a candidate, a champion, a baseline."""

    @property
    def task(self) -> Task:
        """Kind of answer."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; binary: (negative, positive); regression: empty."""
        ...

    def score(self, table: pa.Table) -> NDArray[np.float64]:
        """Score rows: binary P(positive) ``(n,)``; multiclass ``(n, k)``; regression ``(n,)``."""
        ...

    def decide(self, scores: NDArray[np.float64]) -> NDArray[Any]:
        """Turn scores into class indices (classification) or leave them (regression)."""
        ...
