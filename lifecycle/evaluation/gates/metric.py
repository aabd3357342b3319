"""The candidate's own figure against a fixed limit."""

from typing import Literal, Self

from pydantic import model_validator

from lifecycle.evaluation.evidence import Evaluation, Measure
from lifecycle.evaluation.gates.wording import (
    Confidence,
    figure,
    misfit,
    passes,
    unknown,
    words,
)
from lifecycle.evaluation.plan import Needs
from lifecycle.section import Section
from lifecycle.verdict import Verdict


class MetricGate(Section):
    """A metric on the test rows is at least, or at most, so much.

    Parameters
    ----------
    at_least, at_most
        The limit, itself allowed. Both may be given: `at_most` on the area under the curve
        catches a model too good to be true.
    confidence
        By default the value is judged. With a confidence the worse end of its interval is.
    """

    kind: Literal["metric"]
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    confidence: Confidence | None = None

    @model_validator(mode="after")
    def _want_a_limit(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a metric gate needs at_least or at_most")
        return self

    @classmethod
    def example(cls) -> Self:
        """Give one that a sound model passes."""
        return cls(kind="metric", metric="roc_auc", at_least=0.75)

    def needs(self) -> Needs:
        """Read the one metric."""
        return Needs(metrics=(self.metric,))

    def judge(self, evaluation: Evaluation) -> tuple[Verdict, ...]:
        """Hold the metric against each limit."""
        limits = [(self.at_least, "at least"), (self.at_most, "at most")]
        return tuple(
            self._judge(evaluation, limit, side) for limit, side in limits if limit is not None
        )

    def _judge(self, evaluation: Evaluation, limit: float, side: str) -> Verdict:
        rule = f"metric {self.metric}"
        if reason := misfit(self.metric, evaluation):
            return unknown(rule, reason, limit)
        measure = evaluation.measure(self.metric)
        if measure is None:
            return unknown(rule, evaluation.why_missing(rule), limit)
        judged = self._judged(measure, side)
        if judged is None:
            return unknown(
                rule,
                f"{words(self.metric)} is {figure(measure.value)} on {measure.rows:,} test rows, "
                "and no confidence interval could be taken.",
                limit,
            )
        is_met = judged >= limit if side == "at least" else judged <= limit
        return Verdict(
            rule=rule,
            outcome=passes(is_met),
            measured=judged,
            limit=limit,
            reason=self._tell(measure, judged, limit, side),
        )

    def _judged(self, measure: Measure, side: str) -> float | None:
        if self.confidence is None:
            return measure.value
        ends = measure.interval(self.confidence)
        return None if ends is None else ends[0 if side == "at least" else 1]

    def _tell(self, measure: Measure, judged: float, limit: float, side: str) -> str:
        end = "lower" if side == "at least" else "upper"
        bound = (
            ""
            if self.confidence is None
            else f" (the {end} end of its {self.confidence:.0%} interval: {figure(judged)})"
        )
        return (
            f"{words(self.metric)} is {figure(measure.value)}{bound} on {measure.rows:,} test "
            f"rows; {side} {figure(limit)} is wanted."
        )
