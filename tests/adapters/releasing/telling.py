"""A tiny real target that shows its figures as well: `python telling.py NAME PORT`.

Asked for `/be/stubborn` it takes two seconds to end from then on.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "routing"))

import answering

STARTED = time.time()
PAGE = """\
perennial_loop_lag_seconds 0.001
process_cpu_seconds_total {cpu}
process_start_time_seconds {started}
perennial_memory_bytes 5e+07
"""


class Reader:
    """Gives a request once more to whoever reads it whole."""

    def __init__(self, head: bytes, rest: asyncio.StreamReader) -> None:
        self._head, self._rest = head, rest

    async def readuntil(self, separator: bytes) -> bytes:
        return self._head

    async def readexactly(self, size: int) -> bytes:
        return await self._rest.readexactly(size)


class Target(answering.Target):
    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"GET /metrics "):
            if b" /be/stubborn " in head:
                end = asyncio.get_running_loop().call_later
                asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end, 2, os._exit, 0)
            return await super().answer(Reader(head, reader), writer)
        page = PAGE.format(cpu=time.process_time(), started=STARTED).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(page), page))
        await writer.drain()
        return True


async def main(port: int) -> None:
    server = await asyncio.start_server(Target().talk, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[2])))
