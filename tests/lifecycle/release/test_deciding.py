from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.release.deciding import decide, judge
from lifecycle.release.declaration import Experiment, Metric, Releasing
from lifecycle.release.release import Next
from lifecycle.verdict import Outcome, Verdict, Verdicts
from tests.lifecycle.release.traffic import NOON, after, findings, release, traffic

TEST = {
    "unit": {"header": "x-user-id"},
    "test": Experiment(metric=Metric(name="booked"), effect=0.01, shares=(0.1, 1.0)),
}
WON = Next(action="promote", reason="The challenger is better.")
LOST = Next(action="finish", reason="The champion stays.")
HARM = Next(action="roll back", reason="A guard metric got worse.")

PASSING = Verdict(rule="error rate", outcome=Outcome.PASS, reason="It is sound.")
WARNING = Verdict(rule="performance", outcome=Outcome.WARN, reason="No labels have come.")
FAILING = Verdict(rule="error rate", outcome=Outcome.FAIL, reason="12 of 40 failed.")
UNKNOWN = Verdict(rule="agreement", outcome=Outcome.UNKNOWN, reason="No row was paired yet.")


def say(of, *verdicts, requests=10_000, now=None, conclusion=None, **more):
    seen = findings(None if requests is None else traffic(requests, **more))
    moment = now or after(minutes=20)
    return decide(of, seen, Verdicts(verdicts), now=moment, conclusion=conclusion)


LONG, TOO_LONG = after(minutes=20), after(hours=3)
CANARY, LAST = release(), release(step=2)
BLUE = release("blue-green", state="keeping")
KEEPING = release(state="keeping", step=2)
SHADOW = release("shadow")
AB, AB_LAST = release("ab", **TEST), release("ab", step=1, **TEST)

TABLE = [
    # what, verdicts, requests, now, conclusion, action
    ("canary held", CANARY, (PASSING,), 500, LONG, None, "advance"),
    ("canary exactly held", CANARY, (PASSING,), 500, after(minutes=10), None, "advance"),
    ("canary warned", CANARY, (WARNING,), 500, LONG, None, "advance"),
    ("canary at its last step", LAST, (PASSING,), 500, LONG, None, "promote"),
    ("canary past its last step", release(step=9), (PASSING,), 500, LONG, None, "promote"),
    ("canary too short", CANARY, (PASSING,), 500, after(seconds=599), None, "hold"),
    ("canary too few", CANARY, (PASSING,), 499, LONG, None, "hold"),
    ("canary without figures", CANARY, (PASSING,), None, LONG, None, "hold"),
    ("canary unknown", CANARY, (UNKNOWN,), 500, LONG, None, "hold"),
    ("canary unknown at patience", CANARY, (UNKNOWN,), 500, after(minutes=130), None, "hold"),
    ("canary unknown for too long", CANARY, (UNKNOWN,), 500, TOO_LONG, None, "roll back"),
    ("canary too few for too long", CANARY, (PASSING,), 499, TOO_LONG, None, "roll back"),
    ("canary late and known", CANARY, (PASSING,), 500, TOO_LONG, None, "advance"),
    ("canary fails", CANARY, (PASSING, FAILING), 3, NOON, None, "roll back"),
    ("canary fails and unknown", LAST, (UNKNOWN, FAILING), 500, LONG, None, "roll back"),
    ("canary, clock put back", CANARY, (PASSING,), 500, after(hours=-9), None, "hold"),
    ("canary of no step", release(steps=(1.0,)), (PASSING,), 0, NOON, None, "promote"),
    ("kept", KEEPING, (PASSING,), 0, after(minutes=59), None, "hold"),
    ("kept, unknown", KEEPING, (UNKNOWN,), 0, after(hours=30), None, "finish"),
    ("kept, failing", KEEPING, (FAILING,), 9, LONG, None, "roll back"),
    ("kept, failing at the end", KEEPING, (FAILING,), 9, after(hours=30), None, "roll back"),
    ("kept long enough", KEEPING, (PASSING,), 0, after(hours=1), None, "finish"),
    ("kept, clock put back", KEEPING, (PASSING,), 0, after(hours=-1), None, "hold"),
    ("blue-green kept", BLUE, (PASSING,), 0, LONG, None, "hold"),
    ("blue-green kept long enough", BLUE, (PASSING,), 9, TOO_LONG, None, "finish"),
    ("blue-green failing", BLUE, (FAILING,), 9, LONG, None, "roll back"),
    ("shadow too short", SHADOW, (PASSING,), 5_000, LONG, None, "hold"),
    ("shadow too few", SHADOW, (PASSING,), 500, after(hours=2), None, "hold"),
    ("shadow held", SHADOW, (PASSING,), 5_000, after(hours=2), None, "finish"),
    ("shadow failing", SHADOW, (FAILING,), 5_000, LONG, None, "hold"),
    ("shadow failed", SHADOW, (FAILING, UNKNOWN), 5_000, after(hours=2), None, "finish"),
    ("shadow nobody asks", SHADOW, (UNKNOWN,), 0, after(hours=3, seconds=1), None, "finish"),
    ("test held", AB, (PASSING,), 500, LONG, None, "advance"),
    ("test won early", AB, (PASSING,), 500, LONG, WON, "advance"),
    ("test won early, too short", AB, (PASSING,), 500, NOON, WON, "hold"),
    ("test ended early", AB, (PASSING,), 500, NOON, LOST, "finish"),
    ("test harmful early", AB, (PASSING,), 500, NOON, HARM, "roll back"),
    ("test unknown for too long", AB, (UNKNOWN,), 500, TOO_LONG, None, "roll back"),
    ("test failing", AB, (FAILING,), 500, LONG, LOST, "roll back"),
    ("test goes on", AB_LAST, (PASSING,), 500, after(days=9), None, "hold"),
    ("test unknown, goes on", AB_LAST, (UNKNOWN,), 500, after(days=9), None, "hold"),
    ("test won", AB_LAST, (PASSING,), 500, LONG, WON, "promote"),
    ("test won, too short", AB_LAST, (PASSING,), 500, NOON, WON, "hold"),
    ("test won, unknown", AB_LAST, (UNKNOWN,), 500, after(days=9), WON, "hold"),
    ("test won, unknown for good", AB_LAST, (UNKNOWN,), 500, after(days=29), WON, "roll back"),
    ("test lost", AB_LAST, (UNKNOWN,), 0, NOON, LOST, "finish"),
    ("test harmful", AB_LAST, (PASSING,), 500, LONG, HARM, "roll back"),
    ("test holds", AB_LAST, (), 500, LONG, Next(action="hold", reason="Wait."), "hold"),
]


