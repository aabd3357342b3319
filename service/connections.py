"""Connections whose requests do not come: the server waits for headers without any limit."""

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any


class Watch:
    """Closes connections that began a request's headers, or none at all, and never ended them.

    The server limits how long a connection may lie idle between two requests, but neither how
    long it may be silent before its first, nor how long one line of headers may take.

    Parameters
    ----------
    connections
        Gives the server's open connections (uvicorn's HTTP protocols).
    longest
        Seconds a request's headers may take.
    """

    def __init__(self, connections: Callable[[], Iterable[Any]], *, longest: float) -> None:
        self._connections, self._longest = connections, longest
        self._since: dict[Any, tuple[object, float]] = {}

    def __call__(self) -> None:
        """Look once; to be called about every second."""
        now = perf_counter()
        waiting: dict[Any, tuple[object, float]] = {}
        for connection in list(self._connections()):
            if not _awaits_headers(connection):
                continue
            cycle, since = self._since.get(connection, (connection.cycle, now))
            if cycle is not connection.cycle:  # another request was answered since
                since = now
            if now - since > self._longest:
                connection.transport.close()
            else:
                waiting[connection] = connection.cycle, since
        self._since = waiting


def _awaits_headers(connection: Any) -> bool:
    answered = connection.cycle is None or connection.cycle.response_complete
    idle = connection.timeout_keep_alive_task is not None
    return answered and not idle and not connection.transport.is_closing()
