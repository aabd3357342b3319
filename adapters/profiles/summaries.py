"""Profiles as the engine-neutral figures that drift is judged on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from adapters.profiles.rows import DECISION, inputs_of, key_of, scores_of
from adapters.profiles.sketches import Column, Numbers, read, read_column
from lifecycle.data.declaration import ColumnType
from lifecycle.monitoring.counting import LEVELS, MOST_VALUES
from lifecycle.monitoring.summary import Subject, Summaries, Summary
from lifecycle.serving.contract import Contract

if TYPE_CHECKING:
    from adapters.profiles.sketches import DatasetProfileView

Atoms: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

_TEXTS = (ColumnType.CATEGORY, ColumnType.TEXT)


def summarise(profile: bytes, contract: Contract, *, like: Summaries | None = None) -> Summaries:
    """Summarise the columns of a contract, its predictions and its label, as far as they are there.

    The order is that of the contract: inputs, scores, decision, label. Personal columns are left
    out, as masks have no distribution. The label of a training profile is found under its own
    name.

    Parameters
    ----------
    like
        The reference at whose edges and values a window is counted; without it, the profile is
        the reference, and is counted at its own quantiles and most frequent values.

    Raises
    ------
    DataError
        If the bytes are not a profile.
    """
    view = read(profile)
    found = []
    for name, subject, kind in _columns(contract):
        column = _find(view, name, subject)
        if column is not None:
            reference = like.find(name, subject) if like is not None else None
            found.append(_summarise(column, name, subject, kind, reference))
    return Summaries(columns=tuple(found))


def _columns(contract: Contract) -> Iterator[tuple[str, Subject, ColumnType]]:
    for field in inputs_of(contract):
        yield field.name, "input", field.type
    for name in scores_of(contract.task, contract.classes):
        yield name, "prediction", ColumnType.NUMBER
    is_class = contract.task.is_classification
    if is_class:
        yield DECISION, "prediction", ColumnType.CATEGORY
    yield contract.label, "label", ColumnType.CATEGORY if is_class else ColumnType.NUMBER


def _find(view: "DatasetProfileView", name: str, subject: Subject) -> Column | None:
    found = read_column(view, key_of(name, subject))
    return read_column(view, name) if found is None and subject == "label" else found


def _summarise(
    column: Column, name: str, subject: Subject, kind: ColumnType, like: Summary | None
) -> Summary:
    about = Summary(
        name=name,
        subject=subject,
        kind="category" if kind in _TEXTS else "number",
        rows=column.rows,
        missing=column.missing,
        distinct=column.distinct,
        is_time=kind is ColumnType.TIME,
    )
    return _category(column, about, like) if kind in _TEXTS else _number(column, about, like)


def _category(column: Column, about: Summary, like: Summary | None) -> Summary:
    rows, too_low = column.frequent
    frequent = sorted(rows, key=lambda value: (-rows[value], value))
    kept = [] if like is None else list(like.counts)
    others = [value for value in frequent if value not in set(kept)]
    counts = {value: rows.get(value, 0) for value in (*kept, *others[:MOST_VALUES])}
    return about.model_copy(
        update={
            "counts": counts,
            "other": about.known - sum(counts.values()),
            "error": too_low / about.known if about.known else 0.0,
        }
    )


def _number(column: Column, about: Summary, like: Summary | None) -> Summary:
    numbers = column.numbers
    if numbers is None:
        edges = () if like is None else like.edges
        return about.model_copy(update={"edges": edges, "cumulative": (0.0,) * len(edges)})
    atoms = _atoms(column, numbers.known)
    edges_at = _edges(numbers, atoms) if like is None else np.array(like.edges)
    told = {
        "mean": numbers.mean,
        "deviation": numbers.deviation,
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
    }
    shares = _shares(numbers, atoms, edges_at, inclusive=True)
    return about.model_copy(
        update={
            "edges": tuple(edges_at.tolist()),
            "cumulative": tuple(shares.tolist()),
            "below": _below(numbers, atoms, edges_at),
            "error": numbers.error if atoms is None else 0.0,
            **{name: value if np.isfinite(value) else None for name, value in told.items()},
        }
    )


def _atoms(column: Column, known: int) -> Atoms | None:
    """Give whole numbers and the share at most each, where all of them were counted exactly."""
    rows, too_low = column.frequent
    if too_low or sum(rows.values()) != known:
        return None
    values = np.array([float(value) for value in rows])
    order = np.argsort(values)
    counts = np.array(list(rows.values()))[order]
    return values[order], np.cumsum(counts) / known


def _edges(numbers: Numbers, atoms: Atoms | None) -> NDArray[np.float64]:
    """Choose quantiles that are values themselves, each once; all values where they are few."""
    if atoms is not None and len(atoms[0]) <= LEVELS + 1:
        return atoms[0]
    levels = np.linspace(0, 1, LEVELS + 1)
    if atoms is None:
        found = numbers.quantiles(levels)
    else:
        places = np.searchsorted(atoms[1], levels, side="left")
        found = atoms[0][np.minimum(places, len(atoms[0]) - 1)]
    return np.unique(found[np.isfinite(found)])


def _shares(
    numbers: Numbers, atoms: Atoms | None, edges: NDArray[np.float64], *, inclusive: bool
) -> NDArray[np.float64]:
    if atoms is None:
        return numbers.shares(edges, inclusive=inclusive)
    values, shares = atoms
    places = np.searchsorted(values, edges, side="right" if inclusive else "left")
    return np.concatenate([[0.0], shares])[places]


def _below(numbers: Numbers, atoms: Atoms | None, edges: NDArray[np.float64]) -> float:
    if not len(edges) or numbers.minimum >= edges[0]:
        return 0.0
    return float(_shares(numbers, atoms, edges[:1], inclusive=False)[0])
