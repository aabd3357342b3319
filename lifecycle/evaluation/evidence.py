"""All evidence about a candidate, as values: what gates judge and the report shows."""

from typing import Literal

from lifecycle.section import Value


class Measure(Value):
    """One figure with its confidence interval (`low`, `high`: bootstrap, at `confidence`)."""

    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    rows: int


class Comparison(Value):
    """A candidate against another predictor on the same rows (paired bootstrap).

    Parameters
    ----------
    against
        `champion`, or the name of a baseline: `majority`, `mean`, `last`.
    version
        The champion's version, where it is one.
    candidate, other
        The metric of both.
    gain, low, high
        How much better the candidate is, in the metric's unit; above zero is better whichever
        way the metric points. `low` and `high` are its confidence interval.
    probability_better
        Share of the bootstrap samples in which the gain is above zero.
    """

    against: str
    version: str | None = None
    metric: str
    candidate: float
    other: float
    gain: float
    low: float
    high: float
    confidence: float
    probability_better: float
    rows: int


class Slice(Value):
    """A part of the test rows and how the candidate does there.

    Parameters
    ----------
    column, value
        What tells the slice: `carrier` is `EV`; `distance` in `[500, 900)`.
    kind
        `group` for a declared or sensitive group, `found` for one of the worst slices found.
    gap
        How much worse than on all rows, in the metric's unit; above zero is worse.
    p_value
        Of the gap being chance, corrected for the number of slices looked at.
    """

    column: str
    value: str
    kind: Literal["group", "found"]
    metric: str
    measured: float | None
    gap: float | None
    p_value: float | None = None
    rows: int
    positives: int | None = None


class Fairness(Value):
    """One fairness figure over the groups of one column; `None` where it cannot be told."""

    metric: str
    column: str
    value: float | None
    by_group: dict[str, dict[str, float | None]] = {}
    rows_by_group: dict[str, int] = {}
    reason: str = ""


class Curve(Value):
    """Points of a curve: `roc`, `precision_recall`, `calibration`, `residuals`, `predicted`.

    `label` names the class in a multiclass curve.
    """

    name: str
    label: str = ""
    x: tuple[float, ...]
    y: tuple[float, ...]
    weight: tuple[float, ...] = ()


class Importance(Value):
    """What one feature is worth, and which way it pushes.

    Parameters
    ----------
    loss
        How much the primary metric worsens when the column is shuffled (permutation).
    direction
        Rank correlation of the column with the score, in [-1, 1]; `None` for categories.
    """

    column: str
    loss: float
    deviation: float = 0.0
    direction: float | None = None


class Diagnosis(Value):
    """Training against test error, in plain words."""

    finding: Literal["sound", "overfitting", "underfitting", "too little data"]
    metric: str
    train: float
    validation: float | None = None
    test: float
    advice: str


class Latency(Value):
    """How long one row takes, as the candidate scores it in this process."""

    p50_ms: float
    p99_ms: float
    calls: int


class Confusion(Value):
    """Counts by true (rows) and decided (columns) class."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Evaluation(Value):
    """All evidence about one candidate on the test rows, taken once."""

    task: str
    classes: tuple[str, ...] = ()
    primary: str
    rows: int
    train_rows: int
    threshold: float | None = None
    measures: tuple[Measure, ...]
    baselines: tuple[Comparison, ...] = ()
    champion: tuple[Comparison, ...] = ()
    champion_version: str | None = None
    slices: tuple[Slice, ...] = ()
    fairness: tuple[Fairness, ...] = ()
    curves: tuple[Curve, ...] = ()
    confusion: Confusion | None = None
    calibration_error: float | None = None
    importance: tuple[Importance, ...] = ()
    diagnosis: Diagnosis | None = None
    latency: Latency | None = None
    size_bytes: int | None = None
    train_rows_in_test: int | None = None

    def measure(self, metric: str) -> Measure | None:
        """Find the figure of a metric, or nothing."""
        return next((found for found in self.measures if found.metric == metric), None)
