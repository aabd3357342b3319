from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lifecycle.retraining.decision import Decision
from lifecycle.retraining.declaration import Budget, Retraining
from lifecycle.retraining.due import decide
from lifecycle.retraining.situation import Running, Situation
from lifecycle.verdict import Outcome, Verdict
from tests.lifecycle.retraining.deciding import (
    AS_OF,
    ASKS,
    CHAMPION,
    DAY,
    deciding,
    month,
    outcome,
    rested_on,
    retraining,
    situation,
    why,
)

TWICE = ASKS.model_copy(update={"after": 2})
DAILY = Retraining(when=("schedule",), every=30 * DAY, min_labels=1_000)


def test_drift_is_a_reason_and_the_line_says_so() -> None:
    decision = deciding(situation())

    assert decision.is_due
    assert decision.ending == "running"
    assert decision.told == "due: data drift in the window 1 May 2013 to 1 Jun 2013."


def test_a_decision_rests_on_the_windows_it_names() -> None:
    decision = deciding(situation(windows=(month("apr", DATA="fail"), month("may", DATA="fail"))))

    assert [str(span) for span in decision.reasons[0].windows] == [
        "1 Apr 2013 to 1 May 2013", "1 May 2013 to 1 Jun 2013",
    ]  # fmt: skip
    assert "in 2 windows running since 1 Apr 2013" in decision.told


@pytest.mark.parametrize(
    ("causes", "kind"),
    [
        ({"DATA": "fail"}, "drift"),
        ({"PREDICTION": "fail"}, "drift"),
        ({"DATA": "pass", "PREDICTION": "fail"}, "drift"),
        ({"DATA": "unknown", "PREDICTION": "fail"}, "drift"),
        ({"CONCEPT": "fail"}, "concept"),
        ({"CALIBRATION": "fail"}, "concept"),
        ({"SLOW": "fail", "CONCEPT": "pass"}, "concept"),
    ],
)
def test_each_cause_belongs_to_a_reason(causes: dict[str, str], kind: str) -> None:
    decision = deciding(situation(windows=(month("may", **causes),)))

    assert [reason.kind for reason in decision.reasons] == [kind]


@pytest.mark.parametrize("cause", ["GROUPS", "LATENCY", "ERRORS", "AGE", "DISK", "MONITORING"])
def test_what_training_again_does_not_mend_is_no_reason(cause: str) -> None:
    assert not deciding(situation(windows=(month("may", **{cause: "fail"}),))).reasons


@pytest.mark.parametrize("found", ["warn", "pass", "unknown"])
def test_only_a_failing_window_is_a_reason(found: str) -> None:
    decision = deciding(situation(windows=(month("may", DATA=found, CONCEPT=found),)))

    assert not decision.is_due
    assert decision.ending == "not due"


def test_a_reason_that_is_not_declared_is_none() -> None:
    concept_only = ASKS.model_copy(update={"when": ("concept",)})

    assert not deciding(situation(), concept_only).is_due


@pytest.mark.parametrize(
    ("windows", "is_due"),
    [
        ([("may", "fail")], False),
        ([("apr", "pass"), ("may", "fail")], False),
        ([("apr", "fail"), ("may", "pass")], False),
        ([("apr", "fail"), ("may", "warn")], False),
        ([("apr", "fail"), ("may", "fail")], True),
        ([("mar", "pass"), ("apr", "fail"), ("may", "fail")], True),
        # An answer that is missing neither makes a reason nor hides one.
        ([("mar", "fail"), ("apr", "unknown"), ("may", "fail")], True),
        ([("mar", "fail"), ("apr", "fail"), ("may", "unknown")], True),
        ([("mar", "unknown"), ("apr", "unknown"), ("may", "fail")], False),
        ([("mar", "fail"), ("apr", "pass"), ("may", "fail")], False),
    ],
)
def test_it_has_to_be_found_in_so_many_windows_running(
    windows: list[tuple[str, str]], is_due: bool
) -> None:
    seen = tuple(month(name, CONCEPT=found) for name, found in windows)

    assert deciding(situation(windows=seen), TWICE).is_due is is_due


