"""How large the model may be."""

from typing import Literal, Self

from pydantic import Field

from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.gates.wording import figure, passes, unknown
from lifecycle.evaluation.plan import Needs
from lifecycle.section import Section
from lifecycle.verdict import Verdict


class SizeGate(Section):
    """The model takes at most so many megabytes (of a million bytes)."""

    kind: Literal["size"]
    megabytes: float = Field(gt=0)

    @classmethod
    def example(cls) -> Self:
        """Give one that a sound model passes."""
        return cls(kind="size", megabytes=10)

    def needs(self) -> Needs:
        """Read what is always measured."""
        return Needs()

    def judge(self, evaluation: Evaluation) -> tuple[Verdict, ...]:
        """Hold the size against the limit."""
        if evaluation.size_bytes is None:
            return (unknown("size", evaluation.why_missing("size"), self.megabytes),)
        measured = evaluation.size_bytes / 1e6
        verdict = Verdict(
            rule="size",
            outcome=passes(measured <= self.megabytes),
            measured=measured,
            limit=self.megabytes,
            reason=(
                f"The model takes {figure(measured)} MB; {figure(self.megabytes)} MB is allowed."
            ),
        )
        return (verdict,)
