"""Load on a server: a closed loop, where clients wait for answers, and an open one, which does not.

An open loop sends at its rate whatever the answers do, and counts the time from when a request
was due: a server that stalls is charged for everybody who had to wait (no coordinated omission,
G. Tene, How NOT to Measure Latency, 2013).
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What a load found.

    Parameters
    ----------
    cpu_us
        CPU time of the server a request, in microseconds.
    bad
        Requests that were not answered with 200, or not at all.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    cpu_us: float
    bad: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.cpu_us:7.0f} us CPU a request, {self.rate:7.0f} requests/s, p50 "
            f"{self.p50_ms:6.2f} ms, p99 {self.p99_ms:6.2f} ms, worst {self.worst_ms:6.1f} ms, "
            f"{self.bad} bad of {self.requests}"
        )


def request(host: str, port: int, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Write an HTTP/1.1 POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}:{port}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class _Client(asyncio.Protocol):
    """A connection that stays open: one request at a time, the answer's end found by length."""

    def __init__(self) -> None:
        self.due = 0.0
        self.done: asyncio.Future[bool] | None = None
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def send(self, message: bytes) -> "asyncio.Future[bool]":
        self.done = asyncio.get_running_loop().create_future()
        self.transport.write(message)
        return self.done

    def data_received(self, data: bytes) -> None:
        self._read += data
        head = self._read.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._read.lower().find(b"content-length:", 0, head)
        length = int(self._read[at + 15 : self._read.find(b"\r\n", at)]) if at >= 0 else 0
        if len(self._read) >= head + 4 + length and self.done and not self.done.done():
            self.done.set_result(self._read.startswith(b"HTTP/1.1 200"))
            self._read.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.done and not self.done.done():
            self.done.set_result(False)


async def _connect(port: int, clients: int) -> list[_Client]:
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(_Client, "127.0.0.1", port) for _ in range(clients)]
    return [client for _, client in made]


async def _closed(
    port: int, messages: Sequence[bytes], clients: int, requests: int
) -> tuple[list[float], int]:
    took: list[float] = []
    bad = 0
    left = iter(range(requests))

    async def work(client: _Client) -> None:
        nonlocal bad
        for number in left:
            begin = time.perf_counter()
            good = await client.send(messages[number % len(messages)])
            took.append(time.perf_counter() - begin)
            bad += not good
            if client.transport.is_closing():
                return

    connected = await _connect(port, clients)
    await asyncio.gather(*map(work, connected))
    for client in connected:
        client.transport.close()
    return took, bad


async def _open(
    port: int, messages: Sequence[bytes], rate: float, seconds: float, clients: int
) -> tuple[list[float], int]:
    took: list[float] = []
    bad = 0
    idle = deque(await _connect(port, clients))
    everyone, running = [*idle], set[asyncio.Task[None]]()

    async def ask(client: _Client, message: bytes, due: float) -> None:
        nonlocal bad
        good = await client.send(message)
        took.append(time.perf_counter() - due)
        bad += not good
        if not client.transport.is_closing():
            idle.append(client)

    begin = time.perf_counter()
    for number in range(int(rate * seconds)):
        due = begin + number / rate
        while (ahead := due - time.perf_counter()) > 0:
            await asyncio.sleep(ahead if ahead > 0.002 else 0)
        while not idle:
            await asyncio.sleep(0)
        task = asyncio.create_task(ask(idle.popleft(), messages[number % len(messages)], due))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    for client in everyone:
        client.transport.close()
    return took, bad


def cpu_seconds(pid: int) -> float:
    """Give the CPU time of a process and its children so far."""
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def closed_loop(
    pid: int, port: int, messages: Sequence[bytes], *, clients: int = 8, requests: int = 4_000
) -> Load:
    """Let clients ask one after the other, as fast as they are answered."""
    return _measure(pid, _closed(port, messages, clients, requests))


def open_loop(
    pid: int,
    port: int,
    messages: Sequence[bytes],
    *,
    rate: float = 500,
    seconds: float = 20,
    clients: int = 64,
) -> Load:
    """Ask at a rate, whatever the answers do."""
    return _measure(pid, _open(port, messages, rate, seconds, clients))


def _measure(pid: int, work: "asyncio.Future[tuple[list[float], int]]") -> Load:  # type: ignore[type-arg]
    import uvloop

    cpu, begin = cpu_seconds(pid), time.perf_counter()
    took, bad = uvloop.run(work)  # type: ignore[arg-type]
    seconds = time.perf_counter() - begin
    spent = cpu_seconds(pid) - cpu
    p50, p99 = np.quantile(took, [0.5, 0.99]) * 1_000
    return Load(len(took), seconds, p50, p99, max(took) * 1_000, spent / len(took) * 1e6, bad)
