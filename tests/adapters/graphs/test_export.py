"""What is written down says what was trained, for every family, task and type of column."""

import numpy as np
import pyarrow as pa
import pytest

from adapters.graphs import GraphError, export, inputs_of
from adapters.inference.engine import Engine
from lifecycle.data.declaration import Schema
from lifecycle.features.declaration import Features
from lifecycle.modeling.calibration import Calibration
from lifecycle.modeling.families import FAMILIES
from lifecycle.serving.manifest import FEATURES, FINISH, ROW
from lifecycle.serving.parity import LIMIT, compare
from lifecycle.serving.rows import made_rows
from lifecycle.task import Task
from tests.adapters.graphs.candidates import SCHEMA, a_candidate, a_table
from tests.adapters.graphs.routes import by_name, parity_of, run
from tests.adapters.inference.packing import pack

ALL = ("linear", "xgboost", "forest")
SIGMOID = Calibration(kind="sigmoid", slope=1.3, shifts=(-0.2,))
VECTOR = Calibration(kind="vector", slope=0.8, shifts=(0.5, -0.3, 0.1))
CORRECTED = {Task.BINARY: SIGMOID, Task.MULTICLASS: VECTOR, Task.REGRESSION: None}


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return a_table()


def assert_the_same(candidate, holdout, rows: int = 3_000) -> None:
    verdicts = parity_of(candidate, made_rows(candidate, holdout, rows=rows)).judge()

    assert [verdict for verdict in verdicts if verdict.outcome != "pass"] == []


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_answers_for_every_task_as_it_was_fitted(family, task, table) -> None:
    candidate = a_candidate(table, task, [family])

    assert_the_same(candidate, table)


@pytest.mark.parametrize("task", list(Task))
def test_a_calibrated_ensemble_of_all_families_answers_as_it_was_fitted(task, table) -> None:
    features = Features(calendar=("month", "hour"), crosses=(("origin", "dest"),))
    weights = {"xgboost": 0.4, "linear": 0.25, "forest": 0.2}
    candidate = a_candidate(
        table,
        task,
        {**weights},
        features=features,
        calibration=CORRECTED[task] or Calibration(kind="none"),
        threshold=0.37 if task is Task.BINARY else None,
    )

    assert_the_same(candidate, table)


@pytest.mark.parametrize("task", list(Task))
def test_the_engine_that_serves_answers_as_it_was_fitted(task, table, tmp_path) -> None:
    members = {"xgboost": 0.6, "linear": 0.4}
    candidate = a_candidate(table, task, members, features=Features(one_hot=5))
    rows = made_rows(candidate, table, rows=3_000)
    digest = pack(candidate, a_table(5, missing=0.0), tmp_path / "package")

    engine = Engine.load(tmp_path / "package", manifest_sha256=digest)
    inputs = inputs_of(rows, engine.manifest.layout)
    answers = {"row": engine.score_rows(inputs), "bulk": engine.score_bulk(inputs)}

    scores = candidate.score(rows)
    verdicts = compare(scores, candidate.decide(scores), answers, task=task).judge()
    assert [verdict for verdict in verdicts if verdict.outcome != "pass"] == []


def test_trees_are_added_up_to_the_last_bit(table) -> None:
    candidate = a_candidate(table, Task.MULTICLASS, ["xgboost"], rounds=40)
    rows = made_rows(candidate, table, rows=3_000)
    graphs = export(candidate)

    said = run(graphs.files[ROW], by_name(inputs_of(rows, graphs.layout)))["margins"]

    (features,), (model,) = candidate.state.features, candidate.models
    sums = model.booster.inplace_predict(features.transform(rows), predict_type="margin")
    np.testing.assert_array_equal(said.astype(np.float32), sums)


@pytest.mark.parametrize("families", [["xgboost"], ["linear"], ["linear", "forest"]])
def test_the_matrices_are_those_training_saw(families, table) -> None:
    candidate = a_candidate(table, Task.BINARY, families)
    rows = made_rows(candidate, table, rows=3_000)
    graphs = export(candidate)

    said = run(graphs.files[FEATURES], by_name(inputs_of(rows, graphs.layout)))

    for features in candidate.state.features:
        # Sines are not defined to the last bit, and are no tree's business.
        exact = {"trees": 0, "linear": 2e-7}[features.view]
        np.testing.assert_allclose(
            said[features.view], features.transform(rows), rtol=exact, atol=exact
        )


