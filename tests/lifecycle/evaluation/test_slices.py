"""Slices that do worse are found, and chance is not taken for one."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from scipy.special import expit

from lifecycle.evaluation.resampling import Units
from lifecycle.evaluation.slices import find_slices, slice_groups
from tests.lifecycle.evaluation.rehearsal import binary, regression


def by_row(rows):
    return Units("row", np.arange(rows), rows)


def draw_columns(generator, rows):
    return pa.table(
        {
            "x": generator.normal(size=rows),
            "z": generator.normal(size=rows),
            "kind": generator.choice(list("abcdef"), rows),
            "flag": generator.random(rows) < 0.3,
        }
    )


def simulate(seed, rows=3_000):
    """A calibrated model on rows of which some are harder than others."""
    generator = np.random.default_rng(seed)
    table = draw_columns(generator, rows)
    scores = expit(2 * table["x"].to_numpy() + table["z"].to_numpy())
    return table, binary(generator.random(rows) < scores, scores)


def test_a_sound_model_has_a_slice_that_is_no_chance_in_at_most_one_search_of_ten():
    alarms = 0
    for turn in range(100):
        table, answers = simulate(turn)
        found, _ = find_slices("log_loss", answers, table, table.column_names, by_row(3_000), 100)
        alarms += any(part.p_value <= 0.05 for part in found)

    assert alarms <= 10


def test_drawing_days_keeps_one_bad_day_from_becoming_a_slice():
    alarms = {"day": 0, "row": 0}
    for turn in range(60):
        generator = np.random.default_rng(turn)
        day = np.repeat(np.arange(50), 60)
        # The column is the weather of the day, and the errors of a day go together.
        table = pa.table({"weather": generator.normal(size=50)[day]})
        errors = generator.normal(size=50)[day] + generator.normal(size=3_000)
        answers = regression(errors, np.zeros(3_000))
        for units in (Units("day", day, 50), by_row(3_000)):
            found, _ = find_slices("rmse", answers, table, ["weather"], units, 100)
            alarms[units.name] += any(part.p_value <= 0.05 for part in found)

    assert alarms["day"] <= 6
    assert alarms["row"] >= 30


def test_a_planted_slice_is_the_worst_found():
    table, answers = simulate(1)
    is_planted = np.array(table["kind"].to_pylist()) == "c"
    wrong = binary(answers.truth, np.where(is_planted, 1 - answers.scores, answers.scores))

    found, search = find_slices("log_loss", wrong, table, table.column_names, by_row(3_000), 100)

    assert (found[0].column, found[0].value) == ("kind", "c")
    assert found[0].p_value < 1e-6
    assert found[0].measured > found[0].expected
    assert search.slices > 100


def test_a_slice_of_two_columns_is_found_where_neither_tells_it_alone():
    table, answers = simulate(2, rows=6_000)
    kind, flag = (np.array(table[name].to_pylist()) for name in ("kind", "flag"))
    is_planted = (kind == "c") & flag
    wrong = binary(answers.truth, np.where(is_planted, 1 - answers.scores, answers.scores))

    found, _ = find_slices("log_loss", wrong, table, table.column_names, by_row(6_000), 100)

    assert (found[0].column, found[0].value) == ("kind and flag", "c and true")


def test_the_p_value_is_that_of_welch():
    generator = np.random.default_rng(0)
    kind = generator.choice(["a", "b"], 500)
    errors = generator.normal(size=500) + np.where(kind == "a", 0.2, 0.0)
    answers = regression(errors, np.zeros(500))

    (found, _), _ = slice_groups(
        "mae", answers, pa.table({"kind": kind}), ["kind"], by_row(500), 50
    )

    losses = np.abs(errors)
    plain = stats.ttest_ind(
        losses[kind == "a"], losses[kind == "b"], equal_var=False, alternative="greater"
    ).pvalue
    # Two slices were looked at, so the smaller of the two p-values counts twice.
    assert found.p_value == pytest.approx(min(2 * plain, 1), rel=0.02)
    assert found.measured == pytest.approx(losses[kind == "a"].mean())
    assert found.gap == pytest.approx(losses[kind == "a"].mean() - losses.mean())


def test_a_small_group_has_rows_and_no_figure():
    kind = ["a"] * 200 + ["b"] * 200 + ["rare"] * 3

    found, missing = slice_groups(
        "mae",
        regression(np.ones(403), np.zeros(403)),
        pa.table({"kind": kind}),
        ["kind", "gone"],
        by_row(403),
        100,
    )

    rare = next(part for part in found if part.value == "rare")
    assert (rare.measured, rare.gap, rare.p_value, rare.rows) == (None, None, None, 3)
    assert [gap.evidence for gap in missing] == ["slices gone"]


def test_missing_values_are_a_slice_of_their_own():
    generator = np.random.default_rng(0)
    x = generator.normal(size=1_000)
    is_missing = generator.random(1_000) < 0.2
    errors = np.where(is_missing, 5.0, 1.0) * generator.normal(size=1_000)
    table = pa.table({"x": pa.array(x, mask=is_missing)})

    found, _ = find_slices(
        "rmse", regression(errors, np.zeros(1_000)), table, ["x"], by_row(1_000), 100
    )

    assert [(part.column, part.value) for part in found] == [("x", "missing")]


def test_of_no_column_there_is_no_slice():
    answers = regression(np.ones(300), np.zeros(300))

    found, search = find_slices("rmse", answers, pa.table({}), [], by_row(300), 100)

    assert found == ()
    assert search.slices == 0


def test_quotes_and_newlines_in_values_do_no_harm():
    values = ['"quoted" and more', "two\nlines", "🦋"] * 200
    answers = regression(np.arange(600.0), np.zeros(600))

    found, _ = slice_groups("mae", answers, pa.table({"t": values}), ["t"], by_row(600), 100)

    assert {part.value for part in found} == set(values)