def test_too_few_windows_are_told_with_their_number() -> None:
    decision = deciding(situation(windows=(month("may", DATA="fail"),)), TWICE)

    assert why(decision, "drift") == (
        "Data drift in the window 1 May 2013 to 1 Jun 2013. 2 windows running are asked for."
    )


@pytest.mark.parametrize(
    ("windows", "told"),
    [
        ((), "no window of version 3 has been looked at since it went live"),
        ((month("may", CONCEPT="unknown"),), "1 window of version 3 was looked at, and none"),
        ((month("apr", CONCEPT="pass"), month("may", CONCEPT="unknown")), "The one after it has"),
    ],
)
def test_without_evidence_the_answer_is_unknown(windows: tuple, told: str) -> None:
    decision = deciding(situation(windows=windows))

    assert outcome(decision, "concept") == "unknown"
    assert told in why(decision, "concept")
    assert not decision.is_due


def test_what_was_seen_before_the_version_went_live_does_not_count() -> None:
    since_june = CHAMPION.model_copy(update={"live_since": AS_OF})

    assert not deciding(situation(champion=since_june)).reasons


def test_without_a_champion_it_says_what_to_do_even_by_hand() -> None:
    decision = deciding(situation(champion=None, by="ada"))

    assert not decision.is_due
    assert outcome(decision, "champion") == "fail"
    assert "python run.py --pipeline training --project flights" in decision.told


def test_a_schedule_counts_from_the_training() -> None:
    trained = CHAMPION.model_copy(update={"trained_at": AS_OF - 30 * DAY})
    young = CHAMPION.model_copy(update={"trained_at": AS_OF - 29 * DAY})

    assert deciding(situation(champion=trained, windows=()), DAILY).is_due
    decision = deciding(situation(champion=young, windows=()), DAILY)
    assert not decision.is_due
    assert "next on 2 Jun 2013" in decision.told


def test_a_schedule_counts_from_the_last_retraining_also_where_that_did_not_win() -> None:
    lost = retraining(1, 29, "lost")

    assert not deciding(situation(decisions=(lost,), windows=()), DAILY).is_due


def test_a_schedule_needs_a_length() -> None:
    with pytest.raises(ValueError, match="declare `every`"):
        Retraining(when=("schedule",))


@pytest.mark.parametrize(("labels", "is_due"), [(49_999, False), (50_000, True), (None, False)])
def test_enough_new_labels_are_a_reason_where_that_is_declared(
    labels: int | None, is_due: bool
) -> None:
    policy = Retraining(when=("new_data",), new_rows=50_000)

    assert deciding(situation(labels=labels, windows=()), policy).is_due is is_due


@pytest.mark.parametrize(
    ("labels", "found"), [(999, "fail"), (1_000, "pass"), (0, "fail"), (None, "unknown")]
)
def test_too_few_or_unknown_labels_block(labels: int | None, found: str) -> None:
    decision = deciding(situation(labels=labels))

    assert outcome(decision, "labels") == found
    assert decision.is_due is (found == "pass")


def test_where_no_labels_are_asked_for_none_are_needed() -> None:
    none = ASKS.model_copy(update={"min_labels": 0})

    assert deciding(situation(labels=None), none).is_due


def test_labels_that_are_missing_are_told_with_both_numbers() -> None:
    decision = deciding(situation(labels=12))

    assert "not due: 12 new labels since 1 Jan 2013; 1,000 are asked for." in decision.told
    assert "What speaks for it: data drift" in decision.told


@pytest.mark.parametrize(
    ("endings", "days"),
    [
        ((), 0), (("won",), 7), (("approved",), 7), (("awaiting",), 7),
        (("lost",), 14), (("stopped",), 14), (("broke",), 14), (("rejected",), 14),
        (("lost", "lost"), 28), (("lost", "won"), 7), (("won", "lost"), 14),
        (("lost", "lost", "rejected"), 56),
    ],
)  # fmt: skip
def test_the_cooldown_doubles_with_each_retraining_that_did_not_win(
    endings: tuple[str, ...], days: int
) -> None:
    for since, found in ((days, "pass"), (days - 0.5, "fail")):
        earlier = tuple(
            retraining(number, since + 100 * (len(endings) - number), ending)
            for number, ending in enumerate(endings, 1)
        )
        if earlier or since >= 0:
            assert outcome(deciding(situation(decisions=earlier)), "cooldown") == found or not days


