"""`POST /labels` and `POST /outcomes`: what comes later, for what was answered before."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from adapters.access.gate import Gate
from lifecycle.serving.declaration import Limits
from service.assigning import signature
from service.exchange import Exchange
from service.headers import JSON
from service.heartbeat import Heartbeat
from service.pool import LARGE, Pool
from service.query import forbid_query
from service.refusals import busy, require_json

_ENCODER = msgspec.json.Encoder()

Entry = TypeVar("Entry")
Written = TypeVar("Written", contravariant=True)


class Write(Protocol[Written]):
    """Writes entries down, or refuses to."""

    def __call__(self, entries: Sequence[Written], /, *, request_id: str, by: str | None) -> None:
        """Write the entries of one request."""


class Telling(Generic[Entry]):
    """Takes what is told.

    Parameters
    ----------
    read
        Reads a body; raises what is wrong with it.
    """

    def __init__(
        self,
        read: Callable[[bytes], list[Entry]],
        write: Write[Entry],
        *,
        gate: Gate,
        heartbeat: Heartbeat,
        pool: Pool,
        limits: Limits,
    ) -> None:
        self._read, self._write = read, write
        self._gate, self._heartbeat, self._pool = gate, heartbeat, pool
        self._limit = limits.body_kb * 1024

    async def __call__(self, exchange: Exchange) -> None:
        """Take the entries of one request."""
        if self._heartbeat.is_crowded:
            raise busy()
        by = signature(self._gate.check(exchange.headers, "label"))
        forbid_query(exchange.query)
        require_json(exchange.content_type)
        body = await exchange.read(self._limit)
        if len(body) < LARGE:
            answer = self._take(exchange.id, body, by)
        else:
            answer = await self._pool.run(lambda: self._take(exchange.id, body, by))
        await exchange.answer(202, answer, JSON)

    def _take(self, request_id: str, body: bytes, by: str | None) -> bytes:
        entries = self._read(body)
        self._write(entries, request_id=request_id, by=by)
        return _ENCODER.encode({"request_id": request_id, "accepted": len(entries)})
