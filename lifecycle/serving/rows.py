"""Rows made to tell two ways of computing a score apart: missing, unseen, on every edge."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifecycle.data.cast import ARROW_TYPES
from lifecycle.data.declaration import Column, ColumnType
from lifecycle.features.columns import BETWEEN
from lifecycle.features.encoders import Lookup, Raw, Scaled
from lifecycle.features.limits import MISSING
from lifecycle.modeling.booster import read_trees
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.families.trees import TreeModel
from lifecycle.serving.contract import EARLIEST, LATEST

MOST_HELD_OUT = 20_000
"""Of a larger hold-out, rows evenly spread over it are taken."""

NUMBERS = (
    0.0, -0.0, 0.5, 1.0, -1.0, 1e-45, -1e-45, 1e-38, 1e-7, 1e7, -1e7, 16_777_217.0,
    1e30, -1e30, 1.1e30, -1.1e30, 1e38, -1e38, 1e39, -1e39, 1e300, -1e300,
)  # fmt: skip
"""Around where 32-bit floats end, where whole numbers do, and where training cuts."""

INTEGERS = (0, 1, -1, 2**24, -(2**24), 2**24 + 1, 2**31, -(2**31), 2**53, -(2**53), 2**62)

TEXTS = (
    MISSING, " ", "nan", "NaN", "None", "null", "0", "1.0", "true", "never seen", "ÜNGESEHEN",
    "e\u0301", "漢字", "🛫", '"', "'", 'a "quoted" one', "\\", "a,b;c\td", "line\nbreak",
    "\x00", BETWEEN, f"a{BETWEEN}b", f"{BETWEEN}{BETWEEN}", "x" * 10_000, "ß" * 1_000,
)  # fmt: skip

TIMES = (
    EARLIEST, LATEST, "1899-12-31T23:59:59.999999", "1969-12-31T23:59:59.999999",
    "1970-01-01T00:00:00", "1969-12-31T00:00:00.000001", "1900-02-28T23:59:59",
    "1900-03-01T00:00:00", "1904-02-29T12:00:00", "2000-02-29T23:59:59", "2000-12-31T23:59:59",
    "2100-02-28T23:59:59", "2100-03-01T00:00:00", "2100-12-31T23:59:59", "2199-12-31T23:59:59",
    "2012-12-31T00:00:00", "2013-06-30T18:45:30.999999", "0001-01-01T00:00:00",
    "9999-12-31T23:59:59",
)  # fmt: skip
"""Leap days and those that are none, the seconds around 1970, and the ends of what is taken."""

DAYS_DRAWN = 400

Generator = np.random.Generator


def made_rows(
    candidate: Candidate, holdout: pa.Table, *, rows: int = 10_000, seed: int = 0
) -> pa.Table:
    """Give the rows of the hold-out, and rows made from them; the same ones for the same seed.

    A made row is one of the hold-out in which some columns, or all of them, have been given a
    value of their own: an end of a range, a value next to a threshold of a tree, a category
    nobody has seen, nothing at all.

    Parameters
    ----------
    candidate
        Its columns are the columns of the rows.
    holdout
        Conformed rows; there may be few of them, or none.
    rows
        How many rows there are at least; at least half as many are made.

    Raises
    ------
    DataError
        If the hold-out lacks a column the candidate reads.
    """
    generator = np.random.default_rng(seed)
    held = _held_out(candidate, holdout)
    made = max(rows - held.num_rows, rows // 2)
    base = _draw(held, made, generator)
    where = _marks(made, held.num_columns, generator)
    edges, columns = _model_edges(candidate), {}
    for place, name in enumerate(held.column_names):
        pool = _pool(candidate, held, name, edges.get(name, set()), generator)
        columns[name] = _mix(base[name], pool, where[:, place], generator)
    table = _cross_known(candidate, pa.table(columns), generator)
    return pa.concat_tables([held, _take_away(candidate, table, generator)])


def _held_out(candidate: Candidate, holdout: pa.Table) -> pa.Table:
    """Give the columns the candidate reads, each in the type of a conformed table."""
    candidate.score(holdout.slice(0, 0))  # says which column is missing
    table = holdout.select(list(candidate.columns))
    if table.num_rows > MOST_HELD_OUT:
        spread = np.linspace(0, table.num_rows - 1, MOST_HELD_OUT).astype(np.int64)
        table = table.take(pa.array(spread))
    schema = candidate.state.schema_
    types = [(name, ARROW_TYPES[schema[name].type]) for name in table.column_names]
    return table.cast(pa.schema(types))


def _draw(held: pa.Table, count: int, generator: Generator) -> pa.Table:
    if held.num_rows == 0:
        return pa.table({name: pa.nulls(count, held[name].type) for name in held.column_names})
    return held.take(pa.array(generator.integers(held.num_rows, size=count)))


def _marks(rows: int, columns: int, generator: Generator) -> NDArray[np.bool_]:
    """Choose which cells get a value of their own: one of a row, a few, most, or all."""
    shares = generator.choice([0.0, 0.15, 0.6, 1.0], p=[0.35, 0.35, 0.2, 0.1], size=rows)
    marks = generator.random((rows, columns)) < shares[:, None]
    marks[np.arange(rows), generator.integers(columns, size=rows)] = True
    return marks


def _mix(
    base: pa.ChunkedArray, pool: pa.Array, marks: NDArray[np.bool_], generator: Generator
) -> pa.ChunkedArray:
    """Put values of the pool where it is marked, all of them before any comes again."""
    if len(pool) == 0:
        return base
    count = int(marks.sum())
    rounds = -(-count // len(pool))
    order = [generator.permutation(len(pool)) for _ in range(rounds)]
    places = np.zeros(len(marks), dtype=np.int64)
    places[marks] = np.concatenate([*order, np.empty(0, dtype=np.int64)])[:count]
    return pc.if_else(pa.array(marks), pool.take(pa.array(places)), base)


def _take_away(candidate: Candidate, table: pa.Table, generator: Generator) -> pa.Table:
    """Leave values out where the schema allows it: all at once, each alone, and by chance."""
    schema = candidate.state.schema_
    nullable = [name for name in table.column_names if schema[name].missing > 0]
    shares = generator.choice([0.0, 0.05, 0.4], p=[0.5, 0.3, 0.2], size=table.num_rows)
    gone = generator.random((table.num_rows, len(nullable))) < shares[:, None]
    alone = min(len(nullable), table.num_rows - 1)
    if nullable and table.num_rows:
        gone[: alone + 1] = False
        gone[0] = True
        gone[np.arange(1, alone + 1), np.arange(alone)] = True
    for place, name in enumerate(nullable):
        index = table.column_names.index(name)
        left = pc.if_else(pa.array(gone[:, place]), pa.scalar(None, table[name].type), table[name])
        table = table.set_column(index, name, left)
    return table


def _pool(
    candidate: Candidate, held: pa.Table, name: str, edges: set[float], generator: Generator
) -> pa.Array:
    """Give the values a column is to be tried with."""
    column = candidate.state.schema_[name]
    seen = held[name].drop_null()
    kind = ARROW_TYPES[column.type]
    match column.type:
        case ColumnType.NUMBER:
            return pa.array([*NUMBERS, *_around(edges | _ends(column, seen))], kind)
        case ColumnType.INTEGER:
            known = {round(one) for one in edges | _ends(column, seen) if abs(one) < 2**53}
            near = {one + step for one in known for step in (-1, 0, 1)}
            return pa.array([*INTEGERS, *sorted(near)], kind)
        case ColumnType.BOOLEAN:
            return pa.array([False, True], kind)
        case ColumnType.TIME:
            return _moments(seen, generator)
        case _:
            return pa.array(dict.fromkeys(_texts(candidate, column, name, seen)), kind)


def _ends(column: Column, seen: pa.ChunkedArray) -> set[float]:
    """Give the ends of the declared range, and of what was seen."""
    ends = {one for one in (column.min, column.max) if one is not None}
    if len(seen):
        ends |= {float(one.as_py()) for one in pc.min_max(seen).values()}
    return ends


def _around(edges: Iterable[float]) -> Iterator[float]:
    """Give each number, what it is in 32 bits, and its neighbours there.

    Examples
    --------
    >>> [one - 1 for one in _around([1.0])]
    [0.0, 0.0, -5.960464477539063e-08, 1.1920928955078125e-07]
    """
    for edge in sorted(edges):
        middle = np.float32(edge)
        yield edge
        yield float(middle)
        yield float(np.nextafter(middle, np.float32(-np.inf)))
        yield float(np.nextafter(middle, np.float32(np.inf)))


def _model_edges(candidate: Candidate) -> dict[str, set[float]]:
    """Give the numbers at which each column begins to be treated otherwise.

    They are what trees compare it with, and where scaling cuts it.
    """
    found: dict[str, set[float]] = {}
    raw: dict[int, str] = {}
    for features in candidate.state.features:
        spans = zip(features.encoders, features.spans.values(), strict=True)
        for encoder, span in spans:
            if isinstance(encoder, Scaled):
                found.setdefault(encoder.column, set()).update(
                    (encoder.low, encoder.high, encoder.fill)
                )
            elif isinstance(encoder, Raw) and features.view == "trees":
                raw[span.start] = encoder.column
    for model in candidate.models:
        if isinstance(model, TreeModel):
            for place, threshold in _splits(model):
                if place in raw:
                    found.setdefault(raw[place], set()).add(threshold)
    return found


def _splits(model: TreeModel) -> set[tuple[int, float]]:
    """Give every column the trees look at, with what it is compared with."""
    trees = read_trees(bytes(model.booster.save_raw("json")))
    inner = ~trees.is_leaf
    return set(zip(trees.column[inner].tolist(), trees.threshold[inner].tolist(), strict=True))


def _texts(candidate: Candidate, column: Column, name: str, seen: pa.ChunkedArray) -> Iterable[str]:
    known = [*(column.values or ()), *_known(candidate, name), *seen.unique().to_pylist()[:1_000]]
    yield from TEXTS
    yield from known
    for value in known[:20]:
        yield from (f" {value}", f"{value} ", value.swapcase(), value[:-1])


def _known(candidate: Candidate, name: str) -> Iterator[str]:
    for features in candidate.state.features:
        for encoder in features.encoders:
            if isinstance(encoder, Lookup) and encoder.columns == (name,):
                yield from encoder.values


def _moments(seen: pa.ChunkedArray, generator: Generator) -> pa.Array:
    """Give the extreme times, the ends of what was seen, and moments of three centuries."""
    moments = [datetime.fromisoformat(time) for time in TIMES]
    if len(seen):
        moments += [one.as_py() for one in pc.min_max(seen).values()]
    start = datetime.fromisoformat(EARLIEST)
    span = datetime.fromisoformat(LATEST) - start
    drawn = generator.integers(span // timedelta(microseconds=1), size=DAYS_DRAWN)
    moments += [start + timedelta(microseconds=int(one)) for one in drawn]
    return pa.array(moments, pa.timestamp("us"))


def _cross_known(candidate: Candidate, table: pa.Table, generator: Generator) -> pa.Table:
    """Give some rows pairs of values a cross knows: by chance they would hardly meet."""
    for features in candidate.state.features:
        for encoder in features.encoders:
            if isinstance(encoder, Lookup) and len(encoder.columns) == 2 and encoder.values:
                table = _put_pairs(encoder, table, generator)
    return table


def _put_pairs(encoder: Lookup, table: pa.Table, generator: Generator) -> pa.Table:
    pairs = [value.partition(BETWEEN)[::2] for value in encoder.values]
    marks = generator.random(table.num_rows) < 0.3
    places = pa.array(generator.integers(len(pairs), size=table.num_rows))
    for name, side in zip(encoder.columns, zip(*pairs, strict=True), strict=True):
        values: Any = pa.array(side, pa.string())
        values = pc.if_else(pc.equal(values, MISSING), pa.scalar(None, pa.string()), values)
        values = values.cast(table[name].type).take(places)
        index = table.column_names.index(name)
        table = table.set_column(index, name, pc.if_else(pa.array(marks), values, table[name]))
    return table
