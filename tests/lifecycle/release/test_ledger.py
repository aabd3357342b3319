"""What follows from the ledger: what was live, what a rollback restores, what is barred."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.release.ledger import (
    is_barred,
    last_before,
    live_at,
    mirrored_by,
    standing,
    stays,
    to_restore,
    weights_of,
)
from lifecycle.release.plan import WHOLE, Plan
from tests.lifecycle.release.ledgers import MINUTE, NOON, Ledger, alone, plan

SECOND = timedelta(seconds=1)


def restored(ledger: Ledger) -> tuple[str | None, str | None]:
    """Give which version is taken back, and which answers again."""
    found = to_restore(ledger.movements)
    assert (found.version is None) == (found.before is None)
    return found.rolled_back, found.version


def test_without_movements_nothing_was_ever_live() -> None:
    assert live_at([], NOON) is None
    assert standing([]) is None
    assert stays([]) == ()
    assert is_barred([], "3") is None
    assert to_restore([]).reason == "Nothing was ever live, so there is nothing to roll back."


def test_what_was_live_at_a_moment_is_what_the_last_movement_before_had_led_to() -> None:
    moved = Ledger().deploy("3").canary("3", "4").promote("3", "4").movements

    assert live_at(moved, NOON) is None  # decided at noon, done a second later
    assert live_at(moved, NOON + SECOND) == alone("3")
    assert weights_of(live_at(moved, NOON + MINUTE + SECOND)) == {"4": 500, "3": 9_500}
    assert weights_of(live_at(moved, NOON + 99 * MINUTE)) == {"4": WHOLE}
    found = last_before(moved, NOON + 99 * MINUTE)
    assert found is not None
    assert (found.kind, found.release) == ("promote", 1)


def test_what_is_intended_or_undone_did_not_happen() -> None:
    ledger = Ledger().deploy("3")
    ledger.move("begin", "4", plan(v4=500, v3=9_500), state="undone")
    ledger.move("begin", "5", plan(v5=500, v3=9_500), state="intended", done_at=None)

    assert live_at(ledger.movements, NOON + 99 * MINUTE) == alone("3")
    assert standing(ledger.movements) == ledger.movements[0]
    assert restored(ledger) == ("3", None)


def test_a_stop_makes_nothing_live_and_leaves_nothing_to_roll_back() -> None:
    ledger = Ledger().deploy("3").deploy("4").stop("4")

    assert live_at(ledger.movements, NOON + 99 * MINUTE) is None
    found = to_restore(ledger.movements)
    assert (found.before, found.rolled_back) == (None, None)
    assert found.reason.startswith("Nothing is live (movement 3: stop, version 4)")


@pytest.mark.parametrize(
    ("ledger", "back", "to"),
    [
        (Ledger().deploy("3"), "3", None),
        (Ledger().deploy("3").deploy("4"), "4", "3"),
        (Ledger(alone("2")).deploy("3"), "3", "2"),
        (Ledger().deploy("7").deploy("9").deploy("2"), "2", "9"),
        (Ledger().deploy("3").deploy("3"), "3", None),
        (Ledger().deploy("2").deploy("3").deploy("3"), "3", "2"),
        (Ledger().deploy("3").canary("3", "4"), "4", "3"),
        (Ledger().deploy("3").canary("3", "4").promote("3", "4"), "4", "3"),
        (Ledger().deploy("3").promote("3", "4").move("finish", "4", alone("4")), "4", "3"),
        (Ledger().deploy("3").canary("3", "4").deploy("5"), "5", "3"),
        (Ledger(alone("2")).deploy("3").canary("3", "4").move("finish", "4", alone("3")), "3", "2"),
        (Ledger(alone("2")).deploy("3").canary("3", "4").move("finish", "3", alone("3")), "3", "2"),
        (Ledger().deploy("2").stop("2").deploy("3"), "3", "2"),
        (Ledger().deploy("2").stop("2").deploy("2"), "2", None),
        (Ledger().deploy("3").deploy("4").deploy("3"), "3", "4"),
    ],
)  # fmt: skip
def test_a_rollback_restores_what_was_live_before_the_version_came_that_is_there(
    ledger: Ledger, back: str, to: str | None
) -> None:
    assert restored(ledger) == (back, to)


def test_what_is_restored_is_where_requests_went_last_before_it_and_says_by_what_it_came() -> None:
    moved_port = alone("3").model_copy(update={"port": 3_001})
    ledger = Ledger().deploy("3").move("deploy", "3", moved_port).canary("3", "4")

    found = to_restore(ledger.canary("3", "4", 2_500).movements)

    assert found.before == moved_port
    assert found.movement is not None
    assert (found.movement.kind, found.movement.number) == ("begin", 3)
    assert found.reason == "Version 3 answered before version 4 came (movement 3)."


def test_a_shadow_is_taken_back_though_no_request_was_moved() -> None:
    shadow = plan(v3=WHOLE, mirror="4")
    ledger = Ledger().deploy("2").deploy("3").move("begin", "4", shadow)

    assert mirrored_by(live_at(ledger.movements, NOON + 99 * MINUTE)) == "4"
    assert restored(ledger) == ("4", "3")
    assert restored(ledger.move("finish", "4", alone("3"))) == ("3", "2")


def test_rollbacks_in_a_row_go_further_back_until_nothing_is_left() -> None:
    ledger = Ledger().deploy("1").deploy("2").deploy("3").canary("3", "4")

    ledger.roll_back("4", alone("3"))
    assert restored(ledger) == ("3", "2")
    ledger.roll_back("3", alone("2"))
    assert restored(ledger) == ("2", "1")
    ledger.roll_back("2", alone("1"))

    assert restored(ledger) == ("1", None)
    told = to_restore(ledger.movements).reason
    assert told.startswith("Nothing was live before version 1 to go back to.")


def test_after_a_rollback_the_next_version_counts_from_what_was_restored() -> None:
    ledger = Ledger().deploy("1").deploy("2").deploy("3").roll_back("3", alone("2"))

    assert restored(ledger.deploy("4")) == ("4", "2")


def test_a_version_that_is_barred_is_never_restored() -> None:
    ledger = Ledger().deploy("1").deploy("3").deploy("2").deploy("3")
    ledger.roll_back("3", alone("2"))

    assert restored(ledger) == ("2", "1")
    assert restored(ledger.readmit("3")) == ("2", "3")


def test_where_only_barred_versions_are_left_that_is_said() -> None:
    ledger = Ledger().deploy("3").deploy("2").deploy("3").roll_back("3", alone("2"))

    found = to_restore(ledger.movements)

    assert found.before is None
    assert "version 3 was, and is rolled back" in found.reason


def test_a_version_is_barred_from_its_rollback_until_it_is_readmitted() -> None:
    ledger = Ledger().deploy("3").deploy("4")
    assert is_barred(ledger.movements, "4") is None

    ledger.move("roll back", "4", alone("3"), state="undone")
    assert is_barred(ledger.movements, "4") is None

    ledger.roll_back("4", alone("3"))
    assert is_barred(ledger.movements, "4") == ledger.movements[-1]
    assert is_barred(ledger.movements, "3") is None

    ledger.readmit("4")
    assert is_barred(ledger.movements, "4") is None
    ledger.deploy("4").roll_back("4", alone("3"))
    assert is_barred(ledger.movements, "4") == ledger.movements[-1]


def test_who_released_which_version_when_is_told_as_stays() -> None:
    ledger = Ledger().deploy("3", by="ann").canary("3", "4").promote("3", "4")
    ledger.roll_back("4", alone("3")).stop("3").deploy("3", by="bob")

    told = [
        (one.version, one.by, one.weight, one.number, one.until and (one.until - one.since))
        for one in stays(ledger.movements)
    ]

    assert told == [
        ("3", "ann", WHOLE, 1, 2 * MINUTE),
        ("4", "ann", WHOLE, 2, 2 * MINUTE),
        ("3", "ann", WHOLE, 4, MINUTE),
        ("3", "bob", WHOLE, 6, None),
    ]


# What may happen to a project: a version comes, all or a part; it is promoted, taken back, ended.

_VERSIONS = ("1", "2", "3", "4")
_KINDS = ["deploy", "canary", "shadow", "promote", "finish", "back", "stop", "undone", "readmit"]
_EVENTS = st.lists(st.tuples(st.sampled_from(_KINDS), st.sampled_from(_VERSIONS)), max_size=25)


def play(events: list[tuple[str, str]]) -> Ledger:
    """Write down what happens, as far as it can: no barred version, no rollback to nothing."""
    ledger, main, challenger = Ledger(), "", ""
    for event, version in events:
        if event == "back":
            found = to_restore(ledger.movements)
            if found.before is not None:
                assert found.rolled_back is not None
                assert found.version is not None
                ledger.roll_back(found.rolled_back, found.before)
                main, challenger = found.version, ""
        elif event == "stop":
            ledger.stop(main or version)
            main = challenger = ""
        elif event == "undone":
            ledger.move("deploy", version, alone(version), state="undone")
        elif event == "readmit":
            ledger.readmit(version)
        elif is_barred(ledger.movements, version):
            continue
        elif event == "deploy":
            ledger.deploy(version)
            main, challenger = version, ""
        elif main and not challenger and event in ("canary", "shadow") and version != main:
            shadow = plan(**{f"v{main}": WHOLE}, mirror=version)
            _ = (
                ledger.canary(main, version)
                if event == "canary"
                else ledger.move("begin", version, shadow)
            )
            challenger = version
        elif challenger and event == "promote":
            ledger.promote(main, challenger)
            main, challenger = challenger, ""
        elif challenger and event == "finish":
            ledger.move("finish", challenger, alone(main))
            challenger = ""
    return ledger


@given(_EVENTS)
@settings(max_examples=150, deadline=None)
def test_a_rollback_restores_a_whole_version_that_is_another_and_not_barred(
    events: list[tuple[str, str]],
) -> None:
    moved = play(events).movements

    found = to_restore(moved)

    assert found.reason.endswith(".")
    if found.before is not None:
        assert weights_of(found.before) == {found.version: WHOLE}
        assert mirrored_by(found.before) is None
        assert found.version != found.rolled_back
        assert is_barred(moved, str(found.version)) is None
        assert any(one.after == found.before and one.state == "done" for one in moved)


@given(_EVENTS)
@settings(max_examples=100, deadline=None)
def test_rollbacks_in_a_row_never_meet_a_version_twice_and_come_to_an_end(
    events: list[tuple[str, str]],
) -> None:
    ledger = play(events)
    met: list[str] = []

    while (found := to_restore(ledger.movements)).before is not None:
        met.append(str(found.rolled_back))
        ledger.roll_back(str(found.rolled_back), found.before)

    assert len(met) == len({*met}) <= len(_VERSIONS)


@given(_EVENTS, st.integers(-1, 30))
@settings(max_examples=100, deadline=None)
def test_what_was_live_is_found_the_same_by_walking_through_the_ledger(
    events: list[tuple[str, str]], minute: int
) -> None:
    moved = play(events).movements
    moment = NOON + minute * MINUTE + SECOND

    walked: Plan | None = None
    for one in moved:
        if one.kind != "readmit" and one.done_at and one.state == "done" and one.done_at <= moment:
            walked = one.after
    answering = {
        one.version
        for one in stays(moved)
        if one.since <= moment and (one.until is None or moment < one.until)
    }

    assert live_at(moved, moment) == walked
    assert answering == weights_of(walked).keys()


@given(_EVENTS)
@settings(max_examples=50, deadline=None)
def test_what_did_not_happen_changes_no_answer(events: list[tuple[str, str]]) -> None:
    moved = play(events).movements
    happened = [one for one in moved if one.state == "done"]

    assert to_restore(moved) == to_restore(happened)
    assert stays(moved) == stays(happened)
    assert standing(reversed(moved)) == standing(happened)
