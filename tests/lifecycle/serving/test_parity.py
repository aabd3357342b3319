"""Parity is judged on what was compared, and nothing else passes."""

import numpy as np
import pyarrow as pa
import pytest

from lifecycle.serving.inputs import Answers
from lifecycle.serving.parity import LIMIT, Parity, compare
from lifecycle.task import Task
from lifecycle.verdict import Outcome

SCORES = np.linspace(0.05, 0.95, 10)
DECISIONS = (SCORES >= 0.5).astype(np.int64)


def agreeing() -> Answers:
    return Answers(SCORES.copy(), DECISIONS.copy())


def binary(answers: Answers, **settings) -> Parity:
    return compare(SCORES, DECISIONS, {"row": answers}, task=Task.BINARY, **settings)


def outcomes(parity: Parity) -> dict[str, str]:
    return {verdict.rule: verdict.outcome.value for verdict in parity.judge()}


def test_the_same_answers_pass_by_both_routes() -> None:
    routes = {"row": agreeing(), "bulk": agreeing()}

    parity = compare(SCORES, DECISIONS, routes, task=Task.BINARY)

    assert outcomes(parity) == {
        "parity row": "pass", "parity bulk": "pass",
        "decisions row": "pass", "decisions bulk": "pass",
    }  # fmt: skip


@pytest.mark.parametrize(("off", "outcome"), [(0.9 * LIMIT, "pass"), (1.1 * LIMIT, "fail")])
def test_one_row_decides_whether_scores_are_near_enough(off, outcome) -> None:
    answers = agreeing()
    answers.scores[3] += off

    parity = binary(answers)

    assert outcomes(parity)["parity row"] == outcome
    assert parity.routes[0].worst.row == 3
    assert parity.routes[0].largest == pytest.approx(off)


def test_the_worst_row_is_told_with_its_values_and_personal_ones_are_not() -> None:
    answers = agreeing()
    answers.scores[3] += 0.1
    table = pa.table({"x": range(10), "name": ["N. N."] * 10, "text": ["t" * 500] * 10})

    parity = binary(answers, table=table, personal=["name"])

    assert parity.routes[0].worst.values == {"x": 3, "name": "(personal)", "text": "t" * 80}
    assert "row 3 (x=3, name='(personal)'" in parity.judge().root[0].reason


def test_a_decision_that_flipped_fails_though_the_scores_agree() -> None:
    answers = agreeing()
    answers.decisions[7] = 0

    parity = binary(answers)

    assert outcomes(parity) == {"parity row": "pass", "decisions row": "fail"}
    assert parity.routes[0].first_flipped.row == 7


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["candidate", "route", "both"])
def test_a_score_that_is_no_number_fails_on_either_side(broken, side) -> None:
    scores, answers = SCORES.copy(), agreeing()
    if side != "route":
        scores[2] = broken
    if side != "candidate":
        answers.scores[2] = broken

    parity = compare(scores, DECISIONS, {"row": answers}, task=Task.BINARY)

    assert outcomes(parity)["parity row"] == "fail"
    assert parity.routes[0].unanswered == 1
    assert parity.routes[0].first_unanswered.row == 2
    assert "1 of 10 rows have no score" in parity.told


def test_rows_that_were_not_answered_fail() -> None:
    answers = Answers(SCORES[:9], DECISIONS[:9])

    assert outcomes(binary(answers)) == {"parity row": "fail", "decisions row": "fail"}


def test_decisions_that_were_not_given_fail() -> None:
    assert outcomes(binary(Answers(SCORES, None)))["decisions row"] == "fail"


def test_several_classes_are_compared_class_by_class() -> None:
    scores = np.full((4, 3), 1 / 3)
    answered = scores.copy()
    answered[2] += [0.0, 0.001, -0.001]
    decisions = np.zeros(4, dtype=np.int64)

    parity = compare(
        scores, decisions, {"bulk": Answers(answered, decisions)}, task=Task.MULTICLASS
    )

    assert parity.routes[0].largest == pytest.approx(0.001)
    assert parity.routes[0].worst.row == 2


def test_fewer_classes_than_there_are_fail() -> None:
    scores, decisions = np.full((4, 3), 1 / 3), np.zeros(4, dtype=np.int64)
    routes = {"row": Answers(scores[:, 0], decisions)}

    parity = compare(scores, decisions, routes, task=Task.MULTICLASS)

    assert outcomes(parity) == {"parity row": "fail", "decisions row": "fail"}


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_in_regression_the_unit_of_the_label_does_not_matter(unit) -> None:
    scores = np.linspace(-1, 1, 10) * unit
    near, far = (Answers(scores + share * unit, None) for share in (0.3 * LIMIT, 3 * LIMIT))

    said = [
        outcomes(compare(scores, scores, {"row": one}, task=Task.REGRESSION)) for one in (near, far)
    ]

    assert said == [{"parity row": "pass"}, {"parity row": "fail"}]


def test_scores_that_are_all_zero_are_compared_as_they_are() -> None:
    answers = Answers(np.full(3, 1e-3), None)

    parity = compare(np.zeros(3), np.zeros(3), {"row": answers}, task=Task.REGRESSION)

    assert parity.routes[0].largest == pytest.approx(1e-3)


@pytest.mark.parametrize(("rows", "outcome"), [(11, "unknown"), (10, "pass")])
def test_too_few_rows_say_nothing(rows, outcome) -> None:
    assert set(outcomes(binary(agreeing(), least_rows=rows)).values()) == {outcome}


def test_no_rows_say_nothing() -> None:
    none = np.empty(0)
    answers = Answers(none, none.astype(np.int64))

    parity = compare(none, none, {"row": answers}, task=Task.BINARY)

    assert all(verdict.outcome is Outcome.UNKNOWN for verdict in parity.judge())


def test_no_route_says_nothing() -> None:
    parity = compare(SCORES, DECISIONS, {}, task=Task.BINARY)

    assert outcomes(parity) == {"parity": "unknown"}


def test_it_can_be_stored_and_read_again() -> None:
    answers = agreeing()
    answers.scores[2] = np.nan
    parity = binary(answers, table=pa.table({"x": [np.nan] * 10}))

    assert Parity.model_validate_json(parity.model_dump_json()) == parity