def test_losses_against_an_earlier_champion_are_forgotten() -> None:
    old = retraining(1, 8, "lost", champion="2")

    assert outcome(deciding(situation(decisions=(old,))), "cooldown") == "pass"


def test_a_cooldown_tells_when_it_is_over() -> None:
    decision = deciding(situation(decisions=(retraining(1, 10, "lost"),)))

    assert why(decision, "cooldown") == (
        "The last retraining, 22 May 2013, was 10 days ago; the cooldown is 14 days, doubled once "
        "as the last one did not win, over on 5 Jun 2013."
    )


def test_a_retraining_from_the_future_blocks_and_says_that_a_clock_was_wrong() -> None:
    decision = deciding(situation(decisions=(retraining(1, -400, "won"),)))

    assert not decision.is_due
    assert "a clock was wrong" in decision.told


def test_many_losses_do_not_overflow_the_calendar() -> None:
    lost = tuple(retraining(number, 200 - number, "lost") for number in range(1, 60))

    assert outcome(deciding(situation(decisions=lost)), "cooldown") == "fail"


@pytest.mark.parametrize(("runs", "found"), [(2, "fail"), (3, "pass")])
def test_the_budget_counts_runs_in_the_last_stretch(runs: int, found: str) -> None:
    policy = ASKS.model_copy(update={"budget": Budget(runs=runs, per=30 * DAY)})
    earlier = (
        retraining(1, 31, "won"), retraining(2, 29, "won"), retraining(3, 20, "won"),
    )  # fmt: skip

    decision = deciding(situation(decisions=earlier), policy)

    assert outcome(decision, "budget") == found
    assert decision.is_due is (found == "pass")


def test_a_spent_budget_tells_when_the_next_may_begin() -> None:
    policy = ASKS.model_copy(update={"budget": Budget(runs=2, per=30 * DAY)})
    earlier = (retraining(2, 29, "won"), retraining(3, 20, "won"))

    told = why(deciding(situation(decisions=earlier), policy), "budget")

    assert told == (
        "2 retrainings in the last 30 days; 2 may be run. The next may begin on 2 Jun 2013."
    )


@pytest.mark.parametrize(
    ("heard_ago", "is_dead", "found"),
    [(timedelta(0), False, "fail"), (timedelta(hours=5.9), False, "fail"),
     (timedelta(hours=6), False, "pass"), (timedelta(0), True, "pass")],
)  # fmt: skip
@pytest.mark.parametrize("by", ["", "ada"])
def test_one_at_a_time_unless_the_other_has_died(
    heard_ago: timedelta, is_dead: bool, found: str, by: str
) -> None:
    running = Running(run="r-1", since=AS_OF - DAY, heard=AS_OF - heard_ago, is_dead=is_dead)

    decision = deciding(situation(running=running, by=by))

    assert outcome(decision, "one at a time") == found
    assert decision.is_due is (found == "pass")


def test_the_same_evidence_is_no_reason_twice() -> None:
    lost = retraining(1, 90, "lost", reasons=rested_on("may"))

    decision = deciding(situation(decisions=(lost,)))

    assert not decision.is_due
    assert outcome(decision, "news") == "fail"
    assert 'Retraining 1 was the answer to that and ended as "lost"' in decision.told


def test_a_new_window_of_the_same_is_a_reason_again_and_is_named() -> None:
    lost = retraining(1, 30, "lost", reasons=rested_on("apr"))
    windows = (month("apr", DATA="fail"), month("may", DATA="fail"))

    decision = deciding(situation(decisions=(lost,), windows=windows))

    assert decision.is_due
    assert "New since retraining 1: 1 May 2013 to 1 Jun 2013." in decision.told


