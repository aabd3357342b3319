"""A state folder with a supervisor, a router and targets that are all gone afterwards."""

import http.client
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from adapters.routing import Part, Plan, Target
from adapters.supervision import Supervisor, socket_path
from lifecycle.release.plan import WHOLE
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
    started: dict[str, Target] = field(default_factory=dict)

    def target(self, name: str, spare: str | None = None) -> Target:
        """Give a target, which is started when it is first asked for."""
        if name not in self.started:
            self.started[name] = self._start(name)
        return self.started[name].model_copy(update={"spare": spare})

    def _start(self, name: str) -> Target:
        port = free_port()
        self.supervisor.start(
            name,
            [sys.executable, "-I", str(ANSWERING), name, str(port)],
            env={},
            folder=self.state,
            log=self.state / "logs" / f"{name}.log",
            stop_seconds=5,
            is_ready=lambda: accepts(port),
        )
        return Target(name=name, version=name[-1], host=LOOPBACK, port=port)

    def plan(self, *targets: Target, weights=None, parts=None, **settings) -> Plan:
        """Give a plan; without weights, everything goes to the first target."""
        weights = weights or (WHOLE, *(0 for _ in targets[1:]))
        pairs = zip(targets, weights, strict=False)
        parts = parts or [Part(target=target.name, weight=weight) for target, weight in pairs]
        whole = {"project": "shop", "host": LOOPBACK, "port": self.port, **settings}
        return Plan(targets=targets, parts=tuple(parts), **whole)

    def pair(self, share: int = 5_000, **settings) -> Plan:
        """Give a plan of two targets that stand by for each other: the challenger's share."""
        new, old = self.target("shop-2", "shop-1"), self.target("shop-1", "shop-2")
        return self.plan(new, old, weights=(share, WHOLE - share), **settings)

    def be(self, name: str, mode: str) -> None:
        """Have a target behave so from now on."""
        assert self.direct(name, f"/be/{mode}").status == 200

    def direct(self, name: str, path: str) -> Answer:
        """Ask a target itself."""
        return self.ask(path, port=self.started[name].port)

    def ask(self, path="/", method="GET", body=None, headers=None, *, port=None) -> Answer:
        connection = http.client.HTTPConnection(LOOPBACK, port or self.port, timeout=20)
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
