"""Whether what is served says the same as what was trained.

There are two routes to an answer: single rows go through one graph (`row`), many at once through
the boosters (`bulk`). Each is held against the fitted candidate itself, on the rows of
`lifecycle.serving.rows`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.section import Value
from lifecycle.serving.inputs import Answers
from lifecycle.serving.rows import made_rows as made_rows
from lifecycle.task import Task
from lifecycle.verdict import Outcome, Verdict, Verdicts

LIMIT = 1e-5
"""Largest difference of a score: a hundred times what 32-bit floats lose on the way, and far
below what anybody decides by."""

LONGEST = 80
"""Characters of a text that are told."""

Told = bool | int | float | str | None
Scores = NDArray[np.float64]


class Place(Value):
    """One row, and what was said of it.

    Parameters
    ----------
    values
        Its columns, where they are known; personal ones are hidden, long texts cut.
    expected, answered
        The scores of the candidate and of the route: one for each class, or one in all;
        `None` where there is no finite one.
    """

    row: int
    values: dict[str, Told]
    expected: tuple[float | None, ...]
    answered: tuple[float | None, ...]


class Agreement(Value):
    """How far the answers of one route are from the candidate's.

    Parameters
    ----------
    largest
        The largest difference; `None` where no row could be compared.
    worst
        Where that was.
    unanswered
        Rows without a finite score on either side, or without any answer.
    flipped
        Rows that were decided otherwise, or not at all; `None` in regression.
    first_unanswered, first_flipped
        The first such rows.
    """

    route: str
    rows: int
    largest: float | None = None
    worst: Place | None = None
    unanswered: int = 0
    first_unanswered: Place | None = None
    flipped: int | None = None
    first_flipped: Place | None = None


class Parity(Value):
    """The agreement of every route that was compared, and what it is held against."""

    routes: tuple[Agreement, ...]
    limit: float = LIMIT
    least_rows: int = 1

    @property
    def told(self) -> str:
        """In one line: how far each route is from the candidate."""
        parts = [_summary(one) for one in self.routes] or ["nothing was compared"]
        return "; ".join(parts)

    def judge(self) -> Verdicts:
        """Say of each route whether its scores are near enough, and its decisions the same.

        Nothing compared, or too few rows, is unknown; a row without an answer fails.
        """
        if not self.routes:
            return Verdicts((self._unknown("parity", "Nothing was compared."),))
        verdicts = [self._judge_scores(one) for one in self.routes]
        verdicts += [self._judge_decisions(one) for one in self.routes if one.flipped is not None]
        return Verdicts(tuple(verdicts))

    def _judge_scores(self, found: Agreement) -> Verdict:
        rule = f"parity {found.route}"
        if found.rows < self.least_rows:
            return self._too_few(rule, found)
        if found.unanswered or found.largest is None:
            outcome, reason = (
                Outcome.FAIL,
                (
                    f"{found.unanswered:,} of {found.rows:,} rows have no score by this route or "
                    f"by the fitted candidate{_where(found.first_unanswered, 'the first is')}."
                ),
            )
        else:
            passed = found.largest <= self.limit
            outcome = Outcome.PASS if passed else Outcome.FAIL
            # In regression the difference is one in units of the scores, see `compare`.
            unit = " of its scores" if found.flipped is None else ""
            reason = (
                f"What is served is at most {found.largest:.2g}{unit} from the fitted candidate "
                f"on {found.rows:,} rows{'' if passed else _where(found.worst, 'furthest in')}."
            )
        return Verdict(
            rule=rule, outcome=outcome, measured=found.largest, limit=self.limit, reason=reason
        )

    def _judge_decisions(self, found: Agreement) -> Verdict:
        rule = f"decisions {found.route}"
        if found.rows < self.least_rows:
            return self._too_few(rule, found)
        return Verdict(
            rule=rule,
            outcome=Outcome.FAIL if found.flipped else Outcome.PASS,
            measured=float(found.flipped or 0),
            limit=0.0,
            reason=(
                f"{found.flipped or 'None'} of {found.rows:,} rows decided otherwise than by the "
                f"fitted candidate{_where(found.first_flipped, 'the first is')}."
            ),
        )

    def _too_few(self, rule: str, found: Agreement) -> Verdict:
        return self._unknown(
            rule,
            f"{found.rows:,} rows were compared, and it takes {self.least_rows:,} to say anything.",
        )

    def _unknown(self, rule: str, reason: str) -> Verdict:
        return Verdict(rule=rule, outcome=Outcome.UNKNOWN, limit=self.limit, reason=reason)


def compare(
    scores: Scores,
    decisions: NDArray[Any],
    answers: Mapping[str, Answers],
    *,
    task: Task,
    table: pa.Table | None = None,
    personal: Collection[str] = (),
    limit: float = LIMIT,
    least_rows: int = 1,
) -> Parity:
    """Compare the answers of some routes with those of the candidate.

    In classification the difference is that of two probabilities. In regression it is divided
    by the size of the score, or by the standard deviation of all scores where that is larger:
    an error counts in units of what the model tells apart, whatever the label is measured in,
    and no number is asked to be more exact than its digits.

    Parameters
    ----------
    scores, decisions
        What `Candidate.score` and `Candidate.decide` say.
    answers
        What each route says, by its name.
    table
        The rows asked about, from which the worst are told.
    personal
        Columns whose values are not told.
    least_rows
        With fewer, the verdict is that nothing is known.

    Examples
    --------
    >>> said = np.array([0.25, 0.75])
    >>> route = Answers(np.array([0.25, 0.5]), np.array([0, 1]))
    >>> parity = compare(said, np.array([0, 1]), {"row": route}, task=Task.BINARY)
    >>> [(verdict.rule, verdict.outcome.value) for verdict in parity.judge()]
    [('parity row', 'fail'), ('decisions row', 'pass')]
    """
    expected = _Expected(_by_row(scores), decisions, task, table, frozenset(personal))
    routes = tuple(expected.agree(route, found) for route, found in answers.items())
    return Parity(routes=routes, limit=limit, least_rows=least_rows)


@dataclass(frozen=True)
class _Expected:
    """What the candidate says, and of which rows."""

    scores: Scores
    decisions: NDArray[Any]
    task: Task
    table: pa.Table | None
    personal: frozenset[str]

    def agree(self, route: str, answers: Answers) -> Agreement:
        rows, found = len(self.scores), _by_row(answers.scores)
        if found.shape != self.scores.shape:
            flips = rows if self.task.is_classification else None
            return Agreement(route=route, rows=rows, unanswered=rows, flipped=flips)
        known = np.asarray(np.isfinite(self.scores + found).all(axis=1))
        difference = np.where(known, self._difference(found, known), -1.0)
        worst = int(difference.argmax()) if known.any() else None
        flipped = self._flips(answers)
        return Agreement(
            route=route,
            rows=rows,
            largest=None if worst is None else float(difference[worst]),
            worst=self._tell(worst, found),
            unanswered=int((~known).sum()),
            first_unanswered=self._tell(_first(~known), found),
            flipped=None if flipped is None else int(flipped.sum()),
            first_flipped=None if flipped is None else self._tell(_first(flipped), found),
        )

    def _difference(self, found: Scores, known: NDArray[np.bool_]) -> Scores:
        with np.errstate(invalid="ignore"):  # what is not finite is left out afterwards
            difference = np.abs(self.scores - found).max(axis=1, initial=0.0)
        if self.task.is_classification:
            return np.asarray(difference)
        spread = float(self.scores[known].std()) if known.any() else 0.0
        unit = np.maximum(np.abs(self.scores[:, 0]), spread)
        return np.asarray(difference / np.where(unit > 0, unit, 1.0))

    def _flips(self, answers: Answers) -> NDArray[np.bool_] | None:
        if not self.task.is_classification:
            return None
        if answers.decisions is None or answers.decisions.shape != self.decisions.shape:
            return np.ones(len(self.scores), dtype=np.bool_)
        return np.asarray(answers.decisions != self.decisions)

    def _tell(self, row: int | None, found: Scores) -> Place | None:
        if row is None:
            return None
        values = {} if self.table is None else self.table.slice(row, 1).to_pylist()[0]
        return Place(
            row=row,
            values={
                name: "(personal)" if name in self.personal else _show(value)
                for name, value in values.items()
            },
            expected=tuple(map(_finite, self.scores[row].tolist())),
            answered=tuple(map(_finite, found[row].tolist())),
        )


def _by_row(scores: Scores) -> Scores:
    return scores[:, None] if scores.ndim == 1 else scores


def _first(marks: NDArray[np.bool_]) -> int | None:
    return int(marks.argmax()) if marks.any() else None


def _show(value: Any) -> Told:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return _finite(value)
    return value[:LONGEST] if isinstance(value, str) else value


def _finite(value: float) -> float | None:
    """Keep a number JSON has; of the others it is only told that they are none."""
    return value if np.isfinite(value) else None


def _summary(found: Agreement) -> str:
    if found.unanswered or found.largest is None:
        return f"{found.route}: {found.unanswered:,} of {found.rows:,} rows have no score"
    flipped = "" if found.flipped is None else f", {found.flipped:,} decisions flipped"
    return f"{found.route}: largest difference {found.largest:.1e} on {found.rows:,} rows{flipped}"


def _where(place: Place | None, lead: str) -> str:
    if place is None:
        return ""
    values = ", ".join(f"{name}={value!r}" for name, value in place.values.items())
    told = f" ({values})" if values else ""
    return (
        f"; {lead} row {place.row}{told}: expected {_numbers(place.expected)}, answered "
        f"{_numbers(place.answered)}"
    )


def _numbers(scores: tuple[float | None, ...]) -> str:
    told = ["nothing" if score is None else f"{score:.6g}" for score in scores]
    return told[0] if len(told) == 1 else f"({', '.join(told)})"
