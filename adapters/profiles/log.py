"""Spans of the event log profiled in one pass, by as many processes as are wanted."""

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from adapters.events.batches import Batch, Reader, predictions_of
from adapters.profiles.rows import Gathering, profile_window
from adapters.profiles.sketches import merge
from lifecycle.errors import DataError
from lifecycle.monitoring.span import Span
from lifecycle.serving.contract import Contract


@dataclass(frozen=True)
class Profiled:
    """Spans of the log, profiled.

    Parameters
    ----------
    profiles, rows
        By span, all that were asked for; a span of which there are no predictions has a profile
        of zero rows.
    torn
        Lines that cannot be read in the files that were: they have no moment, so no span.
    unread
        By field: values that were not of its type, and count as missing.
    told
        What somebody should hear of: stored profiles that were damaged, in whole sentences.
    """

    profiles: dict[Span, bytes]
    rows: dict[Span, int]
    torn: int = 0
    unread: dict[str, int] = field(default_factory=dict)
    told: tuple[str, ...] = ()


def profile_log(
    folder: Path,
    contract: Contract,
    spans: Sequence[Span],
    *,
    version: str | None = None,
    processes: int = 1,
) -> Profiled:
    """Profile the inputs, scores and decisions of spans, reading the log once.

    A profile depends on nothing but the log: made again it takes the place of the one before,
    and nothing is counted twice. Memory grows with the spans that are asked for at once (about a
    megabyte each), not with the events.

    Parameters
    ----------
    folder
        The folder of all events.
    spans
        In the order of their starts; they must not overlap.
    version
        Only what one version has answered.
    processes
        How many share the files among them, each as a whole. More than one needs a main module
        that can be imported (`spawn`).

    Raises
    ------
    DataError
        If spans overlap, or a line is of a form this version of Perennial does not know.
    """
    task = partial(profile_file, contract=contract, spans=tuple(spans), version=version)
    paths = files_of(folder, spans)
    if processes <= 1 or len(paths) <= 1:
        gathered = _Spans(contract, spans)
        for path in paths:
            gathered.read(path, version)
        return gathered.profiled()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(paths)), mp_context=context) as pool:
        return put_together(pool.map(task, paths), contract, spans)


def files_of(folder: Path, spans: Sequence[Span]) -> list[Path]:
    """List the files that may hold something of spans.

    Raises
    ------
    DataError
        If spans overlap or are out of order.
    """
    for earlier, later in pairwise(spans):
        if later.start < earlier.end:
            raise DataError(
                f"The spans {earlier} and {later} overlap or are out of order, so that events "
                "would be counted twice. Ask for spans one after the other."
            )
    if not spans:
        return []
    return predictions_of(folder, since=spans[0].start, until=spans[-1].end)


def profile_file(
    path: Path, *, contract: Contract, spans: Sequence[Span], version: str | None
) -> Profiled:
    """Profile the spans that one file has something of."""
    gathered = _Spans(contract, spans)
    gathered.read(path, version)
    return gathered.profiled(all_of_them=False)


def put_together(parts: Iterable[Profiled], contract: Contract, spans: Sequence[Span]) -> Profiled:
    """Merge what was made of files into profiles of spans."""
    profiles: dict[Span, bytes] = {}
    rows = dict.fromkeys(spans, 0)
    torn, unread = 0, dict[str, int]()
    for part in parts:
        for span, profile in part.profiles.items():
            profiles[span] = merge([profiles[span], profile]) if span in profiles else profile
            rows[span] += part.rows[span]
        torn += part.torn
        _add(unread, part.unread)
    made = {span: profiles.get(span) or profile_window((), contract) for span in spans}
    return Profiled(made, rows, torn, unread)


class _Spans:
    """Profiles of several spans, filled from files."""

    def __init__(self, contract: Contract, spans: Sequence[Span]) -> None:
        self._contract, self._spans = contract, spans
        self._starts = _moments(span.start for span in spans)
        self._ends = _moments(span.end for span in spans)
        self._gatherings: dict[int, Gathering] = {}
        self._torn = 0
        self._unread: dict[str, int] = {}

    def read(self, path: Path, version: str | None) -> None:
        since, until = self._spans[0].start, self._spans[-1].end
        reader = Reader(self._contract, since=since, until=until, version=version)
        for batch in reader.read(path):
            self._torn += batch.torn
            _add(self._unread, batch.unread)
            for place, part in self._parts(batch):
                if place not in self._gatherings:
                    self._gatherings[place] = Gathering(self._contract)
                self._gatherings[place].add(part)

    def _parts(self, batch: Batch) -> Iterator[tuple[int, Batch]]:
        """Part a batch by span; what lies between spans is in none."""
        at = batch.meta["at"].cast(pa.int64()).to_numpy()
        places = np.searchsorted(self._starts, at, side="right") - 1
        places[at >= self._ends[places]] = -1
        found = np.unique(places)
        for place in found[found >= 0].tolist():
            if len(found) == 1:
                yield place, batch
                return
            here = pa.array(places == place)
            yield place, Batch(batch.meta.filter(here), batch.inputs.filter(here))

    def profiled(self, *, all_of_them: bool = True) -> Profiled:
        made = {self._spans[place]: one for place, one in sorted(self._gatherings.items())}
        profiles = {span: one.serialise() for span, one in made.items()}
        rows = {span: one.rows for span, one in made.items()}
        found = Profiled(profiles, rows, self._torn, self._unread)
        return put_together([found], self._contract, self._spans) if all_of_them else found


def _moments(moments: Iterable[object]) -> "np.typing.NDArray[np.int64]":
    return np.asarray(
        pa.array(list(moments), pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    )


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count
