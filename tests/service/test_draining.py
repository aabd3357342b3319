"""SIGTERM under load: whoever was let in is answered in full, whoever was not is told at once."""

import os
import signal
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers.serving import a_package, serving
from tests.service.wire import connect, read, request

CLIENTS = 12


class Client(threading.Thread):
    """Asks over one connection after the other, until none is let in any more."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.answered = self.told_to_close = 0
        self.lost: list[str] = []
        self.is_refused = False

    def run(self) -> None:
        while not self.is_refused and not self.lost:
            try:
                connection = connect(self.port)
            except ConnectionRefusedError:
                self.is_refused = True
                return
            try:
                with closing(connection):
                    self.ask_on(connection)
            except OSError as error:
                self.lost.append(repr(error))

    def ask_on(self, connection) -> None:
        while True:
            connection.sendall(request())
            status, headers, body = read(connection)
            if status != 200 or not body.endswith(b"}"):
                self.lost.append(f"status {status}")
                return
            self.answered += 1
            if headers.get("connection") == "close":
                self.told_to_close += 1
                return


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_lost_when_the_service_is_stopped(tmp_path: Path, workers: int) -> None:
    a_package(
        tmp_path / "package",
        serving={"access": {"anonymous": True}, "drain": "1s", "workers": workers},
    )

    with serving(tmp_path / "package", home=tmp_path / "home") as served:
        clients = [Client(served.port) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(0.5)
        began = time.monotonic()
        served.terminate()
        for client in clients:
            client.join(20)
        took = time.monotonic() - began
        served.wait_for_end()

    assert [client.lost for client in clients] == [[]] * CLIENTS
    assert all(client.is_refused and client.told_to_close for client in clients)
    assert 1 <= took < 10


def test_it_says_that_it_is_not_ready_before_it_takes_no_more(tmp_path: Path) -> None:
    a_package(tmp_path / "package", serving={"access": {"anonymous": True}, "drain": "2s"})

    with serving(tmp_path / "package", home=tmp_path / "home") as served:
        with closing(connect(served.port)) as connection:
            served.terminate()
            time.sleep(0.5)
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            status, headers, body = read(connection)
        with closing(connect(served.port)) as connection:
            connection.sendall(request())
            answered = read(connection)

    assert (status, headers["connection"]) == (503, "close")
    assert b'"draining"' in body
    assert answered[0] == 200


def test_workers_end_when_their_parent_was_killed(tmp_path: Path) -> None:
    a_package(tmp_path / "package")

    with serving(tmp_path / "package", home=tmp_path / "home") as served:
        (worker,) = served.workers
        os.kill(served.pid, signal.SIGKILL)
        ends = time.monotonic() + 5
        while Path(f"/proc/{worker}").exists() and time.monotonic() < ends:
            time.sleep(0.05)

        assert not Path(f"/proc/{worker}").exists()
        with pytest.raises(ConnectionRefusedError):
            connect(served.port)
