"""Reasons are held against their definition: every coalition of columns, asked of the model."""

from itertools import chain, combinations
from math import factorial

import numpy as np
import pyarrow as pa
import pytest

from lifecycle.data.declaration import Schema
from lifecycle.errors import DataError
from lifecycle.features.declaration import Features
from lifecycle.modeling.booster import read_trees
from lifecycle.modeling.candidate import Candidate
from lifecycle.serving.contract import MISSING_TIME, Contract, Field, Layout
from lifecycle.serving.dissection import dissect, typical_row
from lifecycle.serving.inputs import Inputs
from lifecycle.serving.reasons import (
    Ensemble,
    Explainer,
    ReasonsError,
    carry,
    rank,
    settle,
)
from lifecycle.task import Task
from tests.lifecycle.serving.fitting import a_candidate, a_table, strange_rows

SOMETHING = Inputs(
    np.zeros((1, 1), np.float32), np.zeros((1, 0), np.int64), np.array([["a\0"]], dtype=object)
)
FAMILIES = [("xgboost",), ("forest",), ("linear",), ("linear", "xgboost", "forest", "xgboost")]


def margins_of(candidate: Candidate, views: dict[str, np.ndarray]) -> np.ndarray:
    """Ask the members themselves, shape (rows, members * outputs)."""
    parts = []
    for member, model in zip(candidate.state.members, candidate.models, strict=True):
        X = views[member.view]
        if member.kind == "trees":
            margin = model.booster.inplace_predict(X, predict_type="margin")
        else:
            margin = X.astype(np.float64) @ model.weights.astype(np.float64) + model.intercept
        parts.append(np.asarray(margin, dtype=np.float64).reshape(len(X), -1))
    return np.concatenate(parts, axis=1)


def encode(candidate: Candidate, table: pa.Table) -> dict[str, np.ndarray]:
    return {features.view: features.transform(table) for features in candidate.state.features}


def owners_of(candidate: Candidate) -> dict[str, list[str]]:
    """Name the player of each column of each view, read off the encoders."""
    return {
        features.view: [
            " × ".join(getattr(encoder, "columns", None) or (encoder.column,))
            for encoder in features.encoders
            for _ in range(encoder.width)
        ]
        for features in candidate.state.features
    }


def by_definition(candidate, row, reference, players, slopes) -> np.ndarray:
    """Shapley's sum over all coalitions, each of them a mixed row the members are asked for."""
    coalitions = list(
        chain.from_iterable(combinations(players, n) for n in range(len(players) + 1))
    )
    views = {}
    for view, owners in owners_of(candidate).items():
        mixed = np.repeat(reference[view], len(coalitions), axis=0)
        for place, coalition in enumerate(coalitions):
            changed = [owner in coalition for owner in owners]
            mixed[place, changed] = row[view][0, changed]
        views[view] = mixed
    worth = dict(
        zip(map(frozenset, coalitions), margins_of(candidate, views) @ slopes, strict=True)
    )
    found, count = np.zeros(len(players)), len(players)
    for place, player in enumerate(players):
        for coalition in coalitions:
            if player not in coalition:
                size = len(coalition)
                share = factorial(size) * factorial(count - size - 1) / factorial(count)
                with_it = worth[frozenset((*coalition, player))]
                found[place] += share * (with_it - worth[frozenset(coalition)])
    return found


def an_explainer(candidate: Candidate, reference: dict[str, np.ndarray]) -> Explainer:
    stored = Ensemble.load(dissect(candidate, SOMETHING).dump())
    rows = {view: reference[view][0] if view in reference else None for view in VIEWS}
    return Explainer(stored, rows["trees"], rows["linear"])


VIEWS = ("trees", "linear")


def explain(explainer: Explainer, row: dict[str, np.ndarray], slopes: np.ndarray) -> np.ndarray:
    rows = [row[view][0] if view in row else None for view in VIEWS]
    return explainer.explain(*rows, slopes)


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("families", FAMILIES, ids=" ".join)
def test_they_are_the_shapley_values_of_the_members_margins(task, families) -> None:
    table = a_table()
    candidate = a_candidate(task, families, table=table)
    rows = pa.concat_tables([strange_rows(table), table.slice(0, 3)])
    reference = encode(candidate, table.slice(20, 1))
    explainer = an_explainer(candidate, reference)
    slopes = np.random.default_rng(0).normal(size=margins_of(candidate, reference).shape[1])

    for place in range(rows.num_rows):
        row = encode(candidate, rows.slice(place, 1))
        found = explain(explainer, row, slopes)

        expected = by_definition(candidate, row, reference, explainer.players, slopes)
        size = np.abs(expected).max()
        np.testing.assert_allclose(found, expected, atol=2e-5 * max(size, 1e-3))


