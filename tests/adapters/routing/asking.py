"""Asks very often over a few kept connections: a load of the tests, in one thread."""

import asyncio
import json
from collections.abc import Iterable
from typing import NamedTuple

from tests.servers.process import LOOPBACK


class Told(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def name(self) -> str:
        return json.loads(self.body)["name"]

    def header(self, name: str) -> str | None:
        """Give a header as the target has received it."""
        return json.loads(self.body)["headers"].get(name)


def ask_all(
    port: int, headers: Iterable[dict[str, str]], *, path: str = "/predict", connections: int = 8
) -> list[Told]:
    """Ask once with each set of headers; the answers are in the same order."""
    return asyncio.run(_ask_all(port, [*headers], path, connections))


async def _ask_all(port: int, headers: list[dict], path: str, connections: int) -> list[Told]:
    todo = iter(enumerate(headers))
    told: dict[int, Told] = {}
    await asyncio.gather(*(_ask(port, path, todo, told) for _ in range(connections)))
    return [told[number] for number in range(len(headers))]


async def _ask(port: int, path: str, todo, told: dict[int, Told]) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    for number, headers in todo:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(
            f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n{lines}\r\n{{}}".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        found = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
        body = await reader.readexactly(int(found["content-length"]))
        told[number] = Told(int(head[0].split(" ")[1]), found, body)
        if found.get("connection") == "close":
            writer.close()
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.close()
