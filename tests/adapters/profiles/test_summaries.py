"""Summaries of profiles, against the same columns counted exactly."""

import numpy as np
import pyarrow as pa
import pytest

from adapters import profiles
from adapters.profiles.rows import Gathering
from lifecycle.data.declaration import Schema
from lifecycle.errors import DataError
from lifecycle.monitoring.counting import count
from lifecycle.monitoring.summary import Summaries
from lifecycle.serving.contract import Contract, Field
from lifecycle.task import Task
from tests.adapters.profiles.requests import BINARY, NUMBER, SEVERAL, START, batches_of, put

TYPES = {"number": "number", "whole": "integer", "truth": "boolean", "kind": "category",
         "at": "time", "much": "number", "empty": "number", "blank": "text"}  # fmt: skip
CONTRACT = Contract(
    project="p", label="y", task=Task.REGRESSION,
    fields=tuple(Field(name=name, type=kind) for name, kind in TYPES.items()),
)  # fmt: skip
SCHEMA = Schema.model_validate({name: {"type": kind} for name, kind in TYPES.items()})


def rows(count=1_500, *, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    gaps = rng.random(count) < 0.1
    return pa.table(
        {
            "number": pa.array(rng.normal(shift, 1, count).round(1), mask=gaps),
            "whole": pa.array(rng.integers(-500, 500, count) + int(100 * shift), mask=gaps),
            "truth": pa.array(rng.random(count) < 0.3 + shift / 10),
            "kind": pa.array(rng.choice(list("abcd"), count), mask=gaps),
            "at": pa.array(rng.integers(0, 10**15, count)).cast(pa.timestamp("us")),
            "much": pa.array(rng.exponential(1e12, count)),
            "empty": pa.nulls(count, pa.float64()),
            "blank": pa.nulls(count, pa.string()),
        }
    )


def summarised(table, **like):
    return profiles.summarise(profiles.profile(table, SCHEMA), CONTRACT, **like)


def assert_same(ours, exact, *, within=0.0):
    for one, other in zip(ours.columns, exact.columns, strict=True):
        assert (one.name, one.kind, one.rows, one.missing) == (
            other.name, other.kind, other.rows, other.missing,
        )  # fmt: skip
        assert (one.counts, one.other) == (other.counts, other.other)
        assert one.error <= within
        for figure in ("mean", "deviation", "minimum", "maximum"):
            assert getattr(one, figure) == pytest.approx(getattr(other, figure))
        assert one.distinct == pytest.approx(other.distinct, rel=0.05)


def test_a_reference_of_few_rows_is_what_was_counted():
    ours, exact = summarised(rows()), count(rows(), list(TYPES))

    assert_same(ours, exact)
    for one, other in zip(ours.columns, exact.columns, strict=True):
        if one.name in ("whole", "truth"):
            assert one.cumulative[-1] == 1.0 and one.error == 0.0
        shares = np.interp(one.edges, other.edges, other.cumulative) if one.edges else []
        assert one.cumulative == pytest.approx(shares, abs=0.01)


def test_a_window_of_few_rows_is_counted_at_the_edges_and_values_of_its_reference():
    reference = summarised(rows())
    window = rows(700, seed=1, shift=0.5)

    ours, exact = summarised(window, like=reference), count(window, list(TYPES), like=reference)

    assert_same(ours, exact)
    for one, other in zip(ours.columns, exact.columns, strict=True):
        assert one.edges == other.edges
        assert one.cumulative == pytest.approx(other.cumulative)
        assert one.below == pytest.approx(other.below)


def test_a_window_of_many_rows_is_counted_within_the_error_it_tells():
    many = rows(200_000, seed=2)
    reference = summarised(many)
    window = rows(200_000, seed=3)

    ours, exact = summarised(window, like=reference), count(window, list(TYPES), like=reference)

    assert_same(ours, exact, within=0.0015)
    for one, other in zip(ours.columns, exact.columns, strict=True):
        off = np.abs(np.array(one.cumulative) - other.cumulative)
        assert off.max(initial=0) <= 2 * one.error + 1e-12  # 99 of 100 are below once that
        assert one.error == 0 or one.name in ("number", "at", "much", "whole")


@pytest.mark.parametrize("seed", range(3))
def test_a_sketch_errs_less_than_chance_does_in_200_000_rows(seed):
    values = np.random.default_rng(seed).normal(size=200_000)
    table = pa.table({"number": values})
    schema, contract = Schema(root={"number": SCHEMA["number"]}), CONTRACT.model_copy(
        update={"fields": CONTRACT.fields[:1]}
    )  # fmt: skip

    (one,) = profiles.summarise(profiles.profile(table, schema), contract).columns

    exact = np.searchsorted(np.sort(values), one.edges, side="right") / len(values)
    by_chance = 1.36 / np.sqrt(len(values))
    assert np.abs(exact - one.cumulative).max() < by_chance
    assert 0 < one.error < by_chance / 2


def test_atoms_are_counted_to_the_row_in_windows_of_any_size():
    table = pa.table(
        {"whole": np.repeat([0, 1, 7], [150_000, 49_999, 1]), "truth": [True] * 200_000}
    )

    ours = profiles.profile(table, Schema(root={name: SCHEMA[name] for name in table.column_names}))
    whole, truth = profiles.summarise(ours, CONTRACT).columns

    assert (whole.edges, whole.cumulative) == ((0, 1, 7), (0.75, 0.999995, 1.0))
    assert (truth.edges, truth.cumulative, truth.error) == ((1.0,), (1.0,), 0.0)


def test_what_lies_beyond_the_range_of_the_reference_is_seen():
    reference = summarised(rows())
    number = reference.find("number")
    beyond = rows().set_column(0, "number", [pa.array([-100.0, 100.0, 0.0] * 500)])

    found = summarised(beyond, like=reference).find("number")
    assert found.edges == number.edges
    assert (found.below, found.cumulative[-1]) == (pytest.approx(1 / 3), pytest.approx(2 / 3))


def test_new_categories_stand_behind_those_of_the_reference():
    reference = summarised(rows())
    new = rows().set_column(3, "kind", [pa.array(["new"] * 1_000 + ["a"] * 500)])

    kind = summarised(new, like=reference).find("kind")
    assert list(kind.counts) == [*reference.find("kind").counts, "new"]
    assert (kind.counts["new"], kind.counts["a"], kind.counts["b"], kind.other) == (
        1_000,
        500,
        0,
        0,
    )


def test_a_column_that_went_missing_has_no_known_values():
    reference = summarised(rows())
    gone = rows().set_column(0, "number", [pa.nulls(1_500, pa.float64())])

    found = summarised(gone, like=reference).find("number")
    assert (found.rows, found.missing, found.known) == (1_500, 1_500, 0)
    assert {*found.cumulative} == {0.0} and found.edges == reference.find("number").edges
    assert found.mean is None


@pytest.mark.parametrize("size", [0, 1, 3])
def test_hardly_any_rows_are_summarised_and_compared(size):
    reference = summarised(rows())

    for found in (summarised(rows(size)), summarised(rows(size), like=reference)):
        assert {one.rows for one in found.columns} == {size}
        assert Summaries.model_validate_json(found.model_dump_json()) == found


def test_infinite_values_are_beyond_every_edge():
    values = [float("-inf"), 1.0, 2.0, float("inf")]
    table = pa.table({"number": values})

    found = profiles.summarise(profiles.profile(table, SCHEMA), CONTRACT).find("number")
    assert (found.edges, found.cumulative, found.below) == ((1.0, 2.0), (0.5, 0.75), 0.25)
    assert (found.mean, found.deviation, found.minimum, found.maximum) == (None,) * 4
    assert Summaries.model_validate_json(Summaries(columns=(found,)).model_dump_json())


def test_more_values_than_are_counted_one_by_one_are_told_as_others():
    texts = [f"{number % 700}" for number in range(70_000)]
    table = pa.table({"kind": texts, "blank": [f"id-{number}" for number in range(70_000)]})

    kind, blank = profiles.summarise(profiles.profile(table, SCHEMA), CONTRACT).columns
    assert (len(kind.counts), kind.other, kind.error) == (200, 50_000, 0.0)
    assert sum(blank.counts.values()) + blank.other == 70_000
    assert 0 < blank.error < 0.01
    assert blank.distinct == pytest.approx(70_000, rel=0.05)


@pytest.mark.parametrize("contract", [BINARY, SEVERAL, NUMBER], ids=lambda one: one.task.value)
def test_a_window_of_the_log_has_inputs_scores_decision_and_labels(tmp_path, contract):
    put(tmp_path, "a", contract=contract)
    window = profiles.profile_window(batches_of(tmp_path, contract), contract)
    labels = ["b"] * 40 if contract.classes else [1.5] * 40
    told = profiles.profile_labels(pa.chunked_array([labels]), contract)

    found = profiles.summarise(profiles.merge([window, told]), contract)

    scores = {"binary": ["score"], "multiclass": ["score a", "score b", "score c"]}
    names = [one.name for one in found.of("prediction")]
    assert names == [
        *scores.get(contract.task.value, ["score"]), *(["decision"] if contract.classes else []),
    ]  # fmt: skip
    assert [one.name for one in found.of("input")] == ["a b", "id", "score", "open", "at"]
    assert {one.rows for one in found.of("input") + found.of("prediction")} == {100}
    assert found.find("score").kind == "category" and found.find("at").is_time
    assert found.find("y", "label").known == 40
    assert found.find("y", "label").kind == ("category" if contract.classes else "number")


@pytest.mark.parametrize("contract", [BINARY, SEVERAL, NUMBER], ids=lambda one: one.task.value)
def test_the_reference_is_the_training_profile_with_the_versions_own_answers(tmp_path, contract):
    put(tmp_path, "a", contract=contract)
    (batch,) = batches_of(tmp_path, contract)
    schema = {field.name: {"type": field.type.value} for field in contract.fields}
    label = {"y": {"type": "category" if contract.classes else "number"}}
    train = batch.inputs.append_column("y", pa.array(["b" if contract.classes else 1.0] * 100))
    shares = [name for name in batch.meta.column_names if name.startswith("score ")] or ["score"]
    scores = np.stack([batch.meta[name].to_numpy() for name in shares], axis=-1).squeeze()
    index = {name: place for place, name in enumerate(contract.classes)}
    decisions = np.array([index[name] for name in batch.meta["decision"].to_pylist() if name])

    reference = profiles.merge(
        [
            profiles.profile(train, Schema.model_validate({**schema, **label})),
            profiles.profile_predictions(
                scores, decisions if contract.classes else None, contract.classes
            ),
        ]
    )

    then = profiles.summarise(reference, contract)
    window = profiles.profile_window([batch], contract)
    now = profiles.summarise(window, contract, like=then)
    assert [one for one in then.columns if one.subject != "label"] == list(now.columns)
    assert then.find("y", "label").known == 100


def test_a_column_the_profile_does_not_have_is_left_out():
    table = pa.table({"number": [1.0]})

    assert [one.name for one in summarised(table).columns] == ["number"]


def test_bytes_that_are_no_profile_are_an_error():
    with pytest.raises(DataError, match="cannot be read"):
        profiles.summarise(b"nothing", CONTRACT)


def test_lines_that_cannot_be_read_are_in_no_profile(tmp_path):
    put(tmp_path, "a", rows=3, at=START)
    with (tmp_path / "predictions" / "a.jsonl").open("ab") as file:
        file.write(b"half\n")

    gathering = Gathering(BINARY)
    for batch in batches_of(tmp_path):
        gathering.add(batch)
    assert gathering.rows == 3
