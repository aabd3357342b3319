"""Figures with their intervals, and paired comparisons, from one set of bootstrap samples."""

import numpy as np

from lifecycle.errors import DataError
from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.evidence import Comparison, Measure
from lifecycle.evaluation.metric_names import METRICS, gain
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.quantiles import LEVELS, interval
from lifecycle.evaluation.resampling import Units, affordable, draw
from lifecycle.evaluation.weighted import Numbers, Ranked, Summed, weigh

_FEWEST_PIECES = 8
"""Of fewer pieces the bootstrap repeats too few patterns to tell a spread."""
_UNDEFINED = 0.1
"""Share of samples in which a metric may be undefined (a rare class not drawn)."""


def resample(
    asked: dict[tuple[str, str], Answers], units: Units, *, resamples: int, seed: int
) -> dict[tuple[str, str], Numbers]:
    """Compute metrics in the same bootstrap samples.

    Parameters
    ----------
    asked
        Answers by (who answered, metric); all about the same rows.

    Returns
    -------
    dict
        One value a sample for each of them, not a number where it is undefined; empty where
        there are too few pieces to draw.
    """
    if units.count < _FEWEST_PIECES:
        return {}
    prepared = {key: weigh(key[1], answers) for key, answers in asked.items()}
    summed = {key: each for key, each in prepared.items() if isinstance(each, Summed)}
    ranked = {key: each for key, each in prepared.items() if isinstance(each, Ranked)}
    table, places = _stack(summed, units)
    found: dict[tuple[str, str], list[Numbers]] = {key: [] for key in asked}
    count = affordable(resamples, len(units.codes))
    for weights in draw(units, resamples=count, seed=seed):
        sums = weights @ table
        for key, each in summed.items():
            own = {name: sums[:, places[key[0], name]] for name in each.columns}
            found[key].append(each.combine(own))
        if ranked:
            rows = weights if units.are_rows else weights[:, units.codes]
            for key, order in ranked.items():
                found[key].append(order.combine(rows))
    return {key: np.concatenate(values) for key, values in found.items()}


def _stack(
    summed: dict[tuple[str, str], Summed], units: Units
) -> tuple[Numbers, dict[tuple[str, str], int]]:
    """Put each column once into a table of sums by piece, shape ``(pieces, columns)``."""
    columns = {
        (who, name): column
        for (who, _), each in summed.items()
        for name, column in each.columns.items()
    }
    places = {key: place for place, key in enumerate(columns)}
    table = np.empty((units.count, len(columns)))
    for key, place in places.items():
        table[:, place] = (
            columns[key]
            if units.are_rows
            else np.bincount(units.codes, weights=columns[key], minlength=units.count)
        )
    return table, places


def measure(
    metric: str, answers: Answers, samples: Numbers | None, *, confidence: float
) -> Measure:
    """Compute a figure, with its interval where there are samples.

    Raises
    ------
    DataError
        If the metric is undefined on these rows.
    """
    value = compute(metric, answers)
    kept = keep_quantiles(samples) if METRICS[metric].resampled else ()
    low, high = interval(kept, confidence) if kept else (None, None)
    return Measure(
        metric=metric,
        value=value,
        low=low,
        high=high,
        confidence=confidence,
        rows=len(answers),
        quantiles=kept,
    )


def compare(
    metric: str,
    candidate: Answers,
    other: Answers,
    samples: tuple[Numbers | None, Numbers | None],
    *,
    against: str,
    version: str | None = None,
    confidence: float,
) -> Comparison:
    """Compare two predictors on the same rows by the same bootstrap samples.

    Raises
    ------
    DataError
        If the metric is undefined on these rows, or no interval can be taken.
    """
    values = compute(metric, candidate), compute(metric, other)
    mine, theirs = samples
    if not METRICS[metric].resampled:
        raise DataError(f"{metric} has no bootstrap interval to compare by.")
    if mine is None or theirs is None:
        raise DataError(f"{len(candidate):,} test rows are too few for a comparison.")
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0
    gains = sign * (mine - theirs)
    kept = keep_quantiles(gains)
    if not kept:
        raise DataError("A class is too rare in the test rows for a comparison.")
    low, high = interval(kept, confidence)
    return Comparison(
        against=against,
        version=version,
        metric=metric,
        candidate=values[0],
        other=values[1],
        gain=gain(metric, *values),
        low=low,
        high=high,
        confidence=confidence,
        probability_better=float((gains > 0).mean()),
        rows=len(candidate),
        quantiles=kept,
    )


def keep_quantiles(samples: Numbers | None) -> tuple[float, ...]:
    """Keep the quantiles of bootstrap samples; none where the samples are too few or broken."""
    if samples is None or np.isnan(samples).mean() > _UNDEFINED:
        return ()
    return tuple(float(value) for value in np.nanquantile(samples, LEVELS))
