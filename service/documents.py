"""What a service says of itself: its contract, how to ask it, its health, its figures."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import msgspec

from adapters.access.gate import Gate
from lifecycle.serving.declaration import Endpoint
from service.exchange import Exchange
from service.front import Handler, Route
from service.headers import GUARDS, JSON, Headers
from service.metrics import CONTENT_TYPE

_HERE = Path(__file__).parent

PAGE: Headers = (
    *GUARDS,
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
"""What the page may do: run our own files, and ask this service. Nothing from elsewhere."""

_TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".png": b"image/png",
}


def documents(gate: Gate, *, contract: bytes, openapi: bytes) -> dict[str, Route]:
    """Give the routes of the contract, the OpenAPI document and the page that shows it.

    The page and its files hold nothing of a project, and a browser cannot send a key with the
    address of a page: so they are open, and what they fetch is not.
    """
    routes = {
        "/contract": _guarded(gate, "contract", lambda: contract, JSON),
        "/openapi.json": _guarded(gate, "docs", lambda: openapi, JSON),
        "/docs": _file(_HERE / "docs.html"),
        "/docs/docs.css": _file(_HERE / "docs.css"),
        "/docs/docs.js": _file(_HERE / "docs.js"),
    }
    shipped = _swagger_ui()
    for name, file in {
        "swagger-ui.css": "swagger-ui.css",
        "swagger-ui-bundle.js": "swagger-ui-bundle.js",
        "icon.png": "favicon-light-32x32.png",
    }.items():
        routes[f"/docs/{name}"] = _file(shipped / file)
    return {path: Route("GET", handle, _name(path)) for path, handle in routes.items()}


def metrics(gate: Gate, expose: Callable[[], bytes]) -> dict[str, Route]:
    """Give the route of the figures."""
    headers = ((b"content-type", CONTENT_TYPE.encode()), *GUARDS)
    return {"/metrics": Route("GET", _guarded(gate, "metrics", expose, headers), "/metrics")}


def health(faults: Callable[[], dict[str, str]]) -> dict[str, Route]:
    """Give the routes by which others tell whether the process lives, and may be sent requests.

    Parameters
    ----------
    faults
        What is wrong, by what it is wrong with; empty when it is ready.
    """

    async def healthz(exchange: Exchange) -> None:
        await exchange.answer(200, b'{"status":"alive"}', JSON)

    async def readyz(exchange: Exchange) -> None:
        found = faults()
        told = {"status": "not ready" if found else "ready", "faults": found}
        await exchange.answer(503 if found else 200, msgspec.json.encode(told), JSON)

    return {
        "/healthz": Route("GET", healthz, "/healthz"),
        "/readyz": Route("GET", readyz, "/readyz"),
    }


def _guarded(
    gate: Gate, endpoint: Endpoint, content: Callable[[], bytes], headers: Headers
) -> Handler:
    is_open = gate.is_open(endpoint)

    async def handle(exchange: Exchange) -> None:
        if not is_open:
            gate.check(exchange.headers, "read")
        await exchange.answer(200, content(), headers)

    return handle


def _file(path: Path) -> Handler:
    headers = ((b"content-type", _TYPES[path.suffix]), *PAGE)

    async def handle(exchange: Exchange) -> None:
        await exchange.answer(200, path.read_bytes(), headers)

    return handle


def _name(path: str) -> str:
    return "/docs" if path.startswith("/docs/") else path


def _swagger_ui() -> Path:
    """Find Swagger UI's files, which come with BentoML; importing it is not needed for that."""
    found = find_spec("bentoml")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("bentoml is not installed, and Swagger UI comes with it")
    return Path(found.origin).parent / "_internal" / "server" / "static_content"
