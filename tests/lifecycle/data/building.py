"""Short ways to declare what a test is about."""

from typing import Any

import pyarrow as pa

from lifecycle.data.conform import conform
from lifecycle.data.declaration import Data, Schema
from lifecycle.data.intake import Intake
from lifecycle.data.rules import Checks, check
from lifecycle.verdict import Outcome, Verdict


def declare(label: str = "y", task: str = "binary", **fields: Any) -> Data:
    said = fields.pop("about_label", {})
    return Data.model_validate(
        {"tables": {"t": "t.csv"}, "label": {"column": label, "task": task, **said}, **fields}
    )


def schema(**columns: Any) -> Schema:
    return Schema.model_validate(columns)


def taken_in(rows: int, **fields: Any) -> Intake:
    return Intake(**{"tables": (), "rows": rows, "fingerprint": "f", **fields})


def judge(
    table: pa.Table,
    data: Data,
    columns: Schema | None = None,
    *,
    checks: dict[str, Any] | None = None,
    reference: Any = None,
    **intake: Any,
) -> dict[str, Verdict]:
    """Conform and check; gives verdicts by rule."""
    declared = columns or Schema()
    conformed, refusals, refused = conform(table, declared, data)
    verdicts = check(
        conformed,
        taken_in(len(conformed), refused=refused, refusals=refusals, **intake),
        declared,
        data,
        Checks.model_validate(checks or {}),
        reference=reference,
    )
    return {verdict.rule: verdict for verdict in verdicts}


def outcomes(verdicts: dict[str, Verdict], *wanted: Outcome) -> list[str]:
    return [rule for rule, verdict in verdicts.items() if verdict.outcome in wanted]
