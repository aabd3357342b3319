"""Which shifts are called drift, and in which words."""

import numpy as np
import pytest

from benchmarks import drift as simulated
from lifecycle.monitoring.declaration import Drift
from lifecycle.monitoring.drift.rules import judge_shifts
from lifecycle.monitoring.drift.shifts import find_shifts
from lifecycle.monitoring.evidence import Shift
from lifecycle.monitoring.review import Cause
from lifecycle.monitoring.summary import Summaries
from lifecycle.verdict import Outcome
from tests.lifecycle.monitoring.drift.drawing import both, texts

RNG = np.random.default_rng(21)
DRIFT = Drift()
CLEAR = Shift(
    column="temp",
    kind="number",
    rows=1_000,
    rows_before=20_000,
    distance=0.3,
    highest=0.33,
    p_value=1e-12,
    adjusted=1e-10,
    limit=0.2,
)


def _verdicts(then, now, drift=DRIFT, **kwargs):
    before, after = both(then, now, **kwargs)
    rows = max((column.rows for column in after.columns), default=0)
    found = judge_shifts(find_shifts(before, after, drift), drift, rows=rows)
    return {finding.verdict.rule: finding.verdict for finding in found}


def _outcome(**changes):
    (finding,) = judge_shifts((CLEAR.model_copy(update=changes),), DRIFT, rows=1_000)
    return finding.verdict.outcome


def test_a_clear_shift_fails_with_its_figures_in_words():
    (finding,) = judge_shifts((CLEAR,), DRIFT, rows=1_000)

    assert finding.cause is Cause.DATA
    assert (finding.verdict.rule, finding.verdict.outcome) == ("drift temp", Outcome.FAIL)
    assert (finding.verdict.measured, finding.verdict.limit) == (0.3, 0.2)
    assert finding.verdict.reason == (
        '"temp" has moved by 0.3 from the training rows, at most 0.33 (Kolmogorov-Smirnov distance '
        "of 1,000 values; bound of 95 %): at least 0.2 matters, and chance does not explain it "
        "(p < 0.001, corrected for all columns). Look at what has changed in it; retrain if it "
        "lasts."
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"adjusted": 0.2},
        {"distance": 0.15, "highest": 0.19},
        {"distance": 0.09, "highest": 0.25},
        {"usual": 0.35},
        {"usual": 0.31},
        {"limit": 0.4},
    ],
    ids=["chance", "ruled out", "too little", "usual", "estimate below usual", "own limit"],
)
def test_what_chance_size_or_custom_explains_passes(changes):
    assert _outcome(**changes) is Outcome.PASS


@pytest.mark.parametrize(
    "changes", [{}, {"distance": 0.17, "highest": 0.21}, {"usual": 0.29}, {"usual": 0.1}]
)
def test_what_may_well_be_of_the_declared_size_and_is_no_chance_fails(changes):
    assert _outcome(**changes) is Outcome.FAIL


def test_below_the_declared_rows_there_is_one_answer_and_it_is_unknown():
    found = judge_shifts((CLEAR, CLEAR), DRIFT, rows=199)

    assert [finding.verdict.outcome for finding in found] == [Outcome.UNKNOWN]
    assert "199 rows; below 200" in found[0].verdict.reason


def test_an_empty_window_is_unknown():
    assert [found.verdict.outcome for found in judge_shifts((), DRIFT, rows=0)] == ["unknown"]


def test_scores_have_a_cause_and_a_limit_of_their_own():
    then, now = both(
        {"score": RNG.random(5_000)}, {"score": RNG.random(2_000) ** 0.6}, subject="prediction"
    )
    found = judge_shifts(find_shifts(then, now, DRIFT), DRIFT, rows=2_000)

    assert {finding.cause for finding in found} == {Cause.PREDICTION}
    assert found[0].verdict.rule == "drift score"
    assert (found[0].verdict.outcome, found[0].verdict.limit) == (Outcome.FAIL, 0.15)


