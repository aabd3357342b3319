"""When things are due, and doing them then."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.clockwork import keep_time, next_after, was_missed, when_told_to_end
from lifecycle.errors import ProjectError

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def following(cron: str, number: int, since: datetime = NEW_YEAR) -> list[datetime]:
    found: list[datetime] = []
    for _ in range(number):
        found.append(next_after(cron, found[-1] if found else since))
    return found


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ("15 * * * *", "2026-01-01T00:15"),
        ("0 0 * * *", "2026-01-02T00:00"),
        ("*/20 * * * *", "2026-01-01T00:20"),
        ("30 5 1 * *", "2026-01-01T05:30"),
        ("0 6 29 2 *", "2028-02-29T06:00"),
        ("0 6 * jun *", "2026-06-01T06:00"),
        ("59 23 31 12 *", "2026-12-31T23:59"),
    ],
)
def test_the_next_time_is_the_first_one_after(cron: str, due: str) -> None:
    assert next_after(cron, NEW_YEAR) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_what_is_due_now_is_due_again_only_later() -> None:
    quarter = NEW_YEAR.replace(minute=15)

    assert next_after("15 * * * *", quarter) == quarter + timedelta(hours=1)


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("0", "sun"), ("7", "sun"), ("1", "mon"), ("6", "sat"), ("SUN", "sun"), ("mon", "mon"),
        ("1-5", "mon tue wed thu fri"), ("mon-fri", "mon tue wed thu fri"),
        ("5-7", "fri sat sun"), ("fri-sun", "fri sat sun"),
        ("0-4", "mon tue wed thu sun"), ("sun-thu", "mon tue wed thu sun"),
        ("*/2", "tue thu sat sun"), ("1-5/2", "mon wed fri"), ("4/2", "thu sat"),
        ("1,3,5", "mon wed fri"), ("0-6", "mon tue wed thu fri sat sun"),
        ("0-7", "mon tue wed thu fri sat sun"), ("*", "mon tue wed thu fri sat sun"),
    ],
)  # fmt: skip
def test_days_of_the_week_are_counted_as_cron_counts_them(field: str, days: str) -> None:
    found = {DAYS[moment.weekday()] for moment in following(f"0 6 * * {field}", 7)}

    assert found == set(days.split())


def test_of_a_date_and_a_day_of_the_week_one_is_enough() -> None:
    found = following("0 0 13 * 5", 4)

    assert [f"{moment:%a %d}" for moment in found] == ["Fri 02", "Fri 09", "Tue 13", "Fri 16"]


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe"])
def test_clocks_that_are_put_forward_and_back_here_change_nothing(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = following("30 * * * *", 24 * 365)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(hours=1)}


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    since=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
)
@settings(max_examples=50, deadline=None)
def test_a_daily_line_is_due_within_a_day(minute: int, hour: int, since: datetime) -> None:
    due = next_after(f"{minute} {hour} * * *", since)

    assert timedelta(0) < due - since <= timedelta(days=1)
    assert (due.hour, due.minute, due.second) == (hour, minute, 0)


@pytest.mark.parametrize(
    "cron", ["", "hourly", "60 * * * *", "* * * *", "* * * * 8", "* * * * 5-1", "* * * * */0",
             "* * * * funday", "x * * * *", "* * * * * *"]
)  # fmt: skip
def test_what_is_no_cron_line_is_refused_with_an_example(cron: str) -> None:
    with pytest.raises(ProjectError, match=r"is no cron line: .*15 \* \* \* \*"):
        next_after(cron, NEW_YEAR)


def test_what_is_never_due_is_refused() -> None:
    with pytest.raises(ProjectError, match="is never due"):
        next_after("0 0 31 2 *", NEW_YEAR)


def test_what_was_missed_often_was_missed() -> None:
    assert was_missed("15 * * * *", NEW_YEAR, NEW_YEAR + timedelta(days=9))
    assert not was_missed("15 * * * *", NEW_YEAR.replace(minute=16), NEW_YEAR.replace(minute=59))


def test_a_turn_that_is_said_to_have_been_later_was_not_missed() -> None:
    assert not was_missed("15 * * * *", NEW_YEAR + timedelta(days=9), NEW_YEAR)


@pytest.fixture
def every_second(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each minute be a second long: no cron line is due sooner than in a minute."""
    from apscheduler.triggers.interval import IntervalTrigger

    monkeypatch.setattr("adapters.clockwork._trigger", lambda _: IntervalTrigger(seconds=0.2))
    yield


@pytest.mark.usefixtures("every_second")
def test_jobs_run_one_after_another_until_it_is_told_to_stop() -> None:
    stopped, lock, seen = threading.Event(), threading.Lock(), []

    def job(name: str) -> None:
        assert lock.acquire(blocking=False), "two at once"
        time.sleep(0.05)
        seen.append(name)
        lock.release()
        if len(seen) >= 6:
            stopped.set()

    keep_time(
        {name: ("* * * * *", lambda name=name: job(name)) for name in ("a", "b")}, until=stopped
    )

    assert set(seen) == {"a", "b"}


@pytest.mark.usefixtures("every_second")
def test_a_job_that_breaks_is_run_again_at_its_next_time() -> None:
    stopped, seen = threading.Event(), []

    def job() -> None:
        seen.append(1)
        if len(seen) == 2:
            stopped.set()
        raise OSError("broken")

    keep_time({"job": ("* * * * *", job)}, until=stopped)

    assert len(seen) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_being_told_to_end_stops_it_and_gives_the_signals_back(number: signal.Signals) -> None:
    stopped, before = threading.Event(), signal.getsignal(number)
    threading.Timer(0.1, os.kill, (os.getpid(), number)).start()

    with when_told_to_end(stopped.set):
        keep_time({"job": ("0 0 1 1 *", lambda: None)}, until=stopped)

    assert stopped.is_set()
    assert signal.getsignal(number) is before
