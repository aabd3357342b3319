"""Statistical profiles of tables, through whylogs; nothing else may import it.

A profile holds sketches, not rows: profiles of parts merge into the profile of the whole, and
drift is computed from them. whylogs itself sorts the values of a column by type one by one in
Python; here a column already has its type, so whole arrays are handed to the same sketches.
"""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lifecycle.data.declaration import Role, Schema
from lifecycle.errors import DataError

if TYPE_CHECKING:
    from whylogs.core.view.dataset_profile_view import DatasetProfileView

LONGEST_ITEM = 128
"""Characters of a text that are kept among the frequent items; whylogs' own limit."""

_VALUES_KEPT = ("frequent_items", "distribution", "ints")
_OF_DISTINCT = ("cardinality", "frequent_items")


def profile(table: pa.Table, schema: Schema) -> bytes:
    """Profile the columns the schema names, and serialise the result (about 500 KiB).

    A personal column is counted, but none of its values is kept. Times are profiled as whole
    microseconds since 1970 and truth values as 0 and 1, so that they have distributions; whylogs
    gives them none.
    """
    _load()
    from whylogs.core import DatasetProfile, DatasetSchema

    names = [name for name in table.column_names if name in schema]
    types = {name: _python_type(table.schema.field(name).type) for name in names}
    made = DatasetProfile(schema=DatasetSchema(types=types))
    for name in names:
        is_personal = Role.PERSONAL in schema[name].role
        _track(made._columns[name], table[name], is_personal=is_personal)
    serialised: bytes = made.view().serialize()
    return serialised


def read(serialised: bytes) -> "DatasetProfileView":
    """Read a serialised profile back.

    Raises
    ------
    DataError
        If the bytes are not a profile.
    """
    _load()
    from whylogs.core.view.dataset_profile_view import DatasetProfileView

    try:
        return DatasetProfileView.deserialize(serialised)
    except Exception as error:  # whatever its parser trips over
        raise DataError(
            f"{len(serialised)} bytes that should be a profile cannot be read: {error}. "
            "Train the version again, or restore the artifact."
        ) from error


def _load() -> None:
    """Make whylogs importable and silent: NumPy 2 took away a name that it needs."""
    os.environ.setdefault("WHYLOGS_NO_ANALYTICS", "1")
    if not hasattr(np, "unicode_"):
        np.unicode_ = np.str_  # type: ignore[attr-defined]


def _python_type(kind: pa.DataType) -> type:
    if pa.types.is_floating(kind):
        return float
    return str if pa.types.is_string(kind) else int


def _track(column: Any, values: pa.ChunkedArray, *, is_personal: bool) -> None:
    """Give each metric of a column what it would have found in it."""
    from whylogs.core.preprocessing import PreprocessedColumn

    known = values.drop_null()
    is_text = pa.types.is_string(values.type)
    metrics = dict(column._metrics)
    if is_personal:
        metrics = {name: metrics[name] for name in metrics if name not in _VALUES_KEPT}
    split = PreprocessedColumn()
    split.len, split.null_count = len(values), values.null_count
    if is_text:
        split.list.strings = known  # only its length is asked for: see `_track_texts`
        _track_texts(metrics, known)
        metrics = {name: metrics[name] for name in metrics if name not in _OF_DISTINCT}
    else:
        _split_numbers(split, known)
    for metric in metrics.values():
        metric.columnar_update(split)


def _split_numbers(split: Any, known: pa.ChunkedArray) -> None:
    if pa.types.is_floating(known.type):
        split.numpy.floats = known.to_numpy().astype(np.float64, copy=False)
        split.inf_count = int(np.isinf(split.numpy.floats).sum())
        return
    if pa.types.is_timestamp(known.type):
        known = known.cast(pa.timestamp("us"))
    split.numpy.ints = known.cast(pa.int64()).to_numpy()


def _track_texts(metrics: dict[str, Any], known: pa.ChunkedArray) -> None:
    """Count each distinct text once, with its weight, instead of every row."""
    counted = pc.value_counts(known)
    texts = counted.field(0).to_pylist()
    metrics["cardinality"].hll.value.update_str_list(texts)
    if "frequent_items" not in metrics:
        return
    items = metrics["frequent_items"].frequent_strings.value
    for text, rows in zip(texts, counted.field(1).to_pylist(), strict=True):
        items.update(text[:LONGEST_ITEM], rows)
