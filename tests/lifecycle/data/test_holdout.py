from datetime import datetime

import pyarrow as pa
import pytest

from lifecycle.data.declaration import Schema
from lifecycle.data.holdout import hold_out

SCHEMA = Schema(
    {
        "name": {"type": "text", "role": "personal"},
        "born": {"type": "time", "role": "personal"},
        "income": {"type": "number", "role": ["feature", "personal"]},
        "married": {"type": "boolean", "role": "personal"},
        "x": {"type": "number"},
    }
)


@pytest.fixture
def people() -> pa.Table:
    return pa.table(
        {
            "name": ["Ada", "Bob", None],
            "born": pa.array(
                [datetime(1990, 1, 1), None, datetime(1970, 5, 5)], pa.timestamp("us")
            ),
            "income": [10.0, 30.0, 20.0],
            "married": [True, False, None],
            "x": [1.0, 2.0, 3.0],
        }
    )


def test_personal_columns_tell_nothing_of_anybody_any_more(people: pa.Table) -> None:
    kept = hold_out(people, SCHEMA, seed=0)

    for name in ("name", "born", "income", "married"):
        assert len(set(kept.column(name).to_pylist())) == 1
    assert kept.column("name")[0].as_py() == "masked"
    assert kept.column("income")[0].as_py() == 20.0
    assert kept.column("x").to_pylist() == [1.0, 2.0, 3.0]
    assert kept.schema == people.schema


def test_few_rows_are_all_kept_and_many_are_drawn_alike_each_time() -> None:
    table = pa.table({"x": [float(at) for at in range(500)]})

    first, again = (hold_out(table, SCHEMA, seed=3, rows=100) for _ in range(2))

    assert len(first) == 100
    assert first.equals(again)
    assert first.column("x").to_pylist() == sorted(first.column("x").to_pylist())
    assert hold_out(table, SCHEMA, seed=3).equals(table)
