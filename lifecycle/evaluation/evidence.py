"""All evidence about a candidate, as values: what gates judge and the report shows."""

from typing import Literal

from pydantic import Field

from lifecycle.evaluation.plan import FairnessNeed
from lifecycle.evaluation.quantiles import interval
from lifecycle.section import Value


class Measure(Value):
    """One figure with its confidence interval (`low`, `high`: bootstrap, at `confidence`).

    Parameters
    ----------
    quantiles
        Of the bootstrap samples, at `lifecycle.evaluation.quantiles.LEVELS`.
    """

    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    rows: int
    quantiles: tuple[float, ...] = ()

    def interval(self, confidence: float) -> tuple[float, float] | None:
        """Give the interval at a confidence, or nothing where it was not measured."""
        return _interval(self, confidence)


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
    quantiles
        Of the gain in the bootstrap samples, at `lifecycle.evaluation.quantiles.LEVELS`.
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
    quantiles: tuple[float, ...] = ()

    def interval(self, confidence: float) -> tuple[float, float] | None:
        """Give the gain's interval at a confidence, or nothing where it was not measured."""
        return _interval(self, confidence)


def _interval(figure: Measure | Comparison, confidence: float) -> tuple[float, float] | None:
    if figure.quantiles:
        return interval(figure.quantiles, confidence)
    if figure.low is None or figure.high is None or figure.confidence != confidence:
        return None
    return figure.low, figure.high


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
        Of it being chance that the slice does worse than the other rows, allowing for what the
        candidate expects of itself there; corrected for the number of slices looked at.
    expected
        What the candidate expects of itself there by its own probabilities. A slice where the
        question is hard has a high loss however good the model; that it knows so is as well
        as it can do.
    """

    column: str
    value: str
    kind: Literal["group", "found"]
    metric: str
    measured: float | None
    gap: float | None
    p_value: float | None = None
    expected: float | None = None
    rows: int
    positives: int | None = None


class Fairness(Value):
    """One fairness figure over the groups of one column; `None` where it cannot be told.

    Parameters
    ----------
    by_group
        Per group: `selection_rate`, `true_positive_rate`, `false_positive_rate`, `accuracy`
        (classification; several classes have one of each per class, `setosa: selection_rate`),
        or `mean_error`, `mean_absolute_error` (regression).
    reason
        Why there is no value, or which groups were pooled or left out.
    need
        What was asked for, where two gates ask for one figure in two ways.
    """

    metric: str
    column: str
    value: float | None
    by_group: dict[str, dict[str, float | None]] = Field(default_factory=dict)
    rows_by_group: dict[str, int] = Field(default_factory=dict)
    reason: str = ""
    need: FairnessNeed | None = None


class Curve(Value):
    """Points of a curve; `label` names the class in a multiclass one.

    ==================  =======================  ========================  ==================
    name                x                        y                         weight
    ==================  =======================  ========================  ==================
    `roc`               false positive rate      true positive rate
    `precision_recall`  recall                   precision
    `calibration`       mean score of a bin      share that came true      rows of the bin
    `residuals`         middle of a bin          share of the rows         rows of the bin
    `predicted`         mean prediction          mean label                rows of the bin
    ==================  =======================  ========================  ==================

    A residual is the label minus the prediction.
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
    """Training against test error, in plain words.

    `shift`: the validation rows were answered about as well as the training rows, the test
    rows clearly worse, so they differ from what the model was made from.
    """

    finding: Literal["sound", "overfitting", "underfitting", "too little data", "shift"]
    metric: str
    train: float
    validation: float | None = None
    test: float
    advice: str


class Latency(Value):
    """How long one row takes, as the candidate scores it in this process.

    Each row is asked several times and its fastest answer counts, so that the figure tells
    of the model and not of what else the machine did meanwhile. `calls` counts all of them.
    """

    p50_ms: float
    p99_ms: float
    calls: int


class Confusion(Value):
    """Counts by true (rows) and decided (columns) class."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class SliceSearch(Value):
    """How the worst slices were looked for: how many in which columns, so what was corrected."""

    metric: str
    columns: int
    slices: int


class Missing(Value):
    """Evidence that could not be taken, and why.

    `evidence` names it: `metric roc_auc`, `champion`, `baseline last`, `slices carrier`.
    """

    evidence: str
    reason: str


class Evaluation(Value):
    """All evidence about one candidate on the test rows, taken once.

    Parameters
    ----------
    champion_version
        The champion's version where there is one, whether or not it could be compared.
    train_measures
        The same metrics on rows of the training set (a sample of at most 20,000).
    calibration_noise
        The calibration error that a perfectly calibrated model stays below in 95 of 100
        tests of this size: whatever is below it may be chance.
    resampled_by
        What the bootstrap draws as one piece: `row`, `day`, `group carrier` ...
    missing
        Evidence that was asked for and could not be taken.
    residual_effect
        How many test rows tell as much about the mean residual as one that stands for itself:
        see `lifecycle.evaluation.design_effect`. `None` where that was not taken.
    """

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
    slice_searches: tuple[SliceSearch, ...] = ()
    fairness: tuple[Fairness, ...] = ()
    curves: tuple[Curve, ...] = ()
    confusion: Confusion | None = None
    calibration_error: float | None = None
    importance: tuple[Importance, ...] = ()
    diagnosis: Diagnosis | None = None
    latency: Latency | None = None
    size_bytes: int | None = None
    train_rows_in_test: int | None = None
    train_measures: tuple[Measure, ...] = ()
    calibration_noise: float | None = None
    resampled_by: str = "row"
    missing: tuple[Missing, ...] = ()
    residual_effect: float | None = None

    def measure(self, metric: str) -> Measure | None:
        """Find the figure of a metric, or nothing."""
        return next((found for found in self.measures if found.metric == metric), None)

    def train_measure(self, metric: str) -> Measure | None:
        """Find the figure of a metric on training rows, or nothing."""
        return next((found for found in self.train_measures if found.metric == metric), None)

    def why_missing(self, evidence: str) -> str:
        """Tell why evidence could not be taken."""
        found = (gap.reason for gap in self.missing if gap.evidence == evidence)
        return next(found, "The evaluation does not hold it.")
