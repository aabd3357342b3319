"""What a table looks like: the numbers behind the pictures of the report."""

from pydantic import Field

from lifecycle.section import Value


class Histogram(Value):
    """Counts of a number between edges, shape ``(bins + 1,)`` and ``(bins,)``."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class ValueCount(Value):
    """How often one value occurs, and what the label is there.

    Parameters
    ----------
    label
        Mean label (regression), share of the positive class (binary), or of the class that is
        most frequent in the training rows (multiclass).
    """

    value: str
    rows: int
    label: float | None = None


class ColumnDescription(Value):
    """One column in figures.

    Parameters
    ----------
    association
        Strength of its relation with the label alone, in [0, 1]; see `association_kind`.
    label_by_bin
        The label in each bin of the histogram, as in `ValueCount`.
    """

    name: str
    type: str
    role: str
    rows: int
    missing: int
    distinct: int
    mean: float | None = None
    deviation: float | None = None
    quantiles: dict[str, float] = Field(default_factory=dict)
    histogram: Histogram | None = None
    label_by_bin: tuple[float | None, ...] = ()
    top: tuple[ValueCount, ...] = ()
    association: float | None = None
    association_kind: str = ""


class Period(Value):
    """The label in one stretch of time; `label` as in `ValueCount`."""

    start: str
    rows: int
    label: float | None
    is_test: bool = False


class Description(Value):
    """A table in figures; its size does not depend on the number of rows.

    Parameters
    ----------
    train_from, train_until
        The first and the last moment that was trained on, in ISO 8601; `None` without time.
    """

    rows: int
    columns: tuple[ColumnDescription, ...]
    label_counts: tuple[ValueCount, ...] = ()
    label_histogram: Histogram | None = None
    label_over_time: tuple[Period, ...] = ()
    train_rows: int
    test_rows: int
    split: str = ""
    train_from: str | None = None
    train_until: str | None = None


class Reference(Value):
    """What the standing version was trained on; both are `None` where there is none."""

    version: str | None = None
    description: Description | None = None
