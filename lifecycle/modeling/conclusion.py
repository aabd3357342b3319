"""From tried configurations to one candidate: blend, calibrate, decide, fit on all rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lifecycle.data.declaration import Schema
from lifecycle.modeling.blend import blend, choose_weights
from lifecycle.modeling.calibration import Calibration, choose_calibration
from lifecycle.modeling.candidate import Candidate, CandidateState, Member, name_members
from lifecycle.modeling.declaration import FamilyName, Search
from lifecycle.modeling.families import FAMILIES
from lifecycle.modeling.families.family import Params, Question, Vector
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
    """

    weights: dict[str, float]
    families: dict[FamilyName, float]
    calibration: Calibration
    threshold: float | None
    threshold_reason: str
    validation: float

    @property
    def winner(self) -> str:
        """In words: which family, or which ensemble."""
        return name_members(self.families)


def conclude(bench: Workbench, bests: Mapping[str, Best], search: Search) -> Conclusion:
    """Decide between the best of each family, calibrate, and set the threshold."""
    question = bench.question
    answered = np.unique(np.concatenate([asked for _, asked in bench.folds.pairs]))
    labels = bench.labels[answered]
    scores = {name: best.tried.scores[answered] for name, best in bests.items()}
    best = min(bests, key=lambda name: bests[name].tried.loss)
    weights: dict[str, float] = {best: 1.0}
    if search.ensemble == "auto" and len(scores) > 1:
        chosen = choose_weights(question.metric, labels, scores, best)
        weights = {name: chosen[name] for name in bests if name in chosen}
    mixed = blend(scores, weights)
    calibration = _calibrate(bench, answered, labels, mixed, search)
    corrected = calibration.apply(mixed)
    threshold, reason = None, ""
    if question.task is Task.BINARY:
        threshold, reason = choose_threshold(search.threshold, labels, corrected)
    value = figure(question.metric, loss(question.metric, labels, corrected))
    families: dict[FamilyName, float] = {}
    for name, weight in weights.items():
        family = bests[name].family
        families[family] = families.get(family, 0.0) + weight
    return Conclusion(weights, families, calibration, threshold, reason, value)


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
) -> tuple[Candidate, bool]:
    """Fit the winner on all rows; also say whether every fit could be finished in time."""
    views = {FAMILIES[bests[name].family].view for name in conclusion.weights}
    whole = {view: bench.fit_whole(view) for view in sorted(views)}
    members, models, is_whole = [], [], True
    for name, weight in conclusion.weights.items():
        best, family = bests[name], FAMILIES[bests[name].family]
        fit = bench.refit(family, best.params, question, whole[family.view][1], best.tried.rounds)
        is_whole &= fit.is_whole
        models.append(fit.model)
        members.append(
            Member(
                family=best.family,
                kind=fit.model.kind,
                weight=weight,
                params=best.params,
                rounds=fit.rounds,
            )
        )
    state = CandidateState(
        task=question.task,
        classes=classes,
        label=label,
        schema_=schema,
        features=tuple(features for features, _ in whole.values()),
        members=tuple(members),
        calibration=conclusion.calibration,
        threshold=conclusion.threshold,
        seed=question.seed,
        train_fingerprint=fingerprint,
        train_rows=len(bench.labels),
    )
    return Candidate(state, tuple(models)), is_whole


def _calibrate(
    bench: Workbench,
    answered: np.ndarray[tuple[int], np.dtype[np.int64]],
    labels: Vector,
    scores: Vector,
    search: Search,
) -> Calibration:
    if search.calibrate == "none" or not bench.question.task.is_classification:
        return Calibration(kind="none")
    place = np.full(len(bench.labels), -1)
    place[answered] = np.arange(len(answered))
    folds = [place[asked][place[asked] >= 0] for _, asked in bench.folds.pairs]
    return choose_calibration(labels, scores, folds)
