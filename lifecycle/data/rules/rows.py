"""Whether there are enough rows, few of them were refused, and each is there once."""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from lifecycle.data.declaration import Role
from lifecycle.data.keys import hash_rows
from lifecycle.data.rules.rule import Evidence, Rule, unknown
from lifecycle.section import Share
from lifecycle.verdict import Outcome, Verdict

FEW_ROWS = 1_000
"""Below so many rows a test of a fifth of them has intervals of several points: worth saying."""


class Rows(Rule):
    """There are enough rows to learn from and to judge by.

    Parameters
    ----------
    at_least
        A fifth of 100 rows is 20 for the test: with fewer, an accuracy of 80 % has a 95 %
        interval of more than 35 points, and no gate can tell a good model from a bad one.
    """

    at_least: int = Field(default=100, ge=1)

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Fail below the limit, warn while intervals will be wide."""
        rows = len(evidence.table)
        outcome, reason = Outcome.PASS, f"{rows:,} rows."
        if rows < self.at_least:
            outcome = Outcome.FAIL
            reason = (
                f"{rows:,} rows are too few to train and to judge a model. Bring more, or declare "
                f"checks.rows.at_least: {rows} and read every figure with its interval."
            )
        elif rows < FEW_ROWS:
            outcome = Outcome.WARN
            reason = f"{rows:,} rows: every figure will have a wide confidence interval."
        yield Verdict(
            rule="rows",
            outcome=outcome,
            measured=float(rows),
            limit=float(self.at_least),
            reason=reason,
        )


class RefusedRows(Rule):
    """Only a small share of the rows of any table, or of the query, could not be read."""

    at_most: Share = 0.01

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Fail above the limit, warn of any refused row."""
        where, refused, came = _worst(evidence)
        if came == 0:
            yield unknown("refused", "No rows came in, so there is no share of refused ones.")
            return
        share = refused / came
        outcome = Outcome.WARN if refused else Outcome.PASS
        if share > self.at_most:
            outcome = Outcome.FAIL
        yield Verdict(
            rule="refused",
            outcome=outcome,
            measured=share,
            limit=self.at_most,
            reason=f"{refused:,} of {came:,} rows of {where} could not be read."
            f"{_first_reason(evidence)}",
        )


class Duplicates(Rule):
    """No key names two rows; without a key, few rows repeat another in full."""

    at_most: Share = 0.0

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Fail for a repeated or missing key; warn where whole rows repeat."""
        key = evidence.data.key
        missing = [name for name in key if name not in evidence.table.column_names]
        if missing:
            yield unknown("duplicates", f"The key column {', '.join(missing)} is missing.")
            return
        rows = len(evidence.table)
        hashes = hash_rows(evidence.table, key or evidence.table.column_names)
        repeated = rows - len(np.unique(hashes))
        share = repeated / rows if rows else 0.0
        outcome = Outcome.WARN if repeated else Outcome.PASS
        if key and share > self.at_most:
            outcome = Outcome.FAIL
        yield Verdict(
            rule="duplicates",
            outcome=outcome,
            measured=float(repeated),
            limit=float(self.at_most * rows),
            reason=_tell_duplicates(evidence, repeated, hashes),
        )


def _worst(evidence: Evidence) -> tuple[str, int, int]:
    """Find the table, or the query's result, with the largest share of refused rows."""
    intake = evidence.intake
    counts = [("the query", intake.refused, len(evidence.table) + intake.refused)]
    counts += [(one.table, one.refused, one.rows + one.refused) for one in intake.tables]
    return max(counts, key=lambda one: one[1] / max(one[2], 1))


def _first_reason(evidence: Evidence) -> str:
    tables = evidence.intake.tables
    refusals = [*evidence.intake.refusals, *(one for table in tables for one in table.refusals)]
    if not refusals:
        return ""
    return f" The first: {refusals[0].table}, {refusals[0].where}: {refusals[0].reason}."


def _tell_duplicates(evidence: Evidence, repeated: int, hashes: np.ndarray) -> str:
    key = ", ".join(evidence.data.key)
    if not repeated:
        return f"Each key ({key}) names one row." if key else "No row repeats another in full."
    if not key:
        return (
            f"{repeated:,} rows repeat another in full. Without a key nobody can tell whether "
            "they are the same thing twice: declare data.key."
        )
    _, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    row = int(first[counts > 1][0])
    values = ", ".join(
        f"{name}={evidence.table[name][row].as_py()}"
        for name in evidence.data.key
        if Role.PERSONAL not in evidence.schema[name].role
    )
    example = f", for example {values}" if values else ""
    return (
        f"{repeated:,} rows have the key of another{example}. Often a join that "
        "finds two partners: make the query give one row a key, or declare a longer data.key."
    )
