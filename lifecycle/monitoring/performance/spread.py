"""How far a window's figure may lie from what it stands for, and from the version's own.

A window has few pieces that hang together: a day is one storm or none. What its own rows tell
of chance may then be far too little. The version's test rows show how such pieces differ, so
an interval here is never narrower than theirs, brought to the window's number of rows.
"""

from math import hypot, sqrt

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from lifecycle.evaluation.evidence import Evaluation, Measure
from lifecycle.evaluation.metric_names import METRICS, primary_metric
from lifecycle.evaluation.quantiles import LEVELS, interval
from lifecycle.evaluation.resampling import Units
from lifecycle.section import Value
from lifecycle.task import Task

ENOUGH_PIECES = 8
"""Of fewer the spread between them is not told by themselves."""
_STRETCHES = {"day": 86_400, "hour": 3_600, "minute": 60}
_ENOUGH_STRETCHES = 12
_MANY_ROWS, _BLOCKS = 100_000, 4_096


class Worsening(Value):
    """How much worse a figure is than the version's own, as distances from the ideal.

    Parameters
    ----------
    amount, low, high
        What has been added to the distance from the ideal, and its interval; below zero is
        better.
    allowed
        The smallest amount that matters.
    share
        The amount as a share of the version's own distance; `None` where that is zero.
    """

    amount: float
    low: float
    high: float
    allowed: float
    share: float | None

    @property
    def is_certain(self) -> bool:
        """Whether it is worse, and not by chance."""
        return self.low > 0

    @property
    def matters(self) -> bool:
        """Whether it looks worse by more than is allowed, chance or not."""
        return self.amount > self.allowed


def distance(metric: str, value: float) -> float:
    """How far a figure is from its ideal: zero for losses, one for everything else.

    Zero is perfect, and there is no upper end (R² may be negative). "10 % worse" means for
    every metric that this distance has grown by a tenth: a log loss of 0.40 to 0.44, an error
    rate of 20 % to 22 % (accuracy 0.80 to 0.78), pairs in the wrong order from 30 % to 33 %
    (ROC AUC 0.70 to 0.67), an unexplained variance of 1.5 to 1.65 (R² -0.5 to -0.65).

    Examples
    --------
    >>> distance("log_loss", 0.4), distance("accuracy", 0.75), distance("r2", -0.5)
    (0.4, 0.25, 1.5)
    """
    return 1 - value if METRICS[metric].higher_is_better else value


def worsening(
    now: Measure, before: Measure, *, worse_by: float, confidence: float
) -> Worsening | None:
    """How much worse a window is than the version's own figure; nothing without intervals.

    The interval of the difference is put together from the two of its parts, which were
    measured on different rows [1]_; they need not be symmetric.

    References
    ----------
    .. [1] G. Zou, A. Donner, Construction of confidence limits about effect measures,
       Statistics in Medicine 27 (2008): MOVER.

    Examples
    --------
    >>> was = Measure(metric="accuracy", value=0.8, low=0.77, high=0.83, rows=900)
    >>> found = Measure(metric="accuracy", value=0.7, low=0.66, high=0.74, rows=500)
    >>> told = worsening(found, was, worse_by=0.1, confidence=0.95)
    >>> round(told.amount, 3), round(told.low, 3), round(told.allowed, 3), round(told.share, 2)
    (0.1, 0.05, 0.02, 0.5)
    """
    ends, old = now.interval(confidence), before.interval(confidence)
    if ends is None or old is None:
        return None
    mine = sorted(distance(now.metric, end) for end in ends)
    theirs = sorted(distance(before.metric, end) for end in old)
    found, was = distance(now.metric, now.value), distance(before.metric, before.value)
    return Worsening(
        amount=found - was,
        low=found - was - hypot(found - mine[0], theirs[1] - was),
        high=found - was + hypot(mine[1] - found, was - theirs[0]),
        allowed=worse_by * was,
        share=(found - was) / was if was > 0 else None,
    )


def widen(measure: Measure, reference: Measure | None, *, pieces: int) -> Measure:
    """Make a window's interval as wide as it has to be.

    The bootstrap's own is expanded for the number of pieces, as Student's quantile is wider
    than the normal one [1]_. Where the reference's interval, brought to this number of rows
    (its width times the root of their ratio), is wider, it takes that place.

    References
    ----------
    .. [1] T. Hesterberg, What Teachers Should Know About the Bootstrap, The American
       Statistician 69 (2015).
    """
    own = _offsets(measure) * _expand(pieces) if measure.quantiles else None
    theirs = None
    if reference is not None and reference.quantiles and measure.rows:
        theirs = _offsets(reference) * sqrt(reference.rows / measure.rows)
    known = [each for each in (own, theirs) if each is not None]
    if not known:
        return measure
    levels = np.array(LEVELS)
    outermost = np.where(levels < 0.5, np.min(known, axis=0), np.max(known, axis=0))
    outermost[levels == 0.5] = known[0][levels == 0.5]
    kept = tuple(_keep_legal(measure.metric, measure.value + outermost).tolist())
    low, high = interval(kept, measure.confidence)
    return measure.model_copy(update={"quantiles": kept, "low": low, "high": high})


def _offsets(measure: Measure) -> NDArray[np.float64]:
    return np.array(measure.quantiles) - measure.value


