"""The ledger of releases: one open of a project, one move at a time, nothing half-written."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from adapters.records import (
    MovementBusyError,
    Records,
    RecordsError,
    ReleaseBusyError,
    ReleaseOverError,
)
from lifecycle.release.release import Movement
from lifecycle.verdict import Outcome
from tests.lifecycle.governance.stories import HOSTILE
from tests.lifecycle.release.ledgers import MINUTE, NOON, alone, look, movement, plan, release

ODD = 'a "b"; DROP TABLE release -- \N{SNOWMAN}'


def test_a_release_is_numbered_and_everything_it_was_is_kept(records: Records) -> None:
    opened = records.open_release(release(why=ODD))

    changed = records.change_release(opened.number, step=1, stepped=NOON + MINUTE, at=NOON + MINUTE)

    assert (opened.number, opened.why, changed.step) == (1, ODD, 1)
    assert records.release(1) == changed
    assert records.open_one("flights") == changed
    assert [(one.at, one.release) for one in records.release_trail(1)] == [
        (NOON, opened),
        (NOON + MINUTE, changed),
    ]


def test_what_looks_tell_as_well_makes_no_entry_of_the_trail(records: Records) -> None:
    number = records.open_release(release()).number

    changed = records.change_release(
        number, waits="A minute.", verdicts=look(0).verdicts, judged=NOON
    )

    assert records.release(number) == changed
    assert len(records.release_trail(number)) == 1


def test_releases_come_in_their_order_and_each_project_has_its_own(records: Records) -> None:
    first = records.open_release(release())
    other = records.open_release(release(project="weather"))
    ended = records.change_release(first.number, state="promoted", at=NOON + MINUTE)
    second = records.open_release(release(began=NOON + 9 * MINUTE))

    assert records.releases("flights") == (ended, second)
    assert records.releases("flights", 1) == (second,)
    assert records.releases("flights", since=NOON + 2 * MINUTE) == (second,)
    assert records.releases("weather") == (other,)
    assert records.open_one("flights") == second
    assert records.release(99) is None


def test_a_release_that_is_over_has_an_end_even_where_nobody_named_it(records: Records) -> None:
    number = records.open_release(release()).number

    ended = records.change_release(number, state="rolled back", at=NOON + MINUTE)

    assert ended.ended == NOON + MINUTE
    assert records.open_one("flights") is None


@pytest.mark.parametrize("state", ["moving", "keeping"])
def test_a_second_release_is_refused_by_the_number_the_moment_and_the_name_of_the_first(
    state: str, records: Records
) -> None:
    number = records.open_release(release()).number
    records.change_release(number, state=state)

    with pytest.raises(ReleaseBusyError) as raised:
        records.open_release(release(by="bob"))

    told = str(raised.value)
    assert "Release 1" in told
    assert "since 10 Jan 2026, 12:00:00 UTC, by ann" in told
    assert "rollback --project flights" in told
    assert len(records.releases("flights")) == 1


def test_a_release_that_is_over_stays_over(records: Records) -> None:
    number = records.open_release(release()).number
    records.change_release(number, state="rolled back", ending="It failed.", at=NOON)

    with pytest.raises(ReleaseOverError, match=r"Release 1 .*rolled back \(It failed\)"):
        records.change_release(number, state="moving", ended=None)

    assert len(records.release_trail(number)) == 2
    with pytest.raises(RecordsError, match="There is no release 7"):
        records.change_release(7, step=1)


@pytest.mark.parametrize("what", ["release", "movement"])
def test_of_two_processes_that_begin_at_once_one_is_refused(
    what: str, opening: Callable[[], Records], tmp_path: Path, root: Path
) -> None:
    opening().close()
    program = (
        "import sys, time; from pathlib import Path; from adapters.records import *\n"
        "from tests.lifecycle.release.ledgers import movement, release\n"
        "with Records.open(Path(sys.argv[1])) as records:\n"
        "    records.releases('flights'); print('ready', flush=True); sys.stdin.readline()\n"
        "    try:\n"
        "        if sys.argv[2] == 'release': records.open_release(release(by=sys.argv[3]))\n"
        "        else: records.intend(movement(by=sys.argv[3]))\n"
        "        print('begun')\n"
        "    except (ReleaseBusyError, MovementBusyError) as error: print(error)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), what]
    begun = [
        subprocess.Popen(
            [*command, who], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for who in ("ann", "bob", "cid")
    ]  # fmt: skip
    for process in begun:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    for process in begun:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].strip() for process in begun]

    winner = ("ann", "bob", "cid")[told.index("begun")]
    assert [told.count("begun"), len(told)] == [1, 3]
    assert all(f"by {winner}" in one for one in told if one != "begun")


def test_many_threads_of_two_projects_open_one_release_each(
    opening: Callable[[], Records],
) -> None:
    opening().close()
    ends: list[str] = []

    def begin(project: str) -> None:
        with opening() as mine:
            try:
                ends.append(f"{mine.open_release(release(project=project)).project} begun")
            except ReleaseBusyError:
                ends.append(f"{project} refused")

    threads = [threading.Thread(target=begin, args=(name,)) for name in ("flights", "weather") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == sorted(
        ["flights begun", "weather begun", *["flights refused"] * 2, *["weather refused"] * 2]
    )


def test_a_movement_is_intended_then_done_then_settled(records: Records) -> None:
    intended = records.intend(movement(before=alone("3"), after=plan(v4=500, v3=9500), reason=ODD))
    assert records.unfinished("flights") == intended
    assert records.unsettled("flights") == ()

    done = records.finish_movement(intended.number, "done", at=NOON + MINUTE)
    assert (done.state, done.done_at, done.after) == ("done", NOON + MINUTE, intended.after)
    assert records.unfinished("flights") is None
    assert records.unsettled("flights") == (done,)

    settled = records.settle_movement(done.number)
    assert records.unsettled("flights") == ()
    assert records.movements("flights") == (settled,)
    assert records.movement(1) == settled


def test_movements_are_found_by_number_moment_and_release(records: Records) -> None:
    number = records.open_release(release()).number
    for minute, of in enumerate((None, number, number, None)):
        made = records.intend(movement(at=NOON + minute * MINUTE, release=of))
        records.finish_movement(made.number, "done", at=made.at)

    def numbers(found: tuple[Movement, ...]) -> list[int]:
        return [one.number for one in found]

    assert numbers(records.movements("flights")) == [1, 2, 3, 4]
    assert numbers(records.movements("flights", 2)) == [3, 4]
    assert numbers(records.movements("flights", since=NOON + MINUTE)) == [2, 3, 4]
    assert numbers(records.movements("flights", release=number)) == [2, 3]
    assert records.movements("weather") == ()


def test_while_a_move_is_intended_another_is_refused_and_says_what_repairs_it(
    records: Records,
) -> None:
    records.intend(movement())
    records.intend(movement(project="weather"))

    with pytest.raises(MovementBusyError) as raised:
        records.intend(movement(kind="roll back", by="bob"))

    told = str(raised.value)
    assert "begin, version 4, intended since 10 Jan 2026, 12:00:00 UTC by ann" in told
    assert "the next start repairs it" in told


def test_what_is_undone_makes_room_and_cannot_be_done_any_more(records: Records) -> None:
    number = records.intend(movement()).number
    undone = records.finish_movement(number, "undone", at=NOON)

    assert records.finish_movement(number, "undone", at=NOON + MINUTE) == undone
    with pytest.raises(RecordsError, match="is undone already; it cannot be done"):
        records.finish_movement(number, "done", at=NOON)

    assert records.unsettled("flights") == (undone,)
    assert records.intend(movement()).number == number + 1


def test_a_movement_that_is_not_there_cannot_be_finished(records: Records) -> None:
    with pytest.raises(RecordsError, match="There is no movement 7"):
        records.finish_movement(7, "done", at=NOON)
    number = records.intend(movement()).number
    with pytest.raises(RecordsError, match="only intended"):
        records.settle_movement(number)


def test_a_release_is_opened_with_its_first_movement_or_neither_is(records: Records) -> None:
    made = records.intend(movement(), release=release())
    assert made.release == 1

    with pytest.raises(MovementBusyError):
        records.intend(movement(project="flights"), release=release())
    records.finish_movement(made.number, "done", at=NOON)
    with pytest.raises(ReleaseBusyError):
        records.intend(movement(), release=release())

    assert len(records.releases("flights")) == len(records.movements("flights")) == 1


def test_a_movement_is_done_with_what_its_release_becomes_or_neither_is(records: Records) -> None:
    made = records.intend(movement(), release=release())
    opened = records.open_one("flights")
    assert opened is not None

    with pytest.raises(ValueError, match="state"):
        records.finish_movement(made.number, "done", at=NOON, release={"state": "nonsense"})
    with pytest.raises(ValueError, match="of release 1 cannot change 9"):
        records.finish_movement(
            made.number, "done", at=NOON, release=opened.model_copy(update={"number": 9})
        )
    assert records.unfinished("flights") == made
    assert records.open_one("flights") == opened

    then = opened.model_copy(update={"step": 1})
    records.finish_movement(made.number, "done", at=NOON, release=then)
    assert records.open_one("flights") == then
    assert records.unfinished("flights") is None


def test_a_process_that_is_killed_between_both_leaves_neither(
    opening: Callable[[], Records], tmp_path: Path, root: Path
) -> None:
    with opening() as records:
        made = records.intend(movement(), release=release())
    program = (
        "import os, sys; from pathlib import Path\n"
        "from adapters.records import Records, movements\n"
        "movements.alter_release = lambda *_, **__: os.kill(os.getpid(), 9)\n"
        "from tests.lifecycle.release.ledgers import NOON\n"
        "with Records.open(Path(sys.argv[1])) as records:\n"
        "    records.finish_movement(1, 'done', at=NOON, release={'step': 1})\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)}, timeout=60,
    )  # fmt: skip

    assert ended.returncode == -9
    with opening() as records:
        assert records.unfinished("flights") == made
        assert records.releases("flights")[0].step == 0


@pytest.mark.parametrize("kind", ["begin", "advance", "promote"])
def test_nothing_is_moved_on_in_a_release_that_somebody_has_ended(
    kind: str, records: Records
) -> None:
    number = records.open_release(release()).number
    records.change_release(number, state="rolled back", at=NOON)

    with pytest.raises(ReleaseOverError, match="no more traffic moves to its version"):
        records.intend(movement(kind=kind, release=number))

    assert records.movements("flights") == ()
    assert records.intend(movement(kind="finish", release=number)).number == 1


def test_a_decision_that_moves_nothing_is_entered_though_a_move_is_going_on(
    records: Records,
) -> None:
    records.intend(movement())

    entered = records.enter(movement(kind="readmit", state="done", settled=True))

    assert (entered.number, entered.done_at) == (2, NOON)
    assert records.unsettled("flights") == ()
    with pytest.raises(ValueError, match="intend"):
        records.enter(movement())
    with pytest.raises(ValueError, match="done already"):
        records.intend(movement(state="done"))


def test_looks_come_back_as_they_were(records: Records) -> None:
    records.open_release(release())
    made = [look(0), look(5, action="advance"), look(9, step=1)]

    for one in made:
        records.look(one)

    assert records.looks(1) == tuple(made)
    assert records.looks(1, 2) == tuple(made[1:])
    assert records.last_look(1) == made[-1]
    assert records.looks(2) == ()
    assert records.last_look(2) is None


def test_whatever_is_said_comes_back_as_it_was(records: Records) -> None:
    records.open_release(release())

    for word in HOSTILE:
        made = records.intend(movement(by=word, reason=word))
        records.finish_movement(made.number, "done", at=NOON)
        changed = records.change_release(1, ending=word, waits=word)
        records.look(look(0, action="advance", reason=word))

        assert records.release(1) == changed
        assert records.movements("flights", 1)[0].reason == word
        last = records.last_look(1)
        assert last is not None
        assert last.reason == word


def test_of_many_looks_in_which_nothing_changes_few_are_kept_and_always_the_last(
    records: Records,
) -> None:
    records.open_release(release())
    hour = 3600.0

    for second in (0, 0.2, 0.4, 0.6, 0.8, hour, hour + 1, hour + 2, hour + 3, hour + 4):
        records.look(look(second))

    kept = [(one.at - NOON).total_seconds() for one in records.looks(1)]
    assert kept == [0, 0.8, hour, hour + 4]


def test_a_look_at_which_something_changes_is_kept_however_close(records: Records) -> None:
    records.open_release(release())
    outcomes = [*[Outcome.PASS] * 5, Outcome.FAIL, *[Outcome.PASS] * 5]

    for place, outcome in enumerate(outcomes):
        records.look(look(place / 100, outcome))

    found = [next(iter(one.verdicts)).outcome for one in records.looks(1)]
    assert found == [*[Outcome.PASS] * 2, Outcome.FAIL, *[Outcome.PASS] * 2]


def test_looks_are_thinned_evenly_in_time_but_for_what_changed(records: Records) -> None:
    records.open_release(release())
    for second in range(60):
        records.look(look(second, step=int(second >= 41)))

    thin = [int((one.at - NOON).total_seconds()) for one in records.looks(1, thin=6)]

    assert {0, 41, 59} <= {*thin}
    assert 6 <= len(thin) <= 9
    assert max(late - early for early, late in pairwise(thin)) <= 12
    assert len(records.looks(1, thin=1_000)) == 60


def test_the_ledger_is_kept_for_ever_and_old_looks_are_not(records: Records) -> None:
    for project in ("flights", "weather"):
        number = records.open_release(release(project=project)).number
        records.look(look(0, release=number))
        records.look(look(1, release=number))
        records.intend(movement(project=project, release=number))
    records.change_release(1, state="promoted", at=NOON)

    early = records.sweep("flights", keep=timedelta(days=9), now=NOON + timedelta(days=8))
    swept = records.sweep("flights", keep=timedelta(days=7), now=NOON + timedelta(days=8))
    going = records.sweep("weather", keep=timedelta(days=7), now=NOON + timedelta(days=8))

    assert (early.looks, swept.looks, going.looks) == (0, 2, 0)
    assert len(records.releases("flights")) == len(records.movements("flights")) == 1
    assert len(records.release_trail(1)) == 2
    assert len(records.looks(2)) == 2
