"""Optuna: proposes configurations, remembers finished trials across a kill, prunes gently."""

import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import optuna
import pyarrow as pa
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import PercentilePruner
from optuna.samplers import TPESampler
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from lifecycle.data.declaration import Data, Schema, Split
from lifecycle.data.label import classes as classes_of
from lifecycle.data.label import encode
from lifecycle.errors import DataError
from lifecycle.features.columns import encode_categories
from lifecycle.features.declaration import Features
from lifecycle.features.plan import plan_features
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.conclusion import Best, conclude, fit_candidate
from lifecycle.modeling.declaration import FamilyName, Search
from lifecycle.modeling.families import FAMILIES
from lifecycle.modeling.families.family import OutOfTime, Params, Question
from lifecycle.modeling.folds import make_folds
from lifecycle.modeling.race import choose_family
from lifecycle.modeling.selection import select_features
from lifecycle.modeling.trials import SearchRecord, TrialRecord
from lifecycle.modeling.workbench import Tried, Workbench

OnTrial = Callable[[TrialRecord, int, int, float | None], None]
Clock = Callable[[], float]

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
GUESSES = 8
"""Trials before TPE models what it saw, and before anything is pruned."""

SMALL_CELLS = 100_000
"""Rows times columns up to which one thread does."""

RUNNERS_UP = 2
"""Trials of the best family that may join the ensemble beside its best: the difference
between them is often noise."""

