"""Take all that labels tell of a window, and what the scores expect before there are any."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from lifecycle.errors import DataError
from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.bootstrap import measure, resample
from lifecycle.evaluation.evidence import Evaluation, Measure, Missing
from lifecycle.evaluation.metric_names import METRICS, metrics_for
from lifecycle.evaluation.metrics import compute, row_losses
from lifecycle.evaluation.resampling import Units
from lifecycle.monitoring.declaration import Concept, Labels
from lifecycle.monitoring.evidence import Counted, LossSums, Performance
from lifecycle.monitoring.performance.estimate import compare_with_truth, estimate_all
from lifecycle.monitoring.performance.groups import Groups, compare_groups
from lifecycle.monitoring.performance.in_the_large import compare_in_the_large, tell_residuals
from lifecycle.monitoring.performance.spread import coarsen, loss_metric, to_mean_loss, widen
from lifecycle.monitoring.performance.wording import tell_labels
from lifecycle.task import Task

Numbers = NDArray[np.float64]
_RESAMPLES = 1_000
_GROUP_ROWS = 100
"""A group with fewer is not told; an evaluation leaves as few out by default."""
_UNLIKE = 0.001
"""Labelled rows are called unlike all others only where chance does it once in a thousand."""


def assess(
    labelled: Answers,
    scores: Numbers,
    *,
    groups: Mapping[str, pa.Array | pa.ChunkedArray],
    units: Units,
    evaluation: Evaluation,
    concept: Concept,
    labels: Labels,
    counts: Counted,
    as_of: datetime,
    seed: int,
    label: str = "label",
) -> Performance:
    """Take all evidence about the answers of one window and version.

    What cannot be taken is left out and listed under `missing` with its reason. Figures are
    told from however few labels there are; whether they are enough is for the rules to say.

    Parameters
    ----------
    labelled
        The answers whose truth is known; may be none.
    scores
        Of all answers of the window, shape ``(n,)`` or ``(n, k)``.
    groups
        Columns of the labelled rows, whose groups are told one by one.
    units
        What the labelled rows hang together in.
    counts, as_of
        Where the labels came to, and when that was read.
    label
        The label's name.
    """
    units = coarsen(units, seed=seed)
    measures, undefined = _measure(labelled, units, evaluation, concept, seed=seed)
    task = Task(evaluation.task)
    metric = loss_metric(evaluation, concept.metric)
    told, ungrouped = _group(metric, labelled, groups, units, evaluation, labels)
    estimates = estimate_all(scores, task=task, threshold=evaluation.threshold)
    return Performance(
        as_of=as_of,
        labels=counts,
        measures=measures,
        reference=evaluation.measures,
        in_the_large=compare_in_the_large(
            labelled, units, evaluation, label=label, confidence=concept.confidence
        ),
        residuals=tell_residuals(
            labelled, units, evaluation, confidence=concept.confidence, seed=seed
        ),
        slices=told.slices,
        groups=told.changes,
        estimates=compare_with_truth(estimates, measures),
        losses=sum_losses(metric, labelled, evaluation) if _is_enough(counts, labels) else None,
        missing=(*undefined, *told.missing, *ungrouped),
        reason=" ".join((tell_labels(counts, as_of), *_unlike(labelled, scores))),
    )


def _measure(
    answers: Answers, units: Units, evaluation: Evaluation, concept: Concept, *, seed: int
) -> tuple[tuple[Measure, ...], tuple[Missing, ...]]:
    """Take each figure the version has of its own, and the one it is judged by."""
    legal = metrics_for(Task(evaluation.task))
    wanted = {each.metric for each in evaluation.measures} | {evaluation.primary, concept.metric}
    asked = [metric for metric in legal if metric in wanted]
    if not len(answers):
        return (), tuple(
            Missing(evidence=f"metric {metric}", reason="No row has a label.") for metric in asked
        )
    able, missing = _sort_out(asked, answers)
    samples = resample(
        {("", metric): answers for metric in able if METRICS[metric].resampled},
        units,
        resamples=_RESAMPLES,
        seed=seed,
    )
    told = (
        measure(metric, answers, samples.get(("", metric)), confidence=concept.confidence)
        for metric in able
    )
    widened = tuple(
        widen(each, evaluation.measure(each.metric), pieces=units.count) for each in told
    )
    return widened, missing


def _sort_out(asked: list[str], answers: Answers) -> tuple[list[str], tuple[Missing, ...]]:
    """Tell metrics that are defined on these rows from those that are not, and why."""
    able: list[str] = []
    missing: list[Missing] = []
    for metric in asked:
        try:
            compute(metric, answers)
        except DataError as error:
            missing.append(Missing(evidence=f"metric {metric}", reason=str(error)))
        else:
            able.append(metric)
    return able, tuple(missing)


def _group(
    metric: str,
    answers: Answers,
    groups: Mapping[str, pa.Array | pa.ChunkedArray],
    units: Units,
    evaluation: Evaluation,
    labels: Labels,
) -> tuple[Groups, tuple[Missing, ...]]:
    least = min(_GROUP_ROWS, labels.rows)
    try:
        return compare_groups(metric, answers, groups, units, evaluation, least=least), ()
    except DataError as error:
        return Groups(), tuple(
            Missing(evidence=f"slices {column}", reason=str(error)) for column in groups
        )


def sum_losses(metric: str, answers: Answers, evaluation: Evaluation) -> LossSums | None:
    """Add up what rows cost more than on the version's own test rows."""
    own = evaluation.measure(metric)
    if own is None or not len(answers):
        return None
    try:
        excess = row_losses(metric, answers) - to_mean_loss(metric, own.value)
    except DataError:
        # A percentage of a label that is zero: `missing` tells it of the metric.
        return None
    return LossSums(rows=len(answers), total=float(excess.sum()), squares=float((excess**2).sum()))


def _is_enough(counts: Counted, labels: Labels) -> bool:
    """Whether the labelled rows may stand for the window; how few they are does not matter."""
    return counts.share is not None and counts.share >= labels.share


def _unlike(labelled: Answers, scores: Numbers) -> tuple[str, ...]:
    """Tell where the labels have not come at random, as far as the scores show it."""
    rest = len(scores) - len(labelled)
    if len(labelled) < 2 or rest < 2:
        return ()
    columns = zip(_columns(labelled.scores).T, _columns(scores).T, strict=False)
    for known, every in columns:
        other = (every.sum() - known.sum()) / rest
        spread = float(every.std()) * np.sqrt(1 / len(known) + 1 / rest)
        if spread > 0 and 2 * stats.norm.sf(abs(known.mean() - other) / spread) < _UNLIKE:
            return (
                f"The labels did not come at random: the mean score is {known.mean():.4g} of the "
                f"rows with a label and {other:.4g} of those without, so the figures hold for "
                f"the labelled rows only.",
            )
    return ()


def _columns(scores: Numbers) -> Numbers:
    return scores.reshape(len(scores), -1)
