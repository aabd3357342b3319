"""Which window of rows teaches most about the newest: each is tried, and the same rows judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.data.split import split as divide
from lifecycle.errors import DataError, ProjectError
from lifecycle.evaluation.answers import Answers, answer
from lifecycle.evaluation.bootstrap import compare, measure, resample
from lifecycle.evaluation.evidence import Comparison, Measure
from lifecycle.evaluation.metric_names import METRICS, gain, metric_title
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.plan import EvaluationPlan
from lifecycle.evaluation.resampling import find_units
from lifecycle.evaluation.weighted import Numbers
from lifecycle.features.declaration import Features
from lifecycle.modeling.candidate import CandidateState
from lifecycle.modeling.declaration import Search
from lifecycle.ports import Predictor
from lifecycle.retraining.aiming import Aim
from lifecycle.retraining.decision import WindowChoice, WindowTrial
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.refitting import refit
from lifecycle.retraining.stretches import FEWEST, Stretch, cut_stretches
from lifecycle.retraining.windows import WindowLength, tell_window, windows_of
from lifecycle.retraining.words import tell_count, tell_moment

Fitting = Callable[[pa.Table], Predictor]


@dataclass(frozen=True)
class Tried:
    """A window and what was answered by what it taught, for all stretches one after the other.

    Parameters
    ----------
    start, rows
        Of the newest stretch.
    """

    window: WindowLength
    start: datetime | None = None
    rows: int = 0
    answers: Answers | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return tell_window(self.window)


@dataclass(frozen=True)
class Judged:
    """A tried window with its figure, and how it stands against the one that does best.

    Parameters
    ----------
    is_clearly_worse
        The interval of the difference lies wholly below zero, and no single stretch makes it so.
    """

    tried: Tried
    measure: Measure | None = None
    gap: Comparison | None = None
    is_clearly_worse: bool = False


def choose_window(
    rows: pa.Table,
    aimed: Aim,
    champion: CandidateState,
    policy: Retraining,
    *,
    features: Features,
    search: Search,
    plan: EvaluationPlan,
    dropped: tuple[str, ...] = (),
    threads: int = 1,
    most_rows: int | None = None,
) -> WindowChoice:
    """Try every declared window and choose one, without a look at the test rows.

    The newest rows before test are cut into stretches, each as long as test is. For each of them
    and each window, the champion's own configuration is fitted on the window's rows before the
    stretch and answers for it. Chosen is, of the windows that are not clearly worse than the best,
    the one with the most rows: what is better by chance is not worth forgetting for. Clearly worse
    is what the interval of the primary metric says (paired bootstrap, at the plan's confidence) and
    still holds when any one stretch is left out: seasons favour one window here and another there.

    Parameters
    ----------
    rows
        Of the longest window, conformed, with labels; see `aiming.aim`.
    aimed
        The longest window with what is held out.
    most_rows
        The longest window is thinned to so many rows, by chance, and the others alike.
    """
    data = aimed.data
    if data.time is None:
        raise ProjectError("Windows of rows need data.time: name the column that tells it.")
    known = divide(rows, data, aimed.split, cut=aimed.choice.test_from).train
    stretches = cut_stretches(known, aimed, policy)
    if not stretches:
        return _without_rows(aimed, policy, plan.primary, len(known))

    def fit(table: pa.Table) -> Predictor:
        return refit(
            champion, table, data=data, features=features, dropped=dropped, threads=threads,
            metric=search.metric_for(data.label.task),
        )  # fmt: skip

    kept = _thin(stretches[0].taught, most_rows, champion.seed)
    tried: list[Tried] = []
    for window in windows_of(policy):
        tried.append(_try(window, known, stretches, kept, fit, data.label.column, tried))
    judged, best = _judge(tried, known, stretches, plan, data.time, champion.seed)
    return _tell(judged, best, aimed, plan.primary, stretches)


def _thin(taught: NDArray[np.bool_], most_rows: int | None, seed: int) -> NDArray[np.bool_]:
    """Keep every row, or each with the same chance where there are too many."""
    count = int(taught.sum())
    if most_rows is None or count <= most_rows:
        return np.ones(len(taught), dtype=bool)
    return np.random.default_rng(seed).random(len(taught)) < most_rows / count


def _try(
    window: WindowLength,
    known: pa.Table,
    stretches: Sequence[Stretch],
    kept: NDArray[np.bool_],
    fit: Fitting,
    label: str,
    others: Sequence[Tried],
) -> Tried:
    """Fit on a window's rows before each stretch and let it answer for the stretch."""
    masks = [stretch.within(window) & kept for stretch in stretches]
    one = Tried(window, stretches[0].start(window), int(masks[0].sum()))
    if others and all(
        (mask == (stretch.within(others[-1].window) & kept)).all()
        for mask, stretch in zip(masks, stretches, strict=True)
    ):  # it reaches back beyond the first row, as the longer one does
        return replace(one, answers=others[-1].answers, reason=others[-1].reason)
    fewest = min(int(mask.sum()) for mask in masks)
    if fewest < FEWEST:
        return replace(
            one, reason=f"{tell_count(fewest, 'row')} to learn from; {FEWEST} are needed."
        )
    try:
        found = [
            answer(fit(known.filter(pa.array(mask))), known.filter(pa.array(stretch.asked)), label)
            for mask, stretch in zip(masks, stretches, strict=True)
        ]
    except DataError as error:
        return replace(one, reason=str(error))
    return replace(one, answers=_pool(found))


def _pool(found: Sequence[Answers]) -> Answers:
    classes = tuple(dict.fromkeys(name for one in found for name in one.classes))
    alike = [one.recode(classes) for one in found]
    return Answers(
        alike[0].task,
        classes,
        np.concatenate([one.truth for one in alike]),
        np.concatenate([one.scores for one in alike]),
        np.concatenate([one.decisions for one in alike]),
    )


def _judge(
    tried: Sequence[Tried],
    known: pa.Table,
    stretches: Sequence[Stretch],
    plan: EvaluationPlan,
    time: str,
    seed: int,
) -> tuple[list[Judged], Judged | None]:
    """Measure each window and hold it against the one that does best."""
    metric = plan.primary
    asked = {(one.name, metric): one.answers for one in tried if one.answers is not None}
    if not asked or not METRICS[metric].resampled:
        return [Judged(one) for one in tried], None
    valid = pa.concat_tables([known.filter(pa.array(one.asked)) for one in stretches])
    units = find_units(valid, group=plan.unit, time=time)
    samples = resample(asked, units, resamples=plan.resamples, seed=seed)
    judged = [Judged(one, _measure(one, metric, samples, plan)) for one in tried]
    usable = [one for one in judged if one.measure is not None]
    if not usable:
        return judged, None
    best = max(usable, key=lambda one: (_goodness(one, metric), one.tried.rows))
    turns = np.repeat(np.arange(len(stretches)), [int(one.asked.sum()) for one in stretches])
    return [_hold(one, best, metric, samples, plan, turns) for one in judged], best


def _goodness(one: Judged, metric: str) -> float:
    value = one.measure.value if one.measure is not None else np.nan
    return value if METRICS[metric].higher_is_better else -value


def _measure(
    one: Tried, metric: str, samples: dict[tuple[str, str], Numbers], plan: EvaluationPlan
) -> Measure | None:
    if one.answers is None:
        return None
    drawn = samples.get((one.name, metric))
    try:
        return measure(metric, one.answers, drawn, confidence=plan.confidence)
    except DataError:  # not defined on these rows: its trial has no value, and says so
        return None


def _hold(
    one: Judged,
    best: Judged,
    metric: str,
    samples: dict[tuple[str, str], Numbers],
    plan: EvaluationPlan,
    turns: NDArray[np.int64],
) -> Judged:
    mine, theirs = one.tried.answers, best.tried.answers
    if one is best or one.measure is None or mine is None or theirs is None:
        return one
    pair = samples.get((one.tried.name, metric)), samples.get((best.tried.name, metric))
    try:
        gap = compare(
            metric, mine, theirs, pair, against=best.tried.name, confidence=plan.confidence
        )
    except DataError:  # too few rows for an interval: then it is not clearly worse
        return one
    is_clear = gap.high < 0 and _holds_without_any(metric, mine, theirs, turns)
    return replace(one, gap=gap, is_clearly_worse=is_clear)


def _holds_without_any(
    metric: str, mine: Answers, theirs: Answers, turns: NDArray[np.int64]
) -> bool:
    """Say whether it is worse still when any one stretch is left out; never of a single one."""
    several = np.unique(turns)
    if len(several) < 2:
        return False
    try:
        gains = [
            gain(metric, compute(metric, mine.at(rest)), compute(metric, theirs.at(rest)))
            for rest in (np.flatnonzero(turns != turn) for turn in several)
        ]
    except DataError:  # not defined on part of the rows: nothing is clear then
        return False
    return max(gains) < 0


def _tell(
    judged: Sequence[Judged],
    best: Judged | None,
    aimed: Aim,
    metric: str,
    stretches: Sequence[Stretch],
) -> WindowChoice:
    trials = tuple(_trial(one, metric) for one in judged)
    rows = sum(int(one.asked.sum()) for one in stretches)
    judges = (
        f"{metric_title(metric)} of {rows:,} rows since {tell_moment(stretches[-1].begin)}, "
        f"in {tell_count(len(stretches), 'stretch')}"
    )
    if best is None:
        why = next((trial.reason for trial in trials if trial.reason), "")
        text = f"The longest window, {trials[0].window}: none could be judged by {judges}. {why}"
        return _choose(judged[0], aimed, text.strip(), trials)
    if judged[0].measure is None:  # what could not be tried was not found to be worse
        text = f"The longest window, {trials[0].window}, could not be tried. {trials[0].reason}"
        return _choose(judged[0], aimed, text, trials)
    chosen = max(
        (one for one in judged if one.measure is not None and not one.is_clearly_worse),
        key=lambda one: one.tried.rows,
    )
    why = "does best" if chosen is best else "has the most rows of those not clearly worse"
    figures = ", ".join(
        f"{one.tried.name} {one.measure.value:.4f}" for one in judged if one.measure is not None
    )
    return _choose(chosen, aimed, f"Window {chosen.tried.name} {why}: {judges}: {figures}.", trials)


def _choose(
    chosen: Judged, aimed: Aim, reason: str, trials: tuple[WindowTrial, ...]
) -> WindowChoice:
    end = aimed.choice.test_from or aimed.choice.end
    start = aimed.choice.start
    if not isinstance(chosen.tried.window, str):
        begin = end - chosen.tried.window
        start = begin if start is None else max(begin, start)
    update = {
        "window": chosen.tried.name, "start": start, "reason": reason, "trials": trials
    }  # fmt: skip
    return aimed.choice.model_copy(update=update)


def _trial(one: Judged, metric: str) -> WindowTrial:
    found, gap, reason = one.measure, one.gap, one.tried.reason
    if found is None and not reason:
        reason = f"The {metric_title(metric)} is not defined on the rows to judge by."
    return WindowTrial(
        window=one.tried.name,
        start=one.tried.start,
        rows=one.tried.rows,
        metric=metric,
        value=None if found is None else found.value,
        low=None if found is None else found.low,
        high=None if found is None else found.high,
        gain=None if gap is None else gap.gain,
        gain_low=None if gap is None else gap.low,
        gain_high=None if gap is None else gap.high,
        reason=reason,
    )


def _without_rows(aimed: Aim, policy: Retraining, metric: str, rows: int) -> WindowChoice:
    reason = f"{tell_count(rows, 'row')} before test leave no stretch of {FEWEST} to judge by."
    tried = [Tried(window, reason=reason) for window in windows_of(policy)]
    trials = tuple(_trial(Judged(one), metric) for one in tried)
    return _choose(
        Judged(tried[0]), aimed, f"The longest window, {tried[0].name}: {reason}", trials
    )
