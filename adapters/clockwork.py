"""Runs things when they are due, by APScheduler; nothing else may import it."""

import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle.errors import ProjectError

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = rf"[0-7]|{'|'.join(_DAYS)}"
_WEEKDAY = re.compile(rf"(?P<first>\*|{_DAY})(-(?P<last>{_DAY}))?(/(?P<step>\d+))?")


def next_after(cron: str, moment: datetime) -> datetime:
    """Give the first moment after another at which a cron line is due, in UTC.

    Examples
    --------
    >>> next_after("15 6 * * 1", datetime(2026, 1, 1, tzinfo=UTC)).isoformat()
    '2026-01-05T06:15:00+00:00'
    """
    found: datetime | None = _trigger(cron).get_next_fire_time(
        None, moment + timedelta(microseconds=1)
    )
    if found is None:
        raise ProjectError(f'The schedule "{cron}" is never due. Write for example "15 * * * *".')
    return found


def was_missed(cron: str, last: datetime | None, now: datetime) -> bool:
    """Say whether it was due since it was last done; where it never was done, it was.

    However often it was missed, it is one run that catches up.

    Examples
    --------
    >>> at = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
    >>> was_missed("15 * * * *", at.replace(minute=20), at)
    False
    >>> was_missed("15 * * * *", at.replace(hour=3), at), was_missed("15 * * * *", None, at)
    (True, True)
    """
    return last is None or next_after(cron, last) <= now


def keep_time(
    jobs: Mapping[str, tuple[str, Callable[[], None]]], *, until: threading.Event
) -> None:
    """Run jobs at their times, one after another, until an event is set.

    What was due while another job ran waits for its end. What was slept through is made up for
    once, however often it was missed; what is due while it is itself at work is passed over.

    Parameters
    ----------
    jobs
        By name: the cron line (UTC) and what to run. What a job raises goes to the log.
    """
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )
    for name, (cron, run) in jobs.items():
        scheduler.add_job(run, _trigger(cron), id=name)
    scheduler.start()
    try:
        until.wait()
    finally:
        scheduler.shutdown(wait=False)


@contextmanager
def when_told_to_end(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` where this process is told to end, by Ctrl-C or `kill`, instead of ending it."""

    def handle(_number: int, _frame: Any) -> None:
        # Beside what it interrupts, which may hold the very locks that stopping needs.
        threading.Thread(target=stop, daemon=True).start()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _trigger(cron: str) -> Any:
    """Read a cron line as cron does, and not as APScheduler would.

    To APScheduler a week begins on Monday, and where both a day of the month and a day of the week
    are named, both have to hold; to cron one of them is enough.
    """
    from apscheduler.triggers.combining import OrTrigger
    from apscheduler.triggers.cron import CronTrigger

    fields = cron.split()
    try:
        if len(fields) != 5:
            raise ValueError(f"it has {len(fields)} fields, not 5")
        names = ("minute", "hour", "day", "month", "day_of_week")
        told = dict(zip(names, [*fields[:4], _weekdays(fields[4])], strict=True))
        if fields[2].startswith("*") or fields[4].startswith("*"):
            return CronTrigger(timezone=UTC, **told)
        by_date, by_weekday = ({**told, name: "*"} for name in ("day_of_week", "day"))
        return OrTrigger([CronTrigger(timezone=UTC, **one) for one in (by_date, by_weekday)])
    except ValueError as error:
        raise ProjectError(
            f'The schedule "{cron}" is no cron line: {error}. Write minute, hour, day of the '
            'month, month and day of the week, for example "15 * * * *" or "0 6 * * mon".'
        ) from None


def _weekdays(field: str) -> str:
    """Name the days of a cron line's last field, each by itself: Sunday is 0, and 7 as well.

    Examples
    --------
    >>> _weekdays("1-5"), _weekdays("5-7"), _weekdays("*/2")
    ('mon,tue,wed,thu,fri', 'sun,fri,sat', 'sun,tue,thu,sat')
    """
    days = {day % 7 for part in field.lower().split(",") for day in _days_of(part)}
    return "*" if len(days) == 7 else ",".join(_DAYS[day] for day in sorted(days))


def _days_of(part: str) -> range:
    found = _WEEKDAY.fullmatch(part)
    if found is None:
        raise ValueError(f'"{part}" names no day of the week')
    first, last, step = found["first"], found["last"], int(found["step"] or 1)
    start = 0 if first == "*" else _day(first)
    end = _day(last) if last else 6 if first == "*" or found["step"] else start
    end += 7 if last == "sun" else 0
    if end < start or not step:
        raise ValueError(f'"{part}" names no day of the week')
    return range(start, end + 1, step)


def _day(text: str) -> int:
    return _DAYS.index(text) if text in _DAYS else int(text)