def test_a_reference_with_missing_values_is_a_reference_like_any_other() -> None:
    table = a_table()
    candidate = a_candidate(Task.BINARY, ("xgboost", "linear"), table=table)
    reference = encode(candidate, strange_rows(table).slice(0, 1))
    explainer, slopes = an_explainer(candidate, reference), np.array([1.0, -0.5])

    row = encode(candidate, table.slice(5, 1))

    expected = by_definition(candidate, row, reference, explainer.players, slopes)
    np.testing.assert_allclose(explain(explainer, row, slopes), expected, atol=1e-5)


@pytest.mark.parametrize("task", Task)
def test_they_add_up_for_every_row(task) -> None:
    table = a_table(400, seed=3)
    candidate = a_candidate(task, ("xgboost", "forest", "linear"), rounds=12)
    reference = encode(candidate, table.slice(0, 1))
    explainer = an_explainer(candidate, reference)
    encoded, start = encode(candidate, table), margins_of(candidate, reference)[0]
    margins = margins_of(candidate, encoded)
    slopes = np.random.default_rng(1).normal(size=len(start))

    for place in range(table.num_rows):
        row = {view: matrix[place : place + 1] for view, matrix in encoded.items()}
        found = explain(explainer, row, slopes).sum()

        assert found == pytest.approx(slopes @ (margins[place] - start), rel=1e-5, abs=2e-5)


def test_the_typical_row_itself_has_no_reasons() -> None:
    table = a_table()
    candidate = a_candidate(Task.MULTICLASS, ("xgboost", "linear"))
    reference = encode(candidate, table.slice(9, 1))

    found = explain(an_explainer(candidate, reference), reference, np.ones(6))

    assert not found.any()


def numbers(X: np.ndarray, y: np.ndarray, family: str, **changed) -> tuple[Candidate, Schema]:
    names = [f"x{place}" for place in range(X.shape[1])]
    schema = Schema({name: {"type": "number"} for name in names})
    table = pa.table(dict(zip(names, X.T, strict=True)))
    return a_candidate(
        Task.REGRESSION, (family,), table=table, features=Features(), schema=schema, labels=y,
        **changed,
    )  # fmt: skip


def test_columns_that_play_the_same_part_get_the_same() -> None:
    X = np.random.default_rng(0).normal(size=(400, 3))
    y = X[:, 0] + 3 * (X[:, 0] > 0) * (X[:, 1] > 0.5)
    whole = {"subsample": 1.0, "colsample": 1.0}
    one = numbers(X, y, "xgboost", changed=whole)
    turned_round = numbers(X[:, [1, 0, 2]], y, "xgboost", changed=whole)
    state = one.state.model_copy(update={"members": one.state.members * 2})
    candidate = Candidate(state, (one.models[0], turned_round.models[0]))
    reference = {"trees": np.zeros((1, 3), dtype=np.float32)}
    row = {"trees": np.float32([[0.9, 0.9, 0.3]])}

    found = explain(an_explainer(candidate, reference), row, np.ones(2))

    assert found[0] == pytest.approx(found[1], rel=1e-9)
    assert abs(found[0]) > 0.1


def test_a_column_no_tree_looks_at_gets_nothing() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 4))
    X[:, 3] = generator.integers(0, 2, 300) * 1e-9
    candidate = numbers(X, X[:, 0] + X[:, 1] ** 2, "xgboost")
    looked_at = set(candidate.models[0].booster.get_score())
    reference = {"trees": np.zeros((1, 4), dtype=np.float32)}

    found = explain(
        an_explainer(candidate, reference), {"trees": reference["trees"] + 2}, np.ones(1)
    )

    assert "f3" not in looked_at
    assert found[3] == 0
    assert found[0] != 0


