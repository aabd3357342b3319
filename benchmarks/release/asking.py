"""Users who do not stop: predictions at a fixed rate, whatever the answers do, until told to end.

python -m benchmarks.release.asking PORT RATE FILE ROWS, with the key in $KEY

An open loop: a request is sent when it is due, and its time counts from then on, so a service
that stalls is charged for everybody who had to wait. Connections are kept alive, as those of a
real client are; one is opened whenever all others wait for an answer. Nothing is ever sent again:
what fails, fails for a user. One line a request is written to the file:

    due (seconds since 1970), user, row, status, version, score, milliseconds, what went wrong
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import deque
from pathlib import Path
from typing import TextIO

HOST = "127.0.0.1"
PATIENCE = 15.0
"""Seconds until a user gives up; the service promises an answer in ten."""

USERS = 2_000


class _Connection(asyncio.Protocol):
    """One request at a time; the end of an answer is found by its length."""

    def __init__(self) -> None:
        self.is_open = False
        self._read = bytearray()
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.is_open = True

    def ask(self, message: bytes) -> "asyncio.Future[bytes]":
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(message)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._read += data
        head = self._read.find(b"\r\n\r\n")
        if head < 0:
            return
        lower = bytes(self._read[:head]).lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._read) < head + 4 + length or self._answer is None or self._answer.done():
            return
        if b"connection: close" in lower:
            self.is_open = False
        self._answer.set_result(bytes(self._read))
        self._read.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(b"")


class Users:
    """Everybody who asks.

    Parameters
    ----------
    out
        Where each answer is written down.
    rows
        JSON objects, one of them a request.
    """

    def __init__(self, port: int, key: str, rows: list[bytes], out: TextIO) -> None:
        self._port, self._key, self._rows, self._out = port, key, rows, out
        self._idle: deque[_Connection] = deque()
        self._asking: set[asyncio.Task[None]] = set()

    async def ask(self, rate: float, until: asyncio.Event) -> None:
        """Ask at a rate until told to end, and wait for what is still to be answered."""
        began, wall = time.perf_counter(), time.time()
        number = 0
        while not until.is_set():
            due = number / rate
            ahead = began + due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            task = asyncio.create_task(self._one(number, wall + due, began + due))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
            number += 1
        await asyncio.gather(*self._asking)

    async def _one(self, number: int, wall: float, due: float) -> None:
        user, row = number % USERS, number % len(self._rows)
        try:
            answer = await asyncio.wait_for(self._send(user, row), PATIENCE)
            status, version, score, problem = _read(answer)
        except TimeoutError:
            status, version, score, problem = 0, "", "", f"no answer in {PATIENCE:.0f} s"
        except OSError as error:
            status, version, score, problem = 0, "", "", f"no connection ({type(error).__name__})"
        took = (time.perf_counter() - due) * 1_000
        told = f"{wall:.4f},{user},{row},{status},{version},{score},{took:.2f},{problem}\n"
        self._out.write(told)

    async def _send(self, user: int, row: int) -> bytes:
        connection = await self._connected()
        body = self._rows[row]
        head = (
            f"POST /predict HTTP/1.1\r\nHost: {HOST}:{self._port}\r\n"
            f"Authorization: Bearer {self._key}\r\nX-User-Id: user-{user}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        answer = await connection.ask(head.encode() + body)
        if connection.is_open:
            self._idle.append(connection)
        else:
            connection.transport.close()
        return answer

    async def _connected(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(_Connection, HOST, self._port)
        return made


def _read(answer: bytes) -> tuple[int, str, str, str]:
    """Give status, version, score, and what is wrong with an answer."""
    if not answer:
        return 0, "", "", "connection lost"
    status = int(answer[9:12])
    if status != 200:
        return status, "", "", f"status {status}"
    try:
        told = json.loads(answer.partition(b"\r\n\r\n")[2])
        version, score = str(told["version"]), float(told["score"])
        is_right = 0 <= score <= 1 and told["decision"] in ("true", "false", True, False)
    except (KeyError, TypeError, ValueError):
        return status, "", "", "wrong body"
    return status, version, repr(score), "" if is_right else "wrong body"


async def main(port: int, rate: float, file: Path, rows: Path) -> None:
    """Ask until SIGTERM."""
    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, until.set)
    bodies = rows.read_bytes().splitlines()
    with file.open("w", buffering=1 << 14) as out:
        users = Users(port, os.environ["KEY"], bodies, out)
        flushing = asyncio.create_task(_flush(out))
        await users.ask(rate, until)
        flushing.cancel()


async def _flush(out: TextIO) -> None:
    while True:
        await asyncio.sleep(0.2)
        out.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])))
