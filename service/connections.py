"""The one door to uvicorn: what a connection may do before it has become a request.

The server limits neither how long a request's headers may take, nor how large they may be; and
what it cannot read, it answers in plain text.
"""

from collections.abc import Iterable
from functools import lru_cache
from os import urandom
from time import perf_counter
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from lifecycle.serving import problem
from service.headers import PROBLEM, Headers
from service.refusals import NOT_HTTP

MOST_HEADERS = 65_536
"""Bytes of a request's headers; Envoy and nginx take less."""


class Connection(HttpToolsProtocol):
    """A connection whose headers end somewhere."""

    _headers = 0
    _is_in_body = False

    def data_received(self, data: bytes) -> None:
        """Take what came; a request that has not begun by so many bytes never will."""
        was_in_body = self._is_in_body
        super().data_received(data)
        if was_in_body or self._is_in_body or not awaits_request(self):
            self._headers = 0
            return
        self._headers += len(data)
        if self._headers > MOST_HEADERS:
            self.send_400_response("The headers are too long.")

    def on_headers_complete(self) -> None:
        """Note that what follows is a body, though its request may be answered already."""
        super().on_headers_complete()
        self._is_in_body = True

    def on_message_complete(self) -> None:
        """Note that what follows is another request."""
        super().on_message_complete()
        self._is_in_body = False

    def send_400_response(self, msg: str) -> None:
        """Tell, as everything else is told, that this is not what we speak."""
        request_id = urandom(16).hex()
        body = problem.problem(NOT_HTTP, msg, request_id).body()
        headers = (
            *self.server_state.default_headers,
            *PROBLEM,
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", request_id.encode("ascii")),
            (b"connection", b"close"),
        )
        self.transport.write(b"".join((STATUS_LINE[400], _lines(headers), b"\r\n", body)))
        self.transport.close()


def send_whole(
    send: object, status: int, headers: Headers, more: bytes, body: bytes, *, is_last: bool
) -> bool:
    """Write a whole answer at once; or nothing, where the server's own way has to be gone.

    That way goes over each header with two patterns, and writes head and body one after the
    other: two calls into the kernel and two packets.

    Parameters
    ----------
    send
        What the server gave for sending.
    more
        Further headers, as they are written.
    is_last
        Whether the connection is to be closed after it.
    """
    cycle = getattr(send, "__self__", None)
    if type(cycle) is not RequestResponseCycle:
        return False
    if cycle.disconnected:
        return True
    if cycle.response_started or cycle.flow.write_paused or cycle.scope["method"] == "HEAD":
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.keep_alive = cycle.keep_alive and not is_last
    closing = b"" if cycle.keep_alive else b"connection: close\r\n"
    dated = _lines(tuple(cycle.default_headers))
    head = (STATUS_LINE[status], dated, _lines(headers), more, closing, b"\r\n", body)
    cycle.transport.write(b"".join(head))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


@lru_cache(maxsize=256)
def _lines(headers: Headers) -> bytes:
    """Write headers down; what could end a line early is none."""
    for name, value in headers:
        if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
            raise ValueError(f"the header {name!r} cannot be sent")
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def guard(server: Any) -> None:
    """Let a uvicorn server make such connections, where it would make their plain kind."""
    if server.config.http_protocol_class is HttpToolsProtocol:
        server.config.http_protocol_class = Connection


def awaits_request(connection: HttpToolsProtocol) -> bool:
    """Tell whether a connection has no request, and is not idle after its last one either.

    It has begun to send one, or has never sent anything, or still sends what was refused.
    """
    cycle = connection.cycle
    answered = cycle is None or cycle.response_complete
    return (
        answered
        and connection.timeout_keep_alive_task is None
        and not connection.transport.is_closing()
    )


class Watch:
    """Closes connections whose next request takes too long to begin.

    Parameters
    ----------
    longest
        Seconds its headers may take.
    """

    def __init__(self, *, longest: float) -> None:
        self._longest = longest
        self._since: dict[HttpToolsProtocol, tuple[object, float]] = {}

    def look(self, connections: Iterable[HttpToolsProtocol]) -> None:
        """Look at all open connections; to be called about every second."""
        now = perf_counter()
        waiting: dict[HttpToolsProtocol, tuple[object, float]] = {}
        for connection in list(connections):
            if not awaits_request(connection):
                continue
            cycle, since = self._since.get(connection, (connection.cycle, now))
            if cycle is not connection.cycle:  # another request was answered since
                since = now
            if now - since > self._longest:
                connection.transport.close()
            else:
                waiting[connection] = connection.cycle, since
        self._since = waiting
