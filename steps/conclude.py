"""Refuse what the gates refuse."""

from zenml import step

from lifecycle.verdict import Verdicts


@step(enable_cache=False)
def conclude(verdicts: Verdicts, report: str) -> None:
    """End the run as its gates decided, once all evidence is kept."""
    del report  # taken so that the refusal comes after the report is written
    verdicts.require("The candidate")
