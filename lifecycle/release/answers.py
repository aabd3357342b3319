"""What a challenger answers, beside what the champion answers to the same questions."""

from math import isfinite

from lifecycle.evaluation.evidence import Comparison
from lifecycle.release.declaration import Evidence
from lifecycle.release.evidence import Findings, Gain, Scores
from lifecycle.release.judging.rails import FINEST, PASSING
from lifecycle.release.judging.wording import many, percent
from lifecycle.release.sequential import (
    distribution_margin,
    is_above,
    is_below,
    share_bounds,
    standard_error,
    widening,
)
from lifecycle.verdict import Outcome, Verdict

FEWEST = 100
"""Labelled rows below which no interval of a gain is believed: bootstrap and central limit
theorem, on which it rests, both ask for numbers."""

TUNED = 500
"""The number of labelled rows at which the interval of a gain is tightest."""

FALSE_ALARMS = 0.01


def judge_answers(
    findings: Findings,
    evidence: Evidence,
    *,
    false_alarms: float = FALSE_ALARMS,
    is_last: bool = True,
) -> tuple[Verdict, ...]:
    """Hold the challenger's answers against what is declared.

    The rules, in this order: `agreement`, `score distance` (each unless it is declared null),
    `performance`. `fail` where a breach is shown, `pass` where its absence is, else `unknown`;
    only labels that nobody asked to wait for give `warn`, as does a performance that labels
    cannot tell from the champion's: it is not shown to be worse.

    Parameters
    ----------
    false_alarms
        How probable it may be that a challenger as good as what is declared fails by one rule,
        however often it is looked at.
    is_last
        Whether it is promoted after this step, so that the labels asked for have to have come.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from lifecycle.release.evidence import Pairs
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> pairs = Pairs(rows=500, agreeing=430)
    >>> findings = Findings(at=noon, since=noon, pairs=pairs)
    >>> for found in judge_answers(findings, Evidence(distance=None)):
    ...     print(found.rule, found.outcome.value, found.reason)
    agreement pass Both versions agree on 430 of 500 rows: between 79.9% and 91.4%, \
and at least 70% is asked for.
    performance warn No labels have come yet, and none are waited for.
    """
    found = []
    if evidence.agreement is not None:
        found.append(_judge_agreement(findings, evidence.agreement, false_alarms))
    if evidence.distance is not None:
        found.append(_judge_distance(findings, evidence.distance, false_alarms))
    found.append(_judge_performance(findings, evidence, false_alarms, is_last))
    return tuple(found)


def _judge_agreement(findings: Findings, asked: float, level: float) -> Verdict:
    pairs = findings.pairs
    if pairs is None or not pairs.rows:
        reason = findings.missing.get("pairs") or "No row has been answered by both versions yet."
        return _unknown("agreement", asked, reason)
    differing = pairs.rows - pairs.agreeing
    if not 0 <= differing <= pairs.rows:
        reason = f"{pairs.agreeing:,} of {many(pairs.rows, 'row')} cannot agree."
        return _unknown("agreement", asked, reason)
    _, high = share_bounds(pairs.agreeing, pairs.rows, level=level)
    low, _ = share_bounds(pairs.agreeing, pairs.rows, level=PASSING)
    told = (
        f"Both versions agree on {pairs.agreeing:,} of {many(pairs.rows, 'row')}: "
        f"between {percent(low)} and {percent(high)}, and at least {percent(asked)} is asked for"
    )
    if is_above(differing, pairs.rows, 1 - asked, level=level):
        outcome = Outcome.FAIL
    elif is_below(differing, pairs.rows, max(1 - asked, FINEST), level=PASSING):
        outcome = Outcome.PASS
    else:
        outcome, told = Outcome.UNKNOWN, f"{told}; more rows have to be answered by both"
    share = pairs.agreeing / pairs.rows
    return Verdict(
        rule="agreement", outcome=outcome, measured=share, limit=asked, reason=f"{told}."
    )


