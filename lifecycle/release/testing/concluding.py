"""What follows from an A/B test, by the rule that was told before it began."""

from datetime import datetime

from lifecycle.release.declaration import Experiment
from lifecycle.release.evidence import ExperimentFigures
from lifecycle.release.release import Design, Next
from lifecycle.release.testing.judging import CROSSED, RATIO, judge_test, settled_units
from lifecycle.release.testing.telling import amount, count
from lifecycle.section import write_duration
from lifecycle.verdict import Outcome, Verdict, Verdicts

__all__ = ["conclude", "judge_test", "waits"]


def conclude(
    figures: ExperimentFigures,
    design: Design,
    experiment: Experiment,
    *,
    began: datetime,
    now: datetime,
) -> Next | None:
    """Decide a test; `None`: it goes on, and `waits` says what for.

    A test that cannot be trusted, and one without a winner at its end, finish: the champion
    stays, and nothing is held against the challenger. It is rolled back where it does harm.
    """
    verdicts = judge_test(figures, design, experiment)
    found = _stopped(verdicts) or _decided(verdicts, experiment)
    found = found or _ended(verdicts, figures, design, experiment, began=began, now=now)
    return None if found is None else found.model_copy(update={"verdicts": verdicts})


def waits(
    figures: ExperimentFigures,
    design: Design,
    experiment: Experiment,
    *,
    began: datetime,
    now: datetime,
) -> str:
    """Say what a test that goes on waits for."""
    name = experiment.metric.name
    settled = settled_units(figures)
    left = experiment.most - (now - began)
    until = f"or until {began + experiment.most:%Y-%m-%d %H:%M} at the latest"
    verdicts = judge_test(figures, design, experiment)
    if _effect(verdicts).outcome is Outcome.PASS:
        guards = ", ".join(v.rule for v in _guards(verdicts) if v.outcome.blocks)
        return f"The challenger is better; it waits for evidence on {guards}, {until}."
    missing = max(design.units - settled, 0)
    if not missing or not left:
        return "The test is at its end."
    over = (
        ""
        if not experiment.metric.within
        else (f" whose {write_duration(experiment.metric.within)} for outcomes are over")
    )
    return (
        f"Waits for a clear difference in {name}, for {count(missing)} more units of each arm"
        f"{over} ({count(settled)} of {count(design.units)} are there), {until}."
    )


def _guards(verdicts: Verdicts) -> tuple[Verdict, ...]:
    return tuple(verdict for verdict in verdicts if verdict.rule.startswith("guard "))


def _effect(verdicts: Verdicts) -> Verdict:
    return next(verdict for verdict in verdicts if verdict.rule.startswith("effect "))


def _stopped(verdicts: Verdicts) -> Next | None:
    """Stop a test that cannot be trusted, or that does harm."""
    for verdict in verdicts:
        if verdict.rule in (RATIO, CROSSED) and verdict.outcome is Outcome.FAIL:
            reason = f"The test is void and the champion stays. {verdict.reason}"
            return Next(action="finish", reason=reason)
    for verdict in _guards(verdicts):
        if verdict.outcome is Outcome.FAIL:
            return Next(action="roll back", reason=f"A guard metric got worse. {verdict.reason}")
    return None


def _decided(verdicts: Verdicts, experiment: Experiment) -> Next | None:
    effect = _effect(verdicts)
    if effect.outcome is Outcome.FAIL:
        return Next(action="finish", reason=f"The champion stays. {effect.reason}")
    # What cannot be judged stands in the way of a win as well: the split, and every guard.
    if effect.outcome is not Outcome.PASS or any(verdict.outcome.blocks for verdict in verdicts):
        return None
    if experiment.on_win == "report":
        told = f"{effect.reason} release.test.on_win is report, so the champion stays."
        return Next(action="finish", reason=told)
    return Next(action="promote", reason=effect.reason)


def _ended(
    verdicts: Verdicts,
    figures: ExperimentFigures,
    design: Design,
    experiment: Experiment,
    *,
    began: datetime,
    now: datetime,
) -> Next | None:
    """End a test that has all its units, or all its time, without a winner."""
    settled = settled_units(figures)
    is_over, is_full = now - began >= experiment.most, settled >= design.units
    effect = _effect(verdicts)
    units = f"{count(settled)} of {count(design.units)} planned units of each arm"
    if is_over and effect.outcome is Outcome.PASS:
        open_ones = " ".join(verdict.reason for verdict in verdicts.blocking)
        reason = (
            f"The champion stays. {effect.reason} But the test is over "
            f"({write_duration(experiment.most)}), and: {open_ones}"
        )
        return Next(action="finish", reason=reason)
    if effect.outcome is Outcome.PASS or not (is_over or is_full):
        return None
    ended = "has all its units" if is_full else f"took {write_duration(experiment.most)}"
    reason = (
        f"The champion stays: no difference as large as "
        f"{amount(design.effect, experiment.metric.kind)} was found. The test {ended} "
        f"({units} have had their time for outcomes). {effect.reason}"
    )
    return Next(action="finish", reason=reason)
