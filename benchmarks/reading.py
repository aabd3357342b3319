"""What reading a prediction request costs: CPU time, beside reading it in the usual way.

Rows of a project's own table, as a client would send them, through the reader of a contract;
through pydantic, a model made from the same contract; and through nothing but a JSON decoder,
which checks nothing and gives no arrays.

python -m benchmarks.reading [PROJECT]
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from adapters.declaration import load
from adapters.warehouse import gather
from lifecycle.data.conform import conform, resolve
from lifecycle.data.declaration import ColumnType, Schema
from lifecycle.serving import contract as serving
from lifecycle.serving.asking import as_sent
from lifecycle.serving.contract import Contract, Layout
from lifecycle.serving.reading import Reader

ROOT = Path(__file__).resolve().parent.parent
ROWS = 1_000
NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)
TYPES = {ColumnType.NUMBER: float, ColumnType.INTEGER: int, ColumnType.BOOLEAN: bool}


def main(project: str) -> None:
    contract, table = _rows(project)
    features = contract.features
    layout = Layout(
        numbers=tuple(field.name for field in features if field.type in NUMBERS),
        times=tuple(field.name for field in features if field.type is ColumnType.TIME),
        texts=tuple(
            field.name
            for field in features
            if field.type not in NUMBERS and field.type is not ColumnType.TIME
        ),
    )
    sent = list(as_sent(table, contract))
    reader = Reader(contract, layout, most_rows=ROWS)
    ways: dict[str, Callable[[bytes], Any]] = {
        "this reader": reader.read,
        "pydantic, then NumPy": _usual(contract, layout),
        "JSON decoder alone": msgspec.json.Decoder().decode,
    }
    for name, rows in (("1 row", sent[0]), (f"{len(sent):,} rows", sent)):
        body = msgspec.json.encode(rows)
        print(f"{name}, {len(body):,} bytes")
        costs = {way: _cost(read, body) for way, read in ways.items()}
        for way, cost in costs.items():
            ratio = cost / costs["this reader"]
            print(f"  {way:22} {cost * 1e6:10,.1f} µs CPU   {ratio:5.2f} times")


def _rows(project: str) -> tuple[Contract, pa.Table]:
    """Give what a model that reads every feature would ask for, and rows that keep it."""
    loaded = load(project, root=ROOT)
    data = loaded.project.data
    schema = loaded.project.columns
    table, _ = gather(data, schema, home=loaded.folder)
    schema = resolve(table, schema, data)
    rows, _, _ = conform(table, schema, data)
    fields = tuple(
        _field(rows, schema, name)
        for name in schema.names()
        if name != data.label.column and (schema[name].is_feature or name in data.key)
    )
    label = data.label
    contract = Contract(
        project=project, label=label.column, task=label.task, key=data.key, fields=fields
    )
    return contract, rows.slice(len(rows) // 2, ROWS)


def _field(rows: pa.Table, schema: Schema, name: str) -> serving.Field:
    column = schema[name]
    known = ()
    if column.type is ColumnType.CATEGORY:
        known = tuple(value for value in pc.unique(rows[name]).to_pylist() if value)
    return serving.Field(
        name=name,
        type=column.type,
        use="feature" if column.is_feature else "key",
        may_be_missing=column.missing > 0,
        minimum=column.min,
        maximum=column.max,
        allowed=column.values,
        known=known,
    )


def _usual(contract: Contract, layout: Layout) -> Callable[[bytes], Any]:
    fields: dict[str, Any] = {field.name: _annotate(field) for field in contract.fields}
    row = create_model("Row", __config__=ConfigDict(extra="forbid", strict=True), **fields)
    adapter = TypeAdapter(row | list[row])  # type: ignore[valid-type]

    def read(body: bytes) -> Any:
        found: Any = adapter.validate_json(body)
        rows = [found] if isinstance(found, BaseModel) else found
        numbers = [
            [np.nan if (value := getattr(one, name)) is None else value for name in layout.numbers]
            for one in rows
        ]
        times = [[_seconds(getattr(one, name)) for name in layout.times] for one in rows]
        texts = [[getattr(one, name) or "" for name in layout.texts] for one in rows]
        return (
            np.array(numbers, np.float32),
            np.array(times, np.int64),
            np.array(texts, dtype=object),
        )

    return read


def _annotate(field: serving.Field) -> Any:
    kind: Any = TYPES.get(field.type, str)
    if field.type is ColumnType.TIME:
        kind = datetime
    if field.allowed:
        kind = Literal[field.allowed]
    if field.type in NUMBERS:
        kind = Annotated[kind, Field(ge=field.minimum, le=field.maximum)]
    if field.may_be_missing:
        kind = kind | None
    return (kind, ...) if field.is_required else (kind, None)


def _seconds(moment: datetime | None) -> int:
    if moment is None:
        return serving.MISSING_TIME
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() // 1)


def _cost(read: Callable[[bytes], Any], body: bytes) -> float:
    """CPU seconds of one call: the least of several rounds, which others disturbed least."""
    calls = 5_000 if len(body) < 10_000 else 20
    rounds = []
    for _ in range(7):
        started = process_time()
        for _ in range(calls):
            read(body)
        rounds.append((process_time() - started) / calls)
    return min(rounds)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "flights")
