"""Everything monitoring has found about a window, as values: what rules judge and pages show."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from lifecycle.evaluation.evidence import Measure, Missing, Slice
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
    rows_before
        Rows of the reference.
    unseen_most, unseen_p, outside_p
        Where training had more values than its profile names, `unseen` is the least share that is
        new or as good as new, and `unseen_most` the most; both are of the known values, as
        `outside` is. Probabilities by chance, corrected as `adjusted` is.
    missing_usual
        As `usual`, of the change of the missing share.
    cells
        Categories: how many groups of values were compared; rare ones are put together.
    is_new
        The training rows have no such column: nothing is compared.
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
    rows_before: int = 0
    unseen_most: float | None = None
    unseen_p: float | None = None
    outside_p: float | None = None
    missing_usual: float | None = None
    cells: int | None = None
    is_new: bool = False


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
    groups
        What has become of those groups since the test rows.
    estimates
        Without labels.
    losses
        For the detector of slow changes.
    missing
        What could not be told of this window, and why: `metric roc_auc`, `groups carrier`.
    reason
        What has to be known to read the figures: from which labels, whether they came at random.
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
    residuals: "Residuals | None" = None
    groups: tuple["GroupChange", ...] = ()
    missing: tuple[Missing, ...] = ()

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


class Residuals(Value):
    """Regression: the labels less the predictions, now and on the version's test rows.

    Parameters
    ----------
    mean, mean_before
        Zero where nothing is missed on the whole.
    deviation
        About their mean, as an RMSE with its interval; `before` is the version's own.
    """

    mean: float
    mean_before: float | None = None
    deviation: Measure
    before: Measure | None = None


class GroupChange(Value):
    """One group against all others, now and on the version's test rows.

    Parameters
    ----------
    excess
        How much more one of its rows costs than one of the others, on average and beyond what
        the version's own probabilities expect there (classification); in the unit of the row's
        loss (of RMSE the square).
    before
        The same on the test rows; `None` where they do not tell it.
    p_value
        Of the excess having grown so much (or, without `before`, of being so much above zero) by
        chance; corrected for the number of groups looked at (Holm).
    """

    column: str
    value: str
    metric: str
    rows: int
    measured: float
    excess: float
    before: float | None = None
    p_value: float


class Slow(Value):
    """The detector of slow changes after a window: how much evidence has piled up.

    Parameters
    ----------
    evidence, limit
        While nothing changes the evidence grows by one a window on average, so that it takes at
        least `limit` windows on average to reach the limit by chance.
    windows, rows
        With labels, that were looked at.
    since
        Where the change began, if it did.
    excess
        How much more a row has cost since then than on the version's test rows.
    reason
        Why nothing can be told, where that is so.
    """

    evidence: float
    limit: float
    windows: int
    rows: int
    since: datetime | None = None
    is_changed: bool = False
    metric: str = ""
    excess: float | None = None
    reason: str = ""


class HealthFigures(Value):
    """How the service was since it was looked at last; what is `None` could not be told.

    Parameters
    ----------
    answers
        Whether it said that it is ready.
    requests, failed, turned_away, unfit
        Since the last look, or since it began where that is later; `unfit` are those that were
        not what the contract asks for.
    p50_ms, p99_ms
        Of requests for predictions, read off a histogram: the upper end of the bucket; `None`
        where that bucket has none, or nobody asked.
    p99_low_ms, waiting_low_ms
        The lower end of that bucket: the figure itself is above it.
    waiting_ms
        How long a request would have waited for its turn in 99 of 100 moments, read off a
        histogram as well.
    restarts
        How often the same version, or one of its workers, was begun anew since the last look;
        at least.
    began
        When the service began.
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
    unfit: int | None = None
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
    p99_low_ms: float | None = None
    waiting_low_ms: float | None = None
    restarts: int | None = None
    began: datetime | None = None