@pytest.mark.parametrize(
    ("of", "verdicts", "requests", "now", "conclusion", "action"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_each_state_is_followed_by(of, verdicts, requests, now, conclusion, action):
    found = say(of, *verdicts, requests=requests, now=now, conclusion=conclusion)

    assert found.action == action
    assert found.verdicts == Verdicts(verdicts)
    assert found.reason.endswith(".")


@pytest.mark.parametrize("state", ["promoted", "rolled back", "compared", "kept", "stopped"])
def test_what_is_over_stays_over(state):
    found = say(release(state=state), FAILING)

    assert (found.action, found.reason) == ("hold", f"The release is over: {state}.")


def test_a_version_that_is_known_not_to_live_is_not_left_alone():
    found = say(KEEPING, UNKNOWN, now=after(hours=5), is_alive=False)

    assert found.action == "hold"
    assert "stands by for longer than declared" in found.reason


def test_a_held_step_says_exactly_what_it_waits_for():
    second = release(step=1)

    found = say(second, UNKNOWN, requests=288, now=after(minutes=5, seconds=50))

    assert found.reason == (
        "Step 2 of 3 (25%) waits for 4 min 10 s and 212 requests more; agreement is not known "
        "yet: No row was paired yet."
    )
    assert say(second, UNKNOWN).reason == (
        "Step 2 of 3 (25%) waits: agreement is not known yet: No row was paired yet."
    )


def test_a_quiet_night_goes_back_in_the_end_and_says_so():
    found = say(CANARY, PASSING, requests=12, now=after(hours=2, minutes=11))

    assert found.action == "roll back"
    assert found.reason.startswith(
        "Step 1 of 3 (5%) could not be judged within 2 h 11 min: only 12 of 500 requests came, and "
        "nobody asking is no evidence"
    )


def test_a_rollback_names_every_rule_that_failed():
    assert say(CANARY, FAILING, UNKNOWN).reason == "error rate: 12 of 40 failed."


def test_a_shadow_tells_what_would_have_stopped_a_canary():
    found = say(SHADOW, FAILING, now=after(hours=2))

    assert found.reason == (
        "The shadow was compared for 2 h, 10,000 requests; it would have been stopped in a canary: "
        "error rate: 12 of 40 failed."
    )


def test_a_won_test_that_is_not_safe_yet_says_what_is_missing():
    found = say(AB_LAST, UNKNOWN, now=LONG, conclusion=WON)

    assert found.reason == (
        "The challenger is better. Before it is promoted: Step 2 of 2 (100%) waits: agreement is "
        "not known yet: No row was paired yet."
    )


RELEASES = st.builds(
    release,
    strategy=st.sampled_from(["canary", "blue-green", "shadow", "ab"]),
    state=st.sampled_from(["moving", "keeping"]),
    step=st.integers(0, 3),
    unit=st.just(TEST["unit"]),
    test=st.just(TEST["test"]),
)
SAID = st.lists(st.sampled_from([PASSING, WARNING, FAILING, UNKNOWN]), max_size=4)
MOMENTS = st.timedeltas(timedelta(days=-2), timedelta(days=60)).map(lambda each: NOON + each)
CONCLUSIONS = st.sampled_from(
    [None, WON, LOST, HARM, *(Next(action=each, reason="So.") for each in ("hold", "advance"))]
)
CASES = {
    "of": RELEASES, "verdicts": SAID, "requests": st.integers(0, 2_000), "now": MOMENTS,
    "conclusion": CONCLUSIONS,
}  # fmt: skip


@given(**CASES)
@settings(max_examples=400, deadline=None)
def test_nothing_moves_forward_on_a_blocking_verdict_nor_before_it_was_held(
    of, verdicts, requests, now, conclusion
):
    found = say(of, *verdicts, requests=requests, now=now, conclusion=conclusion)

    if found.action in ("advance", "promote") and of.policy.shares:
        hold, wanted = of.policy.held
        assert not found.verdicts.blocks
        assert requests >= wanted
        assert now - of.stepped >= hold
        assert of.state == "moving"


@given(**CASES)
@settings(max_examples=400, deadline=None)
def test_only_the_last_step_is_promoted_and_never_a_shadow(of, verdicts, requests, now, conclusion):
    found = say(of, *verdicts, requests=requests, now=now, conclusion=conclusion)

    is_last = of.step >= len(of.policy.shares) - 1
    assert found.action != "promote" or (is_last and of.strategy != "shadow")
    assert found.action != "advance" or not is_last


@given(**CASES)
@settings(max_examples=400, deadline=None)
def test_a_breach_goes_back_from_anywhere_where_users_are_served(
    of, verdicts, requests, now, conclusion
):
    found = say(of, FAILING, *verdicts, requests=requests, now=now, conclusion=conclusion)

    if of.strategy == "shadow":
        assert found.action in ("hold", "finish")
    else:
        assert found.action == "roll back"


@given(**CASES)
@settings(max_examples=200, deadline=None)
def test_no_release_lasts_for_ever(of, verdicts, requests, now, conclusion):
    calm = [each for each in verdicts if each is not FAILING]

    found = say(of, *calm, requests=requests, now=after(days=60), conclusion=conclusion)

    is_test = of.strategy == "ab" and of.state == "moving"
    assert found.action != "hold" or (is_test and conclusion in (None, *_HOLDING))


_HOLDING = [Next(action=each, reason="So.") for each in ("hold", "advance")]


@pytest.mark.parametrize(
    ("of", "rules"),
    [
        (CANARY, 8), (KEEPING, 4), (BLUE, 4), (SHADOW, 8), (AB, 5), (AB_LAST, 5),
        (release("shadow", evidence={"agreement": None, "distance": None}), 6),
    ],
)  # fmt: skip
def test_the_strategy_says_by_which_rules_a_release_is_judged(of, rules):
    found = judge(of, findings(traffic(10), traffic(100, version="1")))

    assert len(found) == rules
    assert len({each.rule for each in found}) == rules


def test_labels_that_are_asked_for_hold_up_the_last_step_only():
    asked = {"evidence": {"labels": 100, "agreement": None, "distance": None}}
    sound = findings(traffic(5_000), traffic(50_000, version="1"))

    outcomes = [judge(release(step=step, **asked), sound).blocks for step in (0, 1, 2)]

    assert outcomes == [False, False, True]


def test_what_is_declared_of_false_alarms_is_shared_by_the_steps():
    one = release(steps=(0.5,), guard={"error_rate": 0.06})
    ten = release(steps=tuple(share / 20 for share in range(1, 11)), guard={"error_rate": 0.06})
    bad = findings(traffic(3, 3), traffic(3, version="1"))

    assert judge(one, bad).root[0].outcome is Outcome.FAIL
    assert judge(ten, bad).root[0].outcome is Outcome.UNKNOWN


def test_a_policy_of_one_hundred_percent_only_has_no_steps():
    assert Releasing(steps=(1.0,)).shares == ()
