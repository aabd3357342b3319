"""A tiny real target: `python answering.py NAME PORT`. It tells who it is and what it was asked.

Asked for `/be/MODE` it behaves so from then on, to `/predict` and `/labels`: `good`, `broken`
(500), `busy` (503), `resetting`, `hanging`, `slow`
(0.4 s).
"""

import asyncio
import json
import sys
from collections import Counter

NAME = sys.argv[1] if len(sys.argv) > 1 else ""
OURS = ("/healthz", "/asked", "/be/")


class Target:
    def __init__(self) -> None:
        self.mode = "good"
        self.asked: Counter = Counter()
        self.ids: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self.answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, address, _ = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines if line)
        headers = {name.lower(): value for name, value in headers.items()}
        size = len(await reader.readexactly(int(headers.get("content-length", 0))))
        path, _, query = address.partition("?")
        if not path.startswith(OURS):
            self.asked[path] += 1
            self.ids.append(headers.get("x-request-id", ""))
        status = await self.behave(path, query, writer)
        told = {"name": NAME, "size": size, "headers": headers, "method": method}
        told |= {"asked": self.asked.total(), "paths": self.asked}
        if path == "/asked":
            told["ids"] = self.ids
        body = json.dumps(told).encode()
        known = headers.get("x-request-id", "")
        writer.write(
            f"HTTP/1.1 {status} Told\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {known}\r\n\r\n".encode("latin-1")
            + body
        )
        await writer.drain()
        return True

    async def behave(self, path: str, query: str, writer: asyncio.StreamWriter) -> int:
        if path.startswith("/be/"):
            self.mode = path.removeprefix("/be/")
        if path == "/slow":
            await asyncio.sleep(float(query))
        if path == "/broken":
            return 503
        if path not in ("/predict", "/labels") or self.mode == "good":
            return 200
        if self.mode in ("hanging", "slow"):
            await asyncio.sleep(60 if self.mode == "hanging" else 0.4)
            return 200
        if self.mode == "resetting":
            writer.transport.abort()
            raise ConnectionAbortedError
        return {"broken": 500, "busy": 503}[self.mode]


async def main(port: int) -> None:
    server = await asyncio.start_server(Target().talk, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[2])))
