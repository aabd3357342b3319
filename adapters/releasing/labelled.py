"""Both versions on the rows of a release whose truth has come."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from adapters.events.reading import LABELS, files
from adapters.releasing.pairing_sample import Sample
from adapters.releasing.pairing_sides import Answer, NotToldError, Sides
from lifecycle.errors import DataError
from lifecycle.project.project import Project
from lifecycle.release.evidence import Gain
from lifecycle.serving.contract import Contract
from lifecycle.task import Task

if TYPE_CHECKING:
    import pyarrow as pa

    from lifecycle.evaluation.answers import Answers
    from lifecycle.evaluation.resampling import Units

MOST = 20_000
"""Labelled rows both versions are judged on; of more, a sample that is always the same."""

LEAST = 30
"""With fewer labelled rows no interval is worth the name."""

_SELDOM = timedelta(minutes=10)
_SHORTEST = timedelta(hours=1)
_MOST_WINDOWS = 48
"""A release is read in windows, so that never all of its rows are held at once."""


@dataclass(frozen=True)
class _Row:
    truth: Any
    at: datetime
    more: tuple[Any, ...]
    champion: Answer
    challenger: Answer


class Labelled:
    """Finds the rows whose labels have come, and what both versions make of them.

    Rows count from the beginning of the release on, not of the step: labels come late. Each was
    answered by one of the versions; the other's answer is computed, or in a shadow release read
    from the shadow's log.

    Parameters
    ----------
    events
        The folder of the project's events.
    shadow
        That of the shadow's, in a shadow release.
    began
        When the release did.
    """

    def __init__(
        self, sides: Sides, project: Project, *, events: Path, shadow: Path | None, began: datetime
    ) -> None:
        if shadow is None:
            sides.require_plain()
        self._sides, self._project = sides, project
        self._events, self._shadow, self._began = events, shadow, began
        self._contract: Contract = sides.contract
        self._last: tuple[Any, datetime, Gain | NotToldError] | None = None
        self._metric: str = project.search.metric_for(sides.task)

    def gain(self, now: datetime) -> Gain:
        """Compare them on the labels that have been told by now.

        As long as no label is told, nothing is read again, or seldom: a label may have been told
        before what it is the truth of was asked for.

        Raises
        ------
        NotToldError
            If there is no label yet, or the metric is not defined on those there are.
        """
        told = _sizes(self._events / LABELS)
        if self._last is None or self._last[0] != told or now - self._last[1] >= _SELDOM:
            self._last = told, now, self._told(now)
        found = self._last[2]
        if isinstance(found, NotToldError):
            raise found
        return found

    def _told(self, now: datetime) -> Gain | NotToldError:
        rows = self._rows(now)
        if not rows:
            return NotToldError(
                "No label has come yet of a row that was asked for since the release began"
                + (" and answered by both versions." if self._shadow else ".")
            )
        try:
            return self._compare(rows)
        except DataError as error:
            return NotToldError(
                f"{self._metric} cannot be told on the {len(rows):,} labelled rows there are: "
                f"{error}"
            )

    def _rows(self, now: datetime) -> list[_Row]:
        found: Sample[_Row] = Sample(MOST)
        for since, until in _windows(self._began, now):
            self._window(found, since, until, now)
        # In the order of their names: the same rows give the same bootstrap samples.
        return [found.rows[name] for name in sorted(found.rows)]

    def _window(self, found: Sample[_Row], since: datetime, until: datetime, now: datetime) -> None:
        from adapters.events.observing import AT, LABEL, VERSION

        seen, names = self._observe(since, until, now)
        versions = seen[VERSION].to_pylist()
        wanted = [
            place
            for place, (name, version) in enumerate(zip(names, versions, strict=True))
            if found.wants(name) and self._sides.of(version) is not None
        ]
        if not wanted:
            return
        names = [names[place] for place in wanted]
        seen = seen.take(wanted)
        both = self._both(seen, names, since, until)
        truths, moments = seen[LABEL].to_pylist(), seen[AT].to_pylist()
        more = [*zip(*(seen[name].to_pylist() for name in self._pieces()), strict=True)]
        for place, (name, answers) in enumerate(zip(names, both, strict=True)):
            if answers is not None and found.wants(name):
                told = more[place] if more else ()
                found[name] = _Row(truths[place], moments[place], told, *answers)

    def _observe(
        self, since: datetime, until: datetime, now: datetime
    ) -> tuple["pa.Table", list[int]]:
        """Give the labelled rows of a window with their names.

        As `adapters.events.observing.observe` does, without its search of the whole log for what
        labels that name nothing may be about.
        """
        from adapters.events.matching import choose, find_labels
        from adapters.events.observing import LABEL
        from adapters.events.windows import read_predictions

        told = read_predictions(
            self._events, self._contract, since=since, until=until, version=None,
            columns=self._columns(),
        )  # fmt: skip
        labels = find_labels(
            self._events, self._contract, told, since=since, until=until, as_of=now
        )
        label = choose(labels.table, told, self._contract).label
        is_labelled = label.is_valid()
        seen = told.table.append_column(LABEL, label).filter(is_labelled)
        return seen, told.names[np.asarray(is_labelled)].tolist()

    def _both(
        self, seen: "pa.Table", names: list[int], since: datetime, until: datetime
    ) -> list[tuple[Answer, Answer] | None]:
        """Give the answers of champion and challenger about rows; `None` where one has none."""
        from adapters.events.observing import VERSION

        own = _answers(seen, self._contract)
        versions = seen[VERSION].to_pylist()
        others = (
            self._computed(seen, versions)
            if self._shadow is None
            else self._shadowed(self._shadow, names, since, until)
        )
        both: list[tuple[Answer, Answer] | None] = []
        for mine, other, version in zip(own, others, versions, strict=True):
            if other is None:
                both.append(None)
            elif version == self._sides.champion.version:
                both.append((mine, other))
            else:
                both.append((other, mine))
        return both

    def _computed(self, seen: "pa.Table", versions: Sequence[str]) -> list[Answer | None]:
        from lifecycle.serving.asking import as_sent

        rows = [msgspec.json.encode(row) for row in as_sent(seen, self._contract)]
        found: list[Answer | None] = [None] * len(rows)
        for version in set(versions):
            places = [place for place, each in enumerate(versions) if each == version]
            answers = self._sides.other(version).answer([rows[place] for place in places])
            for place, answer in zip(places, answers, strict=True):
                found[place] = answer
        return found

    def _shadowed(
        self, shadow: Path, names: list[int], since: datetime, until: datetime
    ) -> list[Answer | None]:
        from adapters.events.windows import read_predictions

        # A copy is asked for a moment later than what it is a copy of.
        table = read_predictions(
            shadow, self._contract, since=since, until=until + timedelta(minutes=1),
            version=self._sides.challenger.version, columns=(),
        )  # fmt: skip
        places = dict(zip(table.names.tolist(), range(len(table.names)), strict=True))
        chosen = [places.get(name) for name in names]
        there = [place for place in chosen if place is not None]
        answers = iter(_answers(table.table.take(there), self._contract) if there else ())
        return [None if place is None else next(answers) for place in chosen]

    def _columns(self) -> tuple[str, ...]:
        """Name the inputs that are needed: to compute answers, and to see what hangs together."""
        sides = () if self._shadow else (self._sides.champion, self._sides.challenger)
        read = (field.name for side in sides for field in side.contract.features)
        return tuple(dict.fromkeys((*read, *self._pieces())))

    def _pieces(self) -> tuple[str, ...]:
        """Name the inputs that tell which rows hang together."""
        split = self._project.split
        wanted = {self._project.data.time, split.column if split.by == "group" else None}
        return tuple(field.name for field in self._contract.fields if field.name in wanted)

    def _compare(self, rows: list[_Row]) -> Gain:
        from lifecycle.evaluation.bootstrap import compare, measure, resample

        settings, metric, sides = self._project.evaluation, self._metric, self._sides
        champion = self._judged(rows, [row.champion for row in rows], sides.champion.version)
        challenger = self._judged(rows, [row.challenger for row in rows], sides.challenger.version)
        asked = {("champion", metric): champion, ("challenger", metric): challenger}
        samples = (
            resample(
                asked, self._units(rows), resamples=settings.resamples,
                seed=self._project.search.seed,
            )
            if len(rows) >= LEAST
            else {}
        )  # fmt: skip
        mine, theirs = samples.get(("challenger", metric)), samples.get(("champion", metric))
        gain, reason = None, ""
        try:
            if len(rows) < LEAST:
                raise DataError(
                    f"{len(rows):,} labelled rows are too few to tell a difference from chance; "
                    f"at least {LEAST} are needed."
                )
            gain = compare(
                metric, challenger, champion, (mine, theirs), against="champion",
                version=sides.champion.version, confidence=settings.confidence,
            )  # fmt: skip
        except DataError as error:
            reason = str(error)
        return Gain(
            metric=metric,
            rows=len(rows),
            champion=measure(metric, champion, theirs, confidence=settings.confidence),
            challenger=measure(metric, challenger, mine, confidence=settings.confidence),
            gain=gain,
            reason=reason,
        )

    def _judged(self, rows: list[_Row], answers: list[Answer], version: str) -> "Answers":
        from lifecycle.evaluation.answers import Answers

        classes, alike = self._sides.classes, [self._sides.alike(a, version) for a in answers]
        if self._sides.task is Task.REGRESSION:
            scores = np.array([answer.score for answer in alike], dtype=np.float64)
            truth = np.array([row.truth for row in rows], dtype=np.float64)
            return Answers(Task.REGRESSION, (), truth, scores, scores)
        codes = {name: code for code, name in enumerate(classes)}
        truth = np.array([codes[row.truth] for row in rows])
        decisions = np.array([codes[answer.decision or ""] for answer in alike])
        scores = np.array(
            [
                [answer.score.get(name, 0.0) for name in classes]
                if isinstance(answer.score, dict)
                else answer.score
                for answer in alike
            ],
            dtype=np.float64,
        )
        return Answers(self._sides.task, classes, truth, scores, decisions)

    def _units(self, rows: list[_Row]) -> "Units":
        """Say which rows hang together, as monitoring does."""
        import pyarrow as pa

        from lifecycle.evaluation.resampling import find_units
        from lifecycle.monitoring.performance.spread import window_units

        split, time = self._project.split, self._project.data.time
        names = self._pieces()
        told = {name: [row.more[place] for row in rows] for place, name in enumerate(names)}
        if split.by == "group" and split.column in told:
            return find_units(pa.table({split.column: told[split.column]}), group=split.column,
                              time=None)  # fmt: skip
        if time in told and None not in told[time]:
            moments = pa.array(told[time])
            if pa.types.is_timestamp(moments.type):  # a masked one is text
                return window_units(moments)
        return window_units(pa.array([row.at for row in rows]))


def _sizes(folder: Path) -> list[tuple[str, int]]:
    """Say how much lies in a log: whether anything has come to it shows in this."""
    found = []
    for path in files(folder):
        with suppress(FileNotFoundError):  # finished, or swept away, since it was listed
            found.append((path.name, path.stat().st_size))
    return found


def _windows(began: datetime, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    step = max(_SHORTEST, (now - began) / _MOST_WINDOWS)
    since = began
    while since < now:
        yield since, min(since + step, now)
        since += step


def _answers(table: "pa.Table", contract: Contract) -> list[Answer]:
    """Give the answers of a table of predictions as they stood in the log."""
    from adapters.events.observing import DECISION, score_columns

    decisions = table[DECISION].to_pylist()
    columns = [table[name].to_pylist() for name in score_columns(contract)]
    if contract.task is not Task.MULTICLASS:
        return [Answer(*both) for both in zip(columns[0], decisions, strict=True)]
    return [
        Answer(
            {name: s for name, s in zip(contract.classes, shares, strict=True) if s is not None},
            decision,
        )
        for *shares, decision in zip(*columns, decisions, strict=True)
    ]
