"""The first and the last moment of each finished file of predictions, so that it is read no more.

They are kept beside the log once a file was read to its end, and are exact: no clock that jumped
while it was written makes a window miss an event. They can be deleted at any time; where they
cannot be kept, files are read anew each time.
"""

import logging
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from adapters.events.reading import INDEX
from adapters.events.segment import CLOSED

_FOLDER = "ends"
_TIME = pa.timestamp("us", tz="UTC")
_COLUMNS = pa.schema({"size": pa.int64(), "first": _TIME, "last": _TIME})
_log = logging.getLogger("perennial.events")


class Ends:
    """What is learnt of the moments of one file while it is read."""

    def __init__(self) -> None:
        self.size = 0
        self.first: datetime | None = None
        self.last: datetime | None = None

    def see(self, block: bytes, moments: pa.ChunkedArray) -> None:
        """Take in a block of the file and the moments of its lines."""
        self.size += len(block)
        found = pc.min_max(moments)
        first, last = found["min"].as_py(), found["max"].as_py()
        if first is not None and last is not None:
            self.first = first if self.first is None else min(first, self.first)
            self.last = last if self.last is None else max(last, self.last)

    def keep(self, path: Path) -> None:
        """Keep what was learnt of a file that was read to its end, if it is finished."""
        place = _place(path)
        if not path.name.endswith(CLOSED) or place.exists():
            return
        draft = place.with_suffix(f".{os.getpid()}")
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            row = {"size": self.size, "first": self.first, "last": self.last}
            with pa.ipc.new_file(str(draft), _COLUMNS) as out:
                out.write_table(pa.Table.from_pylist([row], _COLUMNS))
            draft.replace(place)
        except OSError as error:
            _log.warning("%s cannot be kept: %s. %s is read anew.", place, error, path.name)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def may_hold(path: Path, since: datetime | None, until: datetime | None) -> bool:
    """Say whether a file may hold events of a window: it is still written, unknown, or does."""
    if not path.name.endswith(CLOSED) or (since is None and until is None):
        return True
    try:
        with pa.ipc.open_file(_place(path).read_bytes()) as file:
            (known,) = file.read_all().to_pylist()
        if known["size"] != path.stat().st_size:
            return True
    except (OSError, pa.ArrowInvalid, KeyError, ValueError):
        return True
    first, last = known["first"], known["last"]
    if first is None or last is None:
        return False
    return (since is None or last >= since) and (until is None or first < until)


def _place(path: Path) -> Path:
    """Where `adapters.events.reading.sweep` deletes it together with the file."""
    kind = path.parent
    return kind.parent / INDEX / kind.name / _FOLDER / f"{path.name.removesuffix(CLOSED)}.arrow"