@pytest.mark.parametrize("family", ["xgboost", "linear"])
def test_more_than_a_word_of_columns_is_explained_as_exactly(family) -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(500, 130))
    X[generator.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X) @ generator.normal(size=130)
    candidate = numbers(X, y, family, rounds=60)
    view = "trees" if family == "xgboost" else "linear"
    width = candidate.state.features[0].width
    reference = {view: np.zeros((1, width), dtype=np.float32)}
    explainer = an_explainer(candidate, reference)
    owners = owners_of(candidate)[view]
    changed = [f"x{place}" for place in (0, 1, 63, 64, 65, 100, 128, 129)]
    row = {view: reference[view].copy()}
    row[view][0, [owner in changed for owner in owners]] = 1.5

    found = explain(explainer, row, np.ones(1))

    expected = by_definition(candidate, row, reference, changed, np.ones(1))
    places = [explainer.players.index(name) for name in changed]
    np.testing.assert_allclose(found[places], expected, atol=1e-5)
    assert np.abs(np.delete(found, places)).max() < 1e-12


def test_a_column_with_more_thresholds_than_a_byte_counts_is_explained_as_exactly() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(3000, 2))
    shifted = numbers(
        X, np.sin(9 * X[:, 0]) * X[:, 1], "xgboost", rounds=40, changed={"max_depth": 9}
    )
    more = numbers(
        X + 0.013, np.sin(9 * X[:, 0]) * X[:, 1], "xgboost", rounds=40, changed={"max_depth": 9}
    )
    state = shifted.state.model_copy(update={"members": shifted.state.members * 2})
    candidate = Candidate(state, (shifted.models[0], more.models[0]))
    reference = {"trees": np.zeros((1, 2), dtype=np.float32)}
    row, slopes = {"trees": np.float32([[0.7, -1.1]])}, np.array([0.4, 0.6])

    found = explain(an_explainer(candidate, reference), row, slopes)

    leaves = dissect(candidate, SOMETHING).leaves
    assert leaves.low.dtype == np.uint16
    expected = by_definition(candidate, row, reference, ("x0", "x1"), slopes)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_trees_that_are_all_single_leaves_have_no_reasons() -> None:
    candidate = numbers(np.random.default_rng(0).normal(size=(50, 2)), np.ones(50), "xgboost")
    reference = {"trees": np.zeros((1, 2), dtype=np.float32)}

    found = explain(
        an_explainer(candidate, reference), {"trees": reference["trees"] + 1}, np.ones(1)
    )

    assert dissect(candidate, SOMETHING).leaves is None
    assert not found.any()


def test_calendar_parts_of_one_time_are_one_column_and_a_cross_is_one_of_its_own() -> None:
    players = dissect(a_candidate(Task.BINARY, ("linear", "xgboost")), SOMETHING).players

    assert players.count("when") == 1
    assert "colour × city" in players
    assert {"colour", "city"} <= set(players)


def test_what_is_stored_comes_back_to_the_last_letter() -> None:
    ensemble = dissect(a_candidate(Task.BINARY, ("linear", "xgboost")), SOMETHING)

    again = Ensemble.load(ensemble.dump())

    assert again.players == ensemble.players
    assert again.reference.texts.tolist() == [["a\0"]]
    assert again.leaves.thresholds.tolist() == ensemble.leaves.thresholds.tolist()


def test_trees_that_split_by_category_are_refused() -> None:
    import xgboost as xgb

    X = np.arange(60, dtype=np.float32)[:, None] % 5
    data = xgb.DMatrix(X, label=X[:, 0] == 3, feature_types=["c"], enable_categorical=True)
    booster = xgb.train({"max_cat_to_onehot": 1}, data, 3)

    with pytest.raises(DataError, match="splits by category"):
        read_trees(bytes(booster.save_raw("json")))


@pytest.mark.parametrize("task", Task)
def test_the_trees_that_are_read_add_up_to_what_the_booster_says(task) -> None:
    booster = a_candidate(task, ("xgboost",)).models[0].booster
    trees = read_trees(bytes(booster.save_raw("json")))
    row = np.full((1, booster.num_features()), np.nan, dtype=np.float32)

    node = trees.roots.copy()
    while not trees.is_leaf[node].all():
        down = np.where(trees.goes_left[node], trees.left[node], trees.right[node])
        node = np.where(trees.is_leaf[node], node, down)
    found = trees.base + np.bincount(trees.output, trees.value[node], len(trees.base))

    expected = np.ravel(booster.inplace_predict(row, predict_type="margin"))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def logistic(margins: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margins))


