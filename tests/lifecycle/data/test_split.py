from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter, ValidationError

from lifecycle.data.declaration import GroupSplit, RandomSplit, Split, TimeSplit
from lifecycle.data.keys import overlap
from lifecycle.data.split import choose_cut, split
from lifecycle.errors import DataError
from tests.lifecycle.data.building import declare

START = datetime(2013, 1, 1)
BY_TIME = TimeSplit(by="time", test=0.2)


def hourly(rows, *, per_hour=1):
    times = [START + timedelta(hours=row // per_hour) for row in range(rows)]
    return pa.table(
        {
            "id": list(range(rows)),
            "at": pa.array(times, pa.timestamp("us")),
            "y": ["a", "b"] * (rows // 2) + ["a"] * (rows % 2),
        }
    )


def timed(**fields):
    return declare(key=["id"], time="at", **fields)


def ids(table):
    return set(table["id"].to_pylist())


class TestByTime:
    def test_the_latest_share_of_the_rows_is_test(self):
        parts = split(hourly(100), timed(), BY_TIME)

        assert ids(parts.test) == set(range(80, 100))
        assert ids(parts.train) == set(range(80))

    def test_rows_of_one_moment_are_never_divided(self):
        table = hourly(100, per_hour=7)

        parts = split(table, timed(), BY_TIME)

        assert not set(parts.train["at"].to_pylist()) & set(parts.test["at"].to_pylist())
        assert len(parts.train) + len(parts.test) == 100

    def test_the_order_of_the_rows_does_not_matter(self):
        table = hourly(100)
        shuffled = table.take(np.random.default_rng(0).permutation(100))

        assert ids(split(shuffled, timed(), BY_TIME).test) == ids(
            split(table, timed(), BY_TIME).test
        )

    def test_a_kept_cut_keeps_test_rows_test_when_rows_are_added(self):
        cut = choose_cut(hourly(100), timed(), BY_TIME)
        before = split(hourly(100), timed(), BY_TIME, cut=cut)

        after = split(hourly(150), timed(), BY_TIME, cut=cut)

        assert ids(before.test) <= ids(after.test)
        assert ids(after.train) == ids(before.train)

    def test_a_declared_moment_is_the_cut(self):
        moment = TimeSplit.model_validate({"by": "time", "from": "2013-01-03"})

        parts = split(hourly(100), timed(), moment)

        assert parts.cut == datetime(2013, 1, 3)
        assert min(parts.test["at"].to_pylist()) == datetime(2013, 1, 3)

    def test_a_moment_in_another_zone_is_taken_to_utc(self):
        plus_two = timezone(timedelta(hours=2))
        table, data = hourly(100), timed()

        assert choose_cut(
            table, data, TimeSplit(by="time", start=datetime(2013, 1, 3, tzinfo=plus_two))
        ) == datetime(2013, 1, 2, 22)
        assert split(table, data, BY_TIME, cut=datetime(2013, 1, 3, tzinfo=UTC)).cut == datetime(
            2013, 1, 3
        )

    def test_training_rows_whose_label_came_after_the_cut_are_left_out_and_counted(self):
        data = timed(about_label={"arrives_after": "6h"})

        parts = split(hourly(100), data, BY_TIME)

        assert parts.too_late == 5
        assert ids(parts.train) == set(range(75))  # row 74 is known at the moment of the cut
        assert "5 rows" in parts.description

    def test_three_rows_are_divided(self):
        parts = split(hourly(3), timed(), BY_TIME)

        assert (len(parts.train), len(parts.test)) == (2, 1)

    @pytest.mark.parametrize(
        ("table", "said"),
        [
            (hourly(1), "at least 2 different times"),
            (hourly(50, per_hour=50), "at least 2 different times"),
            (hourly(4).set_column(1, "at", pa.array([START, None, None, START])), "2 rows have no"),
            (hourly(4).set_column(1, "at", pa.array([1, 2, 3, 4])), "not times"),
            (hourly(4).drop_columns(["at"]), "data.time"),
        ],
    )
    def test_rows_that_cannot_be_cut_are_an_error(self, table, said):
        with pytest.raises(DataError, match=said):
            split(table, timed(), BY_TIME)

    @pytest.mark.parametrize(
        ("moment", "side"), [("2012-01-01", "training"), ("2014-01-01", "test")]
    )
    def test_an_empty_side_is_an_error_that_says_where_the_rows_lie(self, moment, side):
        with pytest.raises(DataError, match=f"No {side} rows.*2013-01-01 00:00:00"):
            split(hourly(10), timed(), TimeSplit.model_validate({"by": "time", "from": moment}))

    def test_no_time_column_is_an_error(self):
        with pytest.raises(DataError, match=r"needs data\.time"):
            split(hourly(10), declare(), BY_TIME)


class TestAtRandom:
    def test_a_row_that_was_test_stays_test_when_rows_are_added(self):
        by_hash = RandomSplit(by="random", test=0.2)
        before = split(hourly(1_000), declare(key=["id"]), by_hash)
        after = split(hourly(3_000), declare(key=["id"]), by_hash)

        assert ids(before.test) <= ids(after.test)
        assert ids(before.train) <= ids(after.train)

    def test_the_share_is_met_on_average(self):
        parts = split(hourly(20_000), declare(key=["id"]), RandomSplit(by="random", test=0.3))

        assert abs(len(parts.test) / 20_000 - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 20_000)

    def test_a_larger_share_keeps_the_test_rows_of_a_smaller_one(self):
        small, large = (
            split(hourly(1_000), declare(key=["id"]), RandomSplit(by="random", test=share))
            for share in (0.1, 0.3)
        )

        assert ids(small.test) <= ids(large.test)

    def test_without_a_key_equal_rows_are_on_the_same_side_whatever_their_label(self):
        table = pa.table({"x": [row % 100 for row in range(1_000)], "y": ["a", "b"] * 500})

        parts = split(table, declare(), RandomSplit(by="random", test=0.2))

        assert overlap(parts.train, parts.test, declare()) == 0

    def test_fifty_rows_are_divided(self):
        parts = split(hourly(50), declare(key=["id"]), RandomSplit(by="random", test=0.2))

        assert 0 < len(parts.test) < 50

    def test_too_few_rows_are_an_error(self):
        with pytest.raises(DataError, match="2 rows are too few"):
            split(hourly(2), declare(key=["id"]), RandomSplit(by="random", test=0.01))


class TestByGroup:
    def test_a_group_is_never_divided(self):
        table = hourly(1_000).append_column("who", pa.array([row % 90 for row in range(1_000)]))

        parts = split(table, declare(), GroupSplit(by="group", column="who", test=0.25))

        assert not set(parts.train["who"].to_pylist()) & set(parts.test["who"].to_pylist())
        assert 0.1 < len(parts.test) / 1_000 < 0.4

    def test_a_group_column_that_is_missing_is_an_error(self):
        with pytest.raises(DataError, match=r'split\.column is "idd".*Did you mean "id"'):
            split(hourly(10), declare(), GroupSplit(by="group", column="idd"))

    def test_a_single_group_is_an_error(self):
        table = hourly(100).append_column("who", pa.array(["me"] * 100))

        with pytest.raises(DataError, match="too few groups"):
            split(table, declare(), GroupSplit(by="group", column="who", test=0.2))


class TestDeclaration:
    def test_the_kind_of_split_is_read_from_by(self):
        read = TypeAdapter(Split).validate_python

        assert read({"by": "time", "test": "20%"}) == BY_TIME
        assert read({"by": "random"}).test == 0.2
        assert read({"by": "group", "column": "who"}).column == "who"

    @pytest.mark.parametrize(
        "said",
        [
            {"by": "time", "test": "20%", "from": "2013-01-01"},
            {"by": "random", "test": "0%"},
            {"by": "random", "test": 1},
            {"by": "group"},
            {"test": "20%"},
        ],
    )
    def test_a_split_that_cannot_be_is_refused(self, said):
        with pytest.raises(ValidationError):
            TypeAdapter(Split).validate_python(said)