@pytest.mark.parametrize(
    "names",
    [
        {"distance": "a b", "hour": "", "dest": "größe ✓", "origin": "numbers", "when": "times"},
        {"distance": "texts", "hour": "score", "dest": 'a "quoted" one', "origin": "a/b:0"},
    ],
)
def test_columns_may_have_any_name(names, table) -> None:
    renamed = table.rename_columns([names.get(name, name) for name in table.column_names])
    schema = Schema({names.get(name, name): column for name, column in SCHEMA.root.items()})
    crosses = ((names["origin"], names["dest"]),)
    candidate = a_candidate(
        renamed, Task.BINARY, ["xgboost", "linear"], schema=schema,
        features=Features(calendar=("hour",), crosses=crosses),
    )  # fmt: skip

    assert_the_same(candidate, renamed)


@pytest.mark.parametrize(
    "columns",
    [["origin", "dest"], ["remark"], ["when"], ["distance", "delay"], ["is_cold", "origin"]],
    ids=" ".join,
)
@pytest.mark.parametrize("family", ["xgboost", "linear"])
def test_a_table_may_have_columns_of_one_kind_only(columns, family, table) -> None:
    few = table.select(columns)
    candidate = a_candidate(few, Task.BINARY, [family], features=Features(one_hot=5))

    assert_the_same(candidate, few)


@pytest.mark.parametrize(
    ("family", "missing"), [("xgboost", 0.1), ("linear", 0.1), ("linear", 0.0)]
)
def test_years_are_read_off_times(family, missing) -> None:
    table = a_table(missing=missing).select(["when"])
    schema = Schema({"when": {"type": "time", "missing": missing}})
    candidate = a_candidate(
        table, Task.REGRESSION, [family], schema=schema, features=Features(calendar=("year",))
    )

    assert_the_same(candidate, table)


def test_several_columns_of_times_are_told_apart() -> None:
    both = a_table(seed=1).select(["when"]).append_column("then", a_table(seed=2)["when"])
    schema = Schema({"then": {"type": "time"}, "when": {"type": "time"}})
    features = Features(calendar=("month", "day_of_year", "hour"))
    candidate = a_candidate(
        both, Task.REGRESSION, ["xgboost", "linear"], schema=schema, features=features
    )

    assert_the_same(candidate, both)


def test_numbers_crossed_with_categories_are_found_again(table) -> None:
    features = Features(crosses=(("hour", "origin"), ("is_cold", "hour"), ("remark", "is_cold")))
    candidate = a_candidate(table, Task.BINARY, ["xgboost"], features=features, rounds=40)

    assert_the_same(candidate, table)


def test_values_with_the_separator_in_them_are_crossed_as_training_does() -> None:
    values = np.array(["a", "a\x1fb", "b", "\x1f", "b\x1fa"])
    generator = np.random.default_rng(0)
    table = pa.table({name: generator.choice(values, 800) for name in ("left", "right")})
    schema = Schema({name: {"type": "category"} for name in ("left", "right")})
    candidate = a_candidate(
        table, Task.BINARY, ["xgboost"], schema=schema,
        features=Features(crosses=(("left", "right"),)), rounds=40,
    )  # fmt: skip

    assert_the_same(candidate, table)


def test_many_values_are_looked_up_in_a_table_of_their_distinct_rows() -> None:
    generator = np.random.default_rng(0)
    tails = [f"N{number}" for number in generator.integers(0, 30_000, 90_000)]
    table = pa.table({"tail": tails, "origin": generator.choice(np.array(["EWR", "JFK"]), 90_000)})
    schema = Schema({name: {"type": "category"} for name in ("tail", "origin")})
    candidate = a_candidate(
        table, Task.BINARY, ["linear"], schema=schema, features=Features(rare=2)
    )

    assert_the_same(candidate, table.slice(0, 2_000))
    assert len(export(candidate).files[ROW]) < 2_000_000


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_hold_out_of_a_few_rows_is_enough(rows, table) -> None:
    candidate = a_candidate(table, Task.BINARY, ["xgboost", "linear"], features=Features())

    assert_the_same(candidate, table.slice(0, rows))


