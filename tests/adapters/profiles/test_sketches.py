from datetime import datetime, timedelta
from time import process_time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from adapters import profiles
from adapters.profiles.sketches import read_column
from lifecycle.data.conform import resolve
from lifecycle.data.declaration import Schema
from lifecycle.errors import DataError
from tests.lifecycle.data.building import declare, schema

ROWS = 3_000


def mixed(rows=ROWS):
    rng = np.random.default_rng(0)
    start = datetime(2013, 1, 1)
    gaps = rng.random(rows) < 0.1
    return pa.table(
        {
            "number": pa.array(rng.normal(size=rows), mask=gaps),
            "whole": pa.array(rng.integers(-50, 50, rows), mask=gaps),
            "truth": pa.array(rng.random(rows) < 0.3),
            "kind": pa.array(rng.choice(["a", 'b "quoted"', "\N{SNOWMAN}\n"], rows), mask=gaps),
            "long": pa.array([f"{'x' * 200}{row % 5}" for row in range(rows)]),
            "at": pa.array([start + timedelta(hours=int(h)) for h in rng.integers(0, 500, rows)]),
            "empty": pa.nulls(rows, pa.float64()),
            "blank": pa.nulls(rows, pa.string()),
        }
    )


def as_whylogs_would(table):
    """The same table profiled by whylogs itself, times and truth values as whole numbers."""
    from whylogs.core import DatasetProfile

    frame = pd.DataFrame(
        {
            "number": table["number"].to_pandas(),
            "whole": pd.array(table["whole"].to_pylist(), "Int64"),
            "truth": table["truth"].to_pandas().astype("int8"),
            "kind": table["kind"].to_pandas(),
            "long": table["long"].to_pandas(),
            "at": table["at"].to_pandas().astype("datetime64[us]").astype("int64"),
            "empty": table["empty"].to_pandas(),
            "blank": table["blank"].to_pandas(),
        }
    )
    made = DatasetProfile()
    made.track(frame)
    return made.view()


def profiled(table, declared=None):
    columns = declared or resolve(table, Schema(), declare())
    return profiles.read(profiles.profile(table, columns))


@pytest.fixture(scope="module")
def both():
    table = mixed()
    return profiled(table), as_whylogs_would(table)


def statistics(view, name):
    found = view.get_column(name).to_summary_dict()
    return {what: value for what, value in found.items() if what != "counts/nan"}


EXACT = ("number", "whole", "truth", "kind", "at", "empty", "blank")


@pytest.mark.parametrize("name", EXACT)
def test_the_statistics_are_those_of_whylogs_itself(both, name):
    ours, theirs = (statistics(view, name) for view in both)

    assert set(ours) == set(theirs) and len(ours) > 8
    for what, expected in theirs.items():
        if "quantile" in what or what.split("/")[-1].startswith("q_") or "median" in what:
            continue  # the sketch draws lots; compared by rank below
        if "cardinality" in what:  # the estimate depends on the order a little
            assert ours[what] == pytest.approx(expected, rel=0.05), what
        elif "frequent_strings" in what:
            assert sorted(map(str, ours[what])) == sorted(map(str, expected))
        else:
            assert ours[what] == pytest.approx(expected, nan_ok=True), what


@pytest.mark.parametrize("name", ["number", "whole", "at"])
def test_quantiles_are_right_within_the_error_of_the_sketch(both, name):
    values = mixed()[name].drop_null()
    known = np.sort(values.cast(pa.int64() if name == "at" else values.type).to_numpy())

    for view in both:
        distribution = view.get_column(name).get_metric("distribution")
        for share in (0.05, 0.25, 0.5, 0.75, 0.95):
            found = distribution.get_quantile(share)
            below, upto = np.searchsorted(known, [found, np.nextafter(found, np.inf)])
            assert below / len(known) - 0.01 <= share <= upto / len(known) + 0.01


def test_long_texts_are_cut_among_the_frequent_items_as_whylogs_cuts_them(both):
    ours, theirs = (view.get_column("long").get_metric("frequent_items").strings for view in both)

    assert [item.value for item in ours] == [item.value for item in theirs] == ["x" * 128]


def test_missing_values_are_counted():
    view = profiled(pa.table({"x": [1.0, None, 3.0]}))

    counts = view.get_column("x").get_metric("counts")
    assert (counts.n.value, counts.null.value) == (3, 1)


