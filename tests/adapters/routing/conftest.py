"""A state folder with a supervisor, a router and backends that are all gone afterwards."""

import http.client
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from adapters.routing import Backend, Route
from adapters.supervision import Supervisor, socket_path
from tests.servers.process import LOOPBACK, accepts, free_port

ANSWERING = Path(__file__).with_name("answering.py")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict:
        return json.loads(self.body)


@dataclass
class House:
    """One project, `shop`, with a public port."""

    state: Path
    supervisor: Supervisor
    port: int = field(default_factory=free_port)
    started: dict[str, Backend] = field(default_factory=dict)

    def backend(self, name: str, weight: int = 100) -> Backend:
        """Give a backend, which is started when it is first asked for."""
        if name not in self.started:
            self.started[name] = self._start(name)
        return self.started[name].model_copy(update={"weight": weight})

    def _start(self, name: str) -> Backend:
        port = free_port()
        self.supervisor.start(
            name,
            [sys.executable, str(ANSWERING), name, str(port)],
            env={},
            folder=self.state,
            log=self.state / "logs" / f"{name}.log",
            stop_seconds=5,
            is_ready=lambda: accepts(port),
        )
        return Backend(name=name, host=LOOPBACK, port=port)

    def route(self, *backends: Backend, **settings) -> Route:
        return Route(project="shop", host=LOOPBACK, port=self.port, backends=backends, **settings)

    def ask(self, path="/", method="GET", body=None, headers=None) -> Answer:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def pid(self, name: str) -> int | None:
        return {one.name: one.pid for one in self.supervisor.status()}[name]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[House]:
    """Give a house for a test that leaves nothing as it was."""
    with _house(tmp_path) as house:
        yield house


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a house that several tests live in; each applies a route of its own."""
    with _house(tmp_path_factory.mktemp("house")) as house:
        yield house


@contextmanager
def _house(state: Path) -> Iterator[House]:
    supervisor = Supervisor(state)
    try:
        yield House(state, supervisor)
    finally:
        supervisor.shutdown()
        for folder in (state / "serving").glob("*/router"):
            socket_path(folder, "admin").unlink(missing_ok=True)
        left = _left(state)
        for process in left:
            process.kill()
        assert not left


def _left(folder: Path) -> list[psutil.Process]:
    """Find processes that were started for a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), process.environ().get("PERENNIAL_PROGRAM", "")]
        except psutil.Error:
            continue
        if any(str(folder) in word for word in told):
            found.append(process)
    return found
