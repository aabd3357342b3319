"""Whether probabilities can be taken at their word, and how much of a doubt is chance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecycle.evaluation.answers import Answers
from lifecycle.task import Task

_ROWS_A_BIN, _MOST_BINS = 50, 15
"""Bins of about 50 rows tell a share within 7 points; 15 bins are the usual number."""


@dataclass(frozen=True)
class Reliability:
    """Mean score, share that came true, and rows, bin by bin; and the error they add up to."""

    scores: NDArray[np.float64]
    shares: NDArray[np.float64]
    rows: NDArray[np.int64]
    error: float


def expected_calibration_error(answers: Answers) -> Reliability:
    """How far scores lie from what came true: the mean distance over bins of equally many rows.

    Zero when, in each bin, as many came true as the scores say; at most one. In a
    multiclass task the score is that of the class scored highest, and came true means it is
    the right one. By chance alone it is above zero: see `noise_floor`.

    References
    ----------
    .. [1] C. Guo et al., On Calibration of Modern Neural Networks, ICML (2017).
    """
    scores, hits = _as_yes_or_no(answers)
    return _summarise(scores, hits, score_bins(scores))


def noise_floor(answers: Answers, *, seed: int, samples: int = 200) -> float:
    """Give what a perfectly calibrated model with these scores stays below in 95 of 100 tests.

    Labels are drawn at the scores' own word; each draw's calibration error is chance alone.
    """
    scores, _ = _as_yes_or_no(answers)
    order = np.argsort(scores, kind="stable")
    scores, bins = scores[order], score_bins(scores)[order]
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    generator = np.random.default_rng(seed)
    errors = np.empty(samples)
    for sample in range(samples):
        distance = (generator.random(len(scores)) < scores) - scores
        errors[sample] = np.abs(np.add.reduceat(distance, starts)).sum() / len(scores)
    return float(np.quantile(errors, 0.95))


def score_bins(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the bins of equally many rows that scores fall into; equal scores share one."""
    count = int(np.clip(len(scores) // _ROWS_A_BIN, 1, _MOST_BINS))
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, count + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, scores, side="left"), return_inverse=True)[1]


def _as_yes_or_no(answers: Answers) -> tuple[NDArray[np.float64], NDArray[Any]]:
    if answers.task is Task.BINARY:
        return answers.scores, answers.truth == 1
    best = answers.scores.argmax(axis=1)
    return answers.scores[np.arange(len(answers)), best], answers.truth == best


def _summarise(
    scores: NDArray[np.float64], hits: NDArray[Any], bins: NDArray[np.int64]
) -> Reliability:
    rows = np.bincount(bins)
    mean, share = (np.bincount(bins, weights=values) / rows for values in (scores, hits))
    error = float((rows * np.abs(mean - share)).sum() / len(scores))
    return Reliability(scores=mean, shares=share, rows=rows, error=error)
