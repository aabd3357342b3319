"""How many labels are new: read off the event log, without what they are labels of."""

from array import array
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np

from adapters.events.lines import Told, decoded
from adapters.events.reading import LABELS, REHEARSAL, files

_LATE = timedelta(hours=1)
"""How much earlier than a file was last changed its events may be dated, at most, to be sure."""


def count_labels(folder: Path, *, since: datetime | None, until: datetime) -> int:
    """Count the predictions labels were told of from `since` on and before `until`.

    A label that was told again, or corrected, counts once. Whether its prediction is known is not
    asked here: that takes reading all predictions.

    Parameters
    ----------
    folder
        The folder of a project's events; of one that is not there, nothing has been told.

    Examples
    --------
    >>> count_labels(Path("/nowhere"), since=None, until=datetime(2026, 1, 1, tzinfo=UTC))
    0
    """
    named = array("q")
    for path in files(folder / LABELS):
        if since is not None and _is_before(path, since):
            continue
        for piece in decoded(path, Told):
            named.extend(_names(piece.events, since, until))
    return len(np.unique(np.frombuffer(named, dtype=np.int64))) if named else 0


def _names(events: Iterable[Told], since: datetime | None, until: datetime) -> Iterable[int]:
    for event in events:
        if event.label is None or not (since is None or since <= event.at) or event.at >= until:
            continue
        if event.id is not None and event.id.startswith(REHEARSAL):
            continue
        if event.key is not None:
            yield hash(msgspec.json.encode(event.key, order="deterministic"))
        else:
            yield hash((event.id, event.row or 0))


def _is_before(path: Path, since: datetime) -> bool:
    """Spare the reading of a file that was last changed before: nothing in it is later."""
    try:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:  # finished since it was listed: its new name is read
        return False
    return changed < since - _LATE
