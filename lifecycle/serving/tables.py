"""Arrow tables as the inputs of a served model."""

import numpy as np
import pyarrow as pa

from lifecycle.features.columns import read_block, read_codes, read_seconds
from lifecycle.serving.contract import MISSING_TIME, Layout
from lifecycle.serving.inputs import Inputs


def inputs_of(table: pa.Table, layout: Layout) -> Inputs:
    """Take a conformed table's columns as a served model takes them.

    Raises
    ------
    KeyError
        If a column of the layout is not there.

    Examples
    --------
    >>> rows = pa.table({"x": [1, None], "c": ["a", None]})
    >>> inputs = inputs_of(rows, Layout(numbers=("x",), texts=("c",)))
    >>> inputs.numbers.tolist(), inputs.texts.tolist(), inputs.times.shape
    ([[1.0], [nan]], [['a'], ['']], (2, 0))
    """
    numbers = np.empty((table.num_rows, 0), dtype=np.float32)
    if layout.numbers:  # Arrow makes no block of no columns
        numbers = read_block(table, layout.numbers)
    times = np.empty((table.num_rows, len(layout.times)), dtype=np.int64)
    for place, name in enumerate(layout.times):
        seconds, missing = read_seconds(table, name)
        times[:, place] = np.where(missing, MISSING_TIME, seconds)
    texts = np.empty((table.num_rows, len(layout.texts)), dtype=object)
    for place, name in enumerate(layout.texts):
        codes, values = read_codes(table, (name,))
        texts[:, place] = np.array(values, dtype=object)[codes]
    return Inputs(numbers, times, texts)
