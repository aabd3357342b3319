"""Whether the candidate fails a part of the rows while doing well on average."""

from typing import Literal, Self

from lifecycle.evaluation.evidence import Evaluation, Slice
from lifecycle.evaluation.gates.wording import (
    Amount,
    difference,
    figure,
    misfit,
    resolve,
    unknown,
    words,
)
from lifecycle.evaluation.metric_names import METRICS, gain, metric_title
from lifecycle.evaluation.plan import Needs
from lifecycle.section import Section
from lifecycle.verdict import Outcome, Verdict

_CHANCE = 0.05
"""A gap this likely to be chance (corrected for how many were looked at) is not held against."""


class SlicesGate(Section):
    """No slice of the rows does worse than all rows by more than so much.

    Where the model gives probabilities, a slice also has to do that much worse than the model
    itself expects there: rows that are hard to tell, and known to be, are no fault of it.

    Parameters
    ----------
    worse_by
        The allowed gap: `0.05` in the metric's unit, `25%` of the figure on all rows.
    metric
        One that is a mean over rows; by default the primary one, or else the task's usual one.
    over
        Columns whose values are each judged as a group; a column without evidence is unknown.
    found
        Whether the worst slices that were found by themselves are judged as well.
    """

    kind: Literal["slices"]
    worse_by: Amount
    metric: str | None = None
    over: tuple[str, ...] = ()
    found: bool = True

    @classmethod
    def example(cls) -> Self:
        """Give one that a sound model passes."""
        return cls(kind="slices", worse_by="50%", over=("group",))

    def needs(self) -> Needs:
        """Read the slices in the one metric."""
        named = (self.metric,) if self.metric else ()
        return Needs(metrics=named, sliced=named, over=self.over)

    def judge(self, evaluation: Evaluation) -> tuple[Verdict, ...]:
        """Hold the worst credible gap of each column, and of those found, against the limit."""
        metric = self.metric or _sliced(evaluation)
        if metric is None:
            return (unknown("slices", evaluation.why_missing("slices")),)
        if reason := misfit(metric, evaluation):
            return (unknown("slices", reason),)
        if not METRICS[metric].per_row:
            return (unknown("slices", f"{words(metric)} is no mean over rows: {_legal()}"),)
        parts: list[tuple[str, Literal["group", "found"], str | None]] = [
            (f"slices {column}", "group", column) for column in self.over
        ]
        if self.found or not parts:
            parts.append(("slices found", "found", None))
        return tuple(
            self._judge(evaluation, metric, rule, kind, column) for rule, kind, column in parts
        )

    def _judge(
        self,
        evaluation: Evaluation,
        metric: str,
        rule: str,
        kind: Literal["group", "found"],
        column: str | None,
    ) -> Verdict:
        overall = evaluation.measure(metric)
        told = [
            part
            for part in evaluation.slices
            if part.metric == metric
            and part.kind == kind
            and column in (None, part.column)
            and part.gap is not None
        ]
        searched = any(note.metric == metric for note in evaluation.slice_searches)
        if overall is None:
            return unknown(rule, evaluation.why_missing(f"metric {metric}"))
        if not told and (kind == "group" or not searched):
            return unknown(rule, evaluation.why_missing(rule))
        limit = resolve(self.worse_by, overall.value)
        if not told:
            return Verdict(
                rule=rule, outcome=Outcome.PASS, limit=limit, reason="No slice does worse."
            )
        worst, outcome = _worst(told, limit)
        return Verdict(
            rule=rule,
            outcome=outcome,
            measured=_excess(worst),
            limit=limit,
            reason=_tell(worst, metric, overall.value, limit, outcome),
        )


def _worst(told: list[Slice], limit: float) -> tuple[Slice, Outcome]:
    over = [part for part in told if _excess(part) > limit]
    credible = [part for part in over if part.p_value is not None and part.p_value <= _CHANCE]
    worst = max(credible or over or told, key=_excess)
    if credible:
        return worst, Outcome.FAIL
    return worst, Outcome.WARN if over else Outcome.PASS


def _excess(part: Slice) -> float:
    """How much worse it is than all rows, and than it is expected to be."""
    gap = part.gap or 0.0
    if part.expected is None or part.measured is None:
        return gap
    return min(gap, gain(part.metric, part.expected, part.measured))


def _tell(worst: Slice, metric: str, overall: float, limit: float, outcome: Outcome) -> str:
    gap = _excess(worst)
    expected = (
        "" if worst.expected is None else f", {figure(worst.expected)} expected by the model there"
    )
    chance = " That may be chance." if outcome is Outcome.WARN else ""
    return (
        f"The worst slice is {worst.column} = {worst.value} ({worst.rows:,} rows): "
        f"{metric_title(metric)} is {figure(worst.measured or 0.0)} against {figure(overall)} on "
        f"all rows{expected}: {difference(-gap)}; at most {figure(limit)} worse is allowed.{chance}"
    )


def _sliced(evaluation: Evaluation) -> str | None:
    searched = [search.metric for search in evaluation.slice_searches]
    searched += [part.metric for part in evaluation.slices]
    if evaluation.primary in searched:
        return evaluation.primary
    return searched[0] if searched else None


def _legal() -> str:
    return ", ".join(name for name, info in METRICS.items() if info.per_row) + " are."
