"""Outcomes read back from the event log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters.events.lines import Event, decoded
from adapters.events.reading import OUTCOMES, files


class Happened(Event, tag_field="event", tag="outcome", frozen=True, gc=False):
    """A line of an outcome; see `lifecycle.serving.outcomes`."""

    name: str
    value: float
    unit: str | None = None
    request: str | None = None
    id: str | None = None
    happened: datetime | None = None
    by: str | None = None
    sent: str = ""

    @property
    def when(self) -> datetime:
        """When it happened; where that was not said, when it was told."""
        return self.happened or self.at


@dataclass(frozen=True)
class Named:
    """What was told of one kind of outcome.

    Parameters
    ----------
    told
        Lines in the log.
    repeated
        How many of them tell again, under the same id, what another one tells.
    units
        Units it was told of, whatever request-wise outcomes come of.
    of_requests
        Lines that name a request instead of a unit.
    last
        When the last one was told.
    """

    name: str
    told: int
    repeated: int
    units: int
    of_requests: int
    last: datetime


@dataclass(frozen=True)
class Overview:
    """What was told altogether, by name; `torn` lines could not be read."""

    names: tuple[Named, ...]
    torn: int = 0


def outcomes(folder: Path) -> Iterator[Happened]:
    """Give all outcomes, in the order of the log; lines that cannot be read are left out.

    Parameters
    ----------
    folder
        The folder of all events.

    Raises
    ------
    DataError
        If a line is of a form that this version of Perennial does not know.

    Examples
    --------
    >>> list(outcomes(Path("/nowhere")))
    []
    """
    for path in files(folder / OUTCOMES):
        for piece in decoded(path, Happened):
            yield from piece.events


def outcomes_of(folder: Path, request_id: str) -> list[Happened]:
    """Give the outcomes that name a request."""
    return [event for event in outcomes(folder) if event.request == request_id]


def overview(folder: Path) -> Overview:
    """Count what was told, by name.

    Examples
    --------
    >>> overview(Path("/nowhere"))
    Overview(names=(), torn=0)
    """
    tallies: dict[str, _Tally] = {}
    torn = 0
    for path in files(folder / OUTCOMES):
        for piece in decoded(path, Happened):
            torn += piece.broken
            for event in piece.events:
                tallies.setdefault(event.name, _Tally(event.at)).add(event)
    return Overview(tuple(tallies[name].result(name) for name in sorted(tallies)), torn)


class _Tally:
    """What is counted of one name."""

    def __init__(self, first: datetime) -> None:
        self._last = first
        self._told = self._of_requests = self._repeated = 0
        self._units: set[str] = set()
        self._ids: set[str] = set()

    def add(self, event: Happened) -> None:
        self._told += 1
        self._last = max(self._last, event.at)
        if event.unit is None:
            self._of_requests += 1
        else:
            self._units.add(event.unit)
        if event.id is not None:
            self._repeated += event.id in self._ids
            self._ids.add(event.id)

    def result(self, name: str) -> Named:
        return Named(
            name, self._told, self._repeated, len(self._units), self._of_requests, self._last
        )
