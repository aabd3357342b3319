"""The ASGI application that stands before BentoML's: it answers every request itself.

BentoML's own stack (time limits, tracing, metrics, access log, each a middleware) costs two to
five times what the prediction does. Only the events of the server's life go on to it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, TypeAlias

from lifecycle.serving import problem
from lifecycle.serving.access import Refusal
from lifecycle.serving.faults import Faults, NotJson, TooManyRows
from lifecycle.serving.problem import Kind
from service.errorlog import fail
from service.exchange import Exchange, Receive, Scope, Send
from service.headers import PROBLEM, Headers
from service.heartbeat import Heartbeat
from service.metrics import Metrics
from service.refusals import Gone, Refused, broken, not_allowed, not_found, too_long, too_slow

Handler: TypeAlias = Callable[[Exchange], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

OTHER = "other"
"""The route of whatever has none, in the metrics."""

REHEARSAL = "rehearsal"
OURS = "smoke-"
"""How the ids of our own tests of a service begin: they are counted, but as what they are."""


@dataclass(frozen=True)
class Route:
    """What answers at an address.

    Parameters
    ----------
    name
        What it is counted as.
    """

    method: str
    handle: Handler
    name: str


class Life(Protocol):
    """What is there while the server lives."""

    routes: Mapping[str, Route]
    metrics: Metrics
    heartbeat: Heartbeat
    seconds: float

    @property
    def is_draining(self) -> bool:
        """Whether it is being stopped."""

    async def start(self) -> None:
        """Get ready to answer."""

    async def stop(self) -> None:
        """Finish."""


class Front:
    """Answers requests, and takes part in the server's life.

    Parameters
    ----------
    inner
        BentoML's application.
    life
        What answers; nothing of it is used before it has been started.
    """

    def __init__(self, inner: App, life: Life) -> None:
        self._inner, self._life = inner, life

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request, connection or life of the server."""
        kind = scope["type"]
        if kind == "http":
            await self._serve(Exchange(scope, receive, send))
        elif kind == "lifespan":
            await self._live(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _serve(self, exchange: Exchange) -> None:
        life = self._life
        exchange.is_closing = life.is_draining
        task = life.heartbeat.enter(exchange)
        route = life.routes.get(exchange.path)
        try:
            if route is None:
                raise not_found(exchange.path)
            if route.method != exchange.method:
                raise not_allowed(exchange.method, route.method)
            await route.handle(exchange)
        except Gone:
            return
        except BaseException as error:
            await self._turn_away(exchange, error)
        finally:
            life.heartbeat.leave(task)
            if exchange.status:
                life.metrics.answered(
                    _counted_as(route, exchange),
                    exchange.status,
                    perf_counter() - exchange.started,
                )

    async def _turn_away(self, exchange: Exchange, error: BaseException) -> None:
        if isinstance(error, Refused):
            await self._tell(exchange, error.kind, error, error.headers)
        elif isinstance(error, Refusal):
            headers = tuple((n.lower().encode(), v.encode()) for n, v in error.headers)
            await self._tell(exchange, _BY_STATUS[error.status], error, headers)
        elif isinstance(error, (Faults, NotJson, TooManyRows)):
            found = problem.problem_of(error, exchange.id)
            self._life.metrics.refused(found.type)
            await exchange.answer(found.status, found.body(), PROBLEM)
        elif isinstance(error, asyncio.CancelledError) and exchange.is_late:
            await self._end_late(exchange)
        elif isinstance(error, Exception) and not exchange.status:
            fail("a request failed", error=error, request_id=exchange.id)
            await self._turn_away(exchange, broken())
        else:
            raise error

    async def _end_late(self, exchange: Exchange) -> None:
        """Answer a request whose time was up; where it was a slow reader's, there is no more."""
        if exchange.status:
            return
        was_reading = exchange.is_reading
        exchange.is_closing = exchange.is_closing or was_reading
        asyncio.current_task().uncancel()  # type: ignore[union-attr]
        refused = (too_slow if was_reading else too_long)(self._life.seconds)
        await self._turn_away(exchange, refused)

    async def _tell(
        self, exchange: Exchange, kind: Kind, error: Refused | Refusal, headers: Headers
    ) -> None:
        errors = error.errors if isinstance(error, Refused) else ()
        self._life.metrics.refused(kind.uri)
        body = problem.problem(kind, str(error), exchange.id, errors).body()
        await exchange.answer(kind.status, body, (*PROBLEM, *headers))

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start after BentoML has, and stop before it does."""

        async def tell(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                try:
                    await self._life.start()
                except Exception as error:
                    message = {"type": "lifespan.startup.failed", "message": str(error)}
            await send(message)

        async def hear() -> Any:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._life.stop()
            return message

        await self._inner(scope, hear, tell)


def _counted_as(route: Route | None, exchange: Exchange) -> str:
    if route is None:
        return OTHER
    return REHEARSAL if exchange.id.startswith(OURS) else route.name


_BY_STATUS = {kind.status: kind for kind in (problem.UNAUTHORIZED, problem.FORBIDDEN, problem.RATE)}
