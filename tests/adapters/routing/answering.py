"""A tiny real backend: `python answering.py NAME PORT`. It tells who it is, and may be slow."""

import asyncio
import json
import sys

import uvicorn

NAME = sys.argv[1] if len(sys.argv) > 1 else ""
COUNTS = {"asked": 0}


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = {key.decode(): value.decode() for key, value in scope["headers"]}
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    path, status = scope["path"], 200
    if path not in ("/healthz", "/readyz", "/asked"):
        COUNTS["asked"] += 1
    if path == "/slow":
        await asyncio.sleep(float(scope["query_string"]))
    if path == "/broken":
        status = 503
    told = {"name": NAME, "size": size, "headers": headers, **COUNTS}
    body = json.dumps(told).encode()
    sent = [(b"content-length", str(len(body)).encode())]
    if "x-request-id" in headers:
        sent.append((b"x-request-id", headers["x-request-id"].encode()))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
