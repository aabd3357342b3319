from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest

from lifecycle.data.declaration import Label, Window
from lifecycle.data.window import having_label, within
from lifecycle.errors import DataError

DAYS = [datetime(2013, 1, day) for day in (1, 2, 3)]


def kept(times: pa.Array, **ends: object) -> list[object]:
    table, _ = within(pa.table({"at": times}), Window.model_validate(ends), "at")
    return table["at"].to_pylist()


@pytest.mark.parametrize(
    ("ends", "days"),
    [
        ({}, [1, 2, 3]),
        ({"from": "2013-01-02"}, [2, 3]),
        ({"to": "2013-01-02"}, [1]),
        ({"from": "2013-01-02", "to": "2013-01-03"}, [2]),
        ({"from": "2013-01-02", "to": "2013-01-02"}, []),
        ({"from": "2013-01-02T00:00:00.000001"}, [3]),
        ({"from": datetime(2013, 1, 2, 2, tzinfo=timezone(timedelta(hours=2)))}, [2, 3]),
    ],
)
def test_a_window_has_its_start_and_not_its_end(ends, days):
    assert kept(pa.array(DAYS, pa.timestamp("us")), **ends) == [DAYS[day - 1] for day in days]


@pytest.mark.parametrize(
    "times",
    [
        pa.array(DAYS, pa.timestamp("s")),
        pa.array(DAYS, pa.timestamp("ns")),
        pa.array([day.replace(tzinfo=UTC) for day in DAYS]),
        pa.array([day.date() for day in DAYS]),
        pa.array([day.isoformat() for day in DAYS]),
        pa.array([f"{day.date()}T02:00:00+02:00" for day in DAYS]),
    ],
)
def test_a_window_looks_at_times_however_they_are_stored(times):
    assert len(kept(times, **{"from": "2013-01-02"})) == 2


def test_a_row_without_time_lies_outside_any_window():
    table = pa.table({"at": pa.array([DAYS[0], None], pa.timestamp("us"))})

    inside, outside = within(table, Window.model_validate({"from": date(2012, 1, 1)}), "at")

    assert (inside.num_rows, outside) == (1, 1)


def test_a_time_that_cannot_be_read_stays_to_be_refused():
    assert kept(pa.array(["noon", "2013-01-01"]), to="2012-01-01") == ["noon"]


def test_without_a_window_nothing_is_looked_at():
    table = pa.table({"at": [1, 2]})

    assert within(table, Window(), "at") == (table, 0)


def test_a_number_is_no_time():
    with pytest.raises(DataError, match='Column "at" holds int64'):
        kept(pa.array([1, 2]), **{"from": "2013-01-01"})


@pytest.mark.parametrize(
    ("values", "task", "there"),
    [
        (["yes", None, "", "no"], "binary", ["yes", "no"]),
        ([True, None, False], "binary", [True, False]),
        ([1, None, 0], "binary", [1, 0]),
        ([0.5, None, float("nan"), 0.0], "regression", [0.5, 0.0]),
        (["0.5", "", "many"], "regression", ["0.5", "many"]),
        (pa.nulls(2), "binary", []),
        (pa.array([], pa.string()), "binary", []),
    ],
)
def test_rows_without_a_label_are_set_aside(values, task, there):
    table = pa.table({"y": values})

    labelled, without = having_label(table, Label(column="y", task=task))

    assert labelled["y"].to_pylist() == there
    assert without == len(values) - len(there)
