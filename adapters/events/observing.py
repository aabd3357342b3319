"""A window of predictions with what has become true since, and where all labels came to.

What is counted of a window, and of a version where one is named:

`predictions`
    Rows that were asked about in the window, rehearsals left out. A client that sends a request
    again under the same id asks once: of the same request id and row in a window, the last counts.
`told`
    Lines of labels, told before `as_of`, that name at least one of these predictions. They may
    have been told before the window, in it, or long after.
`unreadable`
    Of them, those that are no value of the label's type or none of the classes; never used.
`repeated`, `corrected`
    Of the others, those that said of a prediction what the label before them said; and those that
    said something else. A label that names several predictions is counted once, and as a
    correction where it is one of any.
`unmatched`
    Lines told *during the window* and before `as_of` that name no prediction made before `as_of`
    anywhere in the log, of whatever version. A label belongs to one window only, so that these
    add up over windows; the label of a prediction in another window is not among them. They are
    not part of `told`.
`torn`
    Unreadable lines of the files that have something of the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from adapters.events.matching import Strays, choose, find_labels, unknown
from adapters.events.reading import lines_at
from adapters.events.twins import label_twins, microseconds
from adapters.events.windows import (
    AT,
    DECISION,
    ID,
    ROW,
    SCORE,
    VERSION,
    read_predictions,
    score_columns,
)
from lifecycle.errors import DataError, suggest
from lifecycle.monitoring.evidence import Counted
from lifecycle.serving.contract import Contract

__all__ = [
    "AT", "DECISION", "ID", "KNOWN_AT", "LABEL", "LABELLED_AT", "ROW", "SCORE", "VERSION",
    "Observations", "Unmatched", "observe", "score_columns", "unmatched_labels",
]  # fmt: skip

LABEL, KNOWN_AT, LABELLED_AT = "@label", "@known_at", "@labelled_at"


@dataclass(frozen=True)
class Observations:
    """Predictions with their labels.

    Parameters
    ----------
    table
        The predictions in the order of their times: `@id`, `@row`, `@at`, `@version`, `@score`
        (or of several classes `@score CLASS` for each), `@decision`, `@label` (text of a class,
        or a number), `@known_at` (when it came to be known; where nobody said, when it was told),
        `@labelled_at` (when it was told), all three null where there is no label; then the
        inputs that were asked for, in their types (text, where they are masked).
    counts
        See this module.
    """

    table: pa.Table
    counts: Counted


def observe(
    folder: Path,
    contract: Contract,
    *,
    since: datetime,
    until: datetime,
    as_of: datetime,
    version: str | None = None,
    columns: Sequence[str] = (),
) -> Observations:
    """Give the predictions of a window, each with the label told last before `as_of`.

    A label names a row of a request, or the whole request where that had one row only; or it
    gives the whole key, and then names every prediction of that row. Of two told at the same
    moment, the later line counts. It does not matter whether a label was told before what it is
    the truth of. Held are the window and one file of the log at a time.

    Parameters
    ----------
    folder
        The folder of all events.
    since, until
        Predictions with `since` <= `at` < `until`.
    as_of
        What was told or asked later is not known.
    version
        The version that answered; by default any.
    columns
        Inputs to be given as well.

    Raises
    ------
    DataError
        If a column is none of the contract; or a line is of a form that this version of
        Perennial does not know.

    Examples
    --------
    >>> from datetime import UTC
    >>> nothing = Contract(project="p", label="y", task="binary", classes=("a", "b"), fields=())
    >>> day, next_day = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    >>> found = observe(Path("/nowhere"), nothing, since=day, until=next_day, as_of=next_day)
    >>> found.table.num_rows, found.counts.share
    (0, None)
    """
    _require(columns, contract)
    predictions = read_predictions(
        folder, contract, since=since, until=min(until, as_of), version=version, columns=columns
    )
    labels = find_labels(folder, contract, predictions, since=since, until=until, as_of=as_of)
    chosen = choose(labels.table, predictions, contract)
    strangers = unknown(folder, contract, labels.strays, as_of=as_of)
    table = predictions.table
    place = table.num_columns - len(columns)
    told = {LABELLED_AT: chosen.labelled_at, KNOWN_AT: chosen.known_at, LABEL: chosen.label}
    for name, column in told.items():
        table = table.add_column(place, name, column)
    counts = {
        "predictions": table.num_rows,
        "labelled": table.num_rows - table[LABEL].null_count,
        "unmatched": int(strangers.sum()),
        "torn": predictions.torn + labels.torn,
    }
    return Observations(table, chosen.counts.model_copy(update=counts))


@dataclass(frozen=True)
class Unmatched:
    """Labels that name no prediction.

    Parameters
    ----------
    count
        How many there are.
    examples
        The first of them, as they lie in the log.
    """

    count: int
    examples: tuple[dict[str, Any], ...]


def unmatched_labels(
    folder: Path,
    contract: Contract,
    *,
    since: datetime,
    until: datetime,
    as_of: datetime,
    most: int = 20,
) -> Unmatched:
    """Find the labels told in a stretch of time that name nothing predicted before `as_of`.

    Predictions are looked for in the whole log, of whatever version. What retention has swept
    away is not there any more, so that labels of it are among these.

    Examples
    --------
    >>> from datetime import UTC
    >>> nothing = Contract(project="p", label="y", task="binary", classes=("a", "b"), fields=())
    >>> day, next_day = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    >>> unmatched_labels(Path("/nowhere"), nothing, since=day, until=next_day, as_of=next_day)
    Unmatched(count=0, examples=())
    """
    names, bare, places = [np.zeros(0, np.uint64)], [np.zeros(0, bool)], []
    for twin in label_twins(folder, contract):
        at = twin.numbers("at")
        told = (at >= microseconds(since)) & (at < microseconds(min(until, as_of)))
        names.append(twin.numbers("name")[told])
        bare.append(twin.numbers("bare")[told])
        places += [(twin.path, line) for line in twin.numbers("line")[told].tolist()]
    strays = Strays(np.concatenate(names), np.concatenate(bare))
    found = np.flatnonzero(unknown(folder, contract, strays, as_of=as_of)).tolist()
    by_file: dict[Path, set[int]] = {}
    for place in found[:most]:
        path, line = places[place]
        by_file.setdefault(path, set()).add(line)
    shown = (line for path, wanted in by_file.items() for line in lines_at(path, wanted))
    return Unmatched(len(found), tuple(msgspec.json.decode(line) for line in shown))


def _require(columns: Sequence[str], contract: Contract) -> None:
    """Refuse inputs nobody knows, and such as are called as a column of ours is."""
    known = [field.name for field in contract.fields]
    ours = {ID, ROW, AT, VERSION, DECISION, LABEL, KNOWN_AT, LABELLED_AT, *score_columns(contract)}
    for name in columns:
        if name not in known:
            raise DataError(f'The contract has no column "{name}". {suggest(name, known)}')
        if name in ours:
            raise DataError(
                f'An input is called "{name}", as a column of what is observed is. Give it '
                "another name in data.query to look at it on its own."
            )