SELECTION_SHARE = 0.3
"""The part of the time the selection of features may use up."""

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=ExperimentalWarning)


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
    clock: Clock = time.monotonic,
) -> tuple[Candidate, SearchRecord]:
    """Look for the best model of the training rows, and fit it on all of them.

    Parameters
    ----------
    schema
        With the type and role of every column of `train`.
    storage
        The file finished trials are kept in, so that a killed search goes on where it was.
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
    run = _Run(search, clock)
    bench, classes = _set_up(train, data, schema, split, features, search, run)
    opened = _open(storage, study)
    bench, dropped = _select(bench, opened, run, features)
    hunt = _Hunt(run, bench, search, opened, on_trial or _tell_no_one)
    hunt.run_trials()
    bests = hunt.recall_bests()
    conclusion = conclude(bench, bests, search)
    candidate, is_whole = fit_candidate(
        bench,
        bests,
        conclusion,
        replace(bench.question, check=run.check_end),
        schema=schema,
        classes=classes,
        label=data.label.column,
        fingerprint=fingerprint,
    )
    heaviest = max(conclusion.weights, key=lambda name: conclusion.weights[name])
    winner = candidate.family
    record = SearchRecord(
        metric=bench.question.metric,
        seed=search.seed,
        folds=len(bench.folds),
        fold_kind=bench.folds.described,
        trials=tuple(hunt.records),
        winner=winner if is_whole else f"{winner} (final fit cut short)",
        winner_params=bests[heaviest].params,
        members=dict(conclusion.weights),
        validation=conclusion.validation,
        dropped=dropped,
        stopped_by=hunt.stopped_by,
        seconds=run.elapsed,
        calibration=conclusion.calibration.kind,
        threshold=conclusion.threshold,
        threshold_reason=conclusion.threshold_reason,
    )
    return candidate, record


def _set_up(
    train: pa.Table,
    data: Data,
    schema: Schema,
    split: Split | None,
    features: Features,
    search: Search,
    run: "_Run",
) -> tuple[Workbench, tuple[str, ...]]:
    task = data.label.task
    classes = classes_of(train, data.label)
    labels = encode(train, data.label, classes).astype(np.float64)
    table = encode_categories(train)
    plan = plan_features(table.drop_columns([data.label.column]), schema, features)
    if not plan:
        raise DataError(
            "No column is left to learn from: each is missing in all rows, has one value, or "
            "has a role other than feature. See schema, or bring more columns in the query."
        )
    question = Question(
        task=task,
        classes=max(len(classes), 1),
        metric=search.metric_for(task),
        seed=search.seed,
        threads=_threads(search, train.num_rows * len(plan)),
        check=run.check_trials,
    )
    folds = make_folds(table, labels, data, split, folds=search.folds, seed=search.seed)
    bench = Workbench(table, labels, plan, features, folds, question, search.rows)
    return bench, classes


def _threads(search: Search, cells: int) -> int:
    """Give small tables one thread: for them, more only wait for one another."""
    return 1 if cells < SMALL_CELLS else search.threads or os.cpu_count() or 1


def _select(
    bench: Workbench, study: optuna.Study, run: "_Run", features: Features
) -> tuple[Workbench, tuple[str, ...]]:
    """Leave out features that do not help, as an earlier process of this search did."""
    if features.selection == "none":
        return bench, ()
    if "dropped" not in study.user_attrs:
        question = replace(bench.question, check=run.check_selection)
        try:
            dropped = select_features(bench, question).dropped
        except OutOfTime:
            dropped = ()
        study.set_user_attr("dropped", list(dropped))
    dropped = tuple(study.user_attrs["dropped"])
    kept = [feature for feature in bench.plan if feature.name not in dropped]
    return (bench.with_plan(kept) if dropped else bench), dropped


@dataclass
class _Run:
    """The time a search has, and how much of it the final fit will need."""

    search: Search
    clock: Clock
    reserve: float = 0.0
    start: float = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.clock()

    @property
    def elapsed(self) -> float:
        return self.clock() - self.start

    @property
    def limit(self) -> float | None:
        timeout = self.search.timeout
        return None if timeout is None else timeout.total_seconds()

    @property
    def left(self) -> float | None:
        """Seconds left for trials."""
        return None if self.limit is None else self.limit - self.reserve - self.elapsed

    def check_selection(self) -> None:
        if self.limit is not None and self.elapsed > SELECTION_SHARE * self.limit:
            raise OutOfTime

    def check_trials(self) -> None:
        if self.left is not None and self.left <= 0:
            raise OutOfTime

    def check_end(self) -> None:
        if self.limit is not None and self.elapsed > self.limit:
            raise OutOfTime


class _Pruned(Exception):  # noqa: N818 - a signal between two functions of this file
    pass


@dataclass
class _Hunt:
    """The trials of one search."""

    run: _Run
    bench: Workbench
    search: Search
    study: optuna.Study
    on_trial: OnTrial
    records: list[TrialRecord] = field(default_factory=list)
    tried: dict[int, Best] = field(default_factory=dict)
    refits: dict[int, float] = field(default_factory=dict)
    stopped_by: Literal["trials", "timeout"] = "trials"

    def run_trials(self) -> None:
        """Run trials until there were enough, or until the time is needed for the final fit."""
        self._take_up()
        while self._done < self.search.trials:
            is_late = self.run.left is not None and self.run.left <= 0
            if (is_late and self.tried) or not self._run_one():
                self.stopped_by = "timeout"
                return

    def recall_bests(self) -> dict[str, Best]:
        """Give the trials a winner is made of, tried again where an earlier process ran them."""
        question = replace(self.bench.question, check=lambda: None)
        bests: dict[str, Best] = {}
        for name, trial in self._pool().items():
            known = self.tried.get(trial.number)
            if known is None:
                family, params = _family(trial), cast(Params, trial.user_attrs["params"])
                tried = self.bench.try_out(FAMILIES[family], params, question)
                known = Best(family, params, tried)
            bests[name] = known
        if not bests:
            raise DataError(
                "No trial could be finished in the time given. Declare a longer search.timeout."
            )
        return bests

    def _pool(self) -> dict[str, FrozenTrial]:
        """Find the best trial of each family, and the runners-up of the best family."""
        trials = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        ranked = sorted(trials, key=lambda trial: (trial.value, trial.number))
        places: dict[FamilyName, int] = {}
        pool = {}
        for trial in ranked:
            family = _family(trial)
            place = places[family] = places.get(family, 0) + 1
            is_best = family == _family(ranked[0]) and FAMILIES[family].name != "linear"
            if place == 1:
                pool[str(family)] = trial
            elif is_best and place <= 1 + RUNNERS_UP:
                pool[f"{family} {place}"] = trial
        return pool

    @property
    def _done(self) -> int:
        return len(self._finished())

    def _finished(self) -> list[FrozenTrial]:
        return cast(list[FrozenTrial], self.study.get_trials(deepcopy=False, states=FINISHED))

    def _take_up(self) -> None:
        """Close trials a killed process left open, and list those it finished."""
        for trial in self.study.get_trials(states=(TrialState.RUNNING,)):
            self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        for trial in self._finished():
            self.records.append(_record(trial, len(self.records)))

    def _start(self, name: FamilyName) -> Params | None:
        """Give the family's next start: its defaults, then others, then none."""
        rows, columns = len(self.bench.labels), len(self.bench.plan)
        starts = FAMILIES[name].starts(self.bench.question, rows, columns)
        used = sum(_family(trial) == name for trial in self._finished())
        return starts[used] if used < len(starts) else None

    def _ask(self) -> tuple[optuna.Trial, FamilyName, bool]:
        """Let Optuna propose a trial of the family whose turn it is."""
        self.study.sampler = _sampler(self.search.seed, self._done)
        best: dict[FamilyName, float] = {}
        for trial in self._finished():
            loss = trial.value if trial.state is TrialState.COMPLETE else np.inf
            best[_family(trial)] = min(best.get(_family(trial), np.inf), cast(float, loss))
        name = choose_family(self.search.families, best, seed=self.search.seed, turn=self._done)
        start = self._start(name)
        if start is not None and not self.study.get_trials(states=(TrialState.WAITING,)):
            self.study.enqueue_trial({f"{name}.{key}": value for key, value in start.items()})
        proposed = self.study.ask()
        proposed.set_user_attr("family", name)
        return proposed, name, start is not None

    def _run_one(self) -> bool:
        """Run a trial; say whether there is time for another."""
        trial, name, is_start = self._ask()
        rows = len(self.bench.labels)
        params = FAMILIES[name].suggest(_Prefixed(trial, f"{name}."), self.bench.question, rows)
        trial.set_user_attr("params", params)
        began, losses = self.run.elapsed, []

        def after_fold(fold: int, mean: float) -> None:
            losses.append(mean)
            trial.report(mean, fold)
            last = len(self.bench.folds) - 1
            if not is_start and fold < last and trial.should_prune():
                raise _Pruned

        state, tried = TrialState.COMPLETE, None
        check = self.run.check_trials if self.tried else (lambda: None)
        question = replace(self.bench.question, check=check)
        try:
            tried = self.bench.try_out(FAMILIES[name], params, question, after_fold)
        except _Pruned:
            state = TrialState.PRUNED
        except OutOfTime:
            state = TrialState.FAIL
        seconds = self.run.elapsed - began
        self._tell(trial, name, params, state, tried, seconds)
        return state is not TrialState.FAIL

    def _tell(
        self,
        trial: optuna.Trial,
        name: FamilyName,
        params: Params,
        state: TrialState,
        tried: Tried | None,
        seconds: float,
    ) -> None:
        trial.set_user_attr("seconds", seconds)
        if tried is not None:
            trial.set_user_attr("fold_losses", list(tried.losses))
            trial.set_user_attr("rounds", tried.rounds)
        self.study.tell(
            trial.number,
            None if tried is None else tried.loss,
            state=state,
            skip_if_finished=True,
        )
        if tried is not None:
            self._keep(trial.number, Best(name, params, tried), seconds)
        frozen = self.study.get_trials(deepcopy=False)[trial.number]
        record = _record(frozen, len(self.records))
        self.records.append(record)
        self.on_trial(record, self._done, self.search.trials, self.run.left)

    def _keep(self, number: int, best: Best, seconds: float) -> None:
        """Keep what the pool needs of this trial, and the time to fit the pool on all rows."""
        self.tried[number] = best
        self.refits[number] = seconds * self.bench.refit_effort(best.tried)
        in_pool = {trial.number for trial in self._pool().values()}
        self.tried = {number: best for number, best in self.tried.items() if number in in_pool}
        self.run.reserve = sum(self.refits.get(number, 0.0) for number in in_pool)


