"""Whether there is a label to learn, and enough of every class."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from lifecycle.data.rules.rule import Evidence, Rule, unknown
from lifecycle.section import Share
from lifecycle.task import Task
from lifecycle.verdict import Outcome, Verdict

FEW_OF_A_CLASS = 50
"""Below so many rows of a class, figures of that class say little: worth a warning."""

FEW_NUMBERS = 10
"""A regression label with fewer different values is more likely a class."""


class Labels(Rule):
    """Every row has a label, and the label varies.

    Parameters
    ----------
    at_least
        Rows of each class. With 10, five folds and a test of a fifth have 2 of it each.
    unlabelled
        Share of the rows the sources brought that may have no label (yet).
    """

    at_least: int = Field(default=10, ge=1)
    unlabelled: Share = 0.5

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Fail for a constant label or too small a class; without labels, nothing is known."""
        label = evidence.label
        if label is None or label.null_count == len(label):
            yield unknown("labels", f'There are no labels in "{evidence.data.label.column}".')
            return
        yield from self._judge_missing(evidence, label)
        if evidence.data.label.task is Task.REGRESSION:
            yield _judge_numbers(label)
        else:
            yield from self._judge_classes(evidence, label)

    def _judge_missing(self, evidence: Evidence, label: pa.ChunkedArray) -> Iterator[Verdict]:
        if label.null_count:
            yield Verdict(
                rule="labels missing",
                outcome=Outcome.FAIL,
                measured=float(label.null_count),
                limit=0.0,
                reason=f"{label.null_count:,} rows to train on have no label.",
            )
        without = evidence.intake.unlabelled
        share = without / max(without + len(label), 1)
        yield Verdict(
            rule="labels unlabelled",
            outcome=Outcome.WARN if share > self.unlabelled else Outcome.PASS,
            measured=share,
            limit=self.unlabelled,
            reason=f"{without:,} rows came without a label and are kept out of training.",
        )

    def _judge_classes(self, evidence: Evidence, label: pa.ChunkedArray) -> Iterator[Verdict]:
        counted = pc.value_counts(label.drop_null().cast(pa.string()))
        counts = dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))
        yield _judge_number_of_classes(counts, evidence.data.label.task)
        rarest = min(counts, key=lambda name: (counts[name], name))
        rows = counts[rarest]
        outcome = Outcome.WARN if rows < FEW_OF_A_CLASS else Outcome.PASS
        if rows < self.at_least:
            outcome = Outcome.FAIL
        few = [name for name in counts if counts[name] < self.at_least]
        more = f" {len(few)} classes have fewer than {self.at_least}." if len(few) > 1 else ""
        yield Verdict(
            rule="labels classes",
            outcome=outcome,
            measured=float(rows),
            limit=float(self.at_least),
            reason=f'The rarest class, "{rarest}", has {rows:,} rows.{more}'
            + (" Bring more of it, or join it with another in the query." if few else ""),
        )


def _judge_number_of_classes(counts: dict[str, int], task: Task) -> Verdict:
    allowed = "2" if task is Task.BINARY else "3 or more"
    fits = len(counts) == 2 if task is Task.BINARY else len(counts) >= 3
    reason = f"{len(counts)} classes."
    if len(counts) == 1:
        reason = f'The label is constant: all rows are "{next(iter(counts))}".'
    elif not fits:
        reason = f"{len(counts)} classes; a {task.value} label has {allowed}."
    return Verdict(
        rule="labels",
        outcome=Outcome.PASS if fits else Outcome.FAIL,
        measured=float(len(counts)),
        limit=allowed,
        reason=reason,
    )


def _judge_numbers(label: pa.ChunkedArray) -> Verdict:
    distinct = int(pc.count_distinct(label.drop_null()).as_py())
    outcome, reason = Outcome.PASS, f"{distinct:,} different values."
    if distinct == 1:
        outcome, reason = Outcome.FAIL, "The label is constant."
    elif distinct < FEW_NUMBERS:
        outcome = Outcome.WARN
        reason = f"Only {distinct} different values: is this a class rather than a number?"
    return Verdict(
        rule="labels", outcome=outcome, measured=float(distinct), limit=2.0, reason=reason
    )
