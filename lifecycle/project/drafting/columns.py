"""What each column of a table seems to be: its type, its limits and its role."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from lifecycle.data.conform import conform, infer
from lifecycle.data.declaration import Column, ColumnType, Data, Label, Role, Schema
from lifecycle.data.intake import Intake
from lifecycle.data.rules import Evidence
from lifecycle.data.rules.leakage import Leakage
from lifecycle.data.rules.personal import Personal
from lifecycle.data.rules.rule import Rule
from lifecycle.project.drafting.target import Target
from lifecycle.verdict import Outcome, Verdict

LISTED_VALUES = 30
"""A category with more values is not listed: new ones would only be in the way."""

_IDENTIFIER = re.compile(
    r"(^|[_\s.-])(id|key|uuid|guid|code|number|nr|no|index|row)s?$|^unnamed", re.I
)
_ID = re.compile(r"(^|[_\s.-])(id|key|uuid|guid)s?$", re.I)
_GROUP = re.compile(
    r"(^|[_\s.-])(sex|gender|race|ethnic\w*|religion|nationality|citizenship|disab\w*|marital\w*"
    r"|age|age_group)$",
    re.I,
)
_NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER)


@dataclass(frozen=True)
class DraftColumn:
    """One column as it will be declared.

    Parameters
    ----------
    comment
        Why it is declared so, for the draft's reader.
    is_key
        Whether it alone names a row.
    is_allowed
        Whether it predicts the label nearly alone and stays, as there is no other feature.
    """

    name: str
    type: ColumnType
    role: Role | None = None
    values: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    missing: float | None = None
    comment: str = ""
    is_key: bool = False
    is_allowed: bool = False

    @property
    def is_feature(self) -> bool:
        """Whether the model would see it."""
        return self.role is None


def draft_columns(table: pa.Table, target: Target) -> tuple[tuple[DraftColumn, ...], pa.Table]:
    """Describe every column of a table, and give the table in these types.

    Columns that give the label away, and such that hold personal data, are found by the same
    rules that every run asks.
    """
    kinds = {name: _type(table[name], name) for name in table.column_names}
    kinds[target.column] = target.kind
    data = Data(
        tables={"rows": {"url": "rows.csv"}},
        label=Label(column=target.column, task=target.task),
    )
    declared = Schema({name: Column(type=kind) for name, kind in kinds.items()})
    conformed, _, _ = conform(table, declared, data)
    drafted = {
        name: _describe(conformed[name], name, kinds[name])
        for name in table.column_names
        if name != target.column
    }
    drafted = _with_personal(drafted, conformed, data)
    drafted = _without_leaks(drafted, conformed, data)
    drafted[target.column] = DraftColumn(target.column, target.kind, comment="the label")
    return tuple(drafted[name] for name in table.column_names), conformed


def _type(column: pa.ChunkedArray, name: str) -> ColumnType:
    """Infer a type; a whole number that names something which repeats is a category."""
    kind = infer(column)
    if kind is ColumnType.INTEGER and _ID.search(name):
        known = len(column) - column.null_count
        distinct = pc.count_distinct(column, mode="only_valid").as_py()
        return ColumnType.CATEGORY if distinct <= known / 2 else kind
    return kind


def _describe(column: pa.ChunkedArray, name: str, kind: ColumnType) -> DraftColumn:
    known = column.drop_null()
    distinct = int(pc.count_distinct(known).as_py())
    draft = DraftColumn(name, kind, missing=_missing(column.null_count / max(len(column), 1)))
    if not len(known):
        return replace(draft, role=Role.IGNORE, missing=None, comment="no value at all")
    if distinct == 1:
        return replace(draft, role=Role.IGNORE, comment="one value only")
    if _names_rows(column, known, name, kind, distinct):
        comment = "another value in every row"
        is_named = kind is ColumnType.INTEGER or _IDENTIFIER.search(name) is not None
        is_key = is_named and not column.null_count
        missing = 0.0 if is_key else draft.missing
        return replace(draft, role=Role.IGNORE, comment=comment, is_key=is_key, missing=missing)
    if kind is ColumnType.TEXT:
        comment = f"free text, {distinct:,} different values: not read"
        return replace(draft, role=Role.IGNORE, comment=comment)
    if kind is ColumnType.INTEGER and _ID.search(name):
        comment = f"names something, {distinct:,} different values"
        return replace(draft, role=Role.IGNORE, comment=comment)
    if _GROUP.search(name):
        draft = replace(draft, comment="a group of people? role: [feature, sensitive]")
    if kind in _NUMBERS:
        low, high = _range(known, kind)
        return replace(draft, min=low, max=high)
    if kind is ColumnType.CATEGORY and distinct <= LISTED_VALUES:
        return replace(draft, values=tuple(sorted(pc.unique(known).to_pylist())))
    if kind is ColumnType.CATEGORY and not draft.comment:
        return replace(draft, comment=f"{distinct:,} different values")
    return draft


def _names_rows(
    column: pa.ChunkedArray, known: pa.ChunkedArray, name: str, kind: ColumnType, distinct: int
) -> bool:
    """Tell whether a column says which row it is, and nothing about it."""
    if distinct < len(known) or kind not in (ColumnType.INTEGER, ColumnType.TEXT):
        return False
    if kind is ColumnType.TEXT or _IDENTIFIER.search(name):
        return True
    ends = pc.min_max(known).as_py()
    return len(known) >= 50 and ends["max"] - ends["min"] < 1.1 * len(known)


def _missing(share: float) -> float | None:
    """Allow ten points more than there are now, in steps of five; all if nearly all are."""
    allowed = math.ceil(round(100 * share + (10 if share else 5), 6) / 5) * 5
    return None if allowed >= 100 else allowed / 100


def _range(known: pa.ChunkedArray, kind: ColumnType) -> tuple[float, float]:
    """Allow the width more on either side, rounded outwards; no negative where none is."""
    ends = pc.min_max(known).as_py()
    low, high = float(ends["min"]), float(ends["max"])
    if kind is ColumnType.INTEGER and (low, high) == (0.0, 1.0):
        return low, high
    width = high - low
    if not math.isfinite(width) or width <= 1e-9 * max(abs(low), abs(high)):
        return low - abs(low), high + abs(high)
    step = 10.0 ** math.floor(math.log10(width))
    lower = math.floor((low - width) / step) * step
    upper = math.ceil((high + width) / step) * step
    return (max(lower, 0.0) if low >= 0 else min(lower, low)), max(upper, high)


def _with_personal(
    drafted: dict[str, DraftColumn], table: pa.Table, data: Data
) -> dict[str, DraftColumn]:
    blocking = (Outcome.FAIL, Outcome.WARN)
    found = _findings(Personal(), drafted, table, data, Role.PERSONAL, over=blocking)
    kept_out = {
        name: DraftColumn(name, drafted[name].type, Role.PERSONAL, comment=comment)
        for name, comment in found.items()
    }
    return {**drafted, **kept_out}


def _without_leaks(
    drafted: dict[str, DraftColumn], table: pa.Table, data: Data
) -> dict[str, DraftColumn]:
    """Keep out what gives the label away, unless nothing would be left to learn from."""
    found = _findings(Leakage(), drafted, table, data, Role.LEAK, over=(Outcome.FAIL,))
    features = {name for name, column in drafted.items() if column.is_feature}
    if features <= found.keys():
        told = {
            name: replace(drafted[name], is_allowed=True, comment=f"{comment} A leak?")
            for name, comment in found.items()
        }
        return {**drafted, **told}
    kept_out = {
        name: DraftColumn(
            name, drafted[name].type, Role.LEAK, comment=f"{comment} If honest: no role"
        )
        for name, comment in found.items()
    }
    return {**drafted, **kept_out}


def _findings(
    rule: Rule,
    drafted: dict[str, DraftColumn],
    table: pa.Table,
    data: Data,
    role: Role,
    *,
    over: Iterable[Outcome],
) -> dict[str, str]:
    """Ask a rule until it names no further column; it names only so many at a time."""
    found: dict[str, str] = {}
    kind = type(rule).__name__.lower()
    while True:
        schema = _schema(drafted, found, role, table, data)
        evidence = Evidence(table, _nothing_came_in(), schema, data)
        told = [verdict for verdict in rule.judge(evidence) if verdict.outcome in over]
        named = {
            verdict.rule.removeprefix(f"{kind} "): _finding(verdict)
            for verdict in told
            if verdict.rule.startswith(f"{kind} ")
        }
        found.update(named)
        if not named or len(named) == len(told):
            return found


def _finding(verdict: Verdict) -> str:
    """Take of a rule's reason what was found, without its advice."""
    if verdict.rule.startswith("leakage "):
        return f"Nearly tells the label by itself ({float(verdict.measured or 0):.3f})."
    return (
        verdict.reason.split(" Declare ")[0].removeprefix("Column ").split('" ', 1)[-1].rstrip(".")
    )


def _schema(
    drafted: dict[str, DraftColumn], found: dict[str, str], role: Role, table: pa.Table, data: Data
) -> Schema:
    columns = {data.label.column: Column(type=ColumnType.CATEGORY, role=(Role.IGNORE,))}
    for name, column in drafted.items():
        given = role if name in found else column.role or Role.FEATURE
        columns[name] = Column(type=column.type, role=(given,))
    return Schema({name: columns[name] for name in table.column_names})


def _nothing_came_in() -> Intake:
    return Intake(tables=(), rows=0, fingerprint="")
