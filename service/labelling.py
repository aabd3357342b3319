"""`POST /labels`: truths that come later, for predictions that were answered before."""

import msgspec

from adapters.access.gate import Gate
from lifecycle.serving.contract import Contract
from lifecycle.serving.declaration import Limits
from lifecycle.serving.labels import LabelReader
from service.exchange import Exchange
from service.headers import JSON
from service.heartbeat import Heartbeat
from service.pool import LARGE, Pool
from service.query import forbid_query
from service.recording import Recorder, signature
from service.refusals import busy, require_json

_ENCODER = msgspec.json.Encoder()


class Labelling:
    """Takes labels."""

    def __init__(
        self,
        *,
        gate: Gate,
        contract: Contract,
        recorder: Recorder,
        heartbeat: Heartbeat,
        pool: Pool,
        limits: Limits,
    ) -> None:
        self._gate, self._recorder = gate, recorder
        self._heartbeat, self._pool = heartbeat, pool
        self._limit = limits.body_kb * 1024
        self._reader = LabelReader(contract, most=limits.rows)

    async def __call__(self, exchange: Exchange) -> None:
        """Take the labels of one request."""
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
        truths = self._reader.read(body)
        self._recorder.write_labels(truths, request_id=request_id, by=by)
        return _ENCODER.encode({"request_id": request_id, "accepted": len(truths)})
