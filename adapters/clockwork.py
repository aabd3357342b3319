"""Runs things when they are due, by APScheduler; nothing else may import it."""

import re
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle.errors import ProjectError

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


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


def keep_time(jobs: Mapping[str, tuple[str, Callable[[], None]]]) -> None:
    """Run jobs at their times, one after another, until the process is told to stop.

    A job that is still running, or whose moment was slept through, is run once afterwards.

    Parameters
    ----------
    jobs
        By name: the cron line (UTC) and what to run.
    """
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.blocking import BlockingScheduler

    scheduler = BlockingScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )
    for name, (cron, run) in jobs.items():
        scheduler.add_job(run, _trigger(cron), id=name)

    def stop(_number: int, _frame: Any) -> None:
        scheduler.shutdown(wait=False)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        scheduler.start()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _trigger(cron: str) -> Any:
    from apscheduler.triggers.cron import CronTrigger

    fields = cron.split()
    if len(fields) == 5:
        # To APScheduler Monday is 0; to cron, and to everybody who writes a cron line, Sunday is.
        fields[4] = re.sub(r"(?<![/\d])[0-7](?!\d)", lambda day: _DAYS[int(day[0])], fields[4])
    try:
        return CronTrigger.from_crontab(" ".join(fields), timezone=UTC)
    except ValueError as error:
        raise ProjectError(
            f'The schedule "{cron}" is no cron line: {error}. Write minute, hour, day of the '
            'month, month and day of the week, for example "15 * * * *" or "0 6 * * mon".'
        ) from None
