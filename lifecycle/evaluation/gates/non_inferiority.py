"""The candidate must not be worse than the champion by more than a margin."""

from typing import Literal, Self

from lifecycle.evaluation.evidence import Comparison, Evaluation
from lifecycle.evaluation.gates.challenge import find_challenge
from lifecycle.evaluation.gates.wording import (
    Amount,
    Confidence,
    figure,
    passes,
    resolve,
    unknown,
    words,
)
from lifecycle.evaluation.plan import Needs
from lifecycle.section import Section
from lifecycle.verdict import Verdict


class NonInferiorityGate(Section):
    """A loss of more than the margin against the champion is credibly ruled out.

    For what must not suffer while something else improves.

    Parameters
    ----------
    margin
        The loss that is put up with: `0.002` in the metric's unit, `1%` of the champion's.
    """

    kind: Literal["non_inferiority"]
    metric: str
    margin: Amount
    confidence: Confidence = 0.95

    @classmethod
    def example(cls) -> Self:
        """Give one that a sound model passes."""
        return cls(kind="non_inferiority", metric="brier", margin="10%")

    def needs(self) -> Needs:
        """Read the comparison in the one metric."""
        return Needs(metrics=(self.metric,), compared=(self.metric,))

    def judge(self, evaluation: Evaluation) -> tuple[Verdict, ...]:
        """Hold the lower end of the gain's interval against the margin."""
        rule = f"non-inferiority {self.metric}"
        found = find_challenge(rule, self.metric, evaluation)
        if not isinstance(found, Comparison):
            return (found,)
        margin = resolve(self.margin, found.other)
        ends = found.interval(self.confidence)
        if ends is None:
            return (unknown(rule, "The gain has no confidence interval.", -margin),)
        verdict = Verdict(
            rule=rule,
            outcome=passes(ends[0] >= -margin),
            measured=ends[0],
            limit=-margin,
            reason=(
                f"{words(self.metric)} is {figure(found.candidate)} and that of champion "
                f"{found.version} {figure(found.other)} on the same {found.rows:,} rows; at "
                f"{self.confidence:.0%} confidence it is worse by at most "
                f"{figure(max(0.0, -ends[0]))}, and {figure(margin)} is put up with."
            ),
        )
        return (verdict,)