def test_profiles_of_two_parts_merge_into_that_of_the_whole():
    table = mixed()
    parts = profiled(table.slice(0, 1_000)).merge(profiled(table.slice(1_000)))

    whole = profiled(table)

    for name in ("number", "kind"):
        merged, alone = (view.get_column(name).to_summary_dict() for view in (parts, whole))
        assert merged["counts/n"] == alone["counts/n"] == ROWS
        assert merged["counts/null"] == alone["counts/null"]
    assert parts.get_column("number").get_metric("distribution").mean.value == pytest.approx(
        whole.get_column("number").get_metric("distribution").mean.value
    )


def test_no_value_of_a_personal_column_is_kept():
    table = pa.table({"mail": ["someone@example.org"] * 50, "salary": [123_456] * 50})
    declared = schema(
        mail={"type": "text", "role": "personal"}, salary={"type": "integer", "role": "personal"}
    )

    serialised = profiles.profile(table, declared)

    assert b"someone@example.org" not in serialised
    view = profiles.read(serialised)
    assert view.get_column("mail").get_metric("counts").n.value == 50
    assert view.get_column("salary").get_metric("distribution").n == 0


def test_a_table_without_rows_has_a_profile():
    assert profiled(mixed(0)).get_column("number").get_metric("counts").n.value == 0


def test_bytes_that_are_no_profile_are_an_error():
    with pytest.raises(DataError, match="cannot be read"):
        profiles.read(b"nothing of the kind")


def test_nothing_is_sent_to_anyone():
    profiled(mixed(10))
    from whylogs.api import usage_stats

    assert usage_stats._TELEMETRY_DISABLED


NAN = float("nan")
MICROSECONDS = pa.array([0, 10**15, None]).cast(pa.timestamp("us"))
ANY_TYPE = {
    "dictionary": (pa.array(["a", "a", None]).dictionary_encode(), "category", {"a": 2}),
    "large_string": (pa.array(["a", "a", None], pa.large_string()), "category", {"a": 2}),
    "string_view": (pa.array(["a", "a", None], pa.string_view()), "category", {"a": 2}),
    "int8": (pa.array([1, 2, None], pa.int8()), "integer", (1, 2)),
    "huge": (pa.array([-(2**63), 2**63 - 1, None]), "integer", (-(2.0**63), 2.0**63)),
    "uint64": (pa.array([0, 2**64 - 1, None], pa.uint64()), "number", (0, 2.0**64)),
    "float16": (pa.array(np.array([1, 2, NAN], np.float16)), "number", (1, 2)),
    "nan": (pa.array([1.0, 2.0, NAN]), "number", (1, 2)),
    "infinite": (pa.array([float("-inf"), float("inf"), None]), "number", (-np.inf, np.inf)),
    "decimal": (pa.array([1.5, 2, None]).cast(pa.decimal128(9, 2)), "number", (1.5, 2)),
    "bool": (pa.array([True, False, None]), "boolean", (0, 1)),
    "date32": (pa.array([0, 1, None], pa.date32()), "time", (0, 86_400 * 10**6)),
    "date64": (pa.array([0, 86_400_000, None], pa.date64()), "time", (0, 86_400 * 10**6)),
    "seconds": (MICROSECONDS.cast(pa.timestamp("s")), "time", (0, 10**15)),
    "nanoseconds": (MICROSECONDS.cast(pa.timestamp("ns")), "time", (0, 10**15)),
    "zone": (MICROSECONDS.cast(pa.timestamp("us", "Europe/Berlin")), "time", (0, 10**15)),
    "time32": (pa.array([0, 5, None], pa.time32("s")), "time", (0, 5 * 10**6)),
    "duration": (pa.array([0, 5, None], pa.duration("s")), "number", (0, 5)),
}


@pytest.mark.parametrize("name", ANY_TYPE)
def test_a_column_of_any_type_is_profiled(name):
    values, kind, expected = ANY_TYPE[name]

    view = profiled(pa.table({name: values}), schema(**{name: {"type": kind}}))

    column = view.get_column(name)
    assert (column.get_metric("counts").n.value, column.get_metric("counts").null.value) == (3, 1)
    if isinstance(expected, dict):
        items = column.get_metric("frequent_items").strings
        assert {item.value: item.est for item in items} == expected
    else:
        distribution = column.get_metric("distribution")
        assert (distribution.min, distribution.max) == expected