@pytest.mark.parametrize(
    ("days_ago", "labels", "is_due"), [(13, 5_000, False), (14, 999, False), (14, 1_000, True)]
)
def test_after_a_loss_new_evidence_labels_and_the_doubled_cooldown_are_all_needed(
    days_ago: int, labels: int, is_due: bool
) -> None:
    lost = retraining(1, days_ago, "lost", reasons=rested_on("apr"))

    assert deciding(situation(decisions=(lost,), labels=labels)).is_due is is_due


def test_a_retraining_that_broke_has_answered_nothing() -> None:
    broke = retraining(1, 14, "broke", reasons=rested_on("may"))

    assert deciding(situation(decisions=(broke,))).is_due


def test_drift_that_was_answered_does_not_hide_concept_drift() -> None:
    lost = retraining(1, 14, "lost", reasons=rested_on("may"))
    windows = (month("may", DATA="fail", CONCEPT="fail"),)

    decision = deciding(situation(decisions=(lost,), windows=windows))

    assert [reason.kind for reason in decision.reasons] == ["concept"]
    assert decision.is_due


def test_a_version_that_waits_for_approval_blocks_and_is_named() -> None:
    won = retraining(1, 20, "awaiting", version="4")

    decision = deciding(situation(decisions=(won,), challenger="4"))

    assert not decision.is_due
    assert "not due: version 4 has passed its gates on 12 May 2013 and waits" in decision.told
    assert "run.py approve 4" in decision.told


@pytest.mark.parametrize(
    ("given_to", "challenger", "told"),
    [
        ({"champion": "2"}, "4", "was judged against version 2, and 3 is champion"),
        ({}, "5", "is not the challenger any more"),
        ({}, None, "is not the challenger any more"),
        ({"version": "3"}, None, "is the champion"),
        ({"as_of": AS_OF - 31 * DAY}, "4", "has waited for more than 30 days"),
    ],
)
def test_a_version_nobody_can_approve_any_more_does_not_block(
    given_to: dict[str, object], challenger: str | None, told: str
) -> None:
    stale = retraining(1, 20, "awaiting", **{"version": "4", **given_to})

    decision = deciding(situation(decisions=(stale,), challenger=challenger))

    assert outcome(decision, "approval") == "pass"
    assert told in why(decision, "approval")


def test_without_rows_to_judge_by_nobody_can_ask() -> None:
    none = Verdict(rule="rows", outcome=Outcome.FAIL, reason="There are no rows to judge by.")

    decision = deciding(situation(room=none, by="ada"))

    assert not decision.is_due
    assert decision.told.startswith("not due: there are no rows to judge by.")


@pytest.mark.parametrize(
    "against",
    [
        {"windows": ()},
        {"labels": 0},
        {"labels": None},
        {"decisions": (retraining(1, 1, "lost"),)},
        {"decisions": tuple(retraining(n, 9 - n, "won") for n in range(1, 9))},
        {"decisions": (retraining(1, 20, "awaiting", version="4"),), "challenger": "4"},
        {"decisions": (retraining(1, 90, "lost", reasons=rested_on("may")),)},
    ],
)
def test_whoever_asks_by_hand_overrules_and_is_warned(against: dict[str, object]) -> None:
    assert not deciding(situation(**against)).is_due

    decision = deciding(situation(**against, by="ada"))

    assert decision.is_due
    assert decision.by == "ada"
    assert decision.reasons[0].told == "Asked for by ada."
    assert not decision.checks.blocks


def test_what_was_found_is_told_beside_who_asked() -> None:
    decision = deciding(situation(by="ada"))

    assert decision.told == (
        "due: asked for by ada. Data drift in the window 1 May 2013 to 1 Jun 2013."
    )


def test_every_check_and_declared_reason_has_its_verdict() -> None:
    policy = Retraining(when=("drift", "concept", "schedule", "new_data"), every=30 * DAY)

    decision = deciding(situation(windows=()), policy)

    assert [one.rule for one in decision.triggers] == ["drift", "concept", "schedule", "new data"]
    assert [one.rule for one in decision.checks] == [
        "champion", "one at a time", "approval", "cooldown", "budget", "labels", "news",
    ]  # fmt: skip


