"""Whether the declared columns are there, in their types, and none in two roles at once."""

from collections.abc import Iterator
from difflib import get_close_matches

from lifecycle.data.cast import ARROW_TYPES
from lifecycle.data.declaration import ColumnType, Role
from lifecycle.data.rules.rule import Evidence, Rule, passed
from lifecycle.verdict import Outcome, Verdict


class Types(Rule):
    """Every declared column, the key, the time and the label are there, in the declared type."""

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Fail for each column that is missing, renamed or of another type."""
        verdicts = [*self._miss(evidence), *self._compare(evidence)]
        yield from verdicts or [
            passed("types", "Every column that is declared or needed is there, in its type.")
        ]

    def _miss(self, evidence: Evidence) -> Iterator[Verdict]:
        there = set(evidence.table.column_names)
        wanted = dict.fromkeys([*evidence.declared.root, *_named(evidence)])
        spare = [name for name in evidence.table.column_names if name not in wanted]
        for name in wanted:
            if name not in there:
                yield Verdict(
                    rule=f"types {name}",
                    outcome=Outcome.FAIL,
                    measured="missing",
                    limit=_expected(name, evidence),
                    reason=f'Column "{name}" is not in the data. {_nearest(name, spare)}',
                )

    def _compare(self, evidence: Evidence) -> Iterator[Verdict]:
        for name in evidence.table.column_names:
            wanted = ARROW_TYPES[evidence.schema[name].type]
            if evidence.table.schema.field(name).type != wanted:
                yield Verdict(
                    rule=f"types {name}",
                    outcome=Outcome.FAIL,
                    measured=str(evidence.table.schema.field(name).type),
                    limit=str(wanted),
                    reason=f'Column "{name}" does not have its declared type.',
                )


class Undeclared(Rule):
    """Columns the schema does not name are used as features, with types that were inferred."""

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Warn of undeclared columns, unless no column is declared at all."""
        named = _named(evidence)
        there = [name for name in evidence.table.column_names if name not in named]
        names = [name for name in there if not evidence.is_declared(name)]
        if not names:
            yield passed("undeclared", "Every column of the data is declared.")
            return
        if len(names) == len(there):
            yield passed("undeclared", "No column is declared: all types are inferred.")
            return
        shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        yield Verdict(
            rule="undeclared",
            outcome=Outcome.WARN,
            measured=float(len(names)),
            limit=0.0,
            reason=f"Not declared, so their type is inferred and they are features: {shown}.",
        )


class Roles(Rule):
    """What is known only afterwards is not a feature, and neither is the label."""

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Fail for each column that is both a leak and a feature."""
        bad = [
            Verdict(
                rule=f"roles {name}",
                outcome=Outcome.FAIL,
                measured="leak, feature",
                limit="leak",
                reason=f'Column "{name}" is declared as known only afterwards and as a feature. '
                "Declare role: leak alone.",
            )
            for name, column in evidence.schema.root.items()
            if column.is_feature and Role.LEAK in column.role
        ]
        if not evidence.features:
            bad.append(
                Verdict(
                    rule="roles",
                    outcome=Outcome.FAIL,
                    measured=0.0,
                    limit=1.0,
                    reason="No column is a feature, so there is nothing to learn from.",
                )
            )
        yield from bad or [
            passed("roles", f"{len(evidence.features)} features, none of them declared a leak.")
        ]


def _named(evidence: Evidence) -> list[str]:
    """Columns the `data` section names."""
    time = [evidence.data.time] if evidence.data.time else []
    return [*evidence.data.key, *time, evidence.data.label.column]


def _expected(name: str, evidence: Evidence) -> str:
    if name in evidence.declared:
        return evidence.declared[name].type.value
    return ColumnType.TIME.value if name == evidence.data.time else "a column"


def _nearest(name: str, spare: list[str]) -> str:
    """Say which undeclared column it may have become."""
    near = get_close_matches(name, spare, n=1, cutoff=0.5)
    if near or len(spare) == 1:
        return f'Has it become "{(near or spare)[0]}"? Rename it in the query or the declaration.'
    return "Bring it back in the query, or take it out of the declaration."
