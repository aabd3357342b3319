"""The candidate against answers that need no model."""

from typing import Literal, Self

from lifecycle.evaluation.evidence import Comparison, Evaluation
from lifecycle.evaluation.gates.wording import (
    Amount,
    Confidence,
    difference,
    figure,
    misfit,
    passes,
    resolve,
    unknown,
    words,
)
from lifecycle.evaluation.metric_names import metric_title
from lifecycle.evaluation.plan import Needs
from lifecycle.section import Section
from lifecycle.verdict import Verdict


class BaselineGate(Section):
    """The candidate is better than guessing, by so much and not by chance.

    Parameters
    ----------
    better_by
        The least gain: `0.01` in the metric's unit, `2%` of the baseline's figure.
    against
        `majority` or `mean` (the same answer for every row), or `last` (same as last time);
        by default each that there is.
    confidence
        The gain's interval at this confidence lies above zero.
    """

    kind: Literal["baseline"]
    metric: str
    better_by: Amount = 0.0
    against: Literal["majority", "mean", "last"] | None = None
    confidence: Confidence = 0.95

    @classmethod
    def example(cls) -> Self:
        """Give one that a sound model passes."""
        return cls(kind="baseline", metric="log_loss", better_by="5%")

    def needs(self) -> Needs:
        """Read the comparison in the one metric."""
        return Needs(metrics=(self.metric,), compared=(self.metric,))

    def judge(self, evaluation: Evaluation) -> tuple[Verdict, ...]:
        """Hold the candidate against each baseline."""
        rule = f"baseline {self.metric}"
        if reason := misfit(self.metric, evaluation):
            return (unknown(rule, reason),)
        found = [
            comparison
            for comparison in evaluation.baselines
            if comparison.metric == self.metric and self.against in (None, comparison.against)
        ]
        missing = [
            unknown(f"{rule} {name}", gap.reason)
            for gap in evaluation.missing
            for name in ("majority", "mean", "last")
            if gap.evidence in (f"baseline {name}", f"baseline {name} {self.metric}")
            and self.against in (None, name)
        ]
        if not found and not missing:
            return (unknown(rule, self._tell_missing(evaluation)),)
        return (*(self._judge(comparison) for comparison in found), *missing)

    def _tell_missing(self, evaluation: Evaluation) -> str:
        taken = ", ".join(sorted({comparison.against for comparison in evaluation.baselines}))
        return (
            f"No comparison with {self.against or 'a baseline'} in {metric_title(self.metric)} was "
            f"taken; there is one with: {taken or 'none'}."
        )

    def _judge(self, comparison: Comparison) -> Verdict:
        rule = f"baseline {self.metric} {comparison.against}"
        wanted = resolve(self.better_by, comparison.other)
        ends = comparison.interval(self.confidence)
        if ends is None:
            return unknown(rule, "The gain has no confidence interval.", wanted)
        return Verdict(
            rule=rule,
            outcome=passes(comparison.gain >= wanted and ends[0] > 0),
            measured=comparison.gain,
            limit=wanted,
            reason=(
                f"{words(self.metric)} is {figure(comparison.candidate)}, and "
                f"{figure(comparison.other)} for {_name(comparison.against)} on the same "
                f"{comparison.rows:,} rows: {difference(comparison.gain)} "
                f"({self.confidence:.0%} interval of the gain {figure(ends[0])} to "
                f"{figure(ends[1])}); {_tell_wanted(wanted)}."
            ),
        )


def _name(against: str) -> str:
    return "the answer of last time" if against == "last" else f"the {against} baseline"


def _tell_wanted(wanted: float) -> str:
    least = f"at least {figure(wanted)} better, and " if wanted else ""
    return f"{least}an interval above zero is wanted"
