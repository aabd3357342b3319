"""A timer whose lateness shows how long requests wait, and which ends those that take too long."""

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter

from service.exchange import Exchange

BEAT = 0.05
"""Seconds between two beats: the probe costs nothing at this rate, and a queue shows at once."""

STANDING = 2
"""Late beats in a row that make a queue. One alone is a burst, or the machine was elsewhere: what
waited through it is answered sooner than it is refused (as in CoDel, RFC 8289)."""


class Heartbeat:
    """Knows how late the loop is, and what it is at work on.

    Parameters
    ----------
    waiting
        Seconds a request may wait for its turn.
    longest
        Seconds it may take in all.
    errands
        What else is to be done from time to time, each with its period in seconds.
    told
        Told of each beat how many seconds it was late.

    Attributes
    ----------
    lag
        Seconds the last beat came late.
    """

    def __init__(
        self,
        *,
        waiting: float,
        longest: float,
        errands: Sequence[tuple[float, Callable[[], None]]] = (),
        told: Callable[[float], None] | None = None,
    ) -> None:
        self._waiting, self._longest, self._told = waiting, longest, told
        now = perf_counter()
        self._errands = tuple(errands)
        self._next = [now + period for period, _ in errands]
        self._running: dict[asyncio.Task[None], Exchange] = {}
        self._late = 0
        self._timer: asyncio.TimerHandle | None = None
        self.lag = 0.0

    @property
    def is_crowded(self) -> bool:
        """Whether another request would wait longer than it may."""
        return self._late >= STANDING

    @property
    def in_flight(self) -> int:
        """How many requests are being answered."""
        return len(self._running)

    def enter(self, exchange: Exchange) -> asyncio.Task[None]:
        """Note that the present task answers a request."""
        task: asyncio.Task[None] = asyncio.current_task()  # type: ignore[assignment]
        self._running[task] = exchange
        return task

    def leave(self, task: asyncio.Task[None]) -> None:
        """Note that it is answered."""
        del self._running[task]

    def start(self) -> None:
        """Begin to beat, in the running loop."""
        self._plan()

    def stop(self) -> None:
        """Beat no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _plan(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = perf_counter() + BEAT
        self._timer = loop.call_later(BEAT, self._beat)

    def _beat(self) -> None:
        now = perf_counter()
        self.lag = max(0.0, now - self._due)
        self._late = self._late + 1 if self.lag > self._waiting else 0
        if self._told is not None:
            self._told(self.lag)
        self._end_the_late(now - self._longest)
        self._plan()
        for place, (period, errand) in enumerate(self._errands):
            if now >= self._next[place]:
                self._next[place] = now + period
                errand()

    def _end_the_late(self, before: float) -> None:
        """Cancel what began too long ago; those that began first stand first."""
        for task, exchange in list(self._running.items()):
            if exchange.started > before:
                return
            if not exchange.is_late:
                exchange.is_late = True
                task.cancel()
