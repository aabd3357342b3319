"""Contradictions inside the schema: types, limits and roles of columns."""

from collections.abc import Iterator

from lifecycle.data.declaration import Column, ColumnType, Role
from lifecycle.project.contradictions.parts import Parts
from lifecycle.project.faults import Fault
from lifecycle.task import Task

_NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER)
_WORDS = (ColumnType.CATEGORY, ColumnType.BOOLEAN)


def fit_limits_to_types(parts: Parts) -> Iterator[Fault]:
    """Want ranges on numbers only, and lists of values on categories only."""
    for name, column in parts.columns.items():
        if column is not None:
            yield from _judge_limits(("schema", name), column)


def _judge_limits(path: tuple[str, ...], column: Column) -> Iterator[Fault]:
    kind = column.type.value
    for end, limit in (("min", column.min), ("max", column.max)):
        if limit is not None and column.type not in _NUMBERS:
            remedy = "A range is for type number or integer"
            remedy += "; a category has values: [...]." if kind == "category" else "."
            yield Fault((*path, end), f"is {limit:g}, and the type is {kind}.", remedy)
    if column.min is not None and column.max is not None and column.min > column.max:
        problem = f"is {column.min:g}, which is more than max ({column.max:g})."
        yield Fault((*path, "min"), problem, "Both ends are allowed values: min <= max.")
    if column.values is None:
        return
    if column.type is not ColumnType.CATEGORY:
        remedy = "A list of values is for type category"
        remedy += "; a number has min: and max:." if column.type in _NUMBERS else "."
        yield Fault((*path, "values"), f"is a list, and the type is {kind}.", remedy)
    elif not column.values:
        remedy = "Name the values the column may have, or leave the key out to allow any."
        yield Fault((*path, "values"), "is empty.", remedy)
    twice = sorted({value for value in column.values if column.values.count(value) > 1})
    if twice:
        yield Fault((*path, "values"), f'names "{twice[0]}" more than once.')


def keep_roles_apart(parts: Parts) -> Iterator[Fault]:
    """Want no column that the model both sees and is kept from."""
    for name, column in parts.columns.items():
        if column is None:
            continue
        out = [role.value for role in column.role if role in (Role.IGNORE, Role.LEAK)]
        if not column.role:
            words = ", ".join(Role)
            yield Fault(("schema", name, "role"), "is empty.", f"Known: {words}.")
        elif Role.FEATURE in column.role and out:
            problem = f"is both feature and {' and '.join(out)}."
            yield Fault(("schema", name, "role"), problem, f"Declare role: {out[0]} alone.")


def fit_label_and_time_types(parts: Parts) -> Iterator[Fault]:
    """Want a label of a type its task can answer, no feature; and a time that is a time."""
    if parts.data is None:
        return
    label, time = parts.data.label, parts.data.time
    column = parts.columns.get(label.column)
    if column is not None:
        yield from _judge_label(("schema", label.column), column, label.task)
    column = parts.columns.get(time) if time is not None else None
    if time is not None and column is not None and column.type is not ColumnType.TIME:
        problem = f"is {column.type.value}, and data.time is this column."
        remedy = "Declare type: time, or turn it into a time in the query."
        yield Fault(("schema", time, "type"), problem, remedy)


def _judge_label(path: tuple[str, ...], column: Column, task: Task) -> Iterator[Fault]:
    if "role" in column.model_fields_set and Role.FEATURE in column.role:
        remedy = "The model may not see what it is to predict: leave the role out."
        yield Fault((*path, "role"), "is feature, and this column is the label.", remedy)
    if task is Task.REGRESSION and column.type not in _NUMBERS:
        problem = f"is {column.type.value}, and the label of a regression is a number."
        remedy = "Declare type: number, or task: binary or multiclass in data.label."
        yield Fault((*path, "type"), problem, remedy)
    if task is not Task.REGRESSION and column.type in (ColumnType.TIME, ColumnType.TEXT):
        problem = f"is {column.type.value}, and the label of a {task.value} task is a category."
        yield Fault((*path, "type"), problem, "Declare type: category.")
