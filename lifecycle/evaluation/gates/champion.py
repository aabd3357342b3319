"""The candidate against the version that holds the title."""

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


class ChampionGate(Section):
    """The candidate is better than the champion, on the same rows and not by chance.

    The gain's interval (paired bootstrap) has to lie above zero, so that of challengers that
    are no better at most half of `1 - confidence` pass. A minimum effect refuses, however
    certain, what is credibly too small to be worth a change: the interval has to reach it.
    A challenger with exactly that effect passes unless the test rows are too few to see it.

    Parameters
    ----------
    minimum_effect
        The smallest gain worth a change: `0.002` in the metric's unit, `1%` of the champion's.
    """

    kind: Literal["champion"]
    metric: str
    confidence: Confidence = 0.95
    minimum_effect: Amount = 0.0

    @classmethod
    def example(cls) -> Self:
        """Give one that a sound model passes."""
        return cls(kind="champion", metric="log_loss", minimum_effect="1%")

    def needs(self) -> Needs:
        """Read the comparison in the one metric."""
        return Needs(metrics=(self.metric,), compared=(self.metric,))

    def judge(self, evaluation: Evaluation) -> tuple[Verdict, ...]:
        """Hold the gain's interval against zero and the minimum effect."""
        rule = f"champion {self.metric}"
        found = find_challenge(rule, self.metric, evaluation)
        if not isinstance(found, Comparison):
            return (found,)
        wanted = resolve(self.minimum_effect, found.other)
        ends = found.interval(self.confidence)
        if ends is None:
            return (unknown(rule, "The gain has no confidence interval.", wanted),)
        verdict = Verdict(
            rule=rule,
            outcome=passes(ends[0] > 0 and ends[1] >= wanted),
            measured=found.gain,
            limit=wanted,
            reason=f"{self._tell(found, ends)}: {_conclude(ends, wanted)}.",
        )
        return (verdict,)

    def _tell(self, found: Comparison, ends: tuple[float, float]) -> str:
        return (
            f"{words(self.metric)} is {figure(found.candidate)} and that of champion "
            f"{found.version} {figure(found.other)} on the same {found.rows:,} rows, a gain of "
            f"{figure(found.gain)} ({self.confidence:.0%} interval {figure(ends[0])} to "
            f"{figure(ends[1])})"
        )


def _conclude(ends: tuple[float, float], wanted: float) -> str:
    if ends[1] < 0:
        return "it is worse"
    if ends[0] <= 0:
        return "that may be chance"
    if ends[1] < wanted:
        return f"it is better, but credibly by less than the {figure(wanted)} worth a change"
    return "it is better, and not by chance"
