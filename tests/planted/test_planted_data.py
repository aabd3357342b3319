"""Mistakes planted in real or simulated rows, each of which a named part must catch."""

import importlib.util
from pathlib import Path
from time import process_time

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pytest

from adapters import profiles
from lifecycle.data.conform import conform, resolve
from lifecycle.data.declaration import RandomSplit, Schema
from lifecycle.data.describe import describe
from lifecycle.data.keys import overlap
from lifecycle.data.label import classes, encode
from lifecycle.data.split import split
from lifecycle.errors import DataError
from lifecycle.verdict import Outcome
from tests.lifecycle.data.building import declare, judge, outcomes, schema

ROWS = 500
BLOCKING = (Outcome.FAIL, Outcome.UNKNOWN)
AT_RANDOM = RandomSplit(by="random", test=0.2)


def honest(rows=ROWS, **columns):
    rng = np.random.default_rng(11)
    signal = rng.normal(size=rows)
    y = np.where(signal + rng.normal(size=rows) > 0, "late", "on time")
    kinds = rng.choice(["a", "b"], rows)
    return pa.table({"id": list(range(rows)), "signal": signal, "kind": kinds, "y": y, **columns})


def penguins():
    package = importlib.util.find_spec("palmerpenguins")
    assert package is not None and package.origin is not None
    null_values = csv.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True)
    path = Path(package.origin).parent / "data" / "penguins.csv"
    return csv.read_csv(path, convert_options=null_values)


KEYED = declare(key=["id"])


def test_rows_without_a_mistake_are_let_pass():
    assert outcomes(judge(honest(), KEYED), *BLOCKING) == []


def test_real_rows_without_a_mistake_are_let_pass():
    data = declare("species", "multiclass")

    assert outcomes(judge(penguins(), data), *BLOCKING) == []


def test_a_leaked_column_is_caught_by_leakage():
    table = honest()
    after = [1.0 if y == "late" else 0.0 for y in table["y"].to_pylist()]

    verdicts = judge(table.append_column("refund", pa.array(after)), KEYED)

    assert outcomes(verdicts, *BLOCKING) == ["leakage refund"]


def test_a_column_leaked_into_real_rows_is_caught_by_leakage():
    table = penguins()
    after = pa.array([f"colony of {name}" for name in table["species"].to_pylist()])

    verdicts = judge(table.append_column("colony", after), declare("species", "multiclass"))

    assert outcomes(verdicts, *BLOCKING) == ["leakage colony"]


def test_a_constant_label_is_caught_by_labels():
    verdicts = judge(honest(y=["late"] * ROWS), KEYED)

    assert "labels" in outcomes(verdicts, Outcome.FAIL)


