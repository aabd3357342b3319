from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from adapters import profiles
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
        if "frequent_strings" in what:
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
