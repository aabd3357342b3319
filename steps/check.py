"""Hold the rows against what is declared of them."""

from typing import Annotated

import pyarrow as pa
from zenml import step

from lifecycle.data.declaration import Column, Data, Schema
from lifecycle.data.description import Reference
from lifecycle.data.intake import Intake
from lifecycle.data.rules import Checks
from lifecycle.data.rules import check as hold
from lifecycle.verdict import Verdicts
from steps.caching import caching
from steps.progress import tell


@step(cache_policy=caching(__file__))
def check(
    table: pa.Table,
    intake: Intake,
    reference: Reference,
    columns: dict[str, Column],
    data: Data,
    checks: Checks,
) -> Annotated[Verdicts, "checks"]:
    """Judge types, ranges, values, keys, labels, leaks and personal data."""
    verdicts = hold(
        table, intake, Schema(root=columns), data, checks, reference=reference.description
    )
    tell("check", f"{len(verdicts)} checks, {len(verdicts.blocking)} blocking")
    return verdicts
