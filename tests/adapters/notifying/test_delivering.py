"""Nothing that has to be told is lost, and nobody waits long for who does not answer."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from adapters.notifying import deliver
from adapters.records import Records
from adapters.records.tables import DELIVERIES
from tests.servers.process import LOOPBACK, free_port
from tests.servers.receivers import Webhook, webhook

Tell = Callable[..., None]


def waiting(records: Records) -> list[str]:
    return [one.shown for one in records.deliveries("flights", state="pending")]


def log_of(state: Path) -> list[str]:
    return (state / "monitoring" / "alerts.log").read_text().splitlines()


def age(records: Records, length: timedelta) -> None:
    """Make everything in the outbox as old."""
    with records._place.writing() as connection:
        then = datetime.now(UTC) - length
        connection.execute(sa.update(DELIVERIES).values(created=then, due=then))


def test_everybody_is_told_and_the_log_says_so(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    to = [f"json://{hook.host}/a", f"json://{hook.host}/b"]
    tell(to)

    outcome = deliver(records, "flights", to, state=tmp_path)

    assert (outcome.delivered, outcome.waiting, outcome.problems) == (3, 0, [])
    assert hook.paths == ["/a", "/b"]
    assert hook.bodies[0]["alert"]["alert"]["cause"] == "concept drift"
    assert log_of(tmp_path) == [
        "2013-07-02T00:00:00Z opened [1] flights version 3: concept drift since 1 Jul 2013 "
        '(critical): Column "distance" says fail.'
    ]


def test_what_was_delivered_is_not_sent_again(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    to = [f"json://{hook.host}/a"]
    tell(to)
    deliver(records, "flights", to, state=tmp_path)

    outcome = deliver(records, "flights", to, state=tmp_path, force=True)

    assert outcome.delivered == 0
    assert len(hook.bodies) == 1


def test_a_receiver_that_is_down_gets_everything_once_it_is_up(
    records: Records, tell: Tell, tmp_path: Path
) -> None:
    port = free_port()
    to = [f"json://{LOOPBACK}:{port}/a"]
    tell(to)
    tell(to, "x.")

    outcome = deliver(records, "flights", to, state=tmp_path)
    assert outcome.waiting == 2
    assert "refused" in outcome.problems[0]
    assert len(outcome.problems) == 1  # once it failed it is left alone for this run

    age(records, timedelta(hours=1))
    with webhook(port=port) as hook:
        outcome = deliver(records, "flights", to, state=tmp_path)

    assert (outcome.delivered, outcome.waiting) == (2, 0)
    assert [body["alert"]["kind"] for body in hook.bodies] == ["opened", "resolved"]


def test_the_log_says_of_what_is_over_why_it_is(
    records: Records, tell: Tell, tmp_path: Path
) -> None:
    tell([])
    tell([], "x.")

    deliver(records, "flights", [], state=tmp_path)

    opened, resolved = log_of(tmp_path)
    assert opened.endswith('Column "distance" says fail.')
    assert resolved.endswith("All was well in the window after 2 Jul 2013.")


def test_one_that_fails_keeps_no_other_from_being_told(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    to = [f"json://{LOOPBACK}:{free_port()}/a", "json://${NOWHERE}", f"json://{hook.host}/b"]
    tell(to)

    outcome = deliver(records, "flights", to, state=tmp_path, environment={})

    assert hook.paths == ["/b"]
    assert waiting(records) == [f"{to[0][:-2]}/…", "json://${NOWHERE}"]
    assert "the environment variable NOWHERE is not set" in outcome.problems[1]


def test_a_receiver_that_answers_with_an_error_is_tried_ever_more_seldom(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    hook.status = 500
    to = [f"json://{hook.host}/a"]
    tell(to)

    waits = []
    for _ in range(3):
        deliver(records, "flights", to, state=tmp_path, force=True)
        due = records.deliveries("flights", state="pending")[0].due
        waits.append(round((due - datetime.now(UTC)) / timedelta(minutes=1)))
    deliver(records, "flights", to, state=tmp_path)

    assert waits == [1, 2, 4]
    assert len(hook.bodies) == 3
    assert records.deliveries("flights", state="pending")[0].attempts == 3


def test_a_receiver_that_hangs_does_not_hold_up_the_rest(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    with webhook() as stuck:
        stuck.hangs.set()
        to = [f"json://{stuck.host}/a?rto=0.5", f"json://{hook.host}/b"]
        tell(to)
        tell(to, "x.")
        began = time.monotonic()

        outcome = deliver(records, "flights", to, state=tmp_path)

    assert time.monotonic() - began < 5
    assert hook.paths == ["/b", "/b"]
    assert outcome.waiting == 2


def test_a_run_that_took_too_long_leaves_the_rest_to_the_next(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    to = [f"json://{hook.host}/a"]
    tell(to)

    outcome = deliver(records, "flights", to, state=tmp_path, seconds=0)

    assert (outcome.delivered, outcome.waiting) == (1, 1)  # the log is always written
    assert hook.bodies == []


def test_after_seven_days_it_is_given_up_and_the_others_are_told(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    to = [f"json://{LOOPBACK}:{free_port()}/a", f"json://{hook.host}/b"]
    tell(to)
    age(records, timedelta(days=6, hours=23))
    assert deliver(records, "flights", to, state=tmp_path).given_up == 0
    age(records, timedelta(days=7, minutes=1))

    outcome = deliver(records, "flights", to, state=tmp_path)
    deliver(records, "flights", to, state=tmp_path)

    assert outcome.given_up == 1
    assert "was never told of alert 1" in outcome.problems[0]
    assert "refused" in log_of(tmp_path)[-1]
    assert "could not be told of an alert for 7 days" in hook.bodies[-1]["title"]
    assert waiting(records) == []


def test_what_is_for_an_address_that_is_declared_no_more_is_given_up(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    tell([f"json://{hook.host}/old"])

    outcome = deliver(records, "flights", [], state=tmp_path)

    assert (outcome.given_up, outcome.waiting) == (1, 0)
    assert "not declared any more" in outcome.problems[0]
    assert hook.bodies == []


def test_no_secret_is_in_the_database_or_the_log(
    records: Records, tell: Tell, tmp_path: Path
) -> None:
    port = free_port()
    to = [f"json://me:hunter2hunter2@{LOOPBACK}:{port}/x", f"json://me:${{PW}}@{LOOPBACK}:{port}"]
    tell(to)

    outcome = deliver(records, "flights", to, state=tmp_path, environment={"PW": "hunter2hunter2"})

    assert len(outcome.problems) == 2
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"hunter2" not in kept


def _deliver(state: Path, to: list[str]) -> None:
    with Records.open(state) as records:
        deliver(records, "flights", to, state=state)


def test_two_that_deliver_at_once_send_nothing_twice(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    to = [f"json://{hook.host}/{number}" for number in range(8)]
    tell(to)
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=_deliver, args=(tmp_path, to)) for _ in range(2)]

    for process in both:
        process.start()
    for process in both:
        process.join(60)

    assert [process.exitcode for process in both] == [0, 0]
    assert sorted(hook.paths) == sorted(f"/{number}" for number in range(8))
    assert waiting(records) == []
    assert len(log_of(tmp_path)) == 1


def _deliver_and_die(state: Path, to: list[str]) -> None:
    with Records.open(state) as records:
        # Killed with what was sent on its way, before that is written down.
        records.end = lambda *_words, **_more: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign,assignment,misc]
        deliver(records, "flights", to, state=state)


def test_what_was_sent_by_one_that_was_killed_is_sent_again(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    to = [f"json://{hook.host}/a"]
    tell(to)
    log = records.deliveries("flights")[0]
    claim = records.claim(log.number, now=datetime.now(UTC))
    assert claim is not None
    records.end(log.number, "delivered", now=datetime.now(UTC), claim=claim)
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_deliver_and_die, args=(tmp_path, to))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL

    deliver(records, "flights", to, state=tmp_path)
    assert len(hook.bodies) == 1  # the claim still stands: it may be on its way
    with records._place.writing() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(sa.update(DELIVERIES).values(claimed_until=past))
    deliver(records, "flights", to, state=tmp_path)

    assert len(hook.bodies) == 2
    assert json.dumps(hook.bodies[0]) == json.dumps(hook.bodies[1])
    assert waiting(records) == []


def test_a_log_that_cannot_be_written_keeps_nobody_from_being_told(
    records: Records, tell: Tell, hook: Webhook, tmp_path: Path
) -> None:
    (tmp_path / "monitoring").write_text("a file where a folder should be")
    to = [f"json://{hook.host}/a"]
    tell(to)

    outcome = deliver(records, "flights", to, state=tmp_path)

    assert len(hook.bodies) == 1
    assert waiting(records) == ["the log"]
    assert "cannot be written" in outcome.problems[0]
