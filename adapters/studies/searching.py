"""One search from the training rows to a candidate, inside the time that was declared."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from adapters.studies.answers import Answers
from adapters.studies.hunt import Hunt, OnTrial, tell_no_one
from adapters.studies.study import Study
from lifecycle.data.declaration import Data, Schema, Split
from lifecycle.features.declaration import Features
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.conclusion import Best, Conclusion, conclude, fit_candidate
from lifecycle.modeling.deadline import Deadline
from lifecycle.modeling.declaration import Search
from lifecycle.modeling.families.family import OutOfTime
from lifecycle.modeling.preparation import prepare
from lifecycle.modeling.selection import select_features
from lifecycle.modeling.trials import SearchRecord
from lifecycle.modeling.workbench import Workbench


def search(
    train: pa.Table,
    *,
    data: Data,
    schema: Schema,
    split: Split | None,
    features: Features,
    search: Search,
    storage: Path | None = None,
    study: str = "search",
    fingerprint: str = "",
    on_trial: OnTrial | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Candidate, SearchRecord]:
    """Look for the best model of the training rows, and fit it on all of them.

    Parameters
    ----------
    schema
        With the type and role of every column of `train`.
    storage
        The file finished trials are kept in, so that a killed search goes on where it was,
        with the time it had left.
    study
        Names the search inside the file: a fingerprint of the data and the declaration.
    fingerprint
        Of the training rows, kept with the candidate.
    on_trial
        Told each trial that ends, how many are done, how many there will be at most, and the
        seconds left.

    Raises
    ------
    DataError
        If nothing can be learned from the rows.
    """
    limit = None if search.timeout is None else search.timeout.total_seconds()
    deadline = Deadline(limit, clock)
    opened = Study(storage, study, search.seed)
    deadline.spent = opened.recall("spent") or 0.0
    bench, classes = prepare(
        train,
        data=data,
        schema=schema,
        split=split,
        features=features,
        search=search,
        cores=os.cpu_count() or 1,
    )
    bench, dropped = _select(bench, opened, deadline, features)
    answers = Answers(None if storage is None else storage.with_suffix(".answers") / study)
    hunt = Hunt(deadline, bench, search, opened, answers, on_trial or tell_no_one)
    hunt.run_trials()
    bests = hunt.recall_bests()
    conclusion = conclude(bench, bests, search, deadline.check_conclusion)
    candidate, notes = fit_candidate(
        bench,
        bests,
        conclusion,
        replace(bench.question, check=deadline.check_end),
        schema=schema,
        classes=classes,
        label=data.label.column,
        fingerprint=fingerprint,
    )
    notes = (*hunt.notes, *conclusion.notes, *notes)
    return candidate, _record(bench, hunt, bests, conclusion, candidate, dropped, notes)


def _select(
    bench: Workbench, study: Study, deadline: Deadline, features: Features
) -> tuple[Workbench, tuple[str, ...]]:
    """Leave out features that do not help, as an earlier process of this search did."""
    if features.selection == "none":
        return bench, ()
    dropped = study.recall("dropped")
    if dropped is None:
        question = replace(bench.question, check=deadline.check_selection)
        try:
            dropped = select_features(bench, question).dropped
        except OutOfTime:
            dropped = ()
        study.note("dropped", list(dropped))
    kept = [feature for feature in bench.plan if feature.name not in dropped]
    return (bench.with_plan(kept) if dropped else bench), tuple(dropped)


def _record(
    bench: Workbench,
    hunt: Hunt,
    bests: dict[str, Best],
    conclusion: Conclusion,
    candidate: Candidate,
    dropped: tuple[str, ...],
    notes: tuple[str, ...],
) -> SearchRecord:
    members = {
        name: member.weight
        for name in conclusion.weights
        for member in candidate.state.members
        if (member.family, member.params) == (bests[name].family, bests[name].params)
    }
    deadline = hunt.deadline
    if deadline.limit is not None and deadline.overrun > 0.1 * deadline.limit:
        notes = (*notes, f"took {deadline.overrun:.0f} s more than search.timeout")
    return SearchRecord(
        metric=bench.question.metric,
        seed=bench.question.seed,
        folds=len(bench.folds),
        fold_kind=bench.folds.described,
        trials=tuple(hunt.study.records()),
        winner=candidate.family,
        winner_params=bests[max(members, key=lambda name: members[name])].params,
        members=members,
        validation=conclusion.validation,
        dropped=dropped,
        stopped_by=hunt.stopped_by,
        seconds=deadline.elapsed,
        calibration=conclusion.calibration.kind,
        threshold=conclusion.threshold,
        threshold_reason=conclusion.threshold_reason,
        notes=notes,
    )
