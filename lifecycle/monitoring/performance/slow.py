"""Changes too slow for any one window to show: evidence that piles up over many.

The losses of each window are held against those of the version's own test rows. Evidence is
money in a fair game [1]_: before each window one unit more is staked, all of it on "the rows now
cost more". While they do not, no stake grows on average, however unequal the windows are; so
the whole grows by one a window, and takes at least as many windows on average as the limit to
reach it. That is the declared distance between false alarms. While they do cost more, it grows
exponentially.

References
----------
.. [1] J. Shin, A. Ramdas, A. Rinaldo, E-detectors: a nonparametric framework for sequential
   change detection, New England Journal of Statistics in Data Science 2 (2023); the
   Shiryaev-Roberts form. The stakes are likelihood ratios of E. S. Page, Continuous inspection
   schemes, Biometrika 41 (1954), with an allowance of half the change that matters.
.. [2] C. P. Quesenberry, SPC Q charts for start-up processes and short or long runs, Journal of
   Quality Technology 23 (1991): a spread that is still being learnt makes Student's t of a
   normal value, and is taken for what it is.
.. [3] G. Box, G. Jenkins, G. Reinsel, Time Series Analysis, Wiley (2008): the first-order
   autoregressive process.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import exp, sqrt

import numpy as np
from scipy import stats

from lifecycle.evaluation.evidence import Evaluation, Measure
from lifecycle.monitoring.declaration import Concept
from lifecycle.monitoring.evidence import LossSums, Slow
from lifecycle.monitoring.performance.spread import allowed_loss, loss_metric, to_mean_loss
from lifecycle.monitoring.span import Span

History = Sequence[tuple[Span, LossSums]]
_LEARNT = 200
"""Windows from which the spread between windows is learnt: the first, before it may drift."""
_BURN_IN = 8
"""Windows to learn from where the test rows tell no spread; what they tell counts as so many."""
_LARGEST_STAKE = 1.0
_LARGEST_GAIN = 2.0
"""Logarithm of what one window may multiply: an outlier is not a change, three in a row are."""
_CLIP = 3.0
_OVER = 0.1
"""A change is over once the evidence has fallen to this share of the limit, and not before."""
_MOST_MEMORY = 0.6
_MOST = 2.0
"""Logarithm of how far above its limit evidence is kept, so that it can be over again."""
NO_LABELS = "No window has labels yet."


@dataclass(frozen=True)
class _Stakes:
    """What a row costs on the test rows, and how much more of it matters.

    Parameters
    ----------
    known_to
        How much more a row may cost because the test rows do not tell it better: one standard
        error. That much is no change.
    matters
        The mean excess that is bet on, beyond `known_to`.
    variance
        What a row adds to a mean's variance, with all that hangs together; `None`: not known.
    """

    metric: str
    known_to: float
    matters: float
    variance: float | None


@dataclass
class _Spread:
    """How much windows differ, learnt from those that are over."""

    means: list[float] = field(default_factory=list)
    within: list[float] = field(default_factory=list)
    squares: float = 0.0
    freedom: int = 0

    def of_rows(self, sums: LossSums) -> float:
        """Give the variance of a row within windows: of all so far, or of this one if larger."""
        own = max(sums.squares - sums.total**2 / sums.rows, 0.0) if sums.rows else 0.0
        freedom = self.freedom + sums.rows - 1
        pooled = (self.squares + own) / freedom if freedom > 0 else 0.0
        return max(pooled, own / (sums.rows - 1) if sums.rows > 1 else 0.0)

    def between(self, known: float | None) -> tuple[float, int]:
        """Give the variance between windows beyond that of their rows, and its freedom."""
        prior = 0 if known is None else _BURN_IN
        count = len(self.means)
        added = 0.0
        if count > 1:
            means, within = np.array(self.means), np.array(self.within)
            squared = (means - means.mean()) ** 2
            # One storm must not blind the detector: far values count as three deviations.
            usual = np.median(squared) / stats.chi2.ppf(0.5, 1) + within
            squared = np.minimum(squared, _CLIP**2 * np.maximum(usual, 1e-300))
            added = float(squared.sum() - within.sum() * (count - 1) / count)
        freedom = prior + max(count - 1, 0)
        total = prior * (known or 0.0) + added
        return max(total / freedom, 0.0) if freedom else 0.0, freedom

    def memory(self) -> float:
        """Tell how much longer runs of alike windows vary than windows that forget [3]_.

        The variance of a long mean over that of its parts, were each window to remember a
        share of the last: (1 + r) / (1 - r). One while too little has been seen.
        """
        means = np.array(self.means)
        if len(means) <= _BURN_IN:
            return 1.0
        far = means - np.median(means)
        usual = _CLIP * np.median(np.abs(far)) / stats.norm.ppf(0.75)
        far = far.clip(-usual, usual)
        prior = _BURN_IN * float((far**2).mean())
        alike = float((far[1:] * far[:-1]).sum()) / max(float((far**2).sum()) + prior, 1e-300)
        alike = min(max(alike, 0.0), _MOST_MEMORY)
        return (1 + alike) / (1 - alike)

    def learn(self, sums: LossSums, within: float) -> None:
        """Take a window that has been judged in."""
        if len(self.means) < _LEARNT:
            self.means.append(sums.total / sums.rows)
            self.within.append(within)
            self.squares += max(sums.squares - sums.total**2 / sums.rows, 0.0)
            self.freedom += sums.rows - 1


def follow(history: History, evaluation: Evaluation, concept: Concept) -> Slow:
    """Tell how much evidence of a slow change there is after the last window.

    It is computed anew from all windows each time, so that labels that came late, corrections
    and repeated runs change nothing but what they say. What is said of a window depends on it
    and on those before it only.

    Parameters
    ----------
    history
        The windows of one version and what their labelled rows cost, in any order.
    """
    told = trace(history, evaluation, concept)
    return told[-1][1] if told else _nothing(evaluation, concept, NO_LABELS)


def trace(
    history: History, evaluation: Evaluation, concept: Concept
) -> tuple[tuple[Span, Slow], ...]:
    """Tell the same after each window that has labels, oldest first."""
    stakes = _place_stakes(evaluation, concept)
    usable = [(span, sums) for span, sums in _once(history) if sums.rows > 0]
    if isinstance(stakes, str):
        nothing = _nothing(evaluation, concept, stakes)
        return tuple((span, nothing) for span, _ in usable)
    return tuple(_pile_up(usable, stakes, float(concept.windows_between_false_alarms)))


def _once(history: History) -> list[tuple[Span, LossSums]]:
    """Order windows, without those that a longer one holds since its length was declared."""
    kept: list[tuple[Span, LossSums]] = []
    for span, sums in sorted(
        history, key=lambda each: (each[0].start, each[0].start - each[0].end)
    ):
        while kept and span.start < kept[-1][0].end < span.end:
            if span.end - span.start < kept[-1][0].end - kept[-1][0].start:
                break
            kept.pop()
        if not kept or kept[-1][0].end <= span.start:
            kept.append((span, sums))
    return kept


def _place_stakes(evaluation: Evaluation, concept: Concept) -> _Stakes | str:
    """Read off the version's own figure what to bet on, or tell why nothing can be."""
    metric = loss_metric(evaluation, concept.metric)
    own = evaluation.measure(metric)
    if own is None:
        return evaluation.why_missing(f"metric {metric}")
    usual = to_mean_loss(metric, own.value)
    allowed = allowed_loss(metric, usual, concept.worse_by)
    if allowed <= 0:
        return "The version made no mistake on its test rows: nothing is so many percent of none."
    error = _standard_error(own)
    known_to = error or 0.0
    return _Stakes(
        metric=metric,
        known_to=known_to,
        matters=max(allowed - known_to, allowed / 2),
        variance=None if error is None else error**2 * own.rows,
    )


