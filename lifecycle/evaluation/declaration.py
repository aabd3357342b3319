"""The `evaluation` section: how a candidate is measured. Limits stand in `gates`."""

from typing import Literal

from pydantic import Field

from lifecycle.section import Section


class EvaluationSettings(Section):
    """How a candidate is measured on the test rows.

    Parameters
    ----------
    metric
        The primary metric; by default the one the search improves.
    metrics
        What else is measured; by default every metric of the task.
    over
        Columns whose values are each looked at as a group. Sensitive columns always are.
    unit
        A column whose rows belong together (a customer, a device) and are drawn together by
        the bootstrap. By default the split's group, else a stretch of time, else the row.
    resamples
        Bootstrap samples an interval rests on.
    confidence
        Of the intervals that are shown.
    min_rows
        Smallest group or slice a figure is given for.
    """

    metric: str | None = None
    metrics: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    unit: str | None = None
    resamples: int = Field(default=1_000, ge=100, le=10_000)
    confidence: float = Field(default=0.95, ge=0.5, le=0.995)
    min_rows: int = Field(default=100, ge=10)


SmallGroups = Literal["unknown", "pool", "leave_out"]
"""What becomes of groups with too few rows: they make the figure unknown, are judged together
as one group, or are left out of it (and named)."""
