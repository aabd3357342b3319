"""Work that takes too long for a look, done beside it."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as Unfinished
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from adapters.releasing.pairing_sides import NotToldError

PATIENCE = 0.25
"""Seconds a look waits for it: what is quick is told at once."""

_REST = 20
"""It rests so many times as long as it has worked: 5 % of a processor at most."""

Found = TypeVar("Found")


class Later(Generic[Found]):
    """A figure that is taken again now and then, in a thread, and told as of the last time.

    Parameters
    ----------
    work
        Takes it, given the moment.
    every
        How long it counts at least before it is taken anew.
    pool
        Who does the work.
    name
        What is not told until it is there: `labels`.
    """

    def __init__(
        self, work: Callable[[datetime], Found], *, every: timedelta, pool: Executor, name: str
    ) -> None:
        self._work, self._every, self._pool, self._name = work, every, pool, name
        self._due: datetime | None = None
        self._done: Future[Found] | None = None
        self._going: Future[Found] | None = None
        self._seconds = 0.0

    def look(self, now: datetime) -> Found:
        """Give the figure as of the last time.

        Raises
        ------
        Exception
            Whatever the work raised the last time.
        NotToldError
            If it has not been taken yet.
        """
        if self._going is None and (self._due is None or now >= self._due):
            self._going = self._pool.submit(self._timed, now)
        if self._going is not None:
            try:
                self._going.exception(timeout=PATIENCE if self._done is None else 0.01)
            except Unfinished:
                pass
            else:
                self._done, self._going = self._going, None
                self._due = now + max(self._every, timedelta(seconds=_REST * self._seconds))
        if self._done is None:
            raise NotToldError(f"The {self._name} are still being looked through.")
        return self._done.result()

    def _timed(self, now: datetime) -> Found:
        began = time.monotonic()
        try:
            return self._work(now)
        finally:
            self._seconds = time.monotonic() - began
