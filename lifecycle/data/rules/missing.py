"""Whether values are missing where they should not be."""

from collections.abc import Iterator

from lifecycle.data.rules.rule import Evidence, Rule, at_most_told, passed
from lifecycle.section import Share
from lifecycle.verdict import Outcome, Verdict


class Missing(Rule):
    """No more values are missing than declared, and no column is empty.

    Parameters
    ----------
    growth
        How much larger the missing share of a column may be than in the data the champion was
        trained on, where the column declares no share of its own. More than that is a source
        that broke: the model learnt nothing about the column being missing.
    """

    growth: Share = 0.05

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Fail above a declared share, for an empty declared column and for a jump."""
        verdicts = [
            verdict
            for name in evidence.table.column_names
            if (verdict := self._judge_column(evidence, name)) is not None
        ]
        yield from at_most_told("missing", [one for one in verdicts if one.outcome.value != "pass"])
        yield from (one for one in verdicts if one.outcome is Outcome.PASS)
        if not verdicts:
            yield passed("missing", "No column is empty, and none declares a missing share.")

    def _judge_column(self, evidence: Evidence, name: str) -> Verdict | None:
        rows = len(evidence.table)
        if not rows or name == evidence.data.label.column:
            return None
        share = evidence.table[name].null_count / rows
        if share and name == evidence.data.time:
            return _judge_time(name, evidence.table[name].null_count)
        limit = evidence.schema[name].missing
        if limit < 1:
            return _judge_declared(name, share, limit)
        before = _share_before(evidence, name)
        if before is not None and share > before + self.growth:
            return _judge_growth(name, share, before, self.growth)
        if share == 1:
            return _judge_empty(
                name, is_declared=evidence.is_declared(name) and evidence.schema[name].is_feature
            )
        return None


def _share_before(evidence: Evidence, name: str) -> float | None:
    if evidence.reference is None:
        return None
    for column in evidence.reference.columns:
        if column.name == name and column.rows:
            return column.missing / column.rows
    return None


def _judge_time(name: str, missing: int) -> Verdict:
    return Verdict(
        rule=f"missing {name}",
        outcome=Outcome.FAIL,
        measured=float(missing),
        limit=0.0,
        reason=f"{missing:,} rows have no time, so they are in no window and on no side of a cut.",
    )


def _judge_declared(name: str, share: float, limit: float) -> Verdict:
    return Verdict(
        rule=f"missing {name}",
        outcome=Outcome.FAIL if share > limit else Outcome.PASS,
        measured=share,
        limit=limit,
        reason=f"{share:.2%} of the values are missing, {limit:.2%} may be.",
    )


def _judge_growth(name: str, share: float, before: float, growth: float) -> Verdict:
    return Verdict(
        rule=f"missing {name}",
        outcome=Outcome.FAIL,
        measured=share,
        limit=min(before + growth, 1.0),
        reason=f"{share:.2%} of the values are missing; in the champion's data it was "
        f"{before:.2%}. If that is how it is now, declare the column's missing share.",
    )


def _judge_empty(name: str, *, is_declared: bool) -> Verdict:
    advice = "Its source or join is broken." if is_declared else "Nothing is learnt from it."
    return Verdict(
        rule=f"missing {name}",
        outcome=Outcome.FAIL if is_declared else Outcome.WARN,
        measured=1.0,
        limit=1.0,
        reason=f"All values are missing. {advice}",
    )
