import numpy as np
import pytest

from lifecycle.evaluation.evidence import Comparison, Measure
from lifecycle.release.answers import judge_answers
from lifecycle.release.declaration import Evidence
from lifecycle.release.evidence import Distribution, Gain, Pairs, Scores
from lifecycle.verdict import Outcome
from tests.lifecycle.release.traffic import findings

FAIL, UNKNOWN, PASS, WARN = Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS, Outcome.WARN


def ask(rule, found, evidence=None, **more):
    verdicts = judge_answers(found, evidence or Evidence(), **more)
    return next(each for each in verdicts if each.rule == rule)


def scored(distance, rows, other=None):
    champion, challenger = (
        Distribution(rows=rows if other is None else other),
        Distribution(rows=rows),
    )
    return Scores(champion=champion, challenger=challenger, distance=distance, paired=True)


def gained(gain, error, rows, *, confidence=0.95):
    measure = Measure(metric="log_loss", value=0.5, rows=rows)
    z = 1.959964
    comparison = Comparison(
        against="champion", metric="log_loss", candidate=0.5 - gain, other=0.5, gain=gain,
        low=gain - z * error, high=gain + z * error, confidence=confidence,
        probability_better=0.5, rows=rows,
    )  # fmt: skip
    return Gain(metric="log_loss", rows=rows, champion=measure, challenger=measure, gain=comparison)


def test_what_is_declared_null_is_not_judged():
    found = judge_answers(findings(), Evidence(agreement=None, distance=None))

    assert [each.rule for each in found] == ["performance"]


@pytest.mark.parametrize(
    ("rows", "agreeing", "expected"),
    [
        (500, 500, PASS),
        (500, 430, PASS),
        (500, 350, UNKNOWN),
        (500, 380, UNKNOWN),
        (500, 200, FAIL),
        (3, 3, UNKNOWN),
        (5, 0, FAIL),
    ],
)
def test_agreement_is_held_against_its_limit_by_both_bounds(rows, agreeing, expected):
    found = ask("agreement", findings(pairs=Pairs(rows=rows, agreeing=agreeing)))

    assert (found.outcome, found.measured) == (expected, agreeing / rows)


@pytest.mark.parametrize(
    ("rows", "agreeing", "expected"),
    [(900, 900, UNKNOWN), (5_000, 5_000, PASS), (5_000, 4_999, FAIL)],
)
def test_full_agreement_passes_after_thousands_of_rows_and_one_row_breaks_it(
    rows, agreeing, expected
):
    found = ask(
        "agreement", findings(pairs=Pairs(rows=rows, agreeing=agreeing)), Evidence(agreement=1)
    )

    assert found.outcome is expected


@pytest.mark.parametrize(("rule", "where"), [("agreement", "pairs"), ("score distance", "scores")])
def test_what_is_missing_is_unknown_with_its_reason(rule, where):
    assert ask(rule, findings()).outcome is UNKNOWN

    found = ask(rule, findings(missing={where: "The event log cannot be read."}))

    assert (found.outcome, found.reason) == (UNKNOWN, "The event log cannot be read.")


@pytest.mark.parametrize(
    ("distance", "rows", "other", "expected"),
    [
        (0.0, 300, 300, UNKNOWN),
        (0.0, 2_000, 2_000, PASS),
        (0.1, 5_000, 5_000, PASS),
        (0.3, 5_000, 5_000, UNKNOWN),
        (0.5, 5_000, 5_000, FAIL),
        (1.0, 20, 20, UNKNOWN),
        (1.0, 100, 100, FAIL),
        (1.0, 5_000, 0, UNKNOWN),
        (float("nan"), 5_000, 5_000, UNKNOWN),
    ],
)
def test_the_distance_of_scores_is_bounded_both_ways(distance, rows, other, expected):
    found = ask("score distance", findings(scores=scored(distance, rows, other)))

    assert found.outcome is expected


@pytest.mark.parametrize(
    ("gain", "error", "rows", "worse", "expected"),
    [
        (0.05, 0.01, 500, 0.0, PASS),
        (0.0, 0.0, 500, 0.0, PASS),
        (0.0, 0.01, 500, 0.0, WARN),
        (0.0, 0.01, 500, 0.05, PASS),
        (-0.02, 0.01, 500, 0.0, WARN),
        (-0.05, 0.01, 500, 0.0, FAIL),
        (-0.05, 0.01, 500, 0.1, PASS),
        (-0.5, 0.01, 99, 0.0, WARN),
        (float("nan"), 0.01, 500, 0.0, WARN),
    ],
)
def test_performance_is_judged_by_its_widened_interval(gain, error, rows, worse, expected):
    found = ask("performance", findings(gain=gained(gain, error, rows)), Evidence(worse=worse))

    assert found.outcome is expected


def test_labels_that_are_asked_for_have_to_come_before_the_last_step_is_over():
    evidence = Evidence(labels=1_000)
    none, some = findings(), findings(gain=gained(0.05, 0.01, 400))
    enough = findings(gain=gained(0.05, 0.01, 1_000))

    assert ask("performance", none, evidence).outcome is UNKNOWN
    assert ask("performance", none, evidence, is_last=False).outcome is WARN
    assert ask("performance", some, evidence).outcome is UNKNOWN
    assert "600 labelled rows more have to come" in ask("performance", some, evidence).reason
    assert ask("performance", some, evidence, is_last=False).outcome is PASS
    assert ask("performance", enough, evidence).outcome is PASS


def test_worse_is_worse_before_all_labels_have_come():
    some = findings(gain=gained(-0.5, 0.01, 400))

    assert ask("performance", some, Evidence(labels=1_000)).outcome is FAIL


def test_why_labels_cannot_be_judged_is_told():
    few = gained(0.1, 0.1, 12).model_copy(
        update={"gain": None, "reason": "Only one class has come."}
    )

    found = ask("performance", findings(gain=few))

    assert found.reason == "Only one class has come; 12 have come, and none are waited for."
    missing = ask(
        "performance", findings(missing={"gain": "No label has come."}), Evidence(labels=9)
    )
    assert missing.reason == "No label has come, and 9 labelled rows are asked for."


def test_a_challenger_that_agrees_as_seldom_as_is_allowed_is_seldom_ever_failed():
    rng, wrong = np.random.default_rng(3), 0

    for _ in range(200):
        agreeing = np.cumsum(rng.random(2_000) < 0.7)
        wrong += any(
            ask("agreement", findings(pairs=Pairs(rows=rows, agreeing=int(agreeing[rows - 1])))
                , false_alarms=0.05).outcome is FAIL
            for rows in range(20, 2_001, 60)
        )  # fmt: skip

    assert wrong <= 0.05 * 200


def test_an_equal_challenger_is_seldom_ever_called_worse_though_labels_come_all_the_time():
    rng, wrong, naive = np.random.default_rng(4), 0, 0

    for _ in range(250):
        each = rng.normal(size=4_000)
        looks = [
            gained(float(seen.mean()), float(seen.std() / np.sqrt(len(seen))), len(seen))
            for seen in (each[:rows] for rows in range(100, 4_001, 100))
        ]
        wrong += any(
            ask("performance", findings(gain=look), false_alarms=0.05).outcome is FAIL
            for look in looks
        )
        naive += any(look.gain.high < 0 for look in looks)

    print(f"called worse: {wrong / 250:.1%}; by the interval as it is: {naive / 250:.1%}")
    assert wrong <= 0.05 * 250
    assert naive > 0.05 * 250
