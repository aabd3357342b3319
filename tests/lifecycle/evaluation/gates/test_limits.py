"""Where each gate draws the line, and what it says."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from lifecycle.evaluation.evidence import (
    Comparison,
    Evaluation,
    Fairness,
    Measure,
    Missing,
    Slice,
    SliceSearch,
)
from lifecycle.evaluation.gates import Gate
from lifecycle.evaluation.quantiles import LEVELS
from lifecycle.verdict import Outcome

_NORMAL = [-2.807, -2.576, -2.326, -1.96, -1.645, -1.282, -0.674, 0.0]
_PROBITS = np.array([*_NORMAL, *(-value for value in _NORMAL[-2::-1])])


def gate(**declared):
    return TypeAdapter(Gate).validate_python(declared)


def spread(center, error):
    assert len(_PROBITS) == len(LEVELS)
    return tuple(float(value) for value in center + error * _PROBITS)


def measure(metric, value, error=0.01):
    return Measure(metric=metric, value=value, rows=1_000, quantiles=spread(value, error))


def comparison(gain, error, *, against="champion", metric="log_loss", other=0.5):
    kept = spread(gain, error)
    return Comparison(
        against=against, version="4", metric=metric, candidate=other - gain, other=other,
        gain=gain, low=kept[3], high=kept[-4], confidence=0.95, probability_better=0.5,
        rows=1_000, quantiles=kept,
    )  # fmt: skip


def evidence(task="binary", **found):
    return Evaluation.model_validate(
        {
            "task": task, "primary": "rmse" if task == "regression" else "log_loss",
            "rows": 1_000, "train_rows": 1_000, "measures": (), **found,
        }
    )  # fmt: skip


def only(gate, evaluation):
    (verdict,) = gate.judge(evaluation)
    return verdict


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        ({"at_least": 0.80}, Outcome.PASS),
        ({"at_least": 0.81}, Outcome.FAIL),
        ({"at_most": 0.80}, Outcome.PASS),
        ({"at_most": 0.79}, Outcome.FAIL),
        ({"at_least": 0.79, "confidence": 0.95}, Outcome.FAIL),
        ({"at_least": 0.78, "confidence": 0.95}, Outcome.PASS),
        ({"at_most": 0.81, "confidence": 0.95}, Outcome.FAIL),
        ({"at_least": 0.79, "confidence": 0.5}, Outcome.PASS),
    ],
)
def test_a_metric_meets_its_limit(limits, outcome):
    evaluation = evidence(measures=(measure("roc_auc", 0.80),))

    assert only(gate(kind="metric", metric="roc_auc", **limits), evaluation).outcome is outcome


def test_both_limits_of_a_metric_are_judged():
    too_good = evidence(measures=(measure("roc_auc", 0.999),))

    verdicts = gate(kind="metric", metric="roc_auc", at_least=0.7, at_most=0.99).judge(too_good)

    assert [verdict.outcome for verdict in verdicts] == [Outcome.PASS, Outcome.FAIL]


def test_a_metric_without_an_interval_cannot_be_judged_by_one():
    evaluation = evidence(measures=(Measure(metric="roc_auc", value=0.9, rows=5),))

    verdict = only(gate(kind="metric", metric="roc_auc", at_least=0.5, confidence=0.9), evaluation)

    assert verdict.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("metric", "reason"),
    [("rmse", "this task is binary"), ("roc_acu", 'Did you mean "roc_auc"')],
)
@pytest.mark.parametrize(
    "declared",
    [
        {"kind": "metric", "at_least": 0.1},
        {"kind": "baseline"},
        {"kind": "champion"},
        {"kind": "non_inferiority", "margin": 0.1},
        {"kind": "overfit", "at_most": 0.1},
        {"kind": "slices", "worse_by": 0.1, "over": ["x"]},
    ],
    ids=lambda declared: declared["kind"],
)
def test_a_metric_that_does_not_fit_is_unknown_and_says_what_would(declared, metric, reason):
    search = SliceSearch(metric="log_loss", columns=1, slices=1)
    verdicts = gate(**declared, metric=metric).judge(evidence(slice_searches=(search,)))

    assert {verdict.outcome for verdict in verdicts} == {Outcome.UNKNOWN}
    assert reason in verdicts[0].reason


def test_why_a_metric_is_missing_is_told():
    gap = Missing(evidence="metric roc_auc", reason="None of the rows is no.")

    verdict = only(gate(kind="metric", metric="roc_auc", at_least=0.5), evidence(missing=(gap,)))

    assert verdict.reason == "None of the rows is no."


@pytest.mark.parametrize(
    ("gain", "error", "better_by", "outcome"),
    [
        (0.05, 0.01, 0.05, Outcome.PASS),
        (0.05, 0.01, "10%", Outcome.PASS),
        (0.05, 0.01, "11%", Outcome.FAIL),
        (0.05, 0.04, 0.0, Outcome.FAIL),
        (0.0, 0.0, 0.0, Outcome.FAIL),
        (-0.01, 0.001, 0.0, Outcome.FAIL),
    ],
)
def test_a_baseline_is_beaten_by_enough_and_not_by_chance(gain, error, better_by, outcome):
    evaluation = evidence(baselines=(comparison(gain, error, against="majority"),))

    verdict = only(gate(kind="baseline", metric="log_loss", better_by=better_by), evaluation)

    assert verdict.outcome is outcome


def test_every_baseline_is_judged_and_one_that_is_missing_blocks():
    evaluation = evidence(
        baselines=(comparison(0.05, 0.01, against="majority"),),
        missing=(Missing(evidence="baseline last", reason="No time column."),),
    )

    every = gate(kind="baseline", metric="log_loss").judge(evaluation)
    one = gate(kind="baseline", metric="log_loss", against="majority").judge(evaluation)

    assert [verdict.outcome for verdict in every] == [Outcome.PASS, Outcome.UNKNOWN]
    assert [verdict.outcome for verdict in one] == [Outcome.PASS]


def test_a_baseline_that_was_not_taken_is_unknown():
    evaluation = evidence(baselines=(comparison(0.05, 0.01, against="majority"),))

    verdict = only(gate(kind="baseline", metric="log_loss", against="last"), evaluation)

    assert verdict.outcome is Outcome.UNKNOWN
    assert "there is one with: majority" in verdict.reason


@pytest.mark.parametrize(
    ("gain", "error", "settings", "outcome"),
    [
        (0.020, 0.005, {}, Outcome.PASS),
        (0.009, 0.005, {}, Outcome.FAIL),
        (0.009, 0.005, {"confidence": 0.9}, Outcome.PASS),
        (-0.020, 0.005, {}, Outcome.FAIL),
        (0.000, 0.000, {}, Outcome.FAIL),
        (0.020, 0.005, {"minimum_effect": 0.02}, Outcome.PASS),
        (0.018, 0.005, {"minimum_effect": "4%"}, Outcome.PASS),
        (0.018, 0.005, {"minimum_effect": "6%"}, Outcome.FAIL),
        (0.002, 0.0001, {"minimum_effect": 0.01}, Outcome.FAIL),
    ],
)
def test_the_champion_is_beaten_by_what_is_worth_a_change_and_no_chance(
    gain, error, settings, outcome
):
    evaluation = evidence(champion=(comparison(gain, error),), champion_version="4")

    verdict = only(gate(kind="champion", metric="log_loss", **settings), evaluation)

    assert verdict.outcome is outcome, verdict.reason


@pytest.mark.parametrize(
    ("gain", "error", "margin", "outcome"),
    [
        (-0.005, 0.002, 0.01, Outcome.PASS),
        (-0.005, 0.004, 0.01, Outcome.FAIL),
        (-0.005, 0.002, "2%", Outcome.PASS),
        (0.005, 0.02, 0.01, Outcome.FAIL),
        (0.005, 0.001, 0.0, Outcome.PASS),
    ],
)
def test_a_loss_beyond_the_margin_is_ruled_out(gain, error, margin, outcome):
    evaluation = evidence(champion=(comparison(gain, error),), champion_version="4")

    verdict = only(gate(kind="non_inferiority", metric="log_loss", margin=margin), evaluation)

    assert verdict.outcome is outcome, verdict.reason


@pytest.mark.parametrize("kind", ["champion", "non_inferiority"])
def test_without_a_champion_there_is_nothing_to_defend(kind):
    margin = {"margin": 0.1} if kind == "non_inferiority" else {}

    verdict = only(gate(kind=kind, metric="log_loss", **margin), evidence())

    assert verdict.outcome is Outcome.PASS
    assert verdict.reason == "There is no version to beat yet."


@pytest.mark.parametrize("kind", ["champion", "non_inferiority"])
def test_a_champion_that_was_not_compared_blocks_and_says_why(kind):
    margin = {"margin": 0.1} if kind == "non_inferiority" else {}
    gap = Missing(evidence="champion", reason='It has no column "speed".')
    evaluation = evidence(champion_version="4", missing=(gap,))

    verdict = only(gate(kind=kind, metric="log_loss", **margin), evaluation)

    assert verdict.outcome is Outcome.UNKNOWN
    assert 'Version 4 could not be compared with: It has no column "speed".' in verdict.reason


@pytest.mark.parametrize(
    ("at_most", "outcome"), [(0.05, Outcome.PASS), ("10%", Outcome.FAIL), ("13%", Outcome.PASS)]
)
def test_overfitting_is_the_gap_between_training_and_test(at_most, outcome):
    evaluation = evidence(
        measures=(measure("log_loss", 0.45),), train_measures=(measure("log_loss", 0.40),)
    )

    assert only(gate(kind="overfit", at_most=at_most), evaluation).outcome is outcome


@pytest.mark.parametrize(
    ("error", "noise", "outcome"),
    [
        (0.02, 0.01, Outcome.PASS),
        (0.04, 0.01, Outcome.FAIL),
        (0.04, 0.05, Outcome.UNKNOWN),
        (0.04, None, Outcome.UNKNOWN),
    ],
)
def test_a_calibration_error_that_may_be_chance_is_unknown(error, noise, outcome):
    evaluation = evidence(calibration_error=error, calibration_noise=noise)

    assert only(gate(kind="calibration", at_most=0.03), evaluation).outcome is outcome


def test_a_regression_has_no_calibration():
    assert (
        only(gate(kind="calibration", at_most=0.03), evidence("regression")).outcome
        is Outcome.UNKNOWN
    )


def part(gap, p_value, *, kind="found", expected=None, column="x"):
    return Slice(
        column=column, value="bad", kind=kind, metric="log_loss", measured=0.5 + gap, gap=gap,
        p_value=p_value, expected=expected, rows=200,
    )  # fmt: skip


def sliced(*parts):
    return evidence(
        measures=(measure("log_loss", 0.5),),
        slices=parts,
        slice_searches=(SliceSearch(metric="log_loss", columns=3, slices=40),),
    )


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [
        ([part(0.04, 0.001)], Outcome.PASS),
        ([part(0.06, 0.001)], Outcome.FAIL),
        ([part(0.06, 0.5)], Outcome.WARN),
        ([part(0.06, 0.5), part(0.055, 0.01)], Outcome.FAIL),
        ([part(0.2, 0.001, expected=0.69)], Outcome.PASS),
        ([part(0.2, 0.001, expected=0.60)], Outcome.FAIL),
        ([], Outcome.PASS),
    ],
)
def test_a_slice_fails_where_its_gap_is_wide_credible_and_unexpected(parts, outcome):
    assert only(gate(kind="slices", worse_by="10%"), sliced(*parts)).outcome is outcome


def test_a_declared_column_without_slices_is_unknown():
    verdicts = gate(kind="slices", worse_by=0.1, over=["carrier"]).judge(sliced(part(0.0, 0.5)))

    assert [(verdict.rule, verdict.outcome) for verdict in verdicts] == [
        ("slices carrier", Outcome.UNKNOWN),
        ("slices found", Outcome.PASS),
    ]


def test_the_slices_found_can_be_left_unjudged():
    declared = gate(kind="slices", worse_by=0.1, over=["x"], found=False)
    found, group = part(0.3, 0.001), part(0.01, 0.5, kind="group")

    verdict = only(declared, sliced(found, group))

    assert (verdict.rule, verdict.outcome) == ("slices x", Outcome.PASS)


def test_a_slice_metric_has_to_be_a_mean_over_rows():
    verdict = only(gate(kind="slices", worse_by=0.1, metric="roc_auc"), sliced())

    assert verdict.outcome is Outcome.UNKNOWN
    assert "no mean over rows" in verdict.reason


def fair(metric, value, reason=""):
    found = Fairness(
        metric=metric, column="who", value=value, rows_by_group={"a": 9, "b": 9}, reason=reason
    )
    return evidence(fairness=(found,))


@pytest.mark.parametrize(
    ("metric", "limit", "value", "outcome"),
    [
        ("demographic_parity_difference", {"at_most": 0.1}, 0.1, Outcome.PASS),
        ("demographic_parity_difference", {"at_most": 0.1}, 0.11, Outcome.FAIL),
        ("demographic_parity_ratio", {"at_least": 0.8}, 0.8, Outcome.PASS),
        ("demographic_parity_ratio", {"at_least": 0.8}, 0.7, Outcome.FAIL),
        ("demographic_parity_ratio", {"at_least": 0.8}, None, Outcome.UNKNOWN),
    ],
)
def test_fairness_meets_its_limit(metric, limit, value, outcome):
    declared = gate(kind="fairness", metric=metric, over=["who"], **limit)

    assert only(declared, fair(metric, value)).outcome is outcome


def test_fairness_is_judged_for_each_column():
    declared = gate(
        kind="fairness", metric="accuracy_difference", over=["who", "where"], at_most=0.1
    )

    verdicts = declared.judge(fair("accuracy_difference", 0.0))

    assert [verdict.outcome for verdict in verdicts] == [Outcome.PASS, Outcome.UNKNOWN]


def test_a_fairness_figure_of_another_task_is_unknown():
    declared = gate(kind="fairness", metric="mean_error_difference", over=["who"], at_most=0.1)

    verdict = only(declared, fair("mean_error_difference", 0.0))

    assert verdict.outcome is Outcome.UNKNOWN
    assert "Known: accuracy_difference" in verdict.reason


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ({"kind": "metric", "metric": "f1"}, "needs at_least or at_most"),
        ({"kind": "latency"}, "needs p99_ms or p50_ms"),
        ({"kind": "size"}, "Field required"),
        ({"kind": "champion", "metric": "f1", "minimum_effect": "much"}, "a share such as 2%"),
        ({"kind": "champion", "metric": "f1", "minimum_effect": -1}, "zero or above"),
        ({"kind": "champion", "metric": "f1", "confidence": 0.9999}, "less than or equal"),
        ({"kind": "fairness", "metric": "f", "over": [], "at_most": 0.1}, "at least 1 item"),
        ({"kind": "fairness", "metric": "f", "over": ["x"]}, "needs one limit"),
        (
            {
                "kind": "fairness",
                "metric": "demographic_parity_ratio",
                "over": ["x"],
                "at_most": 0.8,
            },
            "needs at_least",
        ),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(declared, complaint):
    with pytest.raises(ValidationError, match=complaint):
        gate(**declared)
