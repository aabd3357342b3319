"""Alerts, with what is told of them, in one transaction."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from adapters.records import LOG, Receiver, Records, RecordsError
from lifecycle.monitoring.alerts import Change, Changes, decide
from lifecycle.monitoring.declaration import Alerts
from tests.lifecycle.monitoring.alerts.days import DAY, JULY, days

HOOK = Receiver("abc", "json://somewhere/…")


def changes(letters: str, records: Records) -> Changes:
    now = JULY + len(letters) * DAY
    return decide("flights", days(letters), records.alerts("flights"), Alerts(), now=now)


def open_one(records: Records) -> int:
    told = records.record(changes("x", records), at=JULY, receivers=[LOG, HOOK])
    return told[0].alert.number


def test_an_alert_comes_back_with_the_number_people_know_it_by(records: Records) -> None:
    told = records.record(changes("x", records), at=JULY, receivers=[LOG, HOOK])

    assert records.open_alerts("flights") == (told[0].alert,)
    assert told[0].alert.number == 1
    assert "alerts show 1" in told[0].text
    assert [one.receiver for one in records.deliveries("flights")] == ["log", "abc"]
    assert [one.telling for one in records.deliveries("flights")] == [told[0], told[0]]


def test_an_alert_that_is_over_is_remembered(records: Records) -> None:
    open_one(records)

    records.record(changes("x.", records), at=JULY + 2 * DAY)

    assert records.open_alerts("flights") == ()
    assert [alert.is_open for alert in records.alerts("flights", 9)] == [False]
    assert records.alerts("flights", since=JULY + 3 * DAY) == ()
    assert len(records.alerts("flights", since=JULY + DAY)) == 1


def test_a_silence_outlives_what_monitoring_writes(records: Records) -> None:
    number = open_one(records)
    decided = changes("xx", records)
    until = datetime(2030, 1, 1, tzinfo=UTC)

    records.silence(number, until=until, by="me", why="known")
    records.record(decided, at=JULY + DAY)

    alert = records.open_alerts("flights")[0]
    assert (alert.silenced_until, alert.silenced_by, alert.windows) == (until, "me", 2)
    records.unsilence(number)
    assert records.open_alerts("flights")[0].silenced_until is None


def test_a_silence_needs_an_alert_that_stands(records: Records) -> None:
    with pytest.raises(RecordsError, match="There is no alert 7"):
        records.silence(7, until=JULY, by="me", why="")
    number = open_one(records)
    records.record(changes("x.", records), at=JULY)

    with pytest.raises(RecordsError, match=f"Alert {number} is over"):
        records.silence(number, until=JULY, by="me", why="")


def test_two_alerts_of_one_cause_are_never_open_and_nothing_of_the_second_stays(
    records: Records,
) -> None:
    decided = changes("x", records)
    records.record(decided, at=JULY, receivers=[LOG])

    with pytest.raises(RecordsError, match="the database says"):
        records.record(decided, at=JULY, receivers=[LOG])

    assert len(records.alerts("flights")) == 1
    assert len(records.deliveries("flights")) == 1


def test_where_telling_fails_the_alert_is_not_recorded_either(records: Records) -> None:
    decided = changes("x", records)
    twice = [HOOK, Receiver(HOOK.key, "the same under another name")]

    with pytest.raises(RecordsError):
        records.record(decided, at=JULY, receivers=twice)

    assert records.alerts("flights") == ()


def test_only_one_of_many_claims_a_delivery(opening: Callable[[], Records]) -> None:
    with opening() as records:
        open_one(records)
        number = records.deliveries("flights")[0].number
    claims: list[str | None] = []

    def claim() -> None:
        with opening() as mine:
            claims.append(mine.claim(number, now=datetime.now(UTC)))

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(claims) == 6
    assert sum(each is not None for each in claims) == 1


def test_a_claim_whose_owner_died_is_taken_over(records: Records) -> None:
    open_one(records)
    number = records.deliveries("flights")[0].number
    now = datetime.now(UTC)
    first = records.claim(number, now=now)
    assert first is not None
    assert records.claim(number, now=now + timedelta(seconds=90)) is None

    second = records.claim(number, now=now + timedelta(seconds=150))

    assert second is not None
    assert not records.end(number, "delivered", now=now, claim=first)
    assert records.end(number, "delivered", now=now, claim=second)
    assert records.claim(number, now=now + DAY) is None


def test_what_failed_waits_until_it_is_due(records: Records) -> None:
    open_one(records)
    first = records.deliveries("flights")[0]
    now = datetime.now(UTC)
    claim = records.claim(first.number, now=now)
    assert claim is not None

    records.put_off(first.number, until=now + DAY, claim=claim, error="Refused.")

    due = records.deliveries("flights", state="pending", due=now + timedelta(seconds=1))
    assert [one.receiver for one in due] == ["abc"]
    put_off = records.deliveries("flights", due=now + 2 * DAY)[0]
    assert (put_off.attempts, put_off.error, put_off.due) == (1, "Refused.", now + DAY)


def test_nothing_changed_is_nothing_written(records: Records) -> None:
    assert records.record(Changes(), at=JULY) == ()


def test_a_change_nobody_hears_of_puts_nothing_in_the_outbox(records: Records) -> None:
    decided = changes("x", records).changes[0]

    records.record(Changes(changes=(Change(alert=decided.alert),)), at=JULY, receivers=[LOG])

    assert records.deliveries("flights") == ()
    assert len(records.open_alerts("flights")) == 1
