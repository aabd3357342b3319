from math import inf

import pytest

from lifecycle.release.declaration import Guard
from lifecycle.release.evidence import Bucket
from lifecycle.release.guard import judge_guards
from lifecycle.verdict import Outcome
from tests.lifecycle.release.traffic import findings, traffic

GUARD = Guard(p99_ms=50)
FAIL, UNKNOWN, PASS, WARN = Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS, Outcome.WARN


def ask(rule, found, guard=GUARD, **more):
    return next(each for each in judge_guards(found, guard, **more) if each.rule == rule)


def test_a_sound_challenger_passes_every_rail_in_a_fixed_order():
    found = judge_guards(findings(traffic(1_000), traffic(9_000, version="1")), GUARD)

    assert [(each.rule, each.outcome) for each in found] == [
        ("error rate", PASS), ("latency", PASS), ("slower", PASS), ("turned away", PASS),
        ("lag", PASS), ("alive", PASS),
    ]  # fmt: skip


def test_latency_is_judged_only_where_it_is_declared_and_slower_only_beside_a_champion():
    alone = judge_guards(findings(traffic(10)), Guard(), is_keeping=True)

    assert [each.rule for each in alone] == ["error rate", "turned away", "lag", "alive"]


def test_without_figures_every_rail_is_unknown_with_the_reason():
    for each in judge_guards(findings(missing={"traffic": "Envoy is down."}), GUARD):
        assert (each.outcome, each.reason) == (UNKNOWN, "Envoy is down.")


def test_nobody_asking_is_unknown():
    found = ask("error rate", findings(traffic(0), traffic(500, version="1")))

    assert found.outcome is UNKNOWN
    assert found.reason == "Nobody has asked version 2 since the step began."


@pytest.mark.parametrize("keeping", [False, True])
def test_a_gross_breach_fails_within_five_requests(keeping):
    outcomes = [
        ask(
            "error rate",
            findings(traffic(count, count), traffic(19 * count, version="1")),
            is_keeping=keeping,
            stretches=4,
        ).outcome
        for count in range(1, 6)
    ]

    assert outcomes[-1] is FAIL
    assert outcomes[0] is UNKNOWN


def test_a_failure_tells_both_versions_figures_and_the_limit():
    found = ask("error rate", findings(traffic(40, 12), traffic(760, version="1")))

    assert found.outcome is FAIL
    assert (found.measured, found.limit) == (0.3, 0.01)
    assert found.reason == (
        "12 of 40 requests to version 2 failed (5xx, no answer, or none in time): at least 8.74%, "
        "and 1% is allowed; of the champion's at the same time 0 of 760."
    )


def test_when_both_fail_alike_it_is_not_the_version_and_it_holds():
    found = ask("error rate", findings(traffic(40, 30), traffic(760, 600, version="1")))

    assert found.outcome is UNKNOWN
    assert "not the version: 30 of 40" in found.reason


def test_when_both_fail_and_the_challenger_clearly_more_it_fails():
    found = ask("error rate", findings(traffic(400, 200), traffic(7_600, 250, version="1")))

    assert found.outcome is FAIL


def test_what_is_beyond_the_limit_fails_without_a_champion_to_compare_with():
    found = ask("error rate", findings(traffic(400, 40)), is_keeping=True)

    assert found.outcome is FAIL
    assert "champion" not in found.reason


def test_the_champion_excuses_nothing_while_keeping():
    both = findings(traffic(40, 30), traffic(760, 600, version="1"))

    assert ask("error rate", both, is_keeping=True).outcome is FAIL


def test_too_few_requests_are_unknown_and_it_tells_how_many_more():
    found = ask("error rate", findings(traffic(120)))

    assert found.outcome is UNKNOWN
    assert found.reason.endswith("whether it is within the 1% allowed; about 260 more are needed.")
    assert ask("error rate", findings(traffic(120 + 260))).outcome is PASS


def test_what_cannot_be_told_from_its_limit_warns_instead_of_holding_for_ever():
    found = ask("error rate", findings(traffic(40_000, 400)))

    assert found.outcome is WARN
    assert "not told apart from the 1% allowed" in found.reason


