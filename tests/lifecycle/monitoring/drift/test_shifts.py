"""How far columns have moved, and the odd windows."""

import numpy as np
import pytest

from lifecycle.errors import DataError
from lifecycle.monitoring.declaration import Drift
from lifecycle.monitoring.drift.shifts import find_shifts
from lifecycle.monitoring.summary import Summaries
from tests.lifecycle.monitoring.drift.drawing import both, counted, texts

RNG = np.random.default_rng(11)
DRIFT = Drift()
SHAPE = np.arange(1, 31) ** -1.0


def _one(then, now, **kwargs):
    (shift,) = find_shifts(*both({"a b": then}, {"a b": now}), DRIFT, **kwargs)
    return shift


@pytest.mark.parametrize("rows", [200, 20_000])
def test_the_distance_of_numbers_that_have_not_moved_is_nearly_nothing(rows):
    found = [_one(RNG.normal(size=3_000), RNG.normal(size=rows)).distance for _ in range(20)]

    assert np.median(found) < 0.02


def test_the_distance_of_many_categories_is_not_what_few_rows_make_of_it():
    shares = np.full(150, 1 / 150)
    found = [_one(texts(RNG, shares, 2_000), texts(RNG, shares, 200)).distance for _ in range(20)]

    assert np.median(found) < 0.06


def test_a_shift_of_location_has_the_distance_it_has():
    shift = _one(RNG.normal(size=50_000), RNG.normal(0.5, 1, size=20_000))

    assert shift.distance == pytest.approx(0.1974, abs=0.01)
    assert shift.distance < shift.highest < 0.23
    assert shift.figures["wasserstein"] == pytest.approx(0.5, abs=0.05)
    assert shift.figures["population_stability_index"] == pytest.approx(0.25, abs=0.04)
    assert shift.adjusted < 1e-9


def test_a_category_that_takes_a_fifth_of_the_rows_has_moved_a_fifth():
    then = texts(RNG, SHAPE, 20_000)
    now = [*texts(RNG, SHAPE, 4_000), *["v29"] * 1_000]

    assert _one(then, now).distance == pytest.approx(0.2, abs=0.02)


def test_a_value_that_was_rare_among_thousands_is_seen_when_it_surges():
    numbers = RNG.integers(0, 4_000, 30_000)
    then = [f"N{number}" for number in numbers]
    now = [*then[:700], *["N7"] * 300]

    shift = _one(then, now)

    assert shift.distance == pytest.approx(0.3, abs=0.05)
    assert 0.2 < shift.unseen < 0.31
    assert shift.unseen_most > 0.9


def test_thousands_of_rare_values_are_not_called_new_though_many_have_no_name():
    shift = _one(
        [f"N{number}" for number in RNG.integers(0, 4_000, 30_000)],
        [f"N{number}" for number in RNG.integers(0, 4_000, 1_000)],
    )

    assert (shift.unseen, shift.unseen_p) == (0.0, 1.0)
    assert shift.distance is None or shift.adjusted > 0.01


def test_a_new_value_is_new_where_training_names_all():
    shift = _one(["a", "b"] * 500, ["a"] * 190 + ["neu"] * 10)

    assert shift.unseen == shift.unseen_most == 0.05
    assert shift.unseen_p < 1e-6


def test_what_lies_beyond_the_range_on_both_ends_is_outside():
    shift = _one(np.arange(1_000.0), np.concatenate([np.arange(0, 990, 1.1), [-1, -2], [2_000.0]]))

    assert shift.outside == pytest.approx(3 / 903)


def test_a_share_without_a_value_is_compared_with_that_of_training():
    shift = _one([1.0, 2.0, None, 4.0] * 100, [1.0, 2.0, 3.0, 4.0] * 100)

    assert (shift.missing, shift.missing_before) == (0.0, 0.25)
    assert shift.missing_p < 1e-9


def test_a_constant_that_stays_has_not_moved_and_one_that_changes_has_wholly():
    assert _one([5.0] * 400, [5.0] * 400).distance == 0.0
    assert _one([5.0] * 400, [6.0] * 400).distance > 0.99
    assert _one(["x"] * 400, ["x"] * 400).distance == 0.0
    assert _one(["x"] * 400, ["y"] * 400).distance > 0.99


def test_nothing_known_in_training_is_nothing_to_compare():
    shift = _one([None, np.nan] * 200, [1.0, 2.0] * 200)

    assert (shift.distance, shift.outside, shift.is_gone) == (None, None, False)
    assert (shift.missing, shift.missing_before) == (0.0, 1.0)


