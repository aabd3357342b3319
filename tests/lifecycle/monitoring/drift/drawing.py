"""Tables drawn at random, counted as the real ones are."""

import numpy as np
import pyarrow as pa

from lifecycle.monitoring.counting import count
from lifecycle.monitoring.summary import Summaries

Columns = dict[str, object]


def counted(columns: Columns, *, like: Summaries | None = None, subject="input") -> Summaries:
    """Count columns given as lists or arrays."""
    return count(pa.table(columns), list(columns), like=like, subject=subject)


def both(then: Columns, now: Columns, *, subject="input") -> tuple[Summaries, Summaries]:
    """Count a reference, and a window at its edges; columns that only one has stay out of it."""
    before = counted(then, subject=subject)
    return before, counted(now, like=before, subject=subject)


def texts(rng: np.random.Generator, shares: np.ndarray, rows: int) -> list[str]:
    """Draw categories."""
    return [f"v{value}" for value in rng.choice(len(shares), rows, p=shares / shares.sum())]