def test_a_hold_out_that_misses_everything_is_enough(table) -> None:
    candidate = a_candidate(table, Task.BINARY, ["xgboost"])
    missing = pa.table({name: pa.nulls(5) for name in table.column_names})

    assert_the_same(candidate, missing)


def test_one_row_is_answered_as_among_many(table) -> None:
    candidate = a_candidate(table, Task.MULTICLASS, ["xgboost", "linear"], features=Features())
    graphs = export(candidate)
    together = run(graphs.files[ROW], by_name(inputs_of(table, graphs.layout)))

    alone = [
        run(graphs.files[ROW], by_name(inputs_of(table.slice(row, 1), graphs.layout)))["score"]
        for row in range(5)
    ]

    np.testing.assert_allclose(np.concatenate(alone), together["score"][:5], rtol=1e-7)


def test_the_finish_says_what_the_row_graph_says(table) -> None:
    candidate = a_candidate(table, Task.BINARY, ["xgboost", "linear"], calibration=SIGMOID)
    graphs = export(candidate)
    row = run(graphs.files[ROW], by_name(inputs_of(table, graphs.layout)))

    finished = run(graphs.files[FINISH], {"margins": row["margins"]})

    np.testing.assert_array_equal(finished["score"], row["score"])
    np.testing.assert_array_equal(finished["decision"], row["decision"])


def test_shares_blend_to_the_score(table) -> None:
    candidate = a_candidate(table, Task.BINARY, {"xgboost": 0.7, "linear": 0.3})
    graphs = export(candidate)

    row = run(graphs.files[ROW], by_name(inputs_of(table, graphs.layout)))

    np.testing.assert_allclose(row["shares"] @ [0.7, 0.3], row["score"], atol=1e-12)


def test_a_model_of_stumps_and_of_trees_that_never_split_is_written_down() -> None:
    table = pa.table({"x": np.repeat([0.0, 1.0], 50)})
    schema = Schema({"x": {"type": "number"}})
    candidate = a_candidate(
        table, Task.REGRESSION, ["xgboost"], schema=schema, features=Features(), rounds=60
    )

    assert_the_same(candidate, table)


def test_the_same_candidate_gives_the_same_bytes(table) -> None:
    candidate = a_candidate(table, Task.BINARY, ["xgboost", "linear"])

    assert export(candidate).files == export(candidate).files


def test_the_layout_holds_what_is_read_in_the_order_of_the_schema(table) -> None:
    candidate = a_candidate(
        table, Task.BINARY, features=Features(calendar=("hour",), crosses=(("dest", "hour"),))
    )

    layout = export(candidate).layout

    assert layout.numbers == ("distance", "hour", "delay", "is_cold")
    assert layout.times == ("when",)
    assert layout.texts == ("origin", "dest", "remark")


def test_a_booster_is_stored_as_xgboost_reads_it(table) -> None:
    graphs = export(a_candidate(table, Task.BINARY, ["linear", "xgboost"]))

    assert [part.booster for part in graphs.parts] == [None, "1.ubj"]
    assert sorted(graphs.files) == sorted([ROW, FEATURES, FINISH, "1.ubj"])


def test_a_number_crossed_with_a_category_is_refused(table) -> None:
    candidate = a_candidate(
        table, Task.BINARY, features=Features(crosses=(("distance", "origin"),))
    )

    with pytest.raises(GraphError, match=r'"distance" is a number.*features\.crosses'):
        export(candidate)


def test_a_whole_number_too_large_for_32_bits_is_refused_in_a_cross() -> None:
    table = pa.table({"id": np.repeat([2**24 + 1, 2**24 + 2], 60), "c": ["a", "b"] * 60})
    schema = Schema({"id": {"type": "integer"}, "c": {"type": "category"}})
    candidate = a_candidate(
        table, Task.BINARY, schema=schema, features=Features(crosses=(("id", "c"),))
    )

    with pytest.raises(GraphError, match="cannot be told apart in 32 bits"):
        export(candidate)


def test_the_limit_is_that_of_the_issue() -> None:
    assert LIMIT == 1e-5
