"""Lives of a writer that are ended by SIGKILL, and what they had acknowledged until then.

One process imports everything once and forks a writer for each life: a hundred of them take
seconds, and each is a process of its own. A writer tells over a socket what it has recorded.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask, prediction_lines
from lifecycle.serving.inputs import Answers

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = Events(rotate_mb=0.1)
ROW = {"origin": "EWR", "distance": 1372.0, "carrier": 'ÄÖ\n"quoted"'}
CONTRACT = Contract(
    project="flights",
    label="late",
    task="binary",
    classes=("false", "true"),
    threshold=0.5,
    fields=(
        Field(name="origin", type="category"),
        Field(name="distance", type="number"),
        Field(name="carrier", type="category"),
    ),
)
MASK = Mask(CONTRACT, "drop")


class Ack(NamedTuple):
    """A request that was answered, and how many rows it had."""

    request_id: str
    rows: int = 1


class Place(msgspec.Struct, frozen=True, gc=False):
    """What names a row of a line; all else in it is left alone."""

    id: str
    row: int


def acknowledged_but_missing(acks: Iterable[Ack], folder: Path) -> list[tuple[str, int]]:
    """Give each row (request, place) that was answered and is not in the event log."""
    decoder = msgspec.json.Decoder(Place)
    there = set()
    for path in (folder / "predictions").glob("*.jsonl*"):
        for line in path.read_bytes().splitlines():
            with suppress(msgspec.DecodeError):  # the torn end of a killed writer
                place = decoder.decode(line)
                there.add((place.id, place.row))
    wanted = ((ack.request_id, row) for ack in acks for row in range(ack.rows))
    return [name for name in wanted if name not in there]


def block(request_id: str, rows: int) -> bytes:
    """Write the lines of one request, as the service does."""
    return prediction_lines(
        request_id=request_id,
        at=datetime.now(UTC),
        version="3",
        by=None,
        rows=[ROW] * rows,
        answers=Answers(np.full(rows, 0.25), np.zeros(rows, np.int64)),
        contract=CONTRACT,
        mask=MASK,
    )


class Life(NamedTuple):
    """One writer: its process, and the socket it tells over."""

    process: int
    told: socket.socket

    def end(self) -> list[Ack]:
        """Kill it, and give what it acknowledged; half an acknowledgement is none."""
        os.kill(self.process, signal.SIGKILL)
        received = b""
        while piece := self.told.recv(65_536):
            received += piece
        self.told.close()
        whole = received[: received.rfind(b"\n") + 1].decode().split("\n")[:-1]
        return [Ack(name, int(rows)) for name, rows in (line.split(" ") for line in whole)]


class Nursery:
    """Where writers come to life."""

    def __init__(self, listener: socket.socket, mother: subprocess.Popen[bytes]) -> None:
        self._listener, self._mother = listener, mother

    def bear(self, seed: int) -> Life:
        assert self._mother.stdin is not None
        self._mother.stdin.write(f"{seed}\n".encode())
        self._mother.stdin.flush()
        told, _ = self._listener.accept()
        number = b""
        while not number.endswith(b"\n"):
            number += told.recv(1)
        return Life(process=int(number), told=told)


@contextmanager
def nursery(folder: Path, place: Path, *, writer: str = "honest") -> Iterator[Nursery]:
    """Start what forks writers into `folder`, and end it; `place` is for its socket."""
    path = place / "told"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(30)
        words = [sys.executable, "-m", "tests.adapters.events.kills", str(folder), str(path)]
        mother = subprocess.Popen([*words, writer], cwd=ROOT, stdin=subprocess.PIPE)
        try:
            yield Nursery(listener, mother)
        finally:
            assert mother.stdin is not None
            mother.stdin.close()
            mother.wait(10)


def _live_honestly(folder: Path, told: socket.socket, seed: int) -> None:
    """Record, then acknowledge; small blocks, and now and then one of several hundred kB."""
    from adapters.events.log import EventLog

    chance = random.Random(seed)
    log = EventLog(folder, SETTINGS)
    for number in range(1_000_000):
        rows = chance.choice((1, 1, 1, 1, 1, 3, 300))
        log.write(block(f"{seed}-{number}", rows))
        told.sendall(f"{seed}-{number} {rows}\n".encode())


def _live_carelessly(folder: Path, told: socket.socket, seed: int) -> None:
    """Acknowledge what is still in the process' own memory, as a buffered log does."""
    from adapters.events.log import EventLog

    log = EventLog(folder, SETTINGS)
    waiting = b""
    for number in range(1_000_000):
        waiting += block(f"{seed}-{number}", 1)
        told.sendall(f"{seed}-{number} 1\n".encode())
        if number % 50 == 49:
            log.write(waiting)
            waiting = b""
        time.sleep(0.0001)


def main() -> None:
    """Fork a writer for each seed that comes in."""
    folder, path, writer = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    import adapters.events.log  # noqa: F401  (once, before the writers are forked)

    for line in sys.stdin:
        if os.fork() == 0:
            told = socket.socket(socket.AF_UNIX)
            told.connect(path)
            told.sendall(f"{os.getpid()}\n".encode())
            live = _live_honestly if writer == "honest" else _live_carelessly
            live(folder, told, int(line))


if __name__ == "__main__":
    main()