def _judge_distance(findings: Findings, allowed: float, level: float) -> Verdict:
    """Bound the true distance by the observed one and how far each distribution may be off."""
    scores = findings.scores
    if scores is None or not (scores.champion.rows and scores.challenger.rows):
        reason = findings.missing.get("scores") or "There are no scores of both versions yet."
        return _unknown("score distance", allowed, reason)
    if not 0 <= scores.distance <= 1:
        reason = f"{scores.distance:g} is no distance of two distributions (0 to 1)."
        return _unknown("score distance", allowed, reason)
    least = max(0.0, scores.distance - _margin(scores, level))
    most = min(1.0, scores.distance + _margin(scores, PASSING))
    told = (
        f"The scores of the versions are {scores.distance:.3g} apart (Kolmogorov-Smirnov, "
        f"{scores.challenger.rows:,} against {many(scores.champion.rows, 'row')}): between "
        f"{least:.2g} and {most:.2g}, and {allowed:.3g} is allowed"
    )
    if least > allowed:
        outcome = Outcome.FAIL
    elif most <= allowed:
        outcome = Outcome.PASS
    else:
        outcome, told = Outcome.UNKNOWN, f"{told}; more rows have to be scored"
    return Verdict(
        rule="score distance", outcome=outcome, measured=scores.distance, limit=allowed,
        reason=f"{told}.",
    )  # fmt: skip


def _margin(scores: Scores, level: float) -> float:
    return distribution_margin(scores.champion.rows, level=level / 2) + distribution_margin(
        scores.challenger.rows, level=level / 2
    )


def _judge_performance(
    findings: Findings, evidence: Evidence, level: float, is_last: bool
) -> Verdict:
    gain, wanted = findings.gain, evidence.labels if is_last else 0
    waiting = Outcome.UNKNOWN if wanted else Outcome.WARN
    asked = f"{many(wanted, 'labelled row')} are asked for" if wanted else "none are waited for"
    if gain is None or not gain.rows:
        reason = findings.missing.get("gain") or (gain.reason if gain is not None else "")
        told = (reason or "No labels have come yet").rstrip(".")
        return _say(waiting, None, evidence, f"{told}, and {asked}.")
    if gain.gain is None or gain.rows < FEWEST or not isfinite(gain.gain.gain):
        told = gain.reason.rstrip(".") or f"From {many(FEWEST, 'labelled row')} on it is judged"
        reason = f"{told}; {gain.rows:,} have come, and {asked}."
        return _say(waiting, None, evidence, reason)
    return _weigh(gain, gain.gain, evidence, level, wanted)


def _weigh(gain: Gain, found: Comparison, evidence: Evidence, level: float, wanted: int) -> Verdict:
    low = _bound(found, found.low, gain.rows, PASSING)
    high = _bound(found, found.high, gain.rows, level)
    reason = (
        f"On {many(gain.rows, 'labelled row')} the challenger's {gain.metric} is "
        f"{found.candidate:.4g} and the champion's {found.other:.4g}, a gain of {found.gain:.3g}: "
        f"between {low:.3g} and {high:.3g}, and at least {-evidence.worse or 0:.3g} is asked for"
    )
    if high < -evidence.worse:
        return _say(Outcome.FAIL, found.gain, evidence, f"{reason}. It is worse.")
    if gain.rows < wanted:
        reason = f"{reason}. {wanted - gain.rows:,} labelled rows more have to come."
        return _say(Outcome.UNKNOWN, found.gain, evidence, reason)
    if low >= -evidence.worse:
        return _say(Outcome.PASS, found.gain, evidence, f"{reason}.")
    reason = f"{reason}. It is not shown to be worse, nor not to be."
    return _say(Outcome.WARN, found.gain, evidence, reason)


def _bound(found: Comparison, end: float, rows: int, level: float) -> float:
    """Widen one side of a fixed-sample interval so that it holds whenever rows come.

    A bootstrap interval is made for one look, and this is looked at again whenever labels have
    come. Its standard error on that side is kept, and its factor is replaced by that of a
    confidence sequence, see `widening`.
    """
    error = standard_error(found.gain, end, confidence=found.confidence)
    width = widening(rows, level=level, tuned=TUNED) * error
    return found.gain + (width if end >= found.gain else -width)


def _say(outcome: Outcome, measured: float | None, evidence: Evidence, reason: str) -> Verdict:
    limit = -evidence.worse or 0.0
    return Verdict(
        rule="performance", outcome=outcome, measured=measured, limit=limit, reason=reason
    )


def _unknown(rule: str, limit: float, reason: str) -> Verdict:
    return Verdict(rule=rule, outcome=Outcome.UNKNOWN, limit=limit, reason=reason)