def test_nothing_declared_and_nobody_asking_is_told_as_such() -> None:
    assert "no reason is declared" in deciding(situation(), Retraining(when=())).told


def test_labels_add_up_from_decision_to_decision() -> None:
    lost = retraining(1, 90, "lost", labels=12_000)
    broke = retraining(2, 60, "broke", labels=15_000)

    assert deciding(situation(decisions=(lost, broke), labels=700)).labels == 12_700


ENDINGS = some.sampled_from(["won", "lost", "stopped", "broke", "approved", "rejected"])
STEPS = some.lists(
    some.tuples(some.integers(0, 20), some.integers(0, 3_000), some.booleans(), ENDINGS),
    max_size=40,
)


def _live(steps: list, policy: Retraining) -> tuple[list[Decision], list[timedelta]]:
    """Let time pass step by step: days, labels, whether the newest window fails, how a run ends."""
    decisions: list[Decision] = []
    begun: list[timedelta] = []
    day, labels = 0, 0
    found = month("may", DATA="fail")
    for place, (days, told, is_failing, ending) in enumerate(steps):
        day, labels = day + days, labels + told
        span = found.span.model_copy(update={"end": found.span.end + place * DAY})
        state = "fail" if is_failing else "pass"
        window = found.model_copy(update={"span": span, "outcomes": {"data drift": Outcome(state)}})
        at = AS_OF + day * DAY
        before = situation(
            as_of=at, windows=(window,), decisions=tuple(decisions), labels=labels
        )  # fmt: skip
        decision = decide(before, policy, now=at).model_copy(update={"number": place + 1})
        if decision.is_due:
            begun.append(day * DAY)
            decision = decision.model_copy(update={"ending": ending, "version": str(place + 10)})
            labels = labels if ending == "broke" else 0
        decisions.append(decision)
    return decisions, begun


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_there_are_never_two_within_the_cooldown(steps: list) -> None:
    _, begun = _live(steps, ASKS)

    assert all(later - sooner >= ASKS.cooldown for sooner, later in pairwise(begun))


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_there_are_never_more_than_the_budget_allows_in_any_stretch(steps: list) -> None:
    policy = Retraining(
        cooldown=timedelta(0), min_labels=0, budget=Budget(runs=2, per=30 * DAY)
    )  # fmt: skip

    _, begun = _live(steps, policy)

    assert all(third - first >= 30 * DAY for first, third in zip(begun, begun[2:], strict=False))


@settings(max_examples=100, deadline=None)
@given(STEPS, some.integers(0, 5_000), some.sampled_from(["lost", "stopped", "rejected"]))
def test_with_nothing_new_it_is_never_due_again(steps: list, days: int, ending: str) -> None:
    decisions, _ = _live(steps, ASKS)
    before = situation(decisions=tuple(decisions), as_of=AS_OF + 2_000 * DAY)
    first = deciding(before)
    if not first.is_due:
        return
    done = first.model_copy(update={"ending": ending, "number": len(decisions) + 1})
    again = before.model_copy(
        update={
            "decisions": (*decisions, done), "labels": 0, "as_of": before.as_of + days * DAY
        }
    )  # fmt: skip

    assert not deciding(again).is_due
    assert not deciding(again.model_copy(update={"labels": 10**6})).is_due


@settings(max_examples=150, deadline=None)
@given(
    some.integers(0, 10**6),
    some.integers(0, 10**6),
    some.sampled_from([ASKS, TWICE, Retraining(when=("new_data",), new_rows=5_000)]),
    some.lists(some.tuples(some.integers(0, 60), ENDINGS), max_size=3),
)
def test_more_labels_never_make_it_less_due(
    fewer: int, more: int, policy: Retraining, earlier: list
) -> None:
    fewer, more = sorted((fewer, more))
    decisions = tuple(retraining(n, 100 - ago, end) for n, (ago, end) in enumerate(earlier, 1))
    found: Situation = situation(decisions=decisions, labels=fewer)

    richer = deciding(found.model_copy(update={"labels": more}), policy)

    assert richer.is_due or not deciding(found, policy).is_due
