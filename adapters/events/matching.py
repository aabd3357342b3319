"""Labels found for predictions, and how they agree with one another."""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from adapters.events.naming import NOBODY, Names
from adapters.events.twins import TOLD, label_twins, microseconds, prediction_twins
from adapters.events.windows import Predictions
from lifecycle.monitoring.evidence import Counted
from lifecycle.serving.contract import Contract

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Strays:
    """Labels of which nobody knows yet what they are the truth of.

    Parameters
    ----------
    names, bare
        What they name, and whether that is a request without a row.
    """

    names: Names
    bare: Flags


@dataclass(frozen=True)
class Labels:
    """Labels of a window.

    Parameters
    ----------
    table
        Those that name a prediction of it, in the order of the log; see `adapters.events.twins`.
    strays
        Those told during the window that name none of it.
    torn
        Unreadable lines of the files that have something of the window.
    """

    table: pa.Table
    strays: Strays
    torn: int


@dataclass(frozen=True)
class Chosen:
    """What counts.

    Parameters
    ----------
    label, known_at, labelled_at
        For each prediction; null where there is no label.
    counts
        `told`, `unreadable`, `repeated` and `corrected`.
    """

    label: pa.ChunkedArray
    known_at: pa.ChunkedArray
    labelled_at: pa.ChunkedArray
    counts: Counted


def find_labels(
    folder: Path,
    contract: Contract,
    predictions: Predictions,
    *,
    since: datetime,
    until: datetime,
    as_of: datetime,
) -> Labels:
    """Find the labels of some predictions among all that were told before `as_of`."""
    wanted = np.unique(np.concatenate([predictions.names, predictions.keys]))
    wanted = wanted[wanted != NOBODY]
    tables: list[pa.Table] = []
    names, bare, torn = [np.zeros(0, np.uint64)], [np.zeros(0, bool)], 0
    for twin in label_twins(folder, contract):
        named, is_bare, at = twin.numbers("name"), twin.numbers("bare"), twin.numbers("at")
        told = at < microseconds(as_of)
        hits = told & among(named, wanted)
        hits &= ~(is_bare & among(named, predictions.crowded))
        tables.append(twin.table.filter(pa.array(hits)))
        stray = told & ~hits & (at >= microseconds(since)) & (at < microseconds(until))
        names.append(named[stray])
        bare.append(is_bare[stray])
        torn += twin.torn if twin.touches(since, until) else 0
    strays = Strays(np.concatenate(names), np.concatenate(bare))
    table = pa.concat_tables(tables or [TOLD.empty_table()])
    return Labels(table, strays, torn)


def among(names: Names, known: Names) -> Flags:
    """Tell which names are among the known ones, which are in order.

    Examples
    --------
    >>> among(np.array([5, 1, 9], np.uint64), np.array([1, 5], np.uint64)).tolist()
    [True, True, False]
    """
    if not len(known):
        return np.zeros(len(names), dtype=bool)
    places = np.minimum(np.searchsorted(known, names), len(known) - 1)
    found: Flags = known[places] == names
    return found


def unknown(folder: Path, contract: Contract, strays: Strays, *, as_of: datetime | None) -> Flags:
    """Tell which labels name no prediction of the log that was made before `as_of`, if given."""
    wanted, places = np.unique(strays.names, return_inverse=True)
    there, crowded = np.zeros(len(wanted), dtype=bool), np.zeros(len(wanted), dtype=bool)
    for twin in prediction_twins(folder, contract) if len(wanted) else ():
        at = twin.numbers("at")
        made = at < (np.iinfo(np.int64).max if as_of is None else microseconds(as_of))
        for column, mark in (("name", there), ("key", there), ("among", crowded)):
            named = twin.numbers(column)[made]
            hits = named[among(named, wanted)]
            mark[np.searchsorted(wanted, hits)] = True
    there &= wanted != NOBODY
    return ~there[places] | (strays.bare & crowded[places])


def choose(labels: pa.Table, predictions: Predictions, contract: Contract) -> Chosen:
    """Give each prediction the label told last; of those told at once, the later line."""
    values, codes = _read_values(labels["label"], contract)
    is_readable = codes >= 0
    prediction, label = _pairs(labels, predictions, np.flatnonzero(is_readable))
    at = labels["at"].cast(pa.int64()).to_numpy()
    order = np.lexsort((label, at[label], prediction))
    prediction, label = prediction[order], label[order]
    follows = np.zeros(len(label), dtype=bool)
    follows[1:] = prediction[1:] == prediction[:-1]
    is_other = np.zeros(len(label), dtype=bool)
    is_other[1:] = codes[label[1:]] != codes[label[:-1]]
    corrects = _marked(label[follows & is_other], len(codes))
    repeats = _marked(label[follows & ~is_other], len(codes))
    repeats &= ~_marked(label[~follows], len(codes))
    is_last = np.append(~follows[1:], True)[: len(label)]
    taken = np.full(predictions.table.num_rows, -1)
    taken[prediction[is_last]] = label[is_last]
    places = pa.array(taken, mask=taken < 0)
    return Chosen(
        values.take(places),
        pc.coalesce(labels["known_at"], labels["at"]).take(places),
        labels["at"].take(places),
        Counted(
            told=labels.num_rows,
            unreadable=int((~is_readable).sum()),
            corrected=int(corrects.sum()),
            repeated=int((repeats & ~corrects).sum()),
        ),
    )


def _marked(places: Places, count: int) -> Flags:
    marks = np.zeros(count, dtype=bool)
    marks[places] = True
    return marks


def _pairs(labels: pa.Table, predictions: Predictions, readable: Places) -> tuple[Places, Places]:
    """Pair labels with the predictions they name: places of both."""
    rows = np.arange(predictions.table.num_rows)
    has_key = predictions.keys != NOBODY
    names = np.concatenate([predictions.names, predictions.keys[has_key]])
    places = np.concatenate([rows, rows[has_key]])
    order = np.argsort(names, kind="stable")
    names, places = names[order], places[order]
    wanted = labels["name"].to_numpy()[readable]
    first, end = np.searchsorted(names, wanted, "left"), np.searchsorted(names, wanted, "right")
    times = end - first
    inside = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return places[np.repeat(first, times) + inside], np.repeat(readable, times)


def _read_values(labels: pa.ChunkedArray, contract: Contract) -> tuple[pa.Array, Places]:
    """Read labels as what they are: a class or a number; and number equal ones equally.

    The number is -1, and the value null, of what is none.
    """
    encoded = pc.dictionary_encode(labels).combine_chunks()
    texts: list[str] = encoded.dictionary.to_pylist()
    read: list[Any] = [_read_value(text, contract) for text in texts]
    known = {value: code for code, value in enumerate(dict.fromkeys(read)) if value is not None}
    kind = pa.string() if contract.task.is_classification else pa.float64()
    values = pa.array([*read, None], kind)
    places = encoded.indices.fill_null(len(read)).to_numpy()
    codes = np.array([*(known.get(value, -1) for value in read), -1])
    return values.take(pa.array(places)), codes[places]


def _read_value(text: str, contract: Contract) -> str | float | None:
    if contract.task.is_classification:
        return text if text in contract.classes else None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
