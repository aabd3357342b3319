"""One window of one version, looked at from all sides."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from adapters.events.observing import AT, DECISION, LABEL, Observations, observe, score_columns
from adapters.monitoring.knowledge import Known
from adapters.monitoring.profiling import summarise_window
from adapters.profiles import Store
from lifecycle.data.declaration import Role
from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.resampling import Units, find_units
from lifecycle.monitoring.counting import count
from lifecycle.monitoring.drift.rules import judge_shifts
from lifecycle.monitoring.drift.shifts import find_shifts
from lifecycle.monitoring.evidence import LossSums, Performance
from lifecycle.monitoring.performance.assess import assess
from lifecycle.monitoring.performance.judge import judge_performance, judge_slow
from lifecycle.monitoring.performance.slow import follow
from lifecycle.monitoring.performance.spread import window_units
from lifecycle.monitoring.review import Finding, Review
from lifecycle.monitoring.span import Span
from lifecycle.monitoring.summary import Summaries
from lifecycle.monitoring.windows import Window
from lifecycle.project.project import Project
from lifecycle.serving.contract import Contract
from lifecycle.task import Task

History = Iterable[tuple[Span, LossSums]]


@dataclass(frozen=True)
class Desk:
    """Where reviews are written: whose they are, and what lies at hand.

    Parameters
    ----------
    events
        The folder of the project's events.
    store
        Its profiles.
    as_of
        Labels told later are not known.
    """

    project: Project
    events: Path
    store: Store
    as_of: datetime

    def review(self, known: Known, window: Window, *, history: History) -> Review:
        """Review a window of a version.

        Parameters
        ----------
        history
            What the labelled rows of the version's other windows have cost, for slow changes.
        """
        span, monitoring = window.span, self.project.monitoring
        observed = self._observe(known, span)
        now = summarise_window(known, span, events=self.events, store=self.store, as_of=self.as_of)
        now = Summaries(columns=(*now.columns, *self._labels(known, observed).columns))
        shifts = find_shifts(
            known.then, now, monitoring.drift, usual=known.usual.of(monitoring.window)
        )
        performance = self._assess(known, observed)
        earlier = [(other, sums) for other, sums in history if other.start < span.start]
        if performance.losses is not None:
            earlier.append((span, performance.losses))
        slow = follow(earlier, known.evaluation, monitoring.concept)
        findings: tuple[Finding, ...] = (
            *judge_shifts(shifts, monitoring.drift, rows=observed.counts.predictions),
            *judge_performance(
                performance, known.evaluation, monitoring.concept, monitoring.labels, self._primary
            ),
            *judge_slow(slow, monitoring.concept),
        )
        return Review(
            project=self.project.name,
            version=known.number,
            span=span,
            as_of=self.as_of,
            predictions=observed.counts.predictions,
            labels=observed.counts,
            shifts=shifts,
            then=known.then,
            now=now,
            performance=performance,
            slow=slow,
            findings=findings,
        )

    @property
    def _primary(self) -> str:
        return self.project.search.metric_for(self.project.data.label.task)

    def _observe(self, known: Known, span: Span) -> Observations:
        return observe(
            self.events,
            known.contract,
            since=span.start,
            until=span.end,
            as_of=self.as_of,
            version=known.number,
            columns=self._columns(known.contract),
        )

    def _columns(self, contract: Contract) -> tuple[str, ...]:
        """Name the inputs that tell which rows belong together, and which group they are of."""
        split = self.project.split
        wanted = {self.project.data.time, *self._groups(contract)}
        if split.by == "group":
            wanted.add(split.column)
        return tuple(field.name for field in contract.fields if field.name in wanted)

    def _groups(self, contract: Contract) -> tuple[str, ...]:
        """Name the columns whose groups are told one by one; masked values make no groups."""
        over = set(self.project.monitoring.concept.over)
        over |= set(self.project.columns.names(Role.SENSITIVE))
        return tuple(
            field.name for field in contract.fields if field.name in over and not field.personal
        )

    def _labels(self, known: Known, observed: Observations) -> Summaries:
        """Count the labels that have come at the values of those that were trained on."""
        labels = observed.table[LABEL].drop_null()
        if not len(labels):
            return Summaries()
        name = known.contract.label
        return count(pa.table({name: labels}), [name], like=known.then, subject="label")

    def _assess(self, known: Known, observed: Observations) -> Performance:
        table = observed.table
        labelled = table.filter(table[LABEL].is_valid())
        return assess(
            answers_of(labelled, known.contract),
            _scores(table, known.contract),
            groups={name: labelled[name] for name in self._groups(known.contract)},
            units=self._units(labelled),
            evaluation=known.evaluation,
            concept=self.project.monitoring.concept,
            labels=self.project.monitoring.labels,
            counts=observed.counts,
            as_of=self.as_of,
            seed=self.project.search.seed,
            label=known.contract.label,
        )

    def _units(self, labelled: pa.Table) -> Units:
        """Say which rows hang together: as the evaluation did, else those asked about together."""
        split, time = self.project.split, self.project.data.time
        if split.by == "group" and split.column in labelled.column_names and len(labelled):
            return find_units(labelled, group=split.column, time=None)
        if time is not None and time in labelled.column_names and not labelled[time].null_count:
            return window_units(labelled[time])
        return window_units(labelled[AT])


def answers_of(labelled: pa.Table, contract: Contract) -> Answers:
    """Put scores and decisions beside the truth."""
    scores = _scores(labelled, contract)
    if contract.task is Task.REGRESSION:
        truth = labelled[LABEL].to_numpy()
        return Answers(contract.task, (), truth, scores, scores)
    codes = {name: code for code, name in enumerate(contract.classes)}
    truth, decisions = (
        np.array([codes[name] for name in labelled[column].to_pylist()], dtype=np.int64)
        for column in (LABEL, DECISION)
    )
    return Answers(contract.task, contract.classes, truth, scores, decisions)


def _scores(table: pa.Table, contract: Contract) -> "np.typing.NDArray[np.float64]":
    columns = [table[name].to_numpy() for name in score_columns(contract)]
    return np.asarray(
        columns[0] if contract.task is not Task.MULTICLASS else np.column_stack(columns)
    )
