"""Opening, decisions, snapshots, leases and sweeping, in a file and in PostgreSQL alike."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.records import LOG, VARIABLE, Records, RecordsError, migrating
from adapters.records.tables import LEASES, METADATA
from lifecycle.errors import StackError
from lifecycle.monitoring.alerts import decide
from lifecycle.monitoring.declaration import Alerts
from lifecycle.retraining.decision import Decision, Reason
from lifecycle.verdict import Outcome, Verdict, Verdicts
from tests.lifecycle.monitoring.alerts.days import DAY, JULY, days, review


def decision(**changes: object) -> Decision:
    checks = Verdicts((Verdict(rule="cooldown", outcome=Outcome.PASS, reason="It is over."),))
    plain = Decision(
        project="flights",
        at=JULY,
        as_of=JULY,
        is_due=True,
        reasons=(Reason(kind="drift", told="It has moved."),),
        checks=checks,
        ending="running",
    )
    return plain.model_copy(update=changes)


def test_a_decision_is_numbered_and_everything_it_was_is_kept(records: Records) -> None:
    first = records.add(decision(ending="not due", is_due=False))
    added = records.add(decision())
    assert records.running("flights") == (added,)

    changed = records.change(added.number, ending="won", version="4", at=JULY + DAY)

    assert (first.number, changed.number, changed.version) == (1, 2, "4")
    assert records.last_decision("flights") == changed
    assert records.decision(1) == first
    assert records.decisions("flights") == (first, changed)
    assert records.decisions("flights", 1) == (changed,)
    assert records.running("flights") == ()
    trail = records.trail(2)
    assert [(each.at, each.decision) for each in trail] == [
        (JULY, added),
        (JULY + DAY, changed),
    ]


def test_a_decision_that_is_not_there_cannot_change(records: Records) -> None:
    with pytest.raises(RecordsError, match="There is no decision 5"):
        records.change(5, ending="won")


def test_a_change_has_to_be_one_a_decision_can_have(records: Records) -> None:
    number = records.add(decision()).number

    with pytest.raises(ValueError, match="ending"):
        records.change(number, ending="finished")

    assert len(records.trail(number)) == 1


def test_a_snapshot_is_what_was_kept_last(records: Records) -> None:
    records.keep_snapshot("flights", "counters", {"requests": 1}, at=JULY)
    records.keep_snapshot("flights", "counters", {"requests": 2, "at": [1.5, None]}, at=JULY)

    assert records.snapshot("flights", "counters") == {"requests": 2, "at": [1.5, None]}
    assert records.snapshot("weather", "counters") is None


def test_a_lease_is_held_by_one(records: Records) -> None:
    mine = records.lease("watch", owner="me")
    assert mine is not None

    assert records.lease("watch", owner="you") is None
    holder = records.holder("watch")
    assert holder is not None
    assert holder.owner.startswith("me:")

    mine.release()
    assert records.holder("watch") is None
    assert records.lease("watch", owner="you") is not None


def test_a_lease_goes_to_one_of_many_who_want_it_at_once(opening: Callable[[], Records]) -> None:
    opening().close()
    taken: list[object] = []

    def take() -> None:
        with opening() as mine:
            taken.append(mine.lease("watch"))

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == 6
    assert sum(lease is not None for lease in taken) == 1


def test_a_lease_nobody_renews_is_taken_over(records: Records) -> None:
    old = records.lease("watch", 0.2)
    assert old is not None
    time.sleep(0.25)

    new = records.lease("watch", 60)

    assert new is not None
    assert not old.renew()
    assert old.is_lost
    old.release()
    assert records.holder("watch") is not None


def test_a_lease_is_renewed_while_it_is_used_and_given_back(records: Records) -> None:
    lease = records.lease("watch", 0.4)
    assert lease is not None

    with lease:
        time.sleep(0.7)
        assert records.lease("watch") is None

    assert not lease.is_lost
    assert records.lease("watch") is not None


def test_a_lease_from_a_clock_that_was_ahead_is_no_lease(records: Records) -> None:
    records.lease("watch", 60)
    ahead = sa.update(LEASES).values(expires=JULY.replace(year=2150))
    with records._place.writing() as connection:
        connection.execute(ahead)

    assert records.lease("watch", 60) is not None


def test_what_is_old_is_forgotten_but_not_what_is_open_or_waiting(records: Records) -> None:
    for number in range(3):
        records.keep(review(number, "x"))
    for letters in ("x", "x."):
        alerts = records.alerts("flights")
        now = JULY + len(letters) * DAY
        decided = decide("flights", days(letters), alerts, Alerts(), now=now)
        records.record(decided, at=now, receivers=[LOG])

    swept = records.sweep("flights", keep=DAY, now=JULY + 3 * DAY)
    assert swept == (2 - 1, 0, 0, 0)
    assert len(records.alerts("flights")) == 1

    for delivery in records.deliveries("flights"):
        claim = records.claim(delivery.number, now=JULY)
        assert claim is not None
        records.end(delivery.number, "delivered", now=JULY, claim=claim)
    swept = records.sweep("flights", keep=DAY, now=JULY + 10 * DAY)

    assert swept == (2, 1, 2, 0)
    assert records.reviews("flights") == ()
    assert records.alerts("flights") == ()


def test_processes_that_open_at_once_make_the_tables_once(
    opening: Callable[[], Records], tmp_path: Path, root: Path
) -> None:
    program = (
        "import sys; from pathlib import Path; from adapters.records import Records\n"
        "with Records.open(Path(sys.argv[1])) as records:\n"
        "    records.keep_snapshot('flights', sys.argv[2], 1, at=__import__('datetime')"
        ".datetime.now(__import__('datetime').UTC))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    begun = [
        subprocess.Popen([*command, str(number)], cwd=root, env=os.environ) for number in range(3)
    ]

    assert [process.wait(60) for process in begun] == [0, 0, 0]
    with opening() as records:
        assert [records.snapshot("flights", str(number)) for number in range(3)] == [1, 1, 1]


def test_the_tables_are_those_the_code_writes_to(records: Records) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with records._place.reading() as connection:
        found = compare_metadata(MigrationContext.configure(connection), METADATA)

    assert found == []
    folder = str(migrating._FOLDER)
    assert ScriptDirectory(folder, version_locations=[folder]).get_heads() == [migrating.HEAD]


def test_records_of_a_newer_version_are_left_alone(opening: Callable[[], Records]) -> None:
    with opening() as records, records._place.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(RecordsError, match="newer Perennial") as raised:
        opening()

    assert "nothing was changed" in str(raised.value)


def test_opening_what_is_up_to_date_takes_no_time_and_no_alembic(
    tmp_path: Path, root: Path
) -> None:
    Records.open(tmp_path).close()
    program = (
        "import sys, time; from pathlib import Path; from adapters.records import Records\n"
        "began = time.process_time(); Records.open(Path(sys.argv[1])).close()\n"
        "print(time.process_time() - began, 'alembic' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=root, capture_output=True, text=True
    )

    seconds, has_alembic = done.stdout.split()
    assert has_alembic == "False"
    assert float(seconds) < 0.1


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_bytes(b"This is no database at all. " * 100)

    with pytest.raises(RecordsError, match="file is not a database"):
        Records.open(tmp_path)


@pytest.mark.parametrize("url", ["nonsense", "mysql://me:s3cret@host/db", "postgresql://host"])
def test_an_address_that_cannot_be_used_is_told_without_its_password(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, url)

    with pytest.raises(StackError, match="PERENNIAL_RECORDS") as raised:
        Records.open(tmp_path)

    assert "s3cret" not in str(raised.value)


def test_a_database_that_is_down_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://me:s3cret@127.0.0.1:1/perennial")

    with pytest.raises(RecordsError, match=r"127\.0\.0\.1") as raised:
        Records.open(tmp_path)

    assert "s3cret" not in str(raised.value)


def test_one_writes_while_another_reads(opening: Callable[[], Records]) -> None:
    with opening() as reader, opening() as writer, reader._place.reading() as connection:
        connection.execute(sa.text("SELECT COUNT(*) FROM review")).scalar()

        began = time.monotonic()
        writer.keep(review(0, "x"))

    assert time.monotonic() - began < timedelta(seconds=5).total_seconds()


def test_decisions_that_began_something_are_found_among_many_that_did_not(
    records: Records,
) -> None:
    quiet = decision(ending="not due", is_due=False)
    begun = [records.add(made) for made in (quiet, decision(), quiet, decision(), quiet)][1::2]

    assert records.decisions("flights", begun=True) == tuple(begun)
    assert records.decisions("flights", 1, begun=True) == (begun[1],)
