"""Start a server as a process of its own, wait until it answers, end it by its id."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


@contextmanager
def running(
    command: Sequence[str],
    *,
    is_ready: Callable[[], bool],
    log: Path,
    user: str | None = None,
    environment: dict[str, str] | None = None,
) -> Iterator[int]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            env={**os.environ, **(environment or {})},
            cwd=log.parent,
        )
    try:
        _wait(process, is_ready, log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        if is_ready():
            return
        time.sleep(0.05)
    text = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{process.args!r} does not answer.\n{text}")