def test_each_kind_of_trouble_is_found_by_its_name():
    rows = 2_000
    then = {
        "same": RNG.normal(size=rows),
        "temp": RNG.normal(size=rows),
        "dew point": [1.0, None] * (rows // 2),
        "carrier": texts(RNG, np.ones(5), rows),
        "seats": np.tile(np.arange(4.0), rows // 4),
        "dest": texts(RNG, np.ones(5), rows),
    }
    now = {
        "same": RNG.normal(size=rows),
        "temp": RNG.normal(0.8, 1, size=rows),
        "dew point": [1.0, None, None, None] * (rows // 4),
        "carrier": [*texts(RNG, np.ones(5), rows - 80), *["neu"] * 80],
        "seats": np.tile([0.0, 1, 2, 3, 0, 1, 2, 3, 2, 500], rows // 10),
        "dest": np.array([None] * rows, dtype=object),
    }

    found = _verdicts(then, {**now, "dest": [*[None] * (rows - 1), None]})

    failed = {rule for rule, verdict in found.items() if verdict.outcome is Outcome.FAIL}
    assert failed == {
        "drift temp",
        "missing dew point",
        "unseen carrier",
        "range seats",
        "gone dest",
    }
    assert found["unseen carrier"].measured == 0.04
    assert found["missing dew point"].measured == pytest.approx(0.25)
    assert "75 % of 2,000 rows; in training it was 50 %" in found["missing dew point"].reason


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"adjusted": 0.2, "highest": 0.25}, Outcome.UNKNOWN),
        ({"adjusted": 0.2, "highest": 0.19}, Outcome.PASS),
        ({}, Outcome.FAIL),
    ],
    ids=["open", "ruled out", "found"],
)
def test_of_few_known_values_only_what_they_leave_open_is_unknown(changes, outcome):
    found = judge_shifts(
        (CLEAR.model_copy(update={"missing": 0.9, "missing_before": 0.9, **changes}),),
        DRIFT,
        rows=1_000,
    )

    assert [finding.verdict.outcome for finding in found] == [outcome]


def test_a_share_that_goes_missing_now_and_then_by_itself_is_no_news():
    rows = 1_000
    then = {"gust": np.where(np.arange(rows) % 8 == 0, 1.0, np.nan)}
    before, after = both(then, {"gust": np.full(rows, np.nan)})

    def judged(usual):
        found = find_shifts(before, after, DRIFT, usual=usual)
        return {f.verdict.rule: f.verdict for f in judge_shifts(found, DRIFT, rows=rows)}

    assert judged({})["gone gust"].outcome is Outcome.FAIL
    assert list(judged({"missing gust": 0.2})) == ["missing gust"]
    assert judged({"missing gust": 0.2})["missing gust"].outcome is Outcome.PASS
    assert "by itself" in judged({"missing gust": 0.2})["missing gust"].reason


def test_nearly_no_values_in_training_is_unknown():
    then = {"x": [*[1.0] * 20, *[None] * 980]}

    verdict = _verdicts(then, {"x": [1.0] * 500})["drift x"]

    assert verdict.outcome is Outcome.UNKNOWN
    assert "20 training rows have a value" in verdict.reason


def test_a_new_column_warns_and_is_not_fatal():
    then, now = both({"x": [1.0, 2.0] * 200}, {"x": [1.0, 2.0] * 200})
    extra = now.columns[0].model_copy(update={"name": "extra"})
    shifts = find_shifts(then, Summaries(columns=(*now.columns, extra)), DRIFT)

    found = {f.verdict.rule: f.verdict.outcome for f in judge_shifts(shifts, DRIFT, rows=400)}

    assert found["new extra"] is Outcome.WARN


@pytest.mark.parametrize("rows", [200, 1_000])
@pytest.mark.parametrize("reference", [2_000, 200_000])
def test_forty_columns_that_have_not_moved_stay_quiet(reference, rows):
    rng = np.random.default_rng([1, reference, rows])
    alarms = [simulated.alarms(*simulated.window(reference, rows, rng), rows) for _ in range(20)]

    assert sum(map(bool, alarms)) <= 2


@pytest.mark.parametrize(
    ("name", "shape"),
    [("continuous 1", "one"), ("truth 0.5", "one"), ("three 1", "half"), ("airports 1", "one")],
)
@pytest.mark.parametrize(("reference", "rows"), [(2_000, 200), (200_000, 20_000)])
def test_a_shift_of_the_declared_size_is_found(name, shape, reference, rows):
    rng = np.random.default_rng([2, reference])
    moved = simulated.Moved(DRIFT.shift, shape)

    found = simulated.found(name, moved, reference, rows, 30, rng)

    assert found >= 0.8


@pytest.mark.parametrize("name", ["continuous 1", "truth 0.5", "three 1", "airports 1"])
def test_half_the_declared_size_in_many_rows_is_no_drift(name):
    rng = np.random.default_rng(3)
    moved = simulated.Moved(DRIFT.shift / 2, "one")

    assert simulated.found(name, moved, 20_000, 20_000, 10, rng) == 0.0
