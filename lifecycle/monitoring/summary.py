"""What is known of the columns of a window: figures of fixed size, however many rows it had.

They are taken from mergeable profiles by an adapter; here nothing knows how.
"""

from typing import Literal

from pydantic import Field

from lifecycle.section import Value

Subject = Literal["input", "prediction", "label"]


class Summary(Value):
    """One column over a window.

    Parameters
    ----------
    name
        The column; `score`, or of several classes `score CLASS`, and `decision` for predictions;
        the label's name for labels.
    subject
        What it is a column of.
    kind
        `number`: numbers, truth values as 0 and 1, times as microseconds since 1970.
    rows, missing
        How many there were, and how many of them had no value; `rows` counts both.
    distinct
        About how many different values (HyperLogLog).
    edges, cumulative
        Numbers: the share of the known values that is at most each edge, both shape ``(k,)``
        with ``k`` at most 201. A window is counted at the edges of its reference, which are
        quantiles of it, each once; the first is its minimum and the last its maximum.
    below
        Numbers: the share of the known values that is below the first edge of the reference.
    counts, other
        Categories: rows of the most frequent values (at most 200), and of all others. A window
        counts the values of its reference first, then its own most frequent others.
    error
        Largest error of `cumulative` (and of a count, as a share) that the sketch allows, as a
        share in [0, 1); zero where it was counted exactly.
    mean, deviation, minimum, maximum
        Numbers: of the known values.
    is_time
        Numbers: whether they are moments in microseconds since 1970, so that people are shown
        dates.
    """

    name: str
    subject: Subject = "input"
    kind: Literal["number", "category"]
    rows: int
    missing: int
    distinct: float | None = None
    edges: tuple[float, ...] = ()
    cumulative: tuple[float, ...] = ()
    below: float = 0.0
    counts: dict[str, int] = Field(default_factory=dict)
    other: int = 0
    error: float = 0.0
    mean: float | None = None
    deviation: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    is_time: bool = False

    @property
    def known(self) -> int:
        """How many values there were."""
        return self.rows - self.missing


class Summaries(Value):
    """The columns of a window, or of the training rows, in the order of the schema."""

    columns: tuple[Summary, ...] = ()

    def of(self, subject: Subject) -> tuple[Summary, ...]:
        """Give the columns of one subject."""
        return tuple(column for column in self.columns if column.subject == subject)

    def find(self, name: str, subject: Subject = "input") -> Summary | None:
        """Find a column by its name, or nothing."""
        return next((column for column in self.of(subject) if column.name == name), None)
