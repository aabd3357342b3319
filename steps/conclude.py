"""Refuse what the gates refuse."""

from zenml import step

from lifecycle.errors import Refused
from lifecycle.verdict import Verdicts


@step(enable_cache=False)
def conclude(verdicts: Verdicts, report: str) -> None:
    """End the run as its gates decided, once all evidence is kept."""
    del report  # taken so that the refusal comes after the report is written
    if verdicts.blocks:
        rules = ", ".join(verdict.rule for verdict in verdicts.blocking)
        raise Refused(f"The candidate was refused by: {rules}.")
