"""Everything that is looked up, categories and calendar alike, by one `Gather` from one table.

A stream is a column of whole numbers, each the place of a row in a table of its own: a
category's place among the known values, a time's place in the week. All streams stand side by
side in one tensor and all tables below one another in one, so that the number of nodes does not
grow with the number of columns. The rows are what the encoders themselves say of one row of a
table for each place.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adapters.graphs.clock import CLOCKS, Clock, is_missing
from adapters.graphs.layout import columns_of
from adapters.graphs.texts import text_order, unseen, write_texts
from adapters.graphs.writer import Writer, ints, pick
from lifecycle.features.columns import BETWEEN
from lifecycle.features.encoders import Calendar, Lookup, Presence, Waves
from lifecycle.features.limits import MISSING
from lifecycle.serving.contract import Layout

LARGEST_PLAIN = 65_536
"""Cells up to which the table is kept as it is (a quarter of a megabyte); a larger one is kept
as its distinct rows and where each row is found among them, which takes a node more."""

Looked = Lookup | Presence | Calendar | Waves


@dataclass
class Stream:
    """One column of places, and the encoders that read it.

    Parameters
    ----------
    columns
        The column it is made of, or the two that are crossed.
    clock
        How a time becomes a place; `None` for texts.
    """

    columns: tuple[str, ...]
    clock: Clock | None = None
    encoders: list[Looked] = field(default_factory=list)

    @property
    def known(self) -> tuple[str, ...]:
        """The texts that any of the encoders knows."""
        own = (
            encoder.values if isinstance(encoder, Lookup) else (MISSING,)
            for encoder in self.encoders
        )
        return tuple(dict.fromkeys(chain.from_iterable(own)))

    def rows(self, values: Sequence[str]) -> NDArray[np.float32]:
        """Give what the encoders say of each place, and of a missing or unknown value last."""
        asked = self._asked(values)
        widths = [encoder.width for encoder in self.encoders]
        rows = np.empty((asked.num_rows, sum(widths)), dtype=np.float32)
        ends = np.cumsum(widths).tolist()
        for encoder, width, end in zip(self.encoders, widths, ends, strict=True):
            encoder.encode(asked, rows[:, end - width : end])
        return rows

    def _asked(self, values: Sequence[str]) -> pa.Table:
        if self.clock is not None:
            moments = [*self.clock.moments().tolist(), None]
            return pa.table({self.columns[0]: pa.array(moments, pa.timestamp("s"))})
        texts = [*values, unseen(values)]
        parts = [text.partition(BETWEEN)[::2] for text in texts] if len(self.columns) > 1 else texts
        sides = zip(*parts, strict=True) if len(self.columns) > 1 else [parts]
        return pa.table(
            {name: pa.array(side) for name, side in zip(self.columns, sides, strict=True)}
        )


class Streams:
    """The streams of a candidate: gathered first, then written down at once.

    Encoders that read the same column share its stream, whatever view they are of.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._streams: dict[tuple[object, ...], Stream] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, encoder: Looked) -> None:
        """Let an encoder take part."""
        clock = CLOCKS[encoder.part] if isinstance(encoder, Calendar | Waves) else None
        columns = columns_of(encoder)
        self._streams.setdefault((clock, columns), Stream(columns, clock)).encoders.append(encoder)

    def write(self, writer: Writer) -> tuple[str, int, Callable[[Looked], list[int]]]:
        """Write the streams and the table.

        Returns
        -------
        tensor, width
            All that was looked up, shape ``(rows, width)``.
        find
            Tells in which of its columns an encoder's numbers are.
        """
        texts, times = self._ordered()
        streams = [*texts, *times]
        values = tuple(dict.fromkeys(value for stream in texts for value in stream.known))
        places = list(self._write_times(writer, times))
        if texts:
            asked = {stream.columns: stream.known for stream in texts}
            places.insert(0, write_texts(writer, self.layout, asked, values))
        place = places[0] if len(places) == 1 else writer.node("Concat", *places, axis=1)
        tables = [stream.rows(values) for stream in streams]
        if len(streams) > 1:
            starts = np.cumsum([0, *(len(table) for table in tables[:-1])])
            place = writer.node("Add", place, ints(*starts.tolist()))
        width = max(table.shape[1] for table in tables)
        padded = [np.pad(table, ((0, 0), (0, width - table.shape[1]))) for table in tables]
        tensor = _look_up(writer, np.concatenate(padded), place)
        return tensor, width * len(streams), lambda encoder: _find(streams, encoder, width)

    def _ordered(self) -> tuple[list[Stream], list[Stream]]:
        """Give the texts as `write_texts` wants them, and the times clock by clock."""
        every = list(self._streams.values())
        texts = [stream for stream in every if stream.clock is None]
        clocks = list(dict.fromkeys(stream.clock for stream in every if stream.clock))
        return (
            sorted(texts, key=lambda stream: text_order(stream.columns, self.layout)),
            [stream for clock in clocks for stream in every if stream.clock == clock],
        )

    def _write_times(self, writer: Writer, times: Sequence[Stream]) -> Iterator[str]:
        for clock, streams in groupby(times, key=lambda stream: stream.clock):
            if clock is None:
                raise ValueError("a stream of times has a clock")
            names = [stream.columns[0] for stream in streams]
            asked = pick(writer, "times", self.layout.times, names)
            last = ints(len(clock.moments()))
            yield writer.node("Where", is_missing(writer, asked), last, clock.place(writer, asked))


def _look_up(writer: Writer, table: NDArray[np.float32], place: str) -> str:
    """Look all places up, shape ``(rows, streams * width)``."""
    if table.size > LARGEST_PLAIN:
        table, found = np.unique(table, axis=0, return_inverse=True)
        place = writer.node("Gather", found.reshape(-1).astype(np.int32), place, axis=0)
    if table.shape[1] == 1:
        return writer.node("Gather", table[:, 0], place, axis=0)
    return writer.node("Flatten", writer.node("Gather", table, place, axis=0), axis=1)


def _find(streams: Sequence[Stream], encoder: Looked, width: int) -> list[int]:
    for number, stream in enumerate(streams):
        start = number * width
        for one in stream.encoders:
            if one is encoder:
                return list(range(start, start + one.width))
            start += one.width
    raise ValueError(f"an encoder of kind {encoder.kind} was not added")
