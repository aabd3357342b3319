"""How much worse the candidate does on test rows than on rows it was fitted to."""

from typing import Literal, Self

from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.gates.wording import (
    Amount,
    difference,
    figure,
    misfit,
    passes,
    resolve,
    unknown,
    words,
)
from lifecycle.evaluation.metric_names import gain
from lifecycle.evaluation.plan import Needs
from lifecycle.section import Section
from lifecycle.verdict import Verdict


class OverfitGate(Section):
    """Test and training figure lie no further apart than so much.

    Parameters
    ----------
    metric
        By default the primary one.
    at_most
        The gap: `0.05` in the metric's unit, `20%` of the training figure.
    """

    kind: Literal["overfit"]
    at_most: Amount
    metric: str | None = None

    @classmethod
    def example(cls) -> Self:
        """Give one that a sound model passes."""
        return cls(kind="overfit", at_most=0.1)

    def needs(self) -> Needs:
        """Read the metric on test and training rows."""
        return Needs(metrics=(self.metric,) if self.metric else ())

    def judge(self, evaluation: Evaluation) -> tuple[Verdict, ...]:
        """Hold the gap against the limit."""
        metric = self.metric or evaluation.primary
        rule = f"overfit {metric}"
        if reason := misfit(metric, evaluation):
            return (unknown(rule, reason),)
        test, train = evaluation.measure(metric), evaluation.train_measure(metric)
        if test is None:
            return (unknown(rule, evaluation.why_missing(f"metric {metric}")),)
        if train is None:
            return (unknown(rule, evaluation.why_missing(f"train {metric}")),)
        gap = gain(metric, train.value, test.value)
        limit = resolve(self.at_most, train.value)
        verdict = Verdict(
            rule=rule,
            outcome=passes(gap <= limit),
            measured=gap,
            limit=limit,
            reason=(
                f"{words(metric)} is {figure(train.value)} on training rows and "
                f"{figure(test.value)} on test rows: {difference(-gap)}; at most "
                f"{figure(limit)} worse is allowed."
            ),
        )
        return (verdict,)
