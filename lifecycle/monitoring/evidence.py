"""Everything monitoring has found about a window, as values: what rules judge and pages show."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from lifecycle.evaluation.evidence import Measure, Slice
from lifecycle.monitoring.summary import Subject
from lifecycle.section import Value


class Shift(Value):
    """How far one column has moved from its reference.

    Parameters
    ----------
    distance, highest
        In [0, 1], free of the bias of small samples as far as that can be, and its upper bound
        (one-sided, 95 %); `None` where a side has no known values, or too few.
    p_value, adjusted
        Of a distance at least as large without any shift, as it is and corrected for the number
        of columns looked at (Benjamini and Hochberg); the error of the sketch is allowed for.
    limit
        The smallest distance that matters.
    usual
        What 95 of 100 stretches of the training rows, of about this length, stay below against
        all of them; `None` where that is not known. Less than that is how the column always is.
    figures
        More distances by name, for whoever is used to them: `population_stability_index`,
        `jensen_shannon`, `wasserstein` (in deviations of the reference), `hellinger` ...
    missing, missing_before
        Shares of rows without a value; `missing_p` is corrected as `adjusted` is.
    unseen
        Categories: share of the rows whose value was never seen in training.
    outside
        Numbers: share of the rows beyond the range of the training rows.
    """

    column: str
    subject: Subject = "input"
    kind: Literal["number", "category"]
    rows: int
    distance: float | None = None
    highest: float | None = None
    p_value: float | None = None
    adjusted: float | None = None
    limit: float
    usual: float | None = None
    figures: dict[str, float] = Field(default_factory=dict)
    missing: float = 0.0
    missing_before: float = 0.0
    missing_p: float | None = None
    unseen: float | None = None
    outside: float | None = None
    is_gone: bool = False


class Counted(Value):
    """Where the labels of a window came to: nothing is dropped without being counted.

    Parameters
    ----------
    predictions
        Predictions of the window and version.
    labelled
        Of them, how many have a label as of the review.
    told
        Labels read.
    repeated
        Labels that said again what had been said.
    corrected
        Labels that said something else than one before; the one told last counts.
    unmatched
        Labels for a prediction nobody knows.
    unreadable
        Labels that are no value of the label's type or none of the classes.
    torn
        Lines of the log that cannot be read.
    """

    predictions: int = 0
    labelled: int = 0
    told: int = 0
    repeated: int = 0
    corrected: int = 0
    unmatched: int = 0
    unreadable: int = 0
    torn: int = 0

    @property
    def share(self) -> float | None:
        """The share of the predictions that has a label; `None` of no predictions."""
        return self.labelled / self.predictions if self.predictions else None


class Estimate(Value):
    """What a metric is expected to be, told from the scores alone, before any label.

    Parameters
    ----------
    low, high
        What chance alone leaves it between (95 %), were the scores calibrated.
    truth
        What it came to be, once known; `error` is estimate less truth.
    """

    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    rows: int
    truth: float | None = None

    @property
    def error(self) -> float | None:
        """How far the estimate was off."""
        return None if self.truth is None else self.value - self.truth


class LossSums(Value):
    """The losses of a window's labelled rows, added up: what the slow detector goes on from.

    `total` and `squares` are of the row's loss less what is expected of it in the reference.
    """

    rows: int
    total: float
    squares: float


class Performance(Value):
    """How good the answers of a window were, as of a moment and from a share of its labels.

    Parameters
    ----------
    measures
        Of the labelled rows, each with its interval.
    reference
        The version's own figures on its test rows.
    in_the_large
        Mean score (or prediction), mean truth, and the difference with its interval; per class
        in a multiclass problem.
    residuals
        Regression: mean and deviation now and before.
    slices
        Groups of declared and sensitive columns.
    estimates
        Without labels.
    losses
        For the detector of slow changes.
    """

    as_of: datetime
    labels: Counted
    measures: tuple[Measure, ...] = ()
    reference: tuple[Measure, ...] = ()
    in_the_large: tuple["InTheLarge", ...] = ()
    slices: tuple[Slice, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    losses: LossSums | None = None
    reason: str = ""

    def measure(self, metric: str) -> Measure | None:
        """Find a figure of this window, or nothing."""
        return next((found for found in self.measures if found.metric == metric), None)

    def before(self, metric: str) -> Measure | None:
        """Find the version's own figure, or nothing."""
        return next((found for found in self.reference if found.metric == metric), None)


class InTheLarge(Value):
    """What was expected on the whole, and what came: truth less expectation is the gap.

    Parameters
    ----------
    name
        The class, or the label in regression.
    scale
        What the gap is measured in: 1 for shares, the deviation of the reference's labels in
        regression.
    """

    name: str
    expected: float
    truth: float
    gap: float
    low: float | None = None
    high: float | None = None
    scale: float = 1.0
    rows: int


class Slow(Value):
    """The detector of slow changes after a window: how much evidence has piled up.

    `since` is where the change began, if it did.
    """

    evidence: float
    limit: float
    windows: int
    rows: int
    since: datetime | None = None
    is_changed: bool = False


class HealthFigures(Value):
    """How the service was since it was looked at last; what is `None` could not be told.

    Parameters
    ----------
    answers
        Whether it said that it is ready.
    requests, failed, turned_away
        Since the last look, or since it began where that is later.
    p50_ms, p99_ms
        Of requests for predictions, read off a histogram: the upper end of the bucket.
    lag_seconds
        From the moment of the last prediction that was answered to that of the last one that
        was written down, where they can be told apart; unfinished lines count.
    lost
        Events that could not be written.
    last_asked
        When the last prediction was made.
    youngest_row
        The latest moment the version was trained on.
    """

    at: datetime
    answers: bool | None = None
    problem: str = ""
    seconds: float | None = None
    requests: int | None = None
    failed: int | None = None
    turned_away: int | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    waiting_ms: float | None = None
    in_flight: int | None = None
    lag_seconds: float | None = None
    lost: int | None = None
    memory_mb: float | None = None
    last_asked: datetime | None = None
    youngest_row: datetime | None = None
    disk_free: float | None = None
    disk_free_gb: float | None = None
    events_mb: float | None = None