def _standard_error(own: Measure) -> float | None:
    """How far the version's own mean loss may be off, by its interval."""
    ends = own.interval(0.95)
    if ends is None:
        return None
    low, high = sorted(to_mean_loss(own.metric, end) for end in ends)
    return float((high - low) / (2 * stats.norm.ppf(0.975)))


def _pile_up(history: History, stakes: _Stakes, limit: float) -> Iterable[tuple[Span, Slow]]:
    spread, evidence, rows, is_changed = _Spread(), 0.0, 0, False
    begun: datetime | None = None
    ahead, total, counted = 0.0, 0.0, 0
    for number, (span, sums) in enumerate(history, start=1):
        gain = _gain(sums, spread, stakes)
        rows += sums.rows
        if gain is not None:
            evidence = min((evidence + 1) * exp(gain), limit * exp(_MOST))
            if ahead == 0:
                begun, total, counted = span.start, 0.0, 0
            ahead = max(0.0, ahead + gain)
            total, counted = total + sums.total, counted + sums.rows
        is_changed = evidence >= limit * (_OVER if is_changed else 1.0)
        yield (
            span,
            Slow(
                evidence=evidence,
                limit=limit,
                windows=number,
                rows=rows,
                since=begun if is_changed else None,
                is_changed=is_changed,
                metric=stakes.metric,
                excess=total / counted if is_changed else None,
                reason="" if gain is not None else _learning(number),
            ),
        )


def _gain(sums: LossSums, spread: _Spread, stakes: _Stakes) -> float | None:
    """Give the logarithm of what this window multiplies each stake by.

    It is at most the likelihood ratio of a window that costs `matters` more, against one that
    costs no more than is known, so that its expectation is at most one while nothing changes.
    """
    within = spread.of_rows(sums) / sums.rows
    known = None
    if stakes.variance is not None:
        known = max(stakes.variance / sums.rows - within, 0.0)
    between, freedom = spread.between(known)
    variance = (within + between) * spread.memory()
    spread.learn(sums, within)
    if variance <= 0 or freedom < _BURN_IN - 1:
        return None
    deviation = sqrt(variance)
    plain = (sums.total / sums.rows - stakes.known_to) / deviation
    surprise = float(np.clip(stats.norm.isf(stats.t.sf(plain, freedom)), -38.0, 38.0))
    stake = min(stakes.matters / deviation, _LARGEST_STAKE)
    allowance = max(stake, stakes.matters / deviation) / 2
    return min(stake * (surprise - allowance), _LARGEST_GAIN)


def _learning(number: int) -> str:
    return (
        f"How much windows differ while nothing changes is not known after {number:,}: the "
        f"version's own figure has no interval, and {_BURN_IN} windows are needed instead."
    )


def _nothing(evaluation: Evaluation, concept: Concept, reason: str) -> Slow:
    return Slow(
        evidence=0.0,
        limit=float(concept.windows_between_false_alarms),
        windows=0,
        rows=0,
        metric=loss_metric(evaluation, concept.metric),
        reason=reason,
    )
