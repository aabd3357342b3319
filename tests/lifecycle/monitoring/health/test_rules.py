"""What the rules say of a service's figures."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from lifecycle.monitoring.declaration import Health
from lifecycle.monitoring.evidence import HealthFigures
from lifecycle.monitoring.health import judge_health
from lifecycle.monitoring.review import Cause
from lifecycle.verdict import Outcome

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WELL = {
    "answers": True, "seconds": 3_600, "requests": 1_000, "failed": 0, "turned_away": 0, "lost": 0,
    "unfit": 0,
    "p50_ms": 1, "p99_ms": 10, "p99_low_ms": 5, "waiting_ms": 0.5, "waiting_low_ms": 0,
    "in_flight": 1, "lag_seconds": 0, "memory_mb": 300, "restarts": 0,
    "last_asked": NOON - timedelta(minutes=1), "youngest_row": NOON - timedelta(days=30),
    "disk_free": 0.4, "disk_free_gb": 80, "began": NOON - timedelta(days=2),
}  # fmt: skip


def judged(declared=None, **figures) -> dict[str, tuple[Outcome, str]]:
    """Give outcome and reason of each rule, under `cause: rule`."""
    found = judge_health(
        HealthFigures(at=NOON, **{**WELL, **figures}),
        Health.model_validate(declared or {}),
        now=NOON,
    )
    return {
        f"{one.cause.value}: {one.verdict.rule}": (one.verdict.outcome, one.verdict.reason)
        for one in found
    }


def outcome(rule: str, declared=None, **figures) -> Outcome | None:
    return judged(declared, **figures).get(rule, (None, ""))[0]


def test_a_service_that_is_well_passes_everything() -> None:
    found = judged({"memory_mb": 500, "silence": "1h"})

    assert {told[0] for told in found.values()} == {Outcome.PASS}
    assert {rule.partition(":")[0] for rule in found} == {
        "service", "latency", "errors", "saturation", "event log", "age", "disk", "memory",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "figures", "declared"),
    [
        ("latency: p99", {"p99_ms": 500, "p99_low_ms": 250}, {}),
        ("errors: errors", {"failed": 50}, {}),
        ("errors: errors", {"failed": 1}, {"errors": 0}),
        ("errors: unfit", {"unfit": 200}, {}),
        ("errors: unfit", {"unfit": 50}, {"unfit": "1%"}),
        ("saturation: turned away", {"turned_away": 100}, {}),
        ("saturation: waiting", {"waiting_ms": 500, "waiting_low_ms": 250}, {}),
        ("event log: written", {"lost": 1}, {}),
        ("event log: lag", {"lag_seconds": 90}, {}),
        ("age: age", {"youngest_row": NOON - timedelta(days=400)}, {}),
        ("disk: disk", {"disk_free": 0.05}, {}),
        ("memory: memory", {"memory_mb": 600}, {"memory_mb": 500}),
        ("service: service", {"answers": False, "problem": "the disk is full"}, {}),
        ("service: silence", {"last_asked": NOON - timedelta(hours=2)}, {"silence": "1h"}),
        ("service: silence", {"last_asked": None}, {"silence": "1h"}),
    ],
)
def test_each_rule_fails_on_what_it_is_for_and_nothing_else_does(rule, figures, declared) -> None:
    failed = {name for name, (told, _) in judged(declared, **figures).items() if told.blocks}

    assert failed == {rule}


def test_what_is_exactly_the_limit_is_allowed() -> None:
    found = judged(
        {"memory_mb": 300, "p99_ms": 10, "errors": "1%", "disk": "40%", "age": "30d"}, failed=10
    )

    assert {told for told, _ in found.values()} == {Outcome.PASS}


def test_nobody_asked_is_neither_good_nor_bad() -> None:
    found = judged(
        requests=0, p50_ms=None, p99_ms=None, p99_low_ms=None, lag_seconds=None, last_asked=None
    )

    assert set(found) == {
        "service: service", "saturation: waiting", "age: age", "disk: disk"
    }  # fmt: skip


def test_that_nobody_asks_is_told_where_it_was_declared() -> None:
    reason = judged({"silence": "1h"}, last_asked=NOON - timedelta(hours=5))["service: silence"][1]

    assert reason == "Nobody has asked for 5 h; 60 min are allowed."
    assert outcome("service: silence", {"silence": "1h"}, last_asked=None, began=None) is (
        Outcome.UNKNOWN
    )
    just_begun = {"last_asked": None, "began": NOON - timedelta(minutes=1)}
    assert outcome("service: silence", {"silence": "1h"}, **just_begun) is None


def test_a_service_that_is_down_is_told_once() -> None:
    down = dict.fromkeys(WELL) | {
        "answers": False, "problem": "nothing listens there", "disk_free": 0.4,
        "youngest_row": WELL["youngest_row"],
    }  # fmt: skip

    found = judged({"memory_mb": 500}, **down)

    assert found.pop("service: service") == (
        Outcome.FAIL, "The service does not answer as it should: nothing listens there."
    )  # fmt: skip
    assert set(found) == {"age: age", "disk: disk"}


def test_nothing_deployed_is_unknown_and_says_so() -> None:
    found = judged(**(dict.fromkeys(WELL) | {"disk_free": 0.4}))

    assert found == {
        "service: service": (
            Outcome.UNKNOWN, "Nothing is deployed, so no service could be looked at."
        ),
        "disk: disk": (Outcome.PASS, "40% of the disk are free; at least 10% are wanted."),
    }  # fmt: skip


def test_figures_that_cannot_be_read_are_unknown_not_good() -> None:
    hidden = dict.fromkeys(WELL) | {"answers": True, "problem": "/metrics answered with 401"}

    found = judged({"memory_mb": 500}, **hidden)

    assert {rule: told for rule, (told, _) in found.items()} == {
        "service: service": Outcome.PASS,
        "service: figures": Outcome.UNKNOWN,
        "age: age": Outcome.UNKNOWN,
        "disk: disk": Outcome.UNKNOWN,
    }
    assert "401" in found["service: figures"][1]


def test_a_service_that_is_not_ready_is_judged_by_what_it_still_tells() -> None:
    found = judged(answers=False, problem="events cannot be written", lost=7, failed=7)

    assert found["service: service"][0] is Outcome.FAIL
    assert found["event log: written"][0] is Outcome.FAIL


def test_between_the_ends_of_a_bucket_nobody_can_tell() -> None:
    found = judged({"p99_ms": 300}, p99_ms=500, p99_low_ms=250)["latency: p99"]

    assert found == (
        Outcome.WARN, "99 of 100 predictions took between 250 and 500 ms; up to 300 ms are allowed."
    )  # fmt: skip


def test_beyond_the_last_bucket_there_is_no_upper_end() -> None:
    beyond = {"p99_ms": None, "p99_low_ms": 10_000}

    assert outcome("latency: p99", **beyond) is Outcome.FAIL
    assert outcome("latency: p99", {"p99_ms": 20_000}, **beyond) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("failed", "requests", "told"),
    [(1, 5, Outcome.FAIL), (1, 20, Outcome.WARN), (0, 5, Outcome.PASS), (5, 5, Outcome.FAIL)],
)
def test_few_requests_may_be_bad_luck(failed, requests, told) -> None:
    assert outcome("errors: errors", failed=failed, requests=requests) is told


def test_a_service_that_fails_just_what_is_allowed_is_seldom_blamed() -> None:
    draws = np.random.default_rng(4)
    for requests in (20, 300, 20_000):
        failures = draws.binomial(requests, 0.01, 400)

        blamed = [
            outcome("errors: errors", failed=int(failed), requests=requests) is Outcome.FAIL
            for failed in failures
        ]

        assert np.mean(blamed) <= 0.08  # 5% at most; 400 draws allow three points more


def test_a_service_that_fails_twice_what_is_allowed_is_blamed() -> None:
    failures = np.random.default_rng(5).binomial(2_000, 0.02, 200)

    blamed = [
        outcome("errors: errors", failed=int(failed), requests=2_000) is Outcome.FAIL
        for failed in failures
    ]

    assert np.mean(blamed) >= 0.9


def test_that_it_was_begun_anew_is_a_warning() -> None:
    told, reason = judged(restarts=3)["service: service"]

    assert told is Outcome.WARN
    assert "begun anew 3 times" in reason


@pytest.mark.parametrize(
    "youngest", [None, NOON + timedelta(days=1)], ids=["not known", "in the future"]
)
def test_an_age_nobody_can_tell_is_unknown(youngest) -> None:
    assert outcome("age: age", youngest_row=youngest) is Outcome.UNKNOWN


def test_memory_that_was_to_be_told_and_is_not_is_unknown() -> None:
    assert outcome("memory: memory", {"memory_mb": 500}, memory_mb=None) is Outcome.UNKNOWN
    assert outcome("memory: memory", memory_mb=None) is None


def test_every_finding_has_a_cause_of_health() -> None:
    found = judge_health(HealthFigures(at=NOON, **WELL), Health(), now=NOON)

    assert {one.cause for one in found} <= {
        Cause.LATENCY, Cause.ERRORS, Cause.SATURATION, Cause.EVENTS, Cause.AGE, Cause.DISK,
        Cause.MEMORY, Cause.SERVICE,
    }  # fmt: skip
