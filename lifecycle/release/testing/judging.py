"""The rules of an A/B test: whether it can be trusted, what it found, and whether it does harm."""

from lifecycle.release.declaration import Experiment, GuardMetric, Metric
from lifecycle.release.evidence import ArmFigures, ExperimentFigures, MetricFigures
from lifecycle.release.release import Design
from lifecycle.release.testing.planning import tuning
from lifecycle.release.testing.sequential import (
    FEWEST_OUTCOMES,
    FEWEST_UNITS,
    Difference,
    best_clock,
    clock_of,
    difference,
    harmonic,
)
from lifecycle.release.testing.srm import mismatch_p_value
from lifecycle.release.testing.telling import amount, compared, count
from lifecycle.section import write_duration
from lifecycle.verdict import Outcome, Verdict, Verdicts

RATIO, CROSSED, OTHER = "sample ratio", "crossed units", "answered by the other"
"""The rules about the test itself; those about its metrics are `effect NAME`, `guard NAME`."""


def judge_test(figures: ExperimentFigures, design: Design, experiment: Experiment) -> Verdicts:
    """Judge what a test has brought so far; may be asked as often as one likes.

    `effect NAME` passes once the challenger is better, fails once it is worse, and is unknown
    until then. `guard NAME` fails once a guard metric is worse by clearly more than allowed.
    """
    verdicts = [_ratio(figures, experiment), _crossed(figures), _other(figures)]
    verdicts.append(_effect(figures, design, experiment))
    for place, guard in enumerate(experiment.guard, start=1):
        verdicts.append(_guard(guard, _find(figures, place, guard), figures, design))
    return Verdicts(tuple(verdicts))


def settled_units(figures: ExperimentFigures) -> int:
    """Count the units of the smaller arm that the deciding metric is done with."""
    if not figures.metrics:
        return 0
    arms = figures.metrics[0].settled or figures.metrics[0]
    return min(arms.champion.units, arms.challenger.units)


def _find(figures: ExperimentFigures, place: int, metric: Metric) -> MetricFigures | None:
    """Find a metric by its place: two may be of the same outcomes, counted in two ways."""
    found = figures.metrics[place] if place < len(figures.metrics) else None
    return found if found is not None and found.name == metric.name else None


def _ratio(figures: ExperimentFigures, experiment: Experiment) -> Verdict:
    if not figures.metrics:
        return _unknown(RATIO, "Nobody has counted the units of the arms.")
    champion, challenger = figures.metrics[0].champion.units, figures.metrics[0].challenger.units
    if not champion + challenger:
        return _unknown(RATIO, "No unit has been seen in the test yet.")
    p_value = mismatch_p_value(champion, challenger)
    counts = (
        f"{count(challenger)} units were first seen in the challenger's arm and "
        f"{count(champion)} in the champion's"
    )
    if p_value > experiment.mismatch:
        outcome, reason = Outcome.PASS, f"{counts}, as an even assignment may bring."
    else:
        outcome = Outcome.FAIL
        reason = (
            f"{counts}: an even assignment brings that in less than {experiment.mismatch:.2g} of "
            f"tests (p = {p_value:.2g}), so the arms are not alike and nothing can be said of the "
            "effect. The usual causes: one version's answers are not all recorded (it crashed, "
            "or its event log has gaps), one turns some users away before they are seen, robots "
            "that come back under new names after an error, or units renamed during the test. "
            "Mend that, and begin a new test."
        )
    return Verdict(
        rule=RATIO, outcome=outcome, measured=p_value, limit=experiment.mismatch, reason=reason
    )


def _crossed(figures: ExperimentFigures) -> Verdict:
    crossed = figures.crossed
    reason = "No unit was seen in both arms."
    if crossed:
        reason = (
            f"{count(crossed)} unit{'s were' if crossed > 1 else ' was'} seen in both arms; there "
            "must be none, or the arms are mixed. Look whether requests reach a version past the "
            "router, or whether two routers serve this project under different plans."
        )
    outcome = Outcome.FAIL if crossed else Outcome.PASS
    return Verdict(rule=CROSSED, outcome=outcome, measured=crossed, limit=0, reason=reason)


def _other(figures: ExperimentFigures) -> Verdict:
    asked = figures.answered_by_other
    reason = "Every request was answered by the version of its arm."
    if asked:
        reason = (
            f"{count(asked)} request{'s were' if asked > 1 else ' was'} answered by the other "
            "version, because the one of the arm could not. They count for their arm all the "
            "same, which makes a difference look smaller than it is."
        )
    outcome = Outcome.WARN if asked else Outcome.PASS
    return Verdict(rule=OTHER, outcome=outcome, measured=asked, limit=0, reason=reason)


def _effect(figures: ExperimentFigures, design: Design, experiment: Experiment) -> Verdict:
    metric = experiment.metric
    rule = f"effect {metric.name}"
    found = _find(figures, 0, metric)
    if found is None:
        return _unknown(rule, f'Nobody has counted "{metric.name}".')
    arms = found.champion, found.challenger
    clock = clock_of(*arms, tuned=tuning(design))
    taken = difference(*arms, clock=clock, false_positives=design.false_positives)
    if (few := _too_few(metric, *arms)) or taken is None:
        return _unknown(rule, few or _alike(metric))
    low, high = _gain(metric, taken)
    told = compared(metric, *arms, taken, 100 * (1 - design.false_positives))
    if low > 0:
        outcome, reason = Outcome.PASS, f"{told}. The challenger is better."
    elif high < 0:
        outcome, reason = Outcome.FAIL, f"{told}. The challenger is worse."
    else:
        outcome = Outcome.UNKNOWN
        reason = f"{told}. That may still be chance: zero is between them."
    return Verdict(rule=rule, outcome=outcome, measured=taken.value, limit=0.0, reason=reason)