def test_a_limit_of_zero_can_be_kept_and_broken():
    strict = Guard(error_rate=0)

    assert ask("error rate", findings(traffic(4_000)), strict).outcome is WARN
    assert ask("error rate", findings(traffic(4_000, 1)), strict).outcome is FAIL
    assert ask("error rate", findings(traffic(40)), strict).outcome is UNKNOWN


def test_a_breach_that_begins_late_is_seen_in_the_last_seconds():
    whole, recent = traffic(100_012, 12), traffic(12, 12)
    quiet = findings(whole, traffic(100_000, version="1"))

    assert ask("error rate", quiet).outcome is PASS
    lately = quiet.model_copy(update={"recent_challenger": recent})
    found = ask("error rate", lately, stretches=4)
    assert found.outcome is FAIL
    assert found.reason.startswith("Of the last requests, 12 of 12")


def test_an_outage_of_both_that_begins_late_holds():
    found = ask(
        "error rate",
        findings(
            traffic(100_012, 12), traffic(100_012, 12, version="1"),
            recent_challenger=traffic(12, 12), recent_champion=traffic(12, 12, version="1"),
        ),
    )  # fmt: skip

    assert found.outcome is UNKNOWN
    assert "alike" in found.reason


def test_turned_away_has_a_limit_of_its_own():
    found = ask("turned away", findings(traffic(100, turned_away=40)))

    assert found.outcome is FAIL
    assert found.limit == 0.05
    assert ask("error rate", findings(traffic(100, turned_away=40))).outcome is UNKNOWN


def test_a_request_sent_before_the_moment_and_failed_after_counts_no_more_than_all():
    assert ask("error rate", findings(traffic(5, 7))).outcome is FAIL


def test_counters_that_were_begun_anew_are_unknown_and_life_is_judged_all_the_same():
    found = findings(traffic(0, is_alive=False).model_copy(update={"requests": -40, "failed": 3}))

    assert ask("error rate", found).outcome is UNKNOWN
    assert "below zero" in ask("error rate", found).reason
    assert ask("alive", found).outcome is FAIL


def test_times_that_contradict_themselves_are_unknown():
    wrong = (Bucket(ms=10, count=9), Bucket(ms=inf, count=3))

    assert ask("latency", findings(traffic(9, took=wrong))).outcome is UNKNOWN


def test_latency_is_the_share_of_answers_beyond_the_declared_time():
    slow = traffic(500, ms=[4.0] * 400 + [80.0] * 100)

    found = ask("latency", findings(slow, traffic(9_500, version="1")))

    assert (found.outcome, found.measured, found.limit) == (FAIL, 0.2, 0.01)
    assert "took longer than 50 ms: at least 1" in found.reason


def test_answers_in_the_bucket_the_limit_lies_in_neither_fail_nor_pass():
    between = findings(traffic(1_000, ms=60.0), traffic(9_000, version="1"))

    found = ask("latency", between, Guard(p99_ms=60))

    assert found.outcome is UNKNOWN
    assert "0 to 1,000 of 1,000" in found.reason
    assert "No number of requests will tell" in found.reason
    assert found.reason.endswith("The router counts all that take 50 ms to 75 ms together.")


def test_both_versions_slow_alike_hold():
    slow = [4.0] * 400 + [80.0] * 100

    both = findings(traffic(500, ms=slow), traffic(5_000, ms=slow * 10, version="1"))

    assert ask("latency", both).outcome is UNKNOWN


def test_a_challenger_three_times_as_slow_fails_without_a_declared_time():
    both = findings(traffic(100, ms=40.0), traffic(1_900, ms=9.0, version="1"))

    found = ask("slower", both, Guard())

    assert found.outcome is FAIL
    assert "longer than 2 times the champion's 99th percentile (7 to 10 ms)" in found.reason


def test_versions_faster_than_the_first_bucket_are_not_called_slower():
    both = findings(traffic(500, ms=0.4), traffic(1_900, ms=0.3, version="1"))

    assert ask("slower", both, Guard()).outcome is PASS


