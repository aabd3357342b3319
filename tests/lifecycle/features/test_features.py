"""Features are fitted on training rows, and behave at serving time as they did there."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from sklearn.preprocessing import TargetEncoder

from lifecycle.data.declaration import Schema
from lifecycle.features.calendar import calendar_part
from lifecycle.features.columns import encode_categories
from lifecycle.features.declaration import Features
from lifecycle.features.fitting import FittedFeatures, fit_features
from lifecycle.features.plan import plan_features
from lifecycle.features.target import encode_target

START = datetime(2013, 1, 1)


def a_table(rows: int = 400) -> pa.Table:
    generator = np.random.default_rng(0)
    number = generator.normal(size=rows)
    return pa.table(
        {
            "number": pa.array([None if i % 7 == 0 else float(x) for i, x in enumerate(number)]),
            "flag": pa.array([None if i % 11 == 0 else bool(i % 2) for i in range(rows)]),
            "few": generator.choice(["a", "b", "ü \"'\n🙂"], rows).tolist(),
            "many": [f"v{i}" for i in generator.integers(0, 60, rows)],
            "text": pa.array([None if i % 3 == 0 else "words" for i in range(rows)]),
            "time": pa.array(
                [START + timedelta(hours=5 * i) for i in range(rows)], pa.timestamp("us")
            ),
            "kept_out": list(range(rows)),
        }
    )


SCHEMA = Schema.model_validate(
    {
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
        "few": {"type": "category"},
        "many": {"type": "category"},
        "text": {"type": "text"},
        "time": {"type": "time"},
        "kept_out": {"type": "integer", "role": "sensitive"},
    }
)


def fitted(table: pa.Table, view: str, features: Features | None = None) -> FittedFeatures:
    features = features or Features()
    plan = plan_features(table, SCHEMA, features)
    labels = (np.arange(table.num_rows) % 3 == 0).astype(float)[:, None]
    state, _ = fit_features(table, labels, plan, view=view, features=features, seed=0)
    return state


def one_row(**changes: object) -> pa.Table:
    row = {**a_table(8).slice(1, 1).to_pylist()[0], **changes}
    return pa.Table.from_pylist([row], schema=a_table(8).schema)


def columns_of(state: FittedFeatures, name: str, table: pa.Table) -> list[float]:
    return state.transform(table)[0, state.spans[name]].tolist()


def test_only_columns_the_model_may_see_become_features() -> None:
    plan = plan_features(a_table(), SCHEMA, Features())

    assert "kept_out" not in {column for feature in plan for column in feature.columns}


@pytest.mark.parametrize("view", ["trees", "linear"])
def test_a_row_alone_is_encoded_as_it_is_among_others(view: str) -> None:
    table = a_table()
    state = fitted(table, view)

    alone = np.concatenate([state.transform(table.slice(i, 1)) for i in range(20)])

    np.testing.assert_array_equal(alone, state.transform(table)[:20])


@pytest.mark.parametrize("view", ["trees", "linear"])
def test_encoding_strings_beforehand_changes_nothing(view: str) -> None:
    state = fitted(a_table(), view)

    np.testing.assert_array_equal(
        state.transform(encode_categories(a_table())), state.transform(a_table())
    )


@pytest.mark.parametrize("view", ["trees", "linear"])
def test_fitted_features_survive_being_written_down(view: str) -> None:
    state = fitted(a_table(), view)

    again = FittedFeatures.model_validate_json(state.model_dump_json())

    np.testing.assert_array_equal(again.transform(a_table()), state.transform(a_table()))


def test_linear_models_never_see_a_missing_number() -> None:
    nothing = dict.fromkeys(a_table(1).column_names)

    assert np.isfinite(fitted(a_table(), "linear").transform(one_row(**nothing))).all()


def test_trees_see_a_missing_number_as_missing() -> None:
    assert np.isnan(columns_of(fitted(a_table(), "trees"), "number", one_row(number=None)))


def test_a_missing_number_is_flagged_for_linear_models() -> None:
    state = fitted(a_table(), "linear")

    assert columns_of(state, "number", one_row(number=None))[1] == 1
    assert columns_of(state, "number", one_row(number=1.0))[1] == 0


def test_a_number_far_out_is_cut_to_what_was_seen_for_linear_models() -> None:
    state = fitted(a_table(), "linear")

    far, farther = (columns_of(state, "number", one_row(number=x)) for x in (1e6, 1e300))

    assert far == farther


def test_an_unseen_category_is_none_of_the_known_ones() -> None:
    state = fitted(a_table(), "linear")

    assert columns_of(state, "few", one_row(few="never seen")) == [0, 0, 0]


def test_an_unseen_category_of_many_is_encoded_as_the_rare_ones() -> None:
    table = a_table()
    table = table.set_column(3, "many", pa.array(["rare1", "rare2", *["v"] * 199, *["w"] * 199]))
    state = fitted(table, "trees", Features(one_hot_trees=2))

    unseen = columns_of(state, "many", one_row(many="never seen"))

    assert unseen == columns_of(state, "many", one_row(many="rare1"))
    assert unseen != columns_of(state, "many", one_row(many="v"))


def test_a_missing_category_is_a_value_of_its_own() -> None:
    few = ["a", None, "b", None] * 100
    state = fitted(a_table().set_column(2, "few", pa.array(few)), "linear")

    assert columns_of(state, "few", one_row(few=None)) == [1, 0, 0]
    assert columns_of(state, "few", one_row(few="")) == [1, 0, 0]


def test_an_all_missing_and_a_constant_column_give_no_feature() -> None:
    table = pa.table(
        {"number": pa.array([None] * 5, pa.float64()), "few": ["a"] * 5, "flag": [True] * 5}
    )

    assert plan_features(table, SCHEMA, Features()) == ()


def test_a_declared_cross_is_a_category_of_pairs() -> None:
    features = Features(crosses=(("few", "text"),))
    state = fitted(a_table(), "linear", features)

    assert sum(columns_of(state, "few × text", one_row(few="a", text="words"))) == 1
    assert sum(columns_of(state, "few × text", one_row(few="new", text="words"))) == 0


def test_calendar_parts_need_their_whole_cycle_to_be_covered() -> None:
    names = {feature.name for feature in plan_features(a_table(), SCHEMA, Features())}

    assert {"time.day_of_week", "time.hour"} <= names
    assert "time.month" not in names  # the rows cover 83 days


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("year", lambda t: t.year),
        ("month", lambda t: t.month),
        ("day_of_year", lambda t: t.timetuple().tm_yday),
        ("day_of_month", lambda t: t.day),
        ("day_of_week", lambda t: t.weekday()),
        ("hour", lambda t: t.hour + t.minute / 60),
    ],
)
def test_calendar_parts_are_those_of_the_standard_library(part, expected) -> None:
    times = [datetime(1961, 2, 28, 23, 45) + timedelta(days=17 * i, hours=i) for i in range(2000)]
    seconds = np.array(times, dtype="datetime64[s]").astype(np.int64)

    np.testing.assert_allclose(calendar_part(seconds, part), [expected(t) for t in times])


def test_target_encoding_of_strong_signal_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    codes = generator.integers(0, 8, 20_000)
    labels = (generator.random(20_000) < codes / 10 + 0.1).astype(float)

    table, _ = encode_target(codes, 8, labels[:, None], seed=0)

    theirs = TargetEncoder(smooth="auto").fit(codes[:, None], labels).encodings_[0]
    np.testing.assert_allclose(table[:, 0], theirs, atol=0.002)


def test_target_encoding_of_training_rows_does_not_tell_their_own_label() -> None:
    generator = np.random.default_rng(2)
    codes = np.arange(3000) // 2  # two rows a value: its mean would nearly be the label
    labels = generator.integers(0, 2, 3000).astype(float)

    _, training = encode_target(codes, 1500, labels[:, None], seed=0)

    assert np.corrcoef(training[:, 0], labels)[0, 1] < 0.06


def test_a_value_never_seen_is_encoded_as_the_overall_mean() -> None:
    labels = np.array([0.0, 0.0, 1.0, 1.0] * 25)
    codes = np.arange(100) % 4

    table, _ = encode_target(codes, 5, labels[:, None], seed=0)

    assert table[4, 0] == pytest.approx(0.5)


def test_a_year_is_filled_and_scaled_for_linear_models_and_left_as_it_is_for_trees() -> None:
    times = pa.array(
        [datetime(year, 5, 1) for year in (2010, 2012, 2014)] + [None], pa.timestamp("us")
    )
    table = pa.table({"time": times})
    schema = Schema.model_validate({"time": {"type": "time"}})
    features = Features(calendar=("year",))
    plan = plan_features(table, schema, features)
    labels = np.array([[0.0], [1.0], [0.0], [1.0]])

    def encode(view: str) -> list[float]:
        state, _ = fit_features(table, labels, plan, view=view, features=features, seed=0)
        return state.transform(table)[:, 0].tolist()

    assert encode("trees")[:3] == [2010, 2012, 2014]
    assert np.isnan(encode("trees")[3])
    assert encode("linear") == pytest.approx([-(1.5**0.5), 0, 1.5**0.5, 0], abs=1e-6)
