"""Encodes all number columns of a table together: one by one, a single row takes long."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.features.columns import read_block
from lifecycle.features.encoders import Raw, Scaled

Matrix = NDArray[np.float32]
Places = NDArray[np.int64]

CELLS_AT_ONCE = 2_000_000
"""Rows times columns worked on together, which bounds the memory needed besides the matrix."""


@dataclass(frozen=True)
class Scaling:
    """What `Scaled` says of each of several columns, shape ``(columns,)``.

    Parameters
    ----------
    flagged, flags
        The columns that say whether a value was missing, and where they say so.
    """

    low: Matrix
    high: Matrix
    fill: Matrix
    centre: Matrix
    scale: Matrix
    flagged: Places
    flags: Places


@dataclass(frozen=True)
class Numbers:
    """The numbers of one view: their columns, and where in the matrix each is written."""

    columns: tuple[str, ...]
    places: Places
    scaling: Scaling | None

    @classmethod
    def gather(cls, encoders: Sequence[Raw | Scaled], places: Sequence[int]) -> "Numbers":
        """Gather encoders, which are all raw or all scaled, with their first columns."""
        at = np.array(places, dtype=np.int64)
        names = tuple(encoder.column for encoder in encoders)
        scaled = [encoder for encoder in encoders if isinstance(encoder, Scaled)]
        if not scaled:
            return cls(names, at, None)
        if len(scaled) < len(encoders):
            raise ValueError("numbers of one view are all raw or all scaled")
        flagged = np.flatnonzero([encoder.flag for encoder in scaled])
        low, high, fill, centre, scale = np.array(
            [(one.low, one.high, one.fill, one.centre, one.scale) for one in scaled],
            dtype=np.float32,
        ).T
        scaling = Scaling(low, high, fill, centre, scale, flagged, at[flagged] + 1)
        return cls(names, at, scaling)

    def encode(self, table: pa.Table, matrix: Matrix) -> None:
        """Write the numbers of all rows into their columns of the matrix."""
        if not self.columns:
            return
        step = max(1, CELLS_AT_ONCE // len(self.columns))
        for start in range(0, table.num_rows, step):
            block = read_block(table.slice(start, step), self.columns)
            part = matrix[start : start + step]
            if self.scaling is not None:
                _scale(block, self.scaling, part)
            part[:, self.places] = block


def _scale(block: Matrix, by: Scaling, matrix: Matrix) -> None:
    missing = np.isnan(block)
    np.clip(block, by.low, by.high, out=block)
    np.copyto(block, by.fill, where=missing)
    block -= by.centre
    block *= by.scale
    matrix[:, by.flags] = missing[:, by.flagged]
