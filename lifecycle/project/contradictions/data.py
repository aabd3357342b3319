"""Contradictions around the data: key, time, window, label."""

from collections.abc import Iterator
from datetime import UTC, datetime

from lifecycle.data.declaration import GroupSplit, Role, TimeSplit
from lifecycle.project.contradictions.parts import Parts
from lifecycle.project.faults import Fault, nearest
from lifecycle.task import Task


def name_each_thing_once(parts: Parts) -> Iterator[Fault]:
    """Want key, time, label and group to be different columns, each named once."""
    if parts.data is None:
        return
    data, label = parts.data, parts.data.label.column
    for at, name in enumerate(data.key):
        if name == label:
            remedy = "The label is not known when the question is asked; name other columns."
            yield Fault(("data", "key", at), f'is the label "{name}".', remedy)
        if name in data.key[:at]:
            yield Fault(("data", "key", at), f'is "{name}", which is in the key already.')
    if data.time == label:
        remedy = "Time is when the question is asked; the label is its answer."
        yield Fault(("data", "time"), f'is the label "{label}".', remedy)
    if isinstance(parts.split, GroupSplit) and parts.split.column == label:
        remedy = "Name a column that tells which rows belong together, a customer or a machine."
        yield Fault(("split", "column"), f'is the label "{label}".', remedy)


def select_by_a_time_there_is(parts: Parts) -> Iterator[Fault]:
    """Want a time column where a window or the split selects by it."""
    if parts.data is None or parts.data.time is not None:
        return
    times = [name for name, column in parts.columns.items() if column and column.type == "time"]
    such = f", such as {' or '.join(times)}" if times else ""
    if isinstance(parts.split, TimeSplit):
        remedy = f"Name the column in data.time{such}, or declare by: random or by: group."
        yield Fault(("split", "by"), "is time, and no data.time is declared.", remedy)
    window = parts.data.window
    if window.start is not None or window.end is not None:
        remedy = f"Name the column that the window is about in data.time{such}."
        yield Fault(("data", "window"), "selects by time, and no data.time is declared.", remedy)


def keep_the_order_of_time(parts: Parts) -> Iterator[Fault]:
    """Want a window that ends after it begins, and a cut inside of it."""
    if parts.data is None:
        return
    start, end = (_utc(moment) for moment in (parts.data.window.start, parts.data.window.end))
    if start and end and start >= end:
        problem = f"is {start}, which is not before data.window.to ({end})."
        yield Fault(("data", "window", "from"), problem, "Rows with from <= time < to are taken.")
        return
    cut = _utc(parts.split.start) if isinstance(parts.split, TimeSplit) else None
    if cut and start and cut <= start:
        problem = f"is {cut}, and data.window begins only at {start}: no row is left to train on."
        yield Fault(("split", "from"), problem, "The cut lies inside of the window.")
    if cut and end and cut >= end:
        problem = f"is {cut}, and data.window ends before it at {end}: no row is left to test on."
        yield Fault(("split", "from"), problem, "The cut lies inside of the window.")


def join_tables_by_a_query(parts: Parts) -> Iterator[Fault]:
    """Want a query where there are several tables, to say how they belong together."""
    if parts.data is not None and parts.data.query is None and len(parts.data.tables) > 1:
        names = ", ".join(parts.data.tables)
        remedy = "Declare data.query, the SQL that joins them into one row per question."
        yield Fault(("data",), f"has several tables ({names}) and no query.", remedy)


def fit_the_label_to_its_task(parts: Parts) -> Iterator[Fault]:
    """Want a positive class on binary labels only, and as many values as the task has."""
    if parts.data is None:
        return
    label, column = parts.data.label, parts.columns.get(parts.data.label.column)
    path = ("data", "label", "positive")
    if label.positive is not None and label.task is not Task.BINARY:
        remedy = "Only a binary label has a positive class; leave it out or declare task: binary."
        yield Fault(path, f'is "{label.positive}", and the task is {label.task.value}.', remedy)
    if column is None or column.values is None:
        return
    if label.task is Task.BINARY and label.positive and label.positive not in column.values:
        yield Fault(
            path,
            f'is "{label.positive}", which is not among the values of {label.column}.',
            nearest(label.positive, column.values),
        )
    count = len(set(column.values))
    declared = ("schema", label.column, "values")
    if label.task is Task.BINARY and count != 2:
        remedy = "A binary label has exactly 2; declare task: multiclass for more."
        yield Fault(declared, f"holds {count} values for a binary label.", remedy)
    if label.task is Task.MULTICLASS and count < 3:
        remedy = "A multiclass label has at least 3; declare task: binary for 2."
        yield Fault(declared, f"holds {count} values for a multiclass label.", remedy)


def ask_nothing_of_what_comes_later(parts: Parts) -> Iterator[Fault]:
    """Want key, time and group to be known when the question is asked, so no leak."""
    if parts.data is None:
        return
    named = {("data", "key", at): name for at, name in enumerate(parts.data.key)}
    if parts.data.time is not None:
        named["data", "time"] = parts.data.time  # type: ignore[index]
    if isinstance(parts.split, GroupSplit):
        named["split", "column"] = parts.split.column  # type: ignore[index]
    for path, name in named.items():
        if Role.LEAK in parts.role_of(name):
            remedy = f"Name another column, or give schema.{name} another role."
            yield Fault(path, f'is "{name}", declared as a leak: known only afterwards.', remedy)


def _utc(moment: datetime | None) -> datetime | None:
    """Put a moment into UTC without zone, as times are in tables."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)