def _expand(pieces: int) -> NDArray[np.float64]:
    normal = stats.norm.ppf(LEVELS)
    middle = np.abs(normal) < 1e-12
    ratio = np.where(middle, 1.0, stats.t.ppf(LEVELS, max(pieces - 1, 1)))
    return np.asarray(ratio / np.where(middle, 1.0, normal) * sqrt(pieces / max(pieces - 1, 1)))


def _keep_legal(metric: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    if METRICS[metric].higher_is_better:
        return np.minimum(values, 1.0)
    return np.maximum(values, 0.0)


def window_units(moments: pa.Array | pa.ChunkedArray) -> Units:
    """Choose what the labelled rows of a window hang together in: days, hours or minutes.

    The longest of them of which there are at least 12; single rows where there is none. That
    is fewer than an evaluation asks for, as intervals here are expanded for their number: the
    rows of a month hang together by day, those of a day by hour.

    Parameters
    ----------
    moments
        When each row happened, as times; a missing one shares a piece with its like.

    Examples
    --------
    >>> from datetime import datetime, timedelta
    >>> hourly = [datetime(2013, 3, 1) + timedelta(hours=hour) for hour in range(24)]
    >>> window_units(pa.array(hourly * 9)).name, window_units(pa.array(hourly[:3])).name
    ('hour', 'row')
    """
    times = moments.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(0)
    seconds = times.to_numpy(zero_copy_only=False) // 1_000_000
    for name, length in _STRETCHES.items():
        found, codes = np.unique(seconds // length, return_inverse=True)
        if len(found) >= _ENOUGH_STRETCHES:
            return Units.of(name, codes.astype(np.int64), len(found))
    return Units("row", np.arange(len(seconds)), len(seconds))


def coarsen(units: Units, *, seed: int) -> Units:
    """Draw very many single rows as some thousand random blocks, which tell the same spread."""
    rows = len(units.codes)
    if not units.are_rows or rows <= _MANY_ROWS:
        return units
    codes = np.random.default_rng(seed).integers(_BLOCKS, size=rows)
    return Units(units.name, codes, _BLOCKS)


def design_effect(evaluation: Evaluation) -> float:
    """How many rows of the test rows tell as much as one row that stands for itself [1]_.

    One where each row does. An evaluation that did not take it has at least that of the
    accuracy (classification) or of the mean absolute error: the variance their interval shows,
    over what as many single rows would have.

    References
    ----------
    .. [1] L. Kish, Survey Sampling, Wiley (1965).
    """
    if evaluation.residual_effect is not None:
        return evaluation.residual_effect
    is_regression = Task(evaluation.task) is Task.REGRESSION
    found = evaluation.measure("mae" if is_regression else "accuracy")
    ends = None if found is None else found.interval(0.95)
    if found is None or ends is None:
        return 1.0
    single = found.value * (1 - found.value)
    if is_regression:
        root = evaluation.measure("rmse")
        single = 0.0 if root is None else root.value**2 - found.value**2
    if single <= 0:
        return 1.0
    error = (ends[1] - ends[0]) / (2 * stats.norm.ppf(0.975))
    return max(1.0, float(error**2 * found.rows / single))


def mean_interval(
    values: NDArray[np.float64],
    units: Units,
    *,
    least_variance: float,
    effect: float,
    confidence: float,
) -> tuple[float, float] | None:
    """Give the interval of a mean of rows that hang together in pieces; of one row, none.

    Parameters
    ----------
    least_variance
        Of one row, where that is known from elsewhere.
    effect
        How much larger the variance of the mean is at least than that of as many single rows.
    """
    rows = len(values)
    if rows < 2:
        return None
    mean = values.mean()
    variance = max(float(values.var(ddof=1)), least_variance) * effect / rows
    freedom = rows - 1
    if not units.are_rows and units.count >= ENOUGH_PIECES:
        added = np.bincount(units.codes, weights=values - mean, minlength=units.count) / rows
        between = float((added**2).sum()) * units.count / (units.count - 1)
        variance, freedom = max(variance, between), units.count - 1
    reach = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * sqrt(variance)
    return float(mean - reach), float(mean + reach)


def loss_metric(evaluation: Evaluation, metric: str | None = None) -> str:
    """Name the metric whose rows' losses add up: the one asked for, or the task's usual one.

    Examples
    --------
    >>> loss_metric(Evaluation(task="binary", primary="roc_auc", rows=0, train_rows=0,
    ...                        measures=()))
    'log_loss'
    """
    wanted = metric or evaluation.primary
    task = Task(evaluation.task)
    is_usable = METRICS[wanted].per_row and task in METRICS[wanted].tasks
    return wanted if is_usable else primary_metric(task)


def to_mean_loss(metric: str, value: float) -> float:
    """Turn a figure back into the mean of its rows' losses: see `metrics.from_mean_loss`.

    Examples
    --------
    >>> to_mean_loss("rmse", 2.0), to_mean_loss("accuracy", 0.75), to_mean_loss("mae", 3.0)
    (4.0, 0.25, 3.0)
    """
    if metric == "rmse":
        return value**2
    return 1 - value if metric == "accuracy" else value


def allowed_loss(metric: str, mean_loss: float, worse_by: float) -> float:
    """How much more a row may cost on average before the figure is worse by a share.

    Examples
    --------
    >>> round(allowed_loss("log_loss", 0.5, 0.1), 3), round(allowed_loss("rmse", 4.0, 0.1), 3)
    (0.05, 0.84)
    """
    return mean_loss * ((1 + worse_by) ** 2 - 1 if metric == "rmse" else worse_by)
