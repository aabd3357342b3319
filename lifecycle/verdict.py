"""Evidence → rule → verdict → action: the one answer every rule gives."""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import ConfigDict, RootModel

from lifecycle.errors import Refused
from lifecycle.section import Value


class Outcome(StrEnum):
    """What a rule says. Missing evidence is `UNKNOWN`, and blocks like `FAIL`."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"

    @property
    def blocks(self) -> bool:
        """Whether nothing may go on after this outcome."""
        return self in (Outcome.FAIL, Outcome.UNKNOWN)


class Verdict(Value):
    """The answer of one rule to its evidence.

    Parameters
    ----------
    rule
        What judged, with what tells it from its siblings: `metric roc_auc`, `range distance`.
    measured, limit
        What was found and what is allowed, in the same unit; `None` where there is none.
    reason
        One sentence a stranger understands.
    """

    rule: str
    outcome: Outcome
    measured: float | str | None = None
    limit: float | str | None = None
    reason: str


class Verdicts(RootModel[tuple[Verdict, ...]]):
    """The answers of several rules, in the order they were asked."""

    model_config = ConfigDict(frozen=True)
    root: tuple[Verdict, ...] = ()

    def __iter__(self) -> Iterator[Verdict]:  # type: ignore[override]
        return iter(self.root)

    def __len__(self) -> int:
        return len(self.root)

    @property
    def blocking(self) -> tuple[Verdict, ...]:
        """The verdicts that stop what was asked for."""
        return tuple(verdict for verdict in self.root if verdict.outcome.blocks)

    @property
    def blocks(self) -> bool:
        """Whether any verdict stops what was asked for."""
        return bool(self.blocking)

    def require(self, what: str) -> None:
        """Raise `Refused` if any verdict stops what was asked for.

        Parameters
        ----------
        what
            What is refused then: `The candidate`.
        """
        if self.blocks:
            rules = ", ".join(verdict.rule for verdict in self.blocking)
            raise Refused(f"{what} was refused by: {rules}.")