@pytest.mark.parametrize("now", [[], [3.0], [None]])
def test_a_window_of_no_row_or_one_has_no_distance(now):
    shift = _one(np.arange(100.0), np.array(now, dtype=float))

    assert shift.distance is None
    assert not shift.is_gone


def test_a_column_without_any_value_left_is_gone():
    shift = _one(np.arange(400.0), np.full(300, np.nan))

    assert shift.is_gone
    assert shift.missing == 1.0


def test_a_column_that_nearly_never_had_a_value_is_not_gone_for_having_none():
    then = np.full(1_000, np.nan)
    then[:4] = 1.0

    assert not _one(then, np.full(200, np.nan)).is_gone


def test_a_column_that_is_not_there_is_gone_and_one_nobody_knew_is_told():
    then = counted({"old": np.arange(500.0), "kept": np.arange(500.0)})
    now = counted({"kept": np.arange(300.0), "extra": ["x"] * 300}, like=then)

    found = {shift.column: shift for shift in find_shifts(then, now, DRIFT)}

    assert list(found) == ["old", "kept", "extra"]
    assert found["old"].is_gone
    assert found["old"].rows == 300
    assert found["extra"].is_new
    assert not found["kept"].is_gone


def test_labels_that_have_not_come_are_not_gone():
    then = counted({"late": [0.0, 1.0] * 100}, subject="label")
    inputs = counted({"x": np.arange(300.0)})

    found = find_shifts(Summaries(columns=(*inputs.columns, *then.columns)), inputs, DRIFT)

    assert [shift.column for shift in found] == ["x"]


def test_an_empty_window_moves_nothing():
    assert find_shifts(counted({"x": [1.0]}), Summaries(), DRIFT) == ()
    assert find_shifts(Summaries(), Summaries(), DRIFT) == ()


def test_columns_to_ignore_are_but_a_score_is_not_a_column():
    drift = Drift(ignore=("score",))
    then = counted({"score": np.arange(300.0)})
    answers = counted({"score": np.arange(300.0)}, subject="prediction")
    together = Summaries(columns=(*then.columns, *answers.columns))

    found = find_shifts(together, together, drift)

    assert [shift.subject for shift in found] == ["prediction"]
    assert found[0].limit == drift.prediction


def test_a_column_has_its_own_limit_and_its_usual_shift():
    drift = Drift(columns={"x": 0.4})
    then = counted({"x": np.arange(300.0), "y": np.arange(300.0)})

    found = find_shifts(then, then, drift, usual={"y": 0.3})

    assert [(shift.limit, shift.usual) for shift in found] == [(0.4, None), (0.2, 0.3)]


def test_infinite_values_are_values_and_carry_no_scale():
    then = np.concatenate([np.arange(500.0), [np.inf] * 20])
    now = np.concatenate([np.arange(0, 500, 2.0), [np.inf] * 10])

    shift = _one(then, now)

    assert shift.distance < 0.05
    assert shift.outside == pytest.approx(0.0, abs=0.01)
    assert np.isfinite(list(shift.figures.values())).all()


def test_what_sketches_may_have_got_wrong_is_in_favour_of_no_shift():
    then, now = both({"x": RNG.normal(size=2_000)}, {"x": RNG.normal(0.3, 1, size=2_000)})
    exact = find_shifts(then, now, DRIFT)[0]
    rough = now.columns[0].model_copy(update={"error": 0.03})

    shift = find_shifts(then, Summaries(columns=(rough,)), DRIFT)[0]

    assert shift.p_value > 10 * exact.p_value
    assert shift.highest == pytest.approx(exact.highest + 0.03)
    assert shift.distance == exact.distance


def test_categories_are_compared_in_favour_of_no_shift_as_well():
    then, now = both(
        {"x": texts(RNG, SHAPE, 2_000)}, {"x": [*texts(RNG, SHAPE, 1_900), *["v3"] * 300]}
    )
    rough = now.columns[0].model_copy(update={"error": 0.02})

    exact = find_shifts(then, now, DRIFT)[0]
    shift = find_shifts(then, Summaries(columns=(rough,)), DRIFT)[0]

    assert shift.p_value > 10 * exact.p_value


def test_profiles_taken_at_other_edges_are_refused():
    then, now = counted({"x": np.arange(100.0)}), counted({"x": np.arange(90.0)})

    with pytest.raises(DataError, match="at the edges of its reference"):
        find_shifts(then, now, DRIFT)


def test_a_column_that_became_text_is_refused():
    then, now = counted({"x": np.arange(100.0)}), counted({"x": ["a"] * 100})

    with pytest.raises(DataError, match="counted as number"):
        find_shifts(then, now, DRIFT)