def test_one_margin_counts_by_the_rescale_rule() -> None:
    start, end = np.array([-1.3]), np.array([2.1])
    moved = float((logistic(end) - logistic(start))[0])

    slope = carry(lambda points: logistic(points[:, 0]), start, end, moved)

    assert slope[0] == pytest.approx(moved / 3.4, rel=1e-5)


def test_where_a_margin_did_not_move_its_slope_is_the_one_there() -> None:
    start = np.array([0.5, -1.0])
    end = np.array([0.5, 1.0])
    blend = lambda points: logistic(points) @ [0.5, 0.5]  # noqa: E731
    moved = float(blend(end[None])[0] - blend(start[None])[0])

    slopes = carry(blend, start, end, moved)

    assert slopes[0] == pytest.approx(0.5 * logistic(0.5) * (1 - logistic(0.5)), rel=1e-5)
    assert slopes[1] * 2 == pytest.approx(moved, rel=1e-5)


def test_a_class_is_moved_by_what_moves_the_others_as_well() -> None:
    def share_of_first(points: np.ndarray) -> np.ndarray:
        powers = np.exp(points)
        return powers[:, 0] / powers.sum(axis=1)

    start, end = np.zeros(3), np.array([1.0, 5.0, -6.0])
    moved = float(share_of_first(end[None])[0] - 1 / 3)

    slopes = carry(share_of_first, start, end, moved)

    assert slopes[0] > 0 > max(slopes[1], slopes[2])
    assert slopes @ end == pytest.approx(moved, rel=1e-4)


@pytest.mark.parametrize("far", [30.0, 300.0])
def test_margins_far_away_still_add_up(far) -> None:
    start, end = np.array([-2.0, 1.0]), np.array([far, -far / 7])
    blend = lambda points: logistic(np.clip(points, -80, 80)) @ [0.7, 0.3]  # noqa: E731
    moved = float(blend(end[None])[0] - blend(start[None])[0])

    slopes = carry(blend, start, end, moved)

    assert slopes @ (end - start) == pytest.approx(moved, rel=0.01)


def test_what_rounding_leaves_is_spread_by_size() -> None:
    settled = settle(np.array([0.3, -0.1, 0.0]), 0.2004)

    np.testing.assert_allclose(settled, [0.3003, -0.0999, 0.0])
    assert settled.sum() == pytest.approx(0.2004, abs=1e-16)


@pytest.mark.parametrize("contributions", [[0.3, -0.1], [0.0, 0.0]])
def test_reasons_of_another_model_are_refused(contributions) -> None:
    with pytest.raises(ReasonsError, match="another model"):
        settle(np.array(contributions), 0.25)


def test_the_largest_come_first_whichever_way_they_push() -> None:
    reasons = rank(("a", "b", "c", "d"), np.array([0.1, -0.3, 0.0, 0.2]), top=2)

    assert [(reason.column, reason.contribution) for reason in reasons] == [("b", -0.3), ("d", 0.2)]


def test_a_column_that_moved_nothing_is_no_reason() -> None:
    assert rank(("a", "b"), np.array([0.0, 1.0]), top=5)[-1].column == "b"


def test_the_typical_row_is_what_the_contract_calls_typical() -> None:
    fields = (
        Field(name="x", type="number", typical=1e40),
        Field(name="yes", type="boolean", typical=True),
        Field(name="gone", type="integer"),
        Field(name="c", type="category", typical="é"),
        Field(name="none", type="category"),
        Field(name="t", type="time", typical="1969-12-31T23:59:58.5Z"),
        Field(name="naive", type="time", typical="2013-01-01T00:00:00"),
        Field(name="never", type="time"),
    )
    contract = Contract(project="p", label="y", task="regression", fields=fields)
    layout = Layout(
        numbers=("yes", "gone", "x"), times=("t", "naive", "never"), texts=("c", "none")
    )

    row = typical_row(contract, layout)

    np.testing.assert_array_equal(row.numbers, np.float32([[1, np.nan, 1e30]]))
    assert row.times.tolist() == [[-2, 1356998400, MISSING_TIME]]
    assert row.texts.tolist() == [["é", ""]]
