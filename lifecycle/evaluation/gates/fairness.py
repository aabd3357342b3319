"""Whether groups of people are treated alike."""

from typing import Literal, Self

from pydantic import Field, model_validator

from lifecycle.errors import suggest
from lifecycle.evaluation.declaration import SmallGroups
from lifecycle.evaluation.evidence import Evaluation, Fairness
from lifecycle.evaluation.gates.wording import figure, passes, unknown, words
from lifecycle.evaluation.metric_names import FAIRNESS_METRICS, fairness_metrics_for
from lifecycle.evaluation.plan import FairnessNeed, Needs
from lifecycle.section import Section
from lifecycle.task import Task
from lifecycle.verdict import Verdict


class FairnessGate(Section):
    """A fairness figure over the groups of each column stays within a limit.

    Parameters
    ----------
    over
        The columns whose values are the groups; each is judged on its own.
    at_most
        For differences, of which 0 is ideal.
    at_least
        For ratios, of which 1 is ideal.
    min_rows
        Rows that each rate of a group has to rest on (a true positive rate rests on the
        group's positives).
    small_groups
        What becomes of groups with fewer: they make the answer `unknown`, are judged together
        as one (`pool`), or are named and left out (`leave_out`).
    """

    kind: Literal["fairness"]
    metric: str
    over: tuple[str, ...] = Field(min_length=1)
    at_most: float | None = None
    at_least: float | None = None
    min_rows: int = Field(default=30, ge=1)
    small_groups: SmallGroups = "unknown"

    @model_validator(mode="after")
    def _want_the_right_limit(self) -> Self:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a fairness gate needs one limit: at_most, or for a ratio at_least")
        info = FAIRNESS_METRICS.get(self.metric)
        if info is not None and info.is_ratio == (self.at_least is None):
            side = "at_least" if info.is_ratio else "at_most"
            raise ValueError(f"{self.metric} needs {side}")
        return self

    @classmethod
    def example(cls) -> Self:
        """Give one that a sound model passes."""
        return cls(
            kind="fairness", metric="equalized_odds_difference", over=("group",), at_most=0.2
        )

    def needs(self) -> Needs:
        """Read the figure over each column."""
        return Needs(
            fairness=tuple(
                FairnessNeed(
                    metric=self.metric,
                    column=column,
                    min_rows=self.min_rows,
                    small_groups=self.small_groups,
                )
                for column in self.over
            )
        )

    def judge(self, evaluation: Evaluation) -> tuple[Verdict, ...]:
        """Hold the figure of each column against the limit."""
        return tuple(self._judge(evaluation, need) for need in self.needs().fairness)

    def _judge(self, evaluation: Evaluation, need: FairnessNeed) -> Verdict:
        rule = f"fairness {self.metric} {need.column}"
        limit = self.at_most if self.at_least is None else self.at_least
        legal = fairness_metrics_for(Task(evaluation.task))
        if self.metric not in legal:
            reason = f'There is no fairness figure "{self.metric}" for {evaluation.task}.'
            return unknown(rule, f"{reason} {suggest(self.metric, legal)}", limit)
        found = _find(evaluation, need)
        if found is None or found.value is None:
            reason = found.reason if found and found.reason else "The evaluation does not hold it."
            return unknown(rule, reason, limit)
        return Verdict(
            rule=rule,
            outcome=passes(self._is_met(found.value)),
            measured=found.value,
            limit=limit,
            reason=self._tell(found, found.value),
        )

    def _is_met(self, value: float) -> bool:
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most

    def _tell(self, found: Fairness, value: float) -> str:
        side = f"at most {self.at_most}" if self.at_least is None else f"at least {self.at_least}"
        note = f" {found.reason}" if found.reason else ""
        return (
            f"{words(self.metric)} over the {len(found.rows_by_group)} groups of {found.column} "
            f"is {figure(value)}; {side} is wanted.{note}"
        )


def _find(evaluation: Evaluation, need: FairnessNeed) -> Fairness | None:
    for found in evaluation.fairness:
        if (found.metric, found.column) == (need.metric, need.column) and (
            found.need is None or found.need == need
        ):
            return found
    return None
