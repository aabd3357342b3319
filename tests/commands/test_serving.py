"""`serve` as it is typed: real versions behind a real Envoy, and how it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import psutil
import pyarrow as pa
import pytest

from adapters import registry
from adapters.declaration import LoadedProject, load
from adapters.foreground.ground import ground_of
from adapters.routing import current
from adapters.stacks.activation import point_at_tracker
from adapters.stacks.environment import state
from adapters.supervision import Supervisor, every_live
from lifecycle.data.describe import describe
from lifecycle.features.declaration import Features
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Story
from lifecycle.monitoring.usual import Usual
from lifecycle.task import Task
from tests.lifecycle.serving.fitting import a_candidate
from tests.servers.process import free_port

pytestmark = pytest.mark.xdist_group("deployment")

ROW = {"x": 1.0, "the colour": "red"}
YAML = """\
name: {name}
about: {{question: Is x more than nothing?, decision: Look closer., owner: tests}}
data:
  tables: {{rows: rows.csv}}
  label: {{column: y, task: binary}}
schema:
  x: {{type: number}}
  the colour: {{type: category}}
  y: {{type: category, values: ["no", "yes"]}}
serving: {{engine: process, port: {port}, drain: 0.2s, access: {{anonymous: true}}}}
"""


def register(loaded: LoadedProject, seed: int) -> str:
    """Register a version fitted to made rows; give its number."""
    generator = np.random.default_rng(seed)
    colours = generator.choice(["red", "green"], 200)
    table = pa.table({"x": generator.normal(size=200), "the colour": colours})
    labels = (table["x"].to_numpy() > 0).astype(float)
    project, named = loaded.project, pa.array(np.where(labels > 0, "yes", "no"))
    told = table.append_column("y", named)
    candidate = a_candidate(
        Task.BINARY, ("linear",), table=table, schema=project.columns, labels=labels,
        features=Features(),
    )  # fmt: skip
    story = Story(
        name=project.name, label="y", task=Task.BINARY, positive="yes",
        description=describe(told, told, project.columns, project.data),
        lineage=Lineage(project=project.name, run=f"run {seed}", data_fingerprint=str(seed)),
    )  # fmt: skip
    kept = registry.register(story, candidate, b"", Usual(), table, lock=None)
    assert kept.version is not None
    return kept.version.number


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A project with two registered versions; the second is the challenger."""
    folder = tmp_path_factory.mktemp("projects") / f"window{os.getpid()}"
    folder.mkdir()
    (folder / "project.yaml").write_text(YAML.format(name=folder.name, port=free_port()))
    (folder / "rows.csv").write_text("x,the colour,y\n1,red,yes\n")
    loaded = load(str(folder), root=root)
    point_at_tracker("local", root=root)
    assert [register(loaded, seed) for seed in (1, 2)] == ["1", "2"]
    return folder


class Serve:
    """A `serve` that runs, with what it has printed so far."""

    def __init__(self, project: Path, root: Path, log: Path, *words: str) -> None:
        self._log, self._ground = log, state(root) / "serving" / ".foreground" / project.name
        self.name, self.url = project.name, f"http://127.0.0.1:{_port(project)}"
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "run.py", "serve", "--project", str(project), *words],
                cwd=root, stdout=out, stderr=subprocess.STDOUT, env={**os.environ},
            )  # fmt: skip

    @property
    def printed(self) -> str:
        return self._log.read_text()

    def wait_for(self, words: str, seconds: float = 120) -> None:
        ends = time.monotonic() + seconds
        while words not in self.printed:
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < ends, self.printed
            time.sleep(0.02)

    @property
    def running(self) -> list[psutil.Process]:
        """All that was started below its ground, whoever its parent is."""
        found = []
        for process in psutil.process_iter():
            try:
                told = " ".join(
                    (*process.cmdline(), process.environ().get("PERENNIAL_PROGRAM", ""))
                )
            except psutil.Error:
                continue
            if str(self._ground) in told:
                found.append(process)
        return found

    @property
    def plan(self):
        return current(self._ground, self.name)

    def wait_until_ended(self, seconds: float = 60) -> None:
        self.process.wait(timeout=seconds)
        _, left = psutil.wait_procs(self.running, timeout=seconds)
        assert not left, [process.cmdline() for process in left]

    def ask(self, client: httpx.Client) -> httpx.Response:
        return client.post(f"{self.url}/predict", json=ROW)


