"""What every data rule has in common: it turns evidence about a table into verdicts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from lifecycle.data.conform import resolve
from lifecycle.data.declaration import Data, Schema
from lifecycle.data.description import Description
from lifecycle.data.intake import Intake
from lifecycle.section import Section
from lifecycle.verdict import Outcome, Verdict

TOLD = 20
"""How many columns a rule names one by one before it counts the rest."""


@dataclass(frozen=True)
class Evidence:
    """A table and everything known about where it came from and what it should be.

    Parameters
    ----------
    declared
        The columns as declared, or the resolved schema; `schema` has the inferred ones as well.
    reference
        The description of the data the champion was trained on, if there is one.
    """

    table: pa.Table
    intake: Intake
    declared: Schema
    data: Data
    reference: Description | None = None

    @cached_property
    def schema(self) -> Schema:
        """The declared and the inferred columns of the table."""
        return resolve(self.table, self.declared, self.data)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The columns of the table that the model would see."""
        return tuple(name for name in self.table.column_names if self.schema[name].is_feature)

    def is_declared(self, name: str) -> bool:
        """Whether a person wrote the column down, rather than its type being inferred."""
        return name in self.declared and name not in self.intake.undeclared

    @property
    def label(self) -> pa.ChunkedArray | None:
        """The label column, or nothing where it is missing."""
        name = self.data.label.column
        return self.table[name] if name in self.table.column_names else None


class Rule(Section):
    """One question about the data, with its limits. It only judges; nothing is changed."""

    def judge(self, evidence: Evidence) -> Iterable[Verdict]:
        """Answer, with at least one verdict."""
        raise NotImplementedError


def passed(rule: str, reason: str, **figures: Any) -> Verdict:
    """Say that nothing was found."""
    return Verdict(rule=rule, outcome=Outcome.PASS, reason=reason, **figures)


def unknown(rule: str, reason: str) -> Verdict:
    """Say that the evidence is missing, which blocks."""
    return Verdict(rule=rule, outcome=Outcome.UNKNOWN, reason=reason)


def at_most_told(rule: str, verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """Give the worst verdicts one by one, and count the rest in one more."""
    ordered = sorted(verdicts, key=lambda verdict: not verdict.outcome.blocks)
    yield from ordered[:TOLD]
    if rest := ordered[TOLD:]:
        blocks = any(verdict.outcome.blocks for verdict in rest)
        names = ", ".join(verdict.rule.removeprefix(f"{rule} ") for verdict in rest[:TOLD])
        yield Verdict(
            rule=rule,
            outcome=Outcome.FAIL if blocks else Outcome.WARN,
            measured=float(len(ordered)),
            reason=f"The same holds for {len(rest)} more columns: {names}"
            + (", ..." if len(rest) > TOLD else "."),
        )