def _guard(
    guard: GuardMetric, found: MetricFigures | None, figures: ExperimentFigures, design: Design
) -> Verdict:
    """Judge harm by all that is known, and that there is none only by units that are done with."""
    rule = f"guard {guard.name}"
    if found is None:
        return _unknown(rule, f'Nobody has counted "{guard.name}".')
    now = _taken(guard, found.champion, found.challenger, design)
    limit = f"worse by {amount(guard.worse, guard.kind)}"
    if now is not None and _gain(guard, now)[1] < -guard.worse:
        told = _told(guard, found.champion, found.challenger, now, design)
        reason = f"{told}. That is clearly {limit} or more." if guard.worse else f"{told}: worse."
        return Verdict(
            rule=rule, outcome=Outcome.FAIL, measured=now.value, limit=guard.worse, reason=reason
        )
    settled = found.settled or found
    arms = settled.champion, settled.challenger
    is_planned = settled_units(figures) >= design.units
    taken = _taken(guard, *arms, design)
    if taken is None:
        return _unproven(rule, guard, arms, is_planned=is_planned)
    told = _told(guard, *arms, taken, design)
    if not guard.worse:
        outcome, reason = Outcome.PASS, f"{told}. It is not clearly worse."
    elif _gain(guard, taken)[0] >= -guard.worse:
        outcome, reason = Outcome.PASS, f"{told}. It is not {limit}."
    else:
        outcome = Outcome.WARN if is_planned else Outcome.UNKNOWN
        reason = f"{told}. Whether it is {limit} cannot be told" + (
            ", and the test has all the units it was planned with." if is_planned else " yet."
        )
    return Verdict(
        rule=rule, outcome=outcome, measured=taken.value, limit=guard.worse, reason=reason
    )


def _taken(
    guard: GuardMetric, champion: ArmFigures, challenger: ArmFigures, design: Design
) -> Difference | None:
    """Take the difference of a guard metric; `None` where there is too little to judge by.

    Nobody has planned its variance, so units are its clock: at the planned number of them its
    interval is as narrow as that of the deciding metric.
    """
    if _too_few(guard, champion, challenger):
        return None
    size = harmonic(champion.units, challenger.units) / (design.units / 2)
    clock = size * best_clock(design.false_positives)
    return difference(champion, challenger, clock=clock, false_positives=design.false_positives)


def _unproven(
    rule: str, guard: GuardMetric, arms: tuple[ArmFigures, ArmFigures], *, is_planned: bool
) -> Verdict:
    """Tell that a guard cannot be judged, which at the planned end need not stand in the way.

    It does where nothing at all was told: then nobody sends what it is judged by.
    """
    outcomes = sum(_outcomes(guard, arm) for arm in arms)
    few = _too_few(guard, *arms) or _alike(guard)
    of_those = f" Only units whose {write_duration(guard.within)} are over prove that."
    if is_planned and outcomes:
        reason = f"{few} No harm is seen, and the test has all the units it was planned with."
        return Verdict(rule=rule, outcome=Outcome.WARN, limit=guard.worse, reason=reason)
    return _unknown(rule, few + of_those)


def _told(
    metric: Metric, champion: ArmFigures, challenger: ArmFigures, found: Difference, design: Design
) -> str:
    return compared(metric, champion, challenger, found, 100 * (1 - design.false_positives))


def _gain(metric: Metric, found: Difference) -> tuple[float, float]:
    """Give the interval the way that is wanted: above zero is better."""
    if metric.better == "higher":
        return found.low, found.high
    return -found.high, -found.low


def _outcomes(metric: Metric, arm: ArmFigures) -> int:
    """Give of how many units an outcome is told; of sums nobody counted, all may be."""
    if arm.counted is not None:
        return arm.counted
    return int(arm.total) if metric.kind == "conversion" else arm.units


def _too_few(metric: Metric, champion: ArmFigures, challenger: ArmFigures) -> str:
    """Say why it is too early to judge by a normal law; empty: it is not."""
    units = min(champion.units, challenger.units)
    if units < FEWEST_UNITS:
        return (
            f'"{metric.name}" is judged from {FEWEST_UNITS} units in each arm on; there are '
            f"{count(challenger.units)} in the challenger's and {count(champion.units)} in the "
            "champion's."
        )
    told = _outcomes(metric, champion) + _outcomes(metric, challenger)
    rarer = told
    if metric.kind == "conversion":
        rarer = min(told, champion.units + challenger.units - told)
    if rarer >= FEWEST_OUTCOMES:
        return ""
    what = "an outcome" if rarer == told else "no outcome"
    return (
        f'"{metric.name}" is judged from {FEWEST_OUTCOMES} units with {what} on; there are '
        f"{count(rarer)} among {count(champion.units + challenger.units)} units."
    )


def _alike(metric: Metric) -> str:
    return f'"{metric.name}" is the same of every unit, so nothing can be compared.'


def _unknown(rule: str, reason: str) -> Verdict:
    return Verdict(rule=rule, outcome=Outcome.UNKNOWN, reason=reason)