def _port(project: Path) -> int:
    return int((project / "project.yaml").read_text().partition("port: ")[2].partition(",")[0])


@contextmanager
def serving(project: Path, root: Path, log: Path, *words: str) -> Iterator[Serve]:
    found = Serve(project, root, log, *words)
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.process.send_signal(signal.SIGINT)
        found.wait_until_ended()


def test_two_versions_share_the_requests_and_end_without_losing_one(
    project: Path, root: Path, tmp_path: Path
) -> None:
    words = ["--version", "1=80%", "--version", "challenger=20%"]
    statuses: Counter[object] = Counter()
    with serving(project, root, tmp_path / "log", *words) as served:
        served.wait_for("Ctrl-C ends it")
        with httpx.Client() as client:
            answers = [served.ask(client).json()["version"] for _ in range(400)]
            second = psutil.Process(_pid_of(served, f"{served.name}.2"))
            second.kill()
            after = Counter(served.ask(client).status_code for _ in range(100))
            served.wait_for("died and was begun again")
        ended = threading.Event()

        def keep_asking() -> None:
            with httpx.Client() as client:
                while not ended.is_set():
                    try:
                        statuses[served.ask(client).status_code] += 1
                    except httpx.ConnectError:
                        ended.set()  # nothing is lost that was not taken in
                    except httpx.HTTPError as error:
                        statuses[repr(error)] += 1

        asking = threading.Thread(target=keep_asking)
        asking.start()
        time.sleep(0.5)
        assert every_live(state(root)) == ()
        served.process.send_signal(signal.SIGINT)
        served.wait_until_ended()
        ended.set()
        asking.join()
        printed = served.printed

    assert set(answers) == {"1", "2"}
    assert 0.11 < Counter(answers)["2"] / 400 < 0.29
    assert after == {200: 100}
    assert set(statuses) == {200}
    assert "version 1 gets 80.00%" in printed
    assert "version 2 gets 20.00%" in printed
    assert printed.rstrip().endswith("Ended.")
    assert served.process.returncode == 0


def _pid_of(served: Serve, name: str) -> int:
    program = f"{name}.json"
    found = [
        process.pid
        for process in served.running
        if process.environ().get("PERENNIAL_PROGRAM", "").endswith(program)
        and "bentoml" in " ".join(process.cmdline())
    ]
    return min(found)


def test_a_killed_command_leaves_nothing_and_the_next_one_serves(
    project: Path, root: Path, tmp_path: Path
) -> None:
    with serving(project, root, tmp_path / "log") as served:
        served.wait_for("Ctrl-C ends it")
        assert served.plan.weights == {f"{served.name}.2": 10_000}
        refused = Serve(project, root, tmp_path / "second")
        assert refused.process.wait(timeout=60) == 2
        served.process.kill()
        served.wait_until_ended()

    assert "is served in the foreground by another command" in refused.printed
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served.url}/healthz")


def test_what_was_left_even_without_a_watcher_is_ended_by_the_next(
    project: Path, root: Path, tmp_path: Path
) -> None:
    ground = ground_of(state(root), project.name, drain_seconds=1)
    Supervisor(ground.folder).start(
        "left", ["sleep", "600"], env={}, folder=tmp_path, log=tmp_path / "left", stop_seconds=1
    )
    served = Serve(project, root, tmp_path / "log", "--version", "champion")
    left = served.running
    status = served.process.wait(timeout=60)

    assert len(left) == 2  # what was left, and its supervisor
    assert status == 1  # nobody is champion
    assert served.running == []


def test_a_version_that_is_named_in_two_ways_is_refused(
    project: Path, root: Path, tmp_path: Path
) -> None:
    words = ["--version", "2=90%", "--version", "challenger=10%"]
    served = Serve(project, root, tmp_path / "log", *words)

    assert served.process.wait(timeout=60) == 2
    assert '"challenger" is version 2, which is named already' in served.printed
    assert served.running == []