@pytest.mark.parametrize("kind", ["number", "integer", "category", "time", "boolean"])
@pytest.mark.parametrize("rows", [0, 1, 70_000])
def test_a_column_without_a_type_is_all_missing(kind, rows):
    table = pa.table({"gone": pa.nulls(rows)})

    column = profiled(table, schema(gone={"type": kind})).get_column("gone")

    counts = column.get_metric("counts")
    assert counts.n.value == counts.null.value == rows
    assert column.get_metric("distribution").n == 0


def test_a_column_of_lists_is_told_to_be_turned_into_something_else():
    with pytest.raises(DataError, match='"nested" holds list'):
        profiled(pa.table({"nested": [[1], [2]]}), schema(nested={"type": "number"}))


def test_nan_is_missing_and_counted_as_whylogs_counts_it():
    view = profiled(pa.table({"x": [1.0, NAN, None]}), schema(x={"type": "number"}))

    counts = view.get_column("x").get_metric("counts")
    assert (counts.n.value, counts.null.value, counts.nan.value) == (3, 2, 1)


@pytest.mark.parametrize("rows", [1, 1_000, 200_000])
def test_a_profile_of_distinct_texts_and_numbers_has_a_fixed_size(rows):
    table = pa.table(
        {
            "text": [f"{'x' * 100}{row}" for row in range(rows)],
            "whole": pa.array(range(rows)),
            "number": np.random.default_rng(0).normal(size=rows),
        }
    )
    columns = schema(text={"type": "text"}, whole={"type": "integer"}, number={"type": "number"})

    assert len(profiles.profile(table, columns)) < 300_000


def test_equal_rows_have_equal_profiles_whenever_they_are_taken():
    columns = resolve(mixed(500), Schema(), declare())

    assert len({profiles.profile(mixed(500), columns) for _ in range(3)}) == 1


def test_profiles_merge_whatever_their_order_and_grouping():
    table = mixed()
    columns = resolve(table, Schema(), declare())
    a, b, c = (profiles.profile(table.slice(start, 1_000), columns) for start in (0, 1_000, 2_000))
    orders = [(a, profiles.merge([b, c])), (profiles.merge([a, b]), c), (c, b, a)]

    views = [profiles.read(profiles.merge(parts)) for parts in orders]

    alone = profiles.read(profiles.profile(table, columns))
    for name in ("number", "whole", "kind", "at", "truth", "long", "empty"):
        for view in views:
            ours, whole = view.get_column(name), alone.get_column(name)
            assert ours.get_metric("counts").n.value == ROWS
            assert ours.get_metric("counts").null.value == whole.get_metric("counts").null.value
            assert ours.get_metric("distribution").avg == pytest.approx(
                whole.get_metric("distribution").avg
            )
            if "frequent_items" in whole.get_metric_names():
                items = [
                    {one.value: one.est for one in column.get_metric("frequent_items").strings}
                    for column in (ours, whole)
                ]
                assert items[0] == items[1]


def test_a_profile_with_a_coarser_sketch_merges_and_the_error_is_that_of_the_coarser():
    rng = np.random.default_rng(0)
    whylogs = pd.DataFrame({"number": rng.normal(size=50_000)})
    from whylogs.core import DatasetProfile

    theirs = DatasetProfile()
    theirs.track(whylogs)
    columns = schema(number={"type": "number"})
    ours = profiles.profile(pa.table({"number": rng.normal(size=50_000)}), columns)

    merged = profiles.merge([ours, theirs.view().serialize()])

    numbers = read_column(profiles.read(merged), "number").numbers
    assert numbers.known == 100_000
    assert numbers.error == pytest.approx(0.0027, abs=1e-4)


def test_there_is_nothing_to_merge_of_no_profile():
    with pytest.raises(DataError, match="no profile to merge"):
        profiles.merge([])


def test_a_mixed_table_is_profiled_at_least_5_times_as_fast_as_by_plain_whylogs():
    import whylogs

    table = mixed(10_000)
    columns, frame = resolve(table, Schema(), declare()), table.to_pandas()

    def seconds(way):
        way()
        began = process_time()
        way()
        return process_time() - began

    ours = seconds(lambda: profiles.profile(table, columns))
    assert seconds(lambda: whylogs.log(frame).view().serialize()) > 5 * ours
