"""From the inputs of a graph to the matrices its members read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.graphs import clock
from adapters.graphs.streams import Looked, Streams
from adapters.graphs.writer import FLOAT, Writer, ints, pick
from lifecycle.features.calendar import CYCLES
from lifecycle.features.encoders import Calendar, Encoder, Raw, Scaled, Waves
from lifecycle.features.fitting import FittedFeatures, View
from lifecycle.features.limits import LARGEST
from lifecycle.serving.contract import Layout

COMPUTED = ("hour", "year")
"""The parts of a time that are computed; the others are looked up."""


@dataclass(frozen=True)
class Cell:
    """One column of one tensor."""

    tensor: str
    width: int
    column: int


@dataclass(frozen=True)
class Matrix:
    """What a view's members read.

    Parameters
    ----------
    tensor
        `float32`, shape ``(rows, width)``, its columns in whatever order was cheapest.
    places
        Which of them is the first, second, ... column the members were fitted on.
    """

    tensor: str
    width: int
    places: NDArray[np.int64]

    def in_order(self, writer: Writer) -> str:
        """Give the matrix as the members were fitted on it."""
        if np.array_equal(self.places, np.arange(self.width)):
            return self.tensor
        return writer.node("Gather", self.tensor, self.places, axis=1)


def write_matrices(
    writer: Writer, features: Sequence[FittedFeatures], layout: Layout
) -> dict[View, Matrix]:
    """Write down how rows become the matrix of each view."""
    streams = Streams(layout)
    for encoder in (encoder for view in features for encoder in view.encoders):
        if not isinstance(encoder, Raw | Scaled) and not is_computed(encoder):
            streams.add(encoder)
    looked = _write_streams(writer, streams)
    return {view.view: _Encoding(writer, layout, view, looked).write() for view in features}


def is_computed(encoder: Encoder) -> bool:
    """Whether an encoder's numbers are computed from a time; others come from a table."""
    return isinstance(encoder, Calendar | Waves) and encoder.part in COMPUTED


def _write_streams(writer: Writer, streams: Streams) -> "_Looked":
    if not len(streams):
        return _Looked("", 0, lambda encoder: [])
    return _Looked(*streams.write(writer))


@dataclass(frozen=True)
class _Looked:
    """What was looked up, for both views."""

    tensor: str
    width: int
    find: Callable[[Looked], list[int]]

    def cells(self, encoder: Looked) -> list[Cell]:
        return [Cell(self.tensor, self.width, column) for column in self.find(encoder)]


class _Encoding:
    """Writes one view down: each encoder names its cells, whose tensors are joined."""

    def __init__(
        self, writer: Writer, layout: Layout, view: FittedFeatures, looked: _Looked
    ) -> None:
        self.writer, self.layout, self.view, self.looked = writer, layout, view, looked

    def write(self) -> Matrix:
        cells = [cell for encoder in self.view.encoders for cell in self._cells(encoder)]
        widths = {cell.tensor: cell.width for cell in cells}
        ends = np.cumsum(list(widths.values())).tolist()
        starts = {
            tensor: end - width for (tensor, width), end in zip(widths.items(), ends, strict=True)
        }
        tensors = list(widths)
        joined = tensors[0] if len(tensors) == 1 else self.writer.node("Concat", *tensors, axis=1)
        return Matrix(joined, ends[-1], ints(*(starts[one.tensor] + one.column for one in cells)))

    def _cells(self, encoder: Encoder) -> list[Cell]:
        match encoder:
            case Raw():
                names = self.layout.numbers
                return [Cell(self._cut(), len(names), names.index(encoder.column))]
            case Scaled():
                return self._scaled(encoder)
            case Calendar() if is_computed(encoder):
                names = self.layout.times
                return [Cell(self._computed(encoder), len(names), names.index(encoder.column))]
            case Waves() if is_computed(encoder):
                return self._waves(encoder)
            case _:
                return self.looked.cells(encoder)

    def _cut(self) -> str:
        """Give all numbers, cut at the largest size training knows."""
        return self.writer.node("Clip", "numbers", -LARGEST, LARGEST)

    def _scaled(self, encoder: Scaled) -> list[Cell]:
        scaled = [one for one in self.view.encoders if isinstance(one, Scaled)]
        scaled.sort(key=lambda one: self.layout.numbers.index(one.column))
        values, missing = self._scale(scaled)
        place = scaled.index(encoder)
        cells = [Cell(values, len(scaled), place)]
        if encoder.flag:
            flags = self.writer.node("Cast", missing, to=FLOAT)
            cells.append(Cell(flags, len(scaled), place))
        return cells

    def _scale(self, scaled: Sequence[Scaled]) -> tuple[str, str]:
        """Scale all columns at once, step by step as training does."""
        node = self.writer.node
        low, high, fill, centre, scale = np.array(
            [(one.low, one.high, one.fill, one.centre, one.scale) for one in scaled],
            dtype=np.float32,
        ).T
        names = [one.column for one in scaled]
        numbers = pick(self.writer, self._cut(), self.layout.numbers, names)
        missing = node("IsNaN", numbers)
        inside = node("Min", node("Max", numbers, low), high)
        filled = node("Where", missing, fill, inside)
        return node("Mul", node("Sub", filled, centre), scale), missing

    def _computed(self, encoder: Calendar) -> str:
        """Give a part of all times, NaN or what fills it where one is missing."""
        node, fill = self.writer.node, np.nan if encoder.fill is None else encoder.fill
        part = clock.hour if encoder.part == "hour" else clock.year
        missing = clock.is_missing(self.writer, "times")
        known = node("Where", missing, np.float32(fill), part(self.writer, "times"))
        if encoder.fill is None:
            return known
        centred = node("Sub", known, np.float32(encoder.centre))
        return node("Mul", centred, np.float32(encoder.scale))

    def _waves(self, encoder: Waves) -> list[Cell]:
        """Give sines and cosines of the hour, zero where it is missing."""
        node = self.writer.node
        lowest, length, _ = CYCLES[encoder.part]
        time = pick(self.writer, "times", self.layout.times, (encoder.column,))
        missing = clock.is_missing(self.writer, time)
        past = node("Sub", clock.hour(self.writer, time), np.float32(lowest))
        turn = node("Mul", past, np.float32(2 * np.pi / length))
        angles = node("Mul", turn, np.arange(1, encoder.harmonics + 1, dtype=np.float32))
        sides = [
            node("Where", missing, np.float32(0), node(kind, angles)) for kind in ("Sin", "Cos")
        ]
        return [
            Cell(side, encoder.harmonics, harmonic)
            for harmonic in range(encoder.harmonics)
            for side in sides
        ]