@dataclass(frozen=True)
class _Prefixed:
    """A trial whose parameters carry the family's name, so that families do not mix."""

    trial: optuna.Trial
    prefix: str

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        return float(self.trial.suggest_float(self.prefix + name, low, high, log=log))

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        return int(self.trial.suggest_int(self.prefix + name, low, high, log=log))

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return self.trial.suggest_categorical(self.prefix + name, choices)


def _sampler(seed: int, done: int) -> TPESampler:
    """Give a sampler that depends on the seed and the number of finished trials only.

    So a search that was killed proposes what it would have proposed.
    """
    mixed = int(np.random.SeedSequence([seed, done]).generate_state(1)[0])
    return TPESampler(seed=mixed, n_startup_trials=GUESSES, multivariate=True, group=True)


def _open(storage: Path | None, study: str) -> optuna.Study:
    backend: BaseStorage = InMemoryStorage()
    if storage is not None:
        storage.parent.mkdir(parents=True, exist_ok=True)
        backend = JournalStorage(JournalFileBackend(str(storage)))
    # The better three quarters on a fold always go on to the next: pruning lost the best
    # trial when it was stricter.
    pruner = PercentilePruner(75.0, n_startup_trials=GUESSES)
    return optuna.create_study(
        study_name=study, storage=backend, pruner=pruner, load_if_exists=True
    )


def _record(trial: FrozenTrial, number: int) -> TrialRecord:
    states: dict[TrialState, Literal["complete", "pruned", "stopped"]] = {
        TrialState.COMPLETE: "complete",
        TrialState.PRUNED: "pruned",
    }
    found = trial.user_attrs
    reasons = {TrialState.PRUNED: "worse than most others on the first folds"}
    return TrialRecord(
        number=number,
        family=_family(trial),
        state=states.get(trial.state, "stopped"),
        params=found["params"],
        loss=trial.value if trial.state is TrialState.COMPLETE else None,
        fold_losses=tuple(found.get("fold_losses", ())),
        rounds=found.get("rounds"),
        seconds=found.get("seconds", 0.0),
        reason=reasons.get(trial.state, "" if trial.state in FINISHED else "out of time"),
    )


def _family(trial: FrozenTrial) -> FamilyName:
    return cast(FamilyName, trial.user_attrs["family"])


def _tell_no_one(record: TrialRecord, done: int, most: int, left: float | None) -> None:
    """Let a trial pass without a word."""
