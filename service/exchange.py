"""One request and its answer: who it is, how its body is read within limits, how it ends."""

from collections.abc import Awaitable, Callable, MutableMapping
from os import urandom
from re import compile as pattern
from time import perf_counter
from typing import Any, NoReturn, TypeAlias

from lifecycle.release.plan import ARM_HEADER
from service.connections import send_whole
from service.headers import Headers
from service.refusals import Gone, too_large

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ID = pattern(rb"[\x21-\x7e]{1,128}")
_ARM = ARM_HEADER.encode("ascii")


class Exchange:
    """A request that is being answered.

    Parameters
    ----------
    id
        As the caller named it, else one of our own; every answer carries it.
    arm
        What the router says of the arm of a test it belongs to; empty: nothing.
    started
        By `time.perf_counter`.
    is_late
        Set when its time was up and its task was cancelled for it.
    is_reading
        While its body comes in.
    status, sent, received
        What became of it, for the metrics; 0 until then.
    """

    __slots__ = (
        "_length", "_receive", "_send", "arm", "content_type", "headers", "id", "is_closing",
        "is_late", "is_reading", "method", "path", "query", "received", "started", "status",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.started = perf_counter()
        self._receive, self._send = receive, send
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.is_closing = self.is_late = self.is_reading = False
        self.status = self.received = 0
        self.content_type = self._length = self.arm = b""
        given = b""
        for name, value in self.headers:
            if name == b"content-type":
                self.content_type = value
            elif name == b"content-length":
                self._length = value
            elif name == b"x-request-id":
                given = value
            elif name == _ARM:
                self.arm = value
        taken = given and _ID.fullmatch(given)
        self.id = given.decode("ascii") if taken else urandom(16).hex()

    async def read(self, limit: int) -> bytes:
        """Give the body.

        Parameters
        ----------
        limit
            Most bytes it may have; more are refused as soon as they are announced or come.

        Raises
        ------
        Refused
            413 if it is too large.
        Gone
            If the caller left before all of it was here.
        """
        if self._length and int(self._length) > limit:
            self._refuse_size(limit)
        self.is_reading = True
        pieces: list[bytes] = []
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise Gone
            pieces.append(message.get("body", b""))
            self.received += len(pieces[-1])
            if self.received > limit:
                self._refuse_size(limit)
            if not message.get("more_body"):
                break
        self.is_reading = False
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _refuse_size(self, limit: int) -> NoReturn:
        raise too_large(limit)

    async def answer(self, status: int, body: bytes, headers: Headers) -> None:
        """Send the whole answer, with the length and the request's id added to its headers."""
        self.status = status
        name = self.id.encode("ascii")
        more = b"content-length: %d\r\nx-request-id: %b\r\n" % (len(body), name)
        if send_whole(self._send, status, headers, more, body, is_last=self.is_closing):
            return
        whole = [*headers, (b"content-length", b"%d" % len(body)), (b"x-request-id", name)]
        if self.is_closing:
            whole.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": status, "headers": whole})
        await self._send({"type": "http.response.body", "body": body})