def test_slower_needs_enough_of_the_champion():
    both = findings(traffic(100, ms=40.0), traffic(100, ms=9.0, version="1"))

    found = ask("slower", both, Guard())

    assert found.outcome is UNKNOWN
    assert found.reason == (
        "The champion has answered 100 requests since the step began, which is too few to tell its "
        "99th percentile; about 530 more are needed."
    )
    assert ask("slower", findings(traffic(100)), Guard()).outcome is UNKNOWN


def test_a_champion_slower_than_all_buckets_cannot_be_compared_with():
    both = findings(traffic(2_000, ms=9_000.0), traffic(2_000, ms=9_000.0, version="1"))

    found = ask("slower", both, Guard())

    assert found.outcome is UNKNOWN
    assert "99th percentile is above 2,000 ms, the longest time" in found.reason


@pytest.mark.parametrize(
    ("now", "lately", "lately_other", "expected"),
    [
        (20, None, None, PASS),
        (140, None, None, UNKNOWN),
        (140, 3, None, UNKNOWN),
        (140, 120, None, FAIL),
        (140, 120, 30, FAIL),
        (140, 120, 115, UNKNOWN),
        (20, 120, 115, PASS),
        (None, 120, None, UNKNOWN),
    ],
)
def test_lag_holds_at_one_late_look_and_fails_when_it_lasts(now, lately, lately_other, expected):
    recent = {
        name: None if lag is None else traffic(10, version=version, lag_ms=lag)
        for name, version, lag in (
            ("recent_challenger", "2", lately), ("recent_champion", "1", lately_other)
        )
    }  # fmt: skip

    found = ask("lag", findings(traffic(900, lag_ms=now), traffic(900, version="1"), **recent))

    assert found.outcome is expected
    assert (found.measured, found.limit) == (now, 100)


@pytest.mark.parametrize(
    ("is_alive", "failed", "other_is_alive", "expected"),
    [
        (True, 9, True, PASS),
        (None, 9, True, UNKNOWN),
        (False, 0, True, UNKNOWN),
        (False, 1, True, FAIL),
        (False, 1, None, FAIL),
        (False, 1, False, UNKNOWN),
    ],
)
def test_a_dead_version_fails_once_requests_fail(is_alive, failed, other_is_alive, expected):
    dead = traffic(1_000, failed, is_alive=is_alive)
    champion = traffic(1_000, version="1", is_alive=other_is_alive)

    assert ask("alive", findings(dead, champion)).outcome is expected


def test_one_late_answer_about_its_health_does_not_revive_old_failures():
    dead = traffic(100_000, 3, is_alive=False)

    assert ask("alive", findings(dead)).outcome is FAIL
    assert ask("alive", findings(dead, recent_challenger=traffic(50))).outcome is UNKNOWN


def test_a_whole_look_takes_little_processor_time():
    from time import process_time

    both = findings(
        traffic(100_000, 900), traffic(900_000, 900, version="1"),
        recent_challenger=traffic(300), recent_champion=traffic(300, version="1"),
    )  # fmt: skip
    judge_guards(both, GUARD)
    began = process_time()

    for _ in range(50):
        judge_guards(both, GUARD)

    assert (process_time() - began) / 50 < 0.005


@pytest.mark.parametrize(
    ("asked", "is_silent", "other_is_alive", "expected"),
    [
        (0, True, True, FAIL),
        (0, False, True, UNKNOWN),  # it has not been silent for long
        (9, True, True, UNKNOWN),  # it answers requests, and is only late to say that it lives
        (0, True, False, UNKNOWN),  # nor does the champion live
    ],
)
def test_a_version_that_is_silent_for_seconds_fails_even_if_its_spare_answers_everything(
    asked, is_silent, other_is_alive, expected
):
    dead = traffic(1_000, is_alive=False)
    late = traffic(asked, is_alive=False, is_silent=is_silent)
    champion = traffic(1_000, version="1", is_alive=other_is_alive)

    assert ask("alive", findings(dead, champion, recent_challenger=late)).outcome is expected
