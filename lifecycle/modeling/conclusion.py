"""From tried configurations to one candidate: blend, calibrate, decide, fit on all rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lifecycle.data.declaration import Schema
from lifecycle.features.fitting import FittedFeatures, View
from lifecycle.modeling.blend import blend, choose_weights
from lifecycle.modeling.calibration import Calibration, choose_calibration
from lifecycle.modeling.candidate import Candidate, CandidateState, Member, name_members
from lifecycle.modeling.declaration import FamilyName, Search
from lifecycle.modeling.families import FAMILIES
from lifecycle.modeling.families.family import (
    Fit,
    OutOfTime,
    Params,
    Question,
    Sample,
    Vector,
)
from lifecycle.modeling.losses import figure, loss
from lifecycle.modeling.threshold import choose_threshold
from lifecycle.modeling.workbench import Tried, Workbench
from lifecycle.task import Task


@dataclass(frozen=True)
class Best:
    """A configuration that did well: the best of its family, or one of the runners-up."""

    family: FamilyName
    params: Params
    tried: Tried


@dataclass(frozen=True)
class Conclusion:
    """What was decided on the rows the folds answered for, before the final fit.

    Parameters
    ----------
    weights
        By the names the configurations were given: `xgboost`, and `xgboost 2` for a runner-up.
    families
        The weights added up by family.
    validation
        The metric after calibration, as it is usually read.
    notes
        What there was no time for.
    """

    weights: dict[str, float]
    families: dict[FamilyName, float]
    calibration: Calibration
    threshold: float | None
    threshold_reason: str
    validation: float
    notes: tuple[str, ...] = ()

    @property
    def winner(self) -> str:
        """In words: which family, or which ensemble."""
        return name_members(self.families)


def conclude(
    bench: Workbench,
    bests: Mapping[str, Best],
    search: Search,
    check: Callable[[], None] = lambda: None,
) -> Conclusion:
    """Decide between the best of each family, calibrate, and set the threshold.

    Parameters
    ----------
    bests
        The one that wins unless an ensemble does comes first.
    check
        Raises `OutOfTime` where it must end: then the best wins alone, uncorrected.
    """
    question, notes = bench.question, []
    answered = np.unique(np.concatenate([asked for _, asked in bench.folds.pairs]))
    labels = bench.labels[answered]
    scores = {name: best.tried.scores[answered] for name, best in bests.items()}
    best = next(iter(bests))
    weights: dict[str, float] = {best: 1.0}
    if search.ensemble == "auto" and len(scores) > 1:
        try:
            chosen = choose_weights(
                question.metric, labels, scores, best, seed=question.seed, check=check
            )
            weights = {name: chosen[name] for name in bests if name in chosen}
        except OutOfTime:
            notes.append("no time to weigh an ensemble")
    mixed = blend(scores, weights)
    calibration = Calibration(kind="none")
    try:
        calibration = _calibrate(bench, answered, labels, mixed, search, check)
    except OutOfTime:
        notes.append("no time to calibrate")
    corrected = calibration.apply(mixed)
    threshold, reason = None, ""
    if question.task is Task.BINARY:
        threshold, reason = choose_threshold(search.threshold, labels, corrected)
    value = figure(question.metric, loss(question.metric, labels, corrected))
    families: dict[FamilyName, float] = {}
    for name, weight in weights.items():
        family = bests[name].family
        families[family] = families.get(family, 0.0) + weight
    return Conclusion(weights, families, calibration, threshold, reason, value, tuple(notes))


def fit_candidate(
    bench: Workbench,
    bests: Mapping[str, Best],
    conclusion: Conclusion,
    question: Question,
    *,
    schema: Schema,
    classes: tuple[str, ...],
    label: str,
    fingerprint: str,
) -> tuple[Candidate, tuple[str, ...]]:
    """Fit the winner on all rows; also tell what its time did not allow."""
    weights, fits, views, notes = _fit_members(bench, bests, conclusion, question)
    members = tuple(
        Member(
            family=bests[name].family,
            kind=fits[name].model.kind,
            weight=weight,
            params=bests[name].params,
            rounds=fits[name].rounds,
        )
        for name, weight in weights.items()
    )
    state = CandidateState(
        task=question.task,
        classes=classes,
        label=label,
        schema_=schema,
        features=tuple(views[view] for view in sorted({member.view for member in members})),
        members=members,
        calibration=conclusion.calibration,
        threshold=conclusion.threshold,
        seed=question.seed,
        train_fingerprint=fingerprint,
        train_rows=len(bench.labels),
    )
    return Candidate(state, tuple(fits[name].model for name in weights)), notes


def _fit_members(
    bench: Workbench, bests: Mapping[str, Best], conclusion: Conclusion, question: Question
) -> tuple[dict[str, float], dict[str, Fit], dict[View, FittedFeatures], tuple[str, ...]]:
    """Fit the members from the heaviest down, and do without those there is no time for.

    The heaviest is in any case fitted as far as the time allows.
    """
    samples: dict[View, Sample] = {}
    views: dict[View, FittedFeatures] = {}
    fits: dict[str, Fit] = {}
    notes = []
    for name in sorted(conclusion.weights, key=lambda name: -conclusion.weights[name]):
        best, family = bests[name], FAMILIES[bests[name].family]
        try:
            if fits:
                question.check()
        except OutOfTime:
            notes.append(f"no time to fit {name} on all rows: left out of the ensemble")
            continue
        if family.view not in samples:
            views[family.view], samples[family.view] = bench.fit_whole(family.view)
        fit = bench.refit(family, best.params, question, samples[family.view], best.tried.rounds)
        if fit.is_whole or not fits:
            fits[name] = fit
        if not fit.is_whole:
            notes.append(f"the fit of {name} on all rows was cut short")
    total = sum(conclusion.weights[name] for name in fits)
    weights = {name: weight / total for name, weight in conclusion.weights.items() if name in fits}
    return (weights if notes else dict(conclusion.weights)), fits, views, tuple(notes)


def _calibrate(
    bench: Workbench,
    answered: np.ndarray[tuple[int], np.dtype[np.int64]],
    labels: Vector,
    scores: Vector,
    search: Search,
    check: Callable[[], None],
) -> Calibration:
    if search.calibrate == "none" or not bench.question.task.is_classification:
        return Calibration(kind="none")
    place = np.full(len(bench.labels), -1)
    place[answered] = np.arange(len(answered))
    folds = [place[asked][place[asked] >= 0] for _, asked in bench.folds.pairs]
    return choose_calibration(labels, scores, folds, check)
