"""Draws up the contract of a candidate: from what it reads, what was declared, what was seen."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import isfinite

from lifecycle.data.declaration import Column, ColumnType, Data, Role
from lifecycle.data.description import ColumnDescription, Description
from lifecycle.features.columns import BETWEEN
from lifecycle.features.encoders import Encoder
from lifecycle.features.limits import MISSING
from lifecycle.modeling.candidate import Candidate, CandidateState
from lifecycle.serving.contract import Contract, Field

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMED = (ColumnType.CATEGORY, ColumnType.TEXT)


def draw_up(
    state: CandidateState,
    description: Description,
    data: Data,
    *,
    project: str,
    question: str,
    unit: str | None,
) -> Contract:
    """Draw up what a request for this candidate may and must hold.

    Features are the columns the encoders read. Key and time are taken beside them to name the
    row, the other columns of the query to be written down with the answer; none of these has
    to be sent. The label, and what is known only afterwards, has no place in a request.

    Parameters
    ----------
    description
        The training rows in figures, from which typical values are taken.
    question
        What the model is asked, in words.
    unit
        Of the label.
    """
    read = set(Candidate(state, ()).columns)
    known = _known_values(state)
    described = {column.name: column for column in description.columns}
    fields: list[Field] = []
    withheld: list[str] = []
    for name, column in state.schema_.root.items():
        if name == state.label or (name not in read and name not in described):
            continue
        if Role.LEAK in column.role and name not in read and name not in data.key:
            withheld.append(name)
            continue
        field = _field(name, column, described.get(name), known.get(name, ()))
        use = "feature" if name in read else "key" if _names_rows(name, data) else "recorded"
        fields.append(field.model_copy(update={"use": use}))
    names = {field.name for field in fields}
    return Contract(
        project=project,
        label=state.label,
        task=state.task,
        classes=state.classes,
        threshold=state.threshold,
        question=question,
        unit=unit,
        key=tuple(name for name in data.key if name in names),
        fields=tuple(fields),
        withheld=tuple(withheld),
    )


def _names_rows(name: str, data: Data) -> bool:
    return name in data.key or name == data.time


def _field(
    name: str, column: Column, described: ColumnDescription | None, known: tuple[str, ...]
) -> Field:
    is_personal = Role.PERSONAL in column.role
    return Field(
        name=name,
        type=column.type,
        may_be_missing=column.missing > 0,
        minimum=_finite(column.min),
        maximum=_finite(column.max),
        allowed=column.values,
        # The contract is shown to whoever may ask: it must not tell whom the model learnt from.
        known=() if is_personal else known,
        typical=None if is_personal or described is None else _typical(column.type, described),
        unit=column.unit,
        description=column.description,
        personal=is_personal,
    )


def _finite(limit: float | None) -> float | None:
    return limit if limit is not None and isfinite(limit) else None


def _typical(kind: ColumnType, described: ColumnDescription) -> bool | int | float | str | None:
    """Give the median of numbers and times, the most frequent of other values."""
    if kind in _NAMED or kind is ColumnType.BOOLEAN:
        if not described.top:
            return None
        value = described.top[0].value
        return value == "true" if kind is ColumnType.BOOLEAN else value
    median = described.quantiles.get("50%")
    if median is None or not isfinite(median):
        return None
    if kind is ColumnType.TIME:
        moment = _EPOCH + timedelta(seconds=int(median // 1))
        return moment.isoformat().replace("+00:00", "Z")
    return round(median) if kind is ColumnType.INTEGER else median


def _known_values(state: CandidateState) -> dict[str, tuple[str, ...]]:
    """Gather for each category what the lookups of all views hold of it, crosses included."""
    seen: dict[str, set[str]] = {}
    for features in state.features:
        for column, values in _looked_up(features.encoders):
            if column in state.schema_ and state.schema_[column].type in _NAMED:
                seen.setdefault(column, set()).update(values)
    return {column: tuple(sorted(values - {MISSING})) for column, values in seen.items()}


def _looked_up(encoders: Iterable[Encoder]) -> Iterable[tuple[str, set[str]]]:
    for encoder in encoders:
        if encoder.kind != "lookup":
            continue
        if len(encoder.columns) == 1:
            yield encoder.columns[0], set(encoder.values)
            continue
        # A value that itself holds the separator cannot be told apart; it counts as unseen.
        parts = [value.split(BETWEEN) for value in encoder.values]
        whole = [part for part in parts if len(part) == len(encoder.columns)]
        for place, column in enumerate(encoder.columns):
            yield column, {part[place] for part in whole}
