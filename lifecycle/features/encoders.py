"""What is fitted for one feature: a small state, and how it turns rows into numbers.

Each encoder is made of lookups, comparisons and affine steps on 32-bit floats, nothing else,
so that the same computation can be written down as one ONNX graph. Numbers are encoded all
together (`lifecycle.features.numbers`), the others one by one.
"""

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from lifecycle.features.calendar import CYCLES, calendar_part
from lifecycle.features.columns import read_codes, read_seconds
from lifecycle.features.declaration import CalendarPart
from lifecycle.features.limits import MISSING
from lifecycle.section import Value

Columns = NDArray[np.float32]


class Raw(Value):
    """A number as it is; what is missing stays missing (trees decide where it goes)."""

    kind: Literal["raw"]
    column: str

    @property
    def width(self) -> int:
        """Number of columns it gives."""
        return 1


class Scaled(Value):
    """A number cut to what was seen, filled where missing, centred and scaled.

    Parameters
    ----------
    low, high
        The range seen in training but for its outermost values.
    fill
        Stands in for a missing value: the median.
    flag
        Whether a second column says that the value was missing.
    """

    kind: Literal["scaled"]
    column: str
    low: float
    high: float
    fill: float
    centre: float
    scale: float
    flag: bool

    @property
    def width(self) -> int:
        """Number of columns it gives."""
        return 2 if self.flag else 1


class Lookup(Value):
    """A category, or a cross of two, by a table: one row of numbers for each known value.

    Serves for one-hot columns and for target encoding alike.

    Parameters
    ----------
    values, numbers
        The known values and what each stands for, shape ``(values, width)``. A missing value
        is the empty string, and known only if it was seen in training.
    other
        What any value not known stands for, shape ``(width,)``.
    """

    kind: Literal["lookup"]
    columns: tuple[str, ...]
    values: tuple[str, ...]
    numbers: tuple[tuple[float, ...], ...]
    other: tuple[float, ...]

    @property
    def width(self) -> int:
        """Number of columns it gives."""
        return len(self.other)

    def encode(self, table: pa.Table, out: Columns) -> None:
        """Write ``(rows, width)`` numbers into `out`."""
        codes, values = read_codes(table, self.columns)
        unknown = len(self.values)
        where = [self._places.get(value, unknown) for value in values]
        out[:] = self._table[np.asarray(where, dtype=np.int64)[codes]]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {value: place for place, value in enumerate(self.values)}

    @cached_property
    def _table(self) -> Columns:
        return np.array([*self.numbers, self.other], dtype=np.float32)


class Calendar(Value):
    """A part of a time: as it is for trees, filled, centred and scaled for linear models.

    Parameters
    ----------
    fill
        Stands in for a missing time; by default it stays missing.
    """

    kind: Literal["calendar"]
    column: str
    part: CalendarPart
    fill: float | None = None
    centre: float = 0.0
    scale: float = 1.0

    @property
    def width(self) -> int:
        """Number of columns it gives."""
        return 1

    def encode(self, table: pa.Table, out: Columns) -> None:
        """Write ``(rows, width)`` numbers into `out`."""
        seconds, missing = read_seconds(table, self.column)
        value = calendar_part(seconds, self.part)
        value[missing] = np.nan if self.fill is None else self.fill
        if self.fill is not None:
            value = (value - np.float32(self.centre)) * np.float32(self.scale)
        out[:, 0] = value


class Waves(Value):
    """A part of a time on its cycle: sine and cosine of it and of its harmonics.

    A missing time gives zeros, the middle of every wave.
    """

    kind: Literal["waves"]
    column: str
    part: CalendarPart
    harmonics: int

    @property
    def width(self) -> int:
        """Number of columns it gives."""
        return 2 * self.harmonics

    def encode(self, table: pa.Table, out: Columns) -> None:
        """Write ``(rows, width)`` numbers into `out`."""
        seconds, missing = read_seconds(table, self.column)
        lowest, length, _ = CYCLES[self.part]
        turn = (calendar_part(seconds, self.part) - np.float32(lowest)) * np.float32(
            2 * np.pi / length
        )
        for harmonic in range(self.harmonics):
            out[:, 2 * harmonic] = np.sin(turn * np.float32(harmonic + 1))
            out[:, 2 * harmonic + 1] = np.cos(turn * np.float32(harmonic + 1))
        out[missing] = 0


class Presence(Value):
    """Whether a text says anything at all: 1 where it does, 0 where it is missing."""

    kind: Literal["presence"]
    column: str

    @property
    def width(self) -> int:
        """Number of columns it gives."""
        return 1

    def encode(self, table: pa.Table, out: Columns) -> None:
        """Write ``(rows, width)`` numbers into `out`."""
        codes, values = read_codes(table, (self.column,))
        said = np.array([value != MISSING for value in values], dtype=np.float32)
        out[:, 0] = said[codes]


Encoder = Annotated[
    Raw | Scaled | Lookup | Calendar | Waves | Presence, Field(discriminator="kind")
]
