"""How long an answer for one row may take."""

from typing import Literal, Self

from pydantic import Field, model_validator

from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.gates.wording import figure, passes, unknown
from lifecycle.evaluation.plan import Needs
from lifecycle.section import Section
from lifecycle.verdict import Verdict


class LatencyGate(Section):
    """One row is answered within so many milliseconds, as the model itself takes them."""

    kind: Literal["latency"]
    p99_ms: float | None = Field(default=None, gt=0)
    p50_ms: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _want_a_limit(self) -> Self:
        if self.p99_ms is None and self.p50_ms is None:
            raise ValueError("a latency gate needs p99_ms or p50_ms")
        return self

    @classmethod
    def example(cls) -> Self:
        """Give one that a sound model passes."""
        return cls(kind="latency", p99_ms=20)

    def needs(self) -> Needs:
        """Read what is always measured."""
        return Needs()

    def judge(self, evaluation: Evaluation) -> tuple[Verdict, ...]:
        """Hold each declared percentile against its limit."""
        limits = {"p99": self.p99_ms, "p50": self.p50_ms}
        return tuple(
            _judge(evaluation, name, limit) for name, limit in limits.items() if limit is not None
        )


def _judge(evaluation: Evaluation, name: str, limit: float) -> Verdict:
    rule, latency = f"latency {name}", evaluation.latency
    if latency is None:
        return unknown(rule, evaluation.why_missing("latency"), limit)
    measured = latency.p99_ms if name == "p99" else latency.p50_ms
    share = "99 of 100" if name == "p99" else "half of all"
    return Verdict(
        rule=rule,
        outcome=passes(measured <= limit),
        measured=measured,
        limit=limit,
        reason=(
            f"{share} single rows are answered within {figure(measured)} ms; "
            f"{figure(limit)} ms is allowed."
        ),
    )
