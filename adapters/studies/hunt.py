"""The trials of one search: whose turn it is, how each ends, and which may make up the winner."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from adapters.studies.answers import Answers
from adapters.studies.study import Proposal, Study
from lifecycle.errors import DataError
from lifecycle.features.fitting import View
from lifecycle.modeling.conclusion import Best
from lifecycle.modeling.deadline import Deadline
from lifecycle.modeling.declaration import FamilyName, Search
from lifecycle.modeling.families import FAMILIES
from lifecycle.modeling.families.family import OutOfTime, Params
from lifecycle.modeling.race import choose_family, family_of, find_contenders, find_likely
from lifecycle.modeling.trials import TrialRecord
from lifecycle.modeling.workbench import Tried, Workbench

OnTrial = Callable[[TrialRecord, int, int, float | None], None]


class _Pruned(Exception):  # noqa: N818 - a signal between two functions of this file
    pass


@dataclass
class Hunt:
    """The trials of one search."""

    deadline: Deadline
    bench: Workbench
    search: Search
    study: Study
    answers: Answers
    on_trial: OnTrial
    stopped_by: Literal["trials", "timeout"] = "trials"
    notes: list[str] = field(default_factory=list)
    _encoding: dict[View, float] = field(default_factory=dict)

    def run_trials(self) -> None:
        """Run trials until there were enough, or until the time is needed for the final fit."""
        self._set_reserve()
        while len(finished := self._finished()) < self.search.trials:
            has_any = any(record.loss is not None for record in finished)
            if (self.deadline.is_over and has_any) or not self._run_one(finished, must=not has_any):
                self.stopped_by = "timeout"
                self.study.note("spent", self.deadline.limit)
                return

    def recall_bests(self) -> dict[str, Best]:
        """Give the trials a winner may be made of; the best of all comes first.

        One whose answers an earlier process could not keep is tried again, if there is time.
        """
        bests: dict[str, Best] = {}
        for name, record in self._contenders().items():
            tried = self.answers.recall(record) or self._try_again(record, must=not bests)
            if tried is not None:
                bests[name] = Best(family_of(record), record.params, tried)
        if not bests:
            raise DataError("No trial came to an end, so there is no model to choose.")
        return bests

    def _try_again(self, record: TrialRecord, *, must: bool) -> Tried | None:
        check = (lambda: None) if must else self.deadline.check_trials
        question = replace(self.bench.question, check=check)
        try:
            return self.bench.try_out(FAMILIES[family_of(record)], record.params, question)
        except OutOfTime:
            self.notes.append(f"no time to weigh trial {record.number} for the ensemble")
            return None

    def _finished(self) -> list[TrialRecord]:
        return [record for record in self.study.records() if record.state != "stopped"]

    def _run_one(self, finished: list[TrialRecord], *, must: bool) -> bool:
        """Run a trial; say whether there is time for another.

        Parameters
        ----------
        must
            Whether it is run to its end whatever time it takes, so that there is an answer.
        """
        name, start = self._turn(finished)
        proposal = self.study.ask(name, start, len(finished))
        began, encoded = self.deadline.elapsed, sum(self._encoding.values())
        params = FAMILIES[name].suggest(proposal, self.bench.question, len(self.bench.labels))
        check = (lambda: None) if must else self.deadline.check_trials
        ended, tried = self._try_out(proposal, params, check, may_prune=start is None)
        seconds = self.deadline.elapsed - began
        record = _record(proposal, params, ended, tried, seconds)
        if tried is not None:
            fitting = seconds - (sum(self._encoding.values()) - encoded)
            effort = fitting * self.bench.refit_effort(tried)
            record = record.model_copy(update={"refit_seconds": effort})
        if must and self.deadline.overrun > 0:
            self.notes.append("the first trial alone took longer than search.timeout")
        self.study.tell(proposal, record)
        self.study.note("spent", self.deadline.spent + self.deadline.elapsed)
        if tried is not None:
            self.answers.keep(record.number, tried)
            self._set_reserve()
        done = len(finished) + (ended != "stopped")
        self.on_trial(record, done, self.search.trials, self.deadline.left)
        return ended != "stopped"

    def _turn(self, finished: list[TrialRecord]) -> tuple[FamilyName, Params | None]:
        """Choose a family, and its next start: its defaults, then others, then none."""
        name = choose_family(
            self._starts_each, finished, rows=len(self.bench.labels), seed=self.search.seed
        )
        used = sum(record.family == name for record in finished)
        starts = self._starts(name)
        return name, starts[used] if used < len(starts) else None

    def _starts(self, name: FamilyName) -> tuple[Params, ...]:
        rows, columns = len(self.bench.labels), len(self.bench.plan)
        return FAMILIES[name].starts(self.bench.question, rows, columns)

    @property
    def _starts_each(self) -> dict[FamilyName, int]:
        return {name: len(self._starts(name)) for name in self.search.families}

    def _contenders(self) -> dict[str, TrialRecord]:
        return find_contenders(self._finished(), self._starts_each)

    def _try_out(
        self,
        proposal: Proposal,
        params: Params,
        check: Callable[[], None],
        *,
        may_prune: bool,
    ) -> tuple[Literal["complete", "pruned", "stopped"], Tried | None]:
        last = len(self.bench.folds) - 1

        def after_fold(fold: int, mean: float) -> None:
            if proposal.is_hopeless(fold, mean) and may_prune and fold < last:
                raise _Pruned

        question = replace(self.bench.question, check=check)
        try:
            family = FAMILIES[proposal.family]
            self._encode(family.view, check)
            return "complete", self.bench.try_out(family, params, question, after_fold)
        except _Pruned:
            return "pruned", None
        except OutOfTime:
            return "stopped", None

    def _encode(self, view: View, check: Callable[[], None]) -> None:
        """Fit the features of a view ahead of its first trial, and keep the time it takes."""
        if view in self._encoding:
            return
        began = self.deadline.elapsed
        for fold in range(len(self.bench.folds)):
            check()
            self.bench.samples(view, fold)
        self._encoding[view] = self.deadline.elapsed - began

    def _set_reserve(self) -> None:
        """Set aside the time to fit the likely winners on all rows, and their features."""
        contenders = self._contenders()
        likely = find_likely(contenders)
        views = {FAMILIES[family_of(record)].view for record in likely}
        fitting = sum(record.refit_seconds for record in likely)
        encoding = sum(self._encoding.get(view, 0.0) for view in views)
        share = len(self.bench.labels) / self.bench.fitted_rows
        self.deadline.reserve = fitting + encoding * share
        self.answers.forget_all_but({record.number for record in contenders.values()})


def _record(
    proposal: Proposal,
    params: Params,
    ended: Literal["complete", "pruned", "stopped"],
    tried: Tried | None,
    seconds: float,
) -> TrialRecord:
    reasons = {"pruned": "worse than most others on the first folds", "stopped": "out of time"}
    return TrialRecord(
        number=proposal.number,
        family=proposal.family,
        state=ended,
        params=params,
        loss=None if tried is None else tried.loss,
        fold_losses=() if tried is None else tried.losses,
        rounds=None if tried is None else tried.rounds,
        seconds=seconds,
        reason=reasons.get(ended, ""),
    )


def tell_no_one(record: TrialRecord, done: int, most: int, left: float | None) -> None:
    """Let a trial pass without a word."""
