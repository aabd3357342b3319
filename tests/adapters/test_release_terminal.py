"""What releases tell at a terminal: how one goes, how it ended, and what the ledger says."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from adapters.release_terminal import (
    print_ledger,
    print_live,
    print_look_line,
    print_one,
    print_open,
    print_release,
    release_lines,
    traffic_line,
)
from adapters.terminal import print_facts
from lifecycle.release.declaration import Releasing
from lifecycle.release.evidence import Traffic
from lifecycle.verdict import Outcome, Verdict, Verdicts
from tests.lifecycle.governance.stories import HOSTILE
from tests.lifecycle.release.ledgers import (
    MINUTE,
    NOON,
    Ledger,
    alone,
    look,
    plan,
    release,
    traffic,
)

MOVED = Ledger().deploy("3").canary("3", "4").roll_back("4", alone("3")).movements
FAILED = Verdicts(
    (
        Verdict(rule="p99", outcome=Outcome.PASS, measured=9, limit=50, reason="It is fast."),
        Verdict(rule="errors", outcome=Outcome.FAIL, measured=0.04, limit=0.01, reason="4% fail."),
    )
)


def told(print_it: Callable[..., None], *what: Any, **more: Any) -> str:
    console = Console(file=io.StringIO(), width=80)
    print_it(*what, console=console, **more)
    return console.file.getvalue()  # type: ignore[attr-defined]


def facts(*what: Any) -> dict[str, str]:
    return dict(release_lines(*what))


def test_an_open_release_says_its_step_its_shares_and_what_it_waits_for() -> None:
    going = release(number=7, step=1, stepped=NOON + MINUTE, waits="388 requests more.")

    found = facts(going, plan(v4=2_500, v3=7_500), [traffic("4"), traffic("3")])

    assert found == {
        "release": "7, canary of version 4 against 3, by ann",
        "step": "2 of 3: 25% to version 4, 75% to version 3",
        "since": "10 Jan 2026, 12:01 UTC",
        "now": "388 requests more.",
        "v4": "1,000 requests, failed 0.2% (2), p50 5.0 ms, p99 50 ms, 240 MB",
        "v3": "1,000 requests, failed 0.2% (2), p50 5.0 ms, p99 50 ms, 240 MB",
    }


def test_a_release_nobody_looks_at_says_so_and_what_to_do() -> None:
    left = told(print_open, release(), None, [], False, "")
    dying = told(print_open, release(), None, [], True, "nobody has looked at it for 40 s")
    well = told(print_open, release(), None, [], True, "")

    assert "run.py resume" in left
    assert "look      nobody has looked at it for 40 s" in dying
    assert "look " not in well


def test_what_does_not_hold_is_told_in_full_and_what_holds_is_counted() -> None:
    found = facts(release(number=7, verdicts=FAILED))

    assert found["verdicts"] == "1 rule fails and 1 holds"
    assert found[""] == "✕ errors: 4% fail."


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({}, "1 of 3: 5% of the requests go to version 4"),
        ({"strategy": "shadow", "policy": Releasing(strategy="shadow")},
         "1 of 1: a copy of 100% of the requests goes to version 4"),
        ({"state": "keeping", "step": 2},
         "all requests go to version 4; 3 stands by until 10 Jan 2026, 13:00 UTC"),
        ({"step": 9}, "3 of 3: 50% of the requests go to version 4"),
    ],
)  # fmt: skip
def test_a_step_is_told_by_the_plan_of_its_strategy(changes: dict[str, Any], step: str) -> None:
    assert facts(release(**changes))["step"] == step


def test_what_is_not_known_of_a_version_is_left_out_and_death_is_told() -> None:
    assert traffic_line(Traffic(version="4", requests=0, failed=0)) == "0 requests"
    dead = Traffic(version="4", requests=10, failed=10, turned_away=5, is_alive=False)
    assert traffic_line(dead) == (
        "10 requests, failed 100% (10), turned away 50% (5), does not answer"
    )


def test_answers_beyond_the_last_bound_are_said_to_be_so() -> None:
    slow = traffic("4")
    slow = slow.model_copy(update={"took": (*slow.took[:1], slow.took[-1])})

    assert "p99 over 5.0 ms" in traffic_line(slow)


def test_a_look_is_a_line_with_its_step_action_figures_and_reason() -> None:
    line = told(print_look_line, release(), look(5, action="advance", reason="It was held."))

    assert line == (
        "12:00:05  1/3 5%    → advance    v4: 1,000 asked, 2 failed, p99 50 ms  It was held.\n"
    )


def test_a_look_that_waits_names_the_rules_that_do_not_know_yet() -> None:
    rules = [
        Verdict(rule=rule, outcome=Outcome.UNKNOWN, reason="About 9 more are needed.")
        for rule in ("lag", "slower")
    ]
    because = "; ".join(f"{one.rule} is not known yet: No; about 9 more" for one in rules)
    waiting = [
        look(5, verdicts=Verdicts(rules), reason=f"Step 1 of 3 (5%) waits{how} {because}.")
        for how in (":", " for 4 s more;")
    ]

    lines = [told(print_look_line, release(), one) for one in waiting]

    assert lines[0].endswith("  Step 1 of 3 (5%) waits; not known yet: lag, slower\n")
    assert lines[1].endswith("  Step 1 of 3 (5%) waits for 4 s more; not known yet: lag, slower\n")


def test_a_look_at_what_nobody_was_asked_is_a_line_as_well() -> None:
    blank = look(5)
    blank = blank.model_copy(
        update={"findings": blank.findings.model_copy(update={"challenger": None})}
    )

    assert told(print_look_line, release(), blank).startswith("12:00:05  1/3 5%    · hold  ")


def test_since_the_promotion_all_requests_are_its_step() -> None:
    kept = release(state="keeping", stepped=NOON + MINUTE, step=2)

    assert "3/3 50%" in told(print_look_line, kept, look(5, step=2))
    assert "  all  " in told(print_look_line, kept, look(65, step=2))


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("moving", "→ Release 7 of flights goes on: canary of version 4 against 3."),
        ("keeping", "version 4 answers all requests; version 3 still stands by."),
        ("promoted", "✓ Release 7 of flights: version 4 answers all requests, instead of"),
        ("rolled back", "✕ Release 7 of flights: version 4 was rolled back; version 3 answers"),
        ("compared", "✓ Release 7 of flights: version 4 was compared with version 3; no user"),
        ("kept", "✓ Release 7 of flights: version 3 goes on answering."),
        ("stopped", "! Release 7 of flights: it was stopped, and version 4 was not released."),
    ],
)
def test_how_a_release_stands_or_ended_is_its_first_line(state: str, says: str) -> None:
    ended = None if state in ("moving", "keeping") else NOON + 9 * MINUTE

    text = told(print_release, release(number=7, state=state, ended=ended, ending="so it went."))

    assert says in " ".join(text.split())
    assert "So it went." in text
    assert ("after 9 min" in text) is (ended is not None)


def test_a_rollback_says_why_and_how_the_version_may_be_released_again() -> None:
    back = release(number=7, state="rolled back", ended=NOON, verdicts=FAILED)

    text = told(print_release, back, page="/a/7.html")

    assert "✕ errors  measured 0.04, limit 0.01" in text
    assert "p99" not in text
    assert "/a/7.html" in text
    assert 'run.py readmit --project flights --version 4 --why "..."' in text


def test_one_release_is_told_with_its_movements_verdicts_and_looks() -> None:
    over = release(number=1, state="rolled back", ended=NOON, verdicts=FAILED)

    text = told(print_one, over, MOVED[1:], [look(0), look(9, action="roll back")], page="/a.html")

    assert next(line for line in text.splitlines() if line.startswith("     ")) == (
        "     2  2026-01-10 12:01:01  begin       4    5% to version 4, 95% to version 3"
    )
    assert "     3  2026-01-10 12:02:01  roll back   4    all to version 3" in text
    assert text.count("✕ errors") == 1
    assert "✓ p99" in text
    assert "12:00:09  1/3 5%    ✕ roll back" in text
    assert "/a.html" in text


def test_the_ledger_lists_releases_and_movements_with_who_and_why() -> None:
    going = release(number=1, ending="", waits="388 requests more.")
    undone = MOVED[1].model_copy(update={"state": "undone", "number": 9, "reason": "No port."})

    text = told(print_ledger, [going], [*MOVED, undone])

    assert "     1  2026-01-10 12:00:00  canary      3 → 4     moving" in text
    assert "by ann: 388 requests more." in text
    assert "begin (undone)  4    5% to version 4" in text
    assert "by ann (release 1): No port." in text
    assert text.index("     1  2026-01-10 12:00:01  deploy") < text.index("     9  2026")


def test_what_was_live_at_a_moment_is_told_with_weights_and_by_whom() -> None:
    moved = MOVED[1].model_copy(update={"reason": "A try."})

    text = told(print_live, "flights", NOON + timedelta(minutes=1, seconds=30), moved.after, moved)

    assert "flights, 10 Jan 2026, 12:01 UTC: 5% to version 4, 95% to version 3" in text
    assert "ann (begin, movement 2)" in text
    assert "A try." in text
    assert "127.0.0.1, port 3000" in text


def test_before_the_ledger_began_and_after_a_stop_nothing_was_live() -> None:
    stop = Ledger().deploy("3").stop("3").movements[-1]

    assert "Nothing of flights was live" in told(print_live, "flights", NOON, None, None)
    assert "UTC: nowhere" in told(print_live, "flights", NOON, None, stop)


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_words_stay_words_on_their_own_line(word: str) -> None:
    changes: dict[str, Any] = dict.fromkeys(("by", "why", "ending", "waits"), word)
    hostile = Verdicts((Verdict(rule=word, outcome=Outcome.FAIL, reason=word),))
    made = release(verdicts=hostile, state="stopped", ended=NOON, **changes)
    moved = MOVED[1].model_copy(update={"by": word, "reason": word})

    text = told(print_one, made, [moved], [look(0, reason=word)], page=None)
    text += told(print_ledger, [made], [moved]) + told(print_live, "x", NOON, moved.after, moved)
    console = Console(file=io.StringIO(), width=80)
    print_facts(release_lines(made), console)
    text += console.file.getvalue()  # type: ignore[attr-defined]

    assert not {sign for sign in text if not sign.isprintable()} - {"\n", "\N{ZERO WIDTH JOINER}"}


def test_what_is_not_a_line_of_its_own_fits_into_the_terminal() -> None:
    over = release(number=7, state="rolled back", ended=NOON, verdicts=FAILED, ending="So. " * 60)
    moved = [one.model_copy(update={"reason": "Every rule held. " * 9}) for one in MOVED]

    lines = (told(print_release, over) + told(print_ledger, [over], moved)).splitlines()

    assert max(len(line.rstrip()) for line in lines) <= 80