def test_a_class_with_three_rows_is_caught_by_labels():
    y = ["rare"] * 3 + ["common", "usual"] * ((ROWS - 3) // 2) + ["usual"]

    verdicts = judge(honest(y=y), declare(task="multiclass", key=["id"]))

    assert outcomes(verdicts, *BLOCKING) == ["labels classes"]
    assert '"rare", has 3 rows' in verdicts["labels classes"].reason


def test_a_column_renamed_at_the_source_is_caught_by_types():
    declared = schema(signal={"type": "number"}, kind={"type": "category"})
    renamed = honest().rename_columns(["id", "signal_strength", "kind", "y"])

    verdicts = judge(renamed, KEYED, declared)

    assert outcomes(verdicts, *BLOCKING) == ["types signal"]
    assert 'Has it become "signal_strength"?' in verdicts["types signal"].reason


def test_empty_columns_are_caught_by_missing():
    empty = {"gone": pa.nulls(ROWS, pa.float64()), "never": pa.nulls(ROWS, pa.string())}

    verdicts = judge(honest(**empty), KEYED, schema(gone={"type": "number"}))

    assert verdicts["missing gone"].outcome is Outcome.FAIL
    assert verdicts["missing never"].outcome is Outcome.WARN
    assert not resolve(honest(**empty), Schema(), KEYED)["never"].is_feature


def test_fifty_rows_are_caught_by_rows_and_work_where_they_are_wanted():
    table = honest(50)

    refused = judge(table, KEYED)
    wanted = judge(table, KEYED, checks={"rows": {"at_least": 50}})

    assert outcomes(refused, *BLOCKING) == ["rows"]
    assert outcomes(wanted, *BLOCKING) == []
    parts = split(table, KEYED, AT_RANDOM)
    described = describe(parts.train, parts.test, resolve(table, Schema(), KEYED), KEYED)
    assert described.train_rows + described.test_rows == 50


def test_two_thousand_columns_work_and_are_quick():
    rng = np.random.default_rng(0)
    wide = {f"x{column}": rng.normal(size=2_000) for column in range(2_000)}
    table = honest(2_000, **wide)
    started = process_time()

    conformed, _, _ = conform(table, Schema(), KEYED)
    verdicts = judge(conformed, KEYED)
    parts = split(conformed, KEYED, AT_RANDOM)
    described = describe(parts.train, parts.test, resolve(conformed, Schema(), KEYED), KEYED)

    assert outcomes(verdicts, *BLOCKING) == []
    assert len(verdicts) < 100
    assert len(described.columns) == 2_004
    assert process_time() - started < 15


@pytest.mark.parametrize(
    "strange",
    [
        'say "hello"',
        "it's",
        "two\nlines",
        "\N{AIRPLANE}\N{VARIATION SELECTOR-16}",
        "a,b;c\t",
        "\\N",
    ],
)
def test_strange_text_in_categories_comes_through_unchanged(strange):
    kinds = [strange, "plain"] * (ROWS // 2)
    table, _, refused = conform(honest(kind=kinds), Schema(), KEYED)
    columns = resolve(table, Schema(), KEYED)

    parts = split(table, KEYED, AT_RANDOM)
    described = describe(parts.train, parts.test, columns, KEYED)
    view = profiles.read(profiles.profile(parts.train, columns))

    assert refused == 0
    assert table["kind"].to_pylist() == kinds
    assert outcomes(judge(table, KEYED), *BLOCKING) == []
    shown = next(column for column in described.columns if column.name == "kind")
    assert strange in {one.value for one in shown.top}
    items = view.get_column("kind").get_metric("frequent_items").strings
    assert strange in {item.value for item in items}


@pytest.mark.parametrize("strange", ['say "hello"', "two\nlines", "\N{SNOWMAN}"])
def test_strange_text_may_be_a_class(strange):
    table, _, _ = conform(honest(y=[strange, "plain"] * (ROWS // 2)), Schema(), KEYED)

    names = classes(table, KEYED.label)

    assert set(names) == {strange, "plain"}
    assert set(encode(table, KEYED.label, names).tolist()) == {0, 1}


def test_duplicate_column_names_are_caught_by_conform():
    table = honest()
    twice = pa.Table.from_arrays([*table.columns, table["kind"]], [*table.column_names, "kind"])

    with pytest.raises(DataError, match='More than one column is called "kind"'):
        conform(twice, Schema(), KEYED)


def test_gaps_where_the_reference_has_none_are_caught_by_missing():
    before = honest()
    reference = describe(before, before, resolve(before, Schema(), KEYED), KEYED)
    gaps = pa.array([None if row % 5 == 0 else float(row) for row in range(ROWS)])

    verdicts = judge(honest(signal=gaps), KEYED, reference=reference)

    assert outcomes(verdicts, *BLOCKING) == ["missing signal"]


def test_gaps_where_none_are_declared_are_caught_by_missing():
    gaps = pa.array([None if row % 5 == 0 else float(row) for row in range(ROWS)])

    verdicts = judge(honest(signal=gaps), KEYED, schema(signal={"type": "number", "missing": "0%"}))

    assert outcomes(verdicts, *BLOCKING) == ["missing signal"]


@pytest.mark.parametrize("data", [KEYED, declare()])
def test_a_test_row_slipped_into_training_is_counted_by_overlap(data):
    parts = split(honest(), data, AT_RANDOM)
    slipped = pa.concat_tables([parts.train, parts.test.slice(3, 1)])

    assert overlap(parts.train, parts.test, data) == 0
    assert overlap(slipped, parts.test, data) == 1


def test_two_rows_of_one_key_are_caught_by_duplicates():
    verdicts = judge(pa.concat_tables([honest(), honest().slice(0, 1)]), KEYED)

    assert outcomes(verdicts, *BLOCKING) == ["duplicates"]


def test_addresses_among_the_features_are_caught_by_personal():
    contact = [f"passenger{row}@example.org" for row in range(ROWS)]

    verdicts = judge(honest(contact=contact), KEYED)

    assert outcomes(verdicts, *BLOCKING) == ["personal contact"]


def test_a_column_declared_as_known_only_afterwards_is_caught_by_roles():
    declared = schema(signal={"type": "number", "role": ["leak", "feature"]})

    assert outcomes(judge(honest(), KEYED, declared), *BLOCKING) == ["roles signal"]
