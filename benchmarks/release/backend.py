"""A service that says who it is, and nothing else: what is left is what the router does."""

import os
from typing import Any

NAME = os.environ.get("NAME", "?").encode()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with its name."""
    if scope["type"] != "http":
        return
    await receive()
    headers = [(b"content-length", str(len(NAME)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": NAME})
