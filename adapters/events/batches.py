"""Predictions read back from the event log in typed batches: fast, and in bounded memory."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow.compute as pc

from adapters.events.blocks import Batch, Reader
from adapters.events.ends import may_hold
from adapters.events.reading import PREDICTIONS, files
from lifecycle.serving.contract import Contract

__all__ = ["Batch", "Reader", "predictions", "predictions_of", "versions"]


def predictions(
    folder: Path,
    contract: Contract,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    version: str | None = None,
    rows: int = 65_536,
) -> Iterator[Batch]:
    """Read predictions of a window, in the order of the log; our own rehearsals are left out.

    Parameters
    ----------
    folder
        The folder of all events.
    contract
        What the inputs are read as. A field it does not know is left out, and one that a line
        does not have is null, so that lines of other versions can be read too.
    since, until
        `since` <= `at` < `until`; `None` is an open end.
    version
        Only those of one version.
    rows
        Most rows of a batch.

    Raises
    ------
    DataError
        If a line is of a form that this version of Perennial does not know.

    Examples
    --------
    >>> contract = Contract(project="p", label="y", task="regression", fields=())
    >>> list(predictions(Path("/nowhere"), contract))
    []
    """
    for path in predictions_of(folder, since=since, until=until):
        reader = Reader(contract, since=since, until=until, version=version)
        yield from reader.read(path, rows=rows)


def predictions_of(
    folder: Path, *, since: datetime | None = None, until: datetime | None = None
) -> list[Path]:
    """List the files that may hold predictions of a window, in their order."""
    return [path for path in files(folder / PREDICTIONS) if may_hold(path, since, until)]


def versions(
    folder: Path, *, since: datetime | None = None, until: datetime | None = None
) -> dict[str, int]:
    """Count the predictions of a window by the version that answered; inputs are not read.

    Examples
    --------
    >>> versions(Path("/nowhere"))
    {}
    """
    found: Counter[str] = Counter()
    for path in predictions_of(folder, since=since, until=until):
        for batch in Reader(None, since=since, until=until).read(path):
            counted = pc.value_counts(batch.meta["version"]).to_pylist()
            found.update({one["values"]: one["counts"] for one in counted})
    return dict(sorted(found.items()))
