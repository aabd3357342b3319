"""`POST /predict`: one row or many, read, scored, written down, answered."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import msgspec

from adapters.access.gate import Gate
from adapters.inference.engine import Engine
from lifecycle.serving import problem
from lifecycle.serving.declaration import Serving
from lifecycle.serving.inputs import Answers
from lifecycle.serving.reading import Reader, Request
from service.assigning import Asked, Assigning
from service.exchange import Exchange
from service.headers import JSON
from service.heartbeat import Heartbeat
from service.metrics import Metrics
from service.pool import LARGE, Pool
from service.query import read_reasons
from service.recording import Recorder
from service.refusals import Refused, busy, require_json

LARGE_EXPLAINED = 2_048
"""The same where reasons are asked for: each takes as long as a few predictions."""

MOST_EXPLAINED = 1_000
"""Rows of a request whose reasons are given: about a second's work."""

CROSSED = " × "
"""What stands between the names of two columns that are crossed; see `Reason`."""

_ENCODER = msgspec.json.Encoder()


class Predicting:
    """Answers requests for predictions.

    Parameters
    ----------
    serving
        Limits, and how many reasons are given where no number is named.
    """

    def __init__(
        self,
        *,
        gate: Gate,
        assigning: Assigning,
        reader: Reader,
        engine: Engine,
        recorder: Recorder,
        metrics: Metrics,
        heartbeat: Heartbeat,
        pool: Pool,
        serving: Serving,
    ) -> None:
        self._gate, self._assigning = gate, assigning
        self._reader, self._engine = reader, engine
        self._recorder, self._metrics, self._heartbeat = recorder, metrics, heartbeat
        self._limit = serving.limits.body_kb * 1024
        self._reasons = serving.reasons
        self._version = engine.manifest.version
        self._classes = engine.contract.classes
        self._pool = pool

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        if self._heartbeat.is_crowded:
            raise busy()
        asked = self._assigning(exchange, self._gate.check(exchange.headers, "predict"))
        reasons = read_reasons(exchange.query, default=self._reasons)
        require_json(exchange.content_type)
        body = await exchange.read(self._limit)
        if len(body) < (LARGE_EXPLAINED if reasons else LARGE):
            answer = self._answer(asked, body, reasons)
        else:
            answer = await self._pool.run(lambda: self._answer(asked, body, reasons))
        await exchange.answer(200, answer, JSON)

    def _answer(self, asked: Asked, body: bytes, reasons: int) -> bytes:
        request = self._reader.read(body)
        answers = self._engine.score(request.inputs)
        told = self._tell(request, answers)
        if reasons:
            self._explain(told, request, reasons)
        if self._recorder.is_on:
            self._recorder.write_predictions(request.rows, answers, asked)
        self._metrics.predicted(answers, len(body))
        if request.unseen or request.missing:
            self._metrics.seen(request.unseen, request.missing)
        head = {"request_id": asked.id, "version": self._version}
        whole = {**head, **told[0]} if request.is_single else {**head, "predictions": told}
        return _ENCODER.encode(whole)

    def _tell(self, request: Request, answers: Answers) -> list[dict[str, Any]]:
        if not isfinite(answers.scores.sum()):  # JSON would say null
            raise ArithmeticError("the model gave a score that is no finite number")
        scores: list[Any] = answers.scores.tolist()
        if answers.scores.ndim == 2:
            scores = [dict(zip(self._classes, shares, strict=True)) for shares in scores]
        if answers.decisions is None:
            return [{"score": score} for score in scores]
        decided = [self._classes[place] for place in answers.decisions.tolist()]
        return [
            {"score": score, "decision": name} for score, name in zip(scores, decided, strict=True)
        ]

    def _explain(self, told: list[dict[str, Any]], request: Request, most: int) -> None:
        if len(told) > MOST_EXPLAINED:
            raise Refused(
                problem.TOO_MANY_ROWS,
                f"Reasons are given for at most {MOST_EXPLAINED} rows of a request; there are "
                f"{len(told):,}. Send several requests, or leave the reasons out.",
            )
        for place, (answer, row) in enumerate(zip(told, request.rows, strict=True)):
            reasons, reference = self._engine.reasons(request.inputs, place, most)
            answer["reasons"] = [
                {
                    "column": reason.column,
                    "value": _value(row, reason.column),
                    "contribution": reason.contribution,
                }
                for reason in reasons
            ]
            answer["reference_score"] = reference


def _value(row: Mapping[str, Any], column: str) -> Any:
    """Give what was sent in a column; in a pair of columns, both, as the pair is written.

    Examples
    --------
    >>> _value({"a": "x", "b": None}, "a"), _value({"a": "x", "b": None}, "a × b")
    ('x', 'x × missing')
    """
    if column in row:
        return row[column]
    parts = [row.get(part) for part in column.split(CROSSED)]
    return CROSSED.join("missing" if part is None else str(part) for part in parts)
