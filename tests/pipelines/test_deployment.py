"""A whole deployment: packaged, proven, built, started, smoke tested, taken over, replaced."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from adapters import registry
from adapters.access import command
from adapters.bentos import contract_of
from adapters.declaration import LoadedProject, load
from adapters.events.reading import find
from adapters.hosting import events_folder
from adapters.promotion import take_away
from adapters.stacks.environment import state
from adapters.supervision import Supervisor, read_live
from adapters.surveying import survey
from pipelines import deploying, running
from tests.pipelines.conftest import Write, orders

pytestmark = pytest.mark.xdist_group("deployment")

ROW = {"price": 320.0, "items": 5, "shop": "b"}

Deploy = Callable[..., Any]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def train(loaded: LoadedProject, root: Path) -> str:
    ending = running.run("training", loaded, stack="local", root=root)
    assert ending.story.version is not None
    return ending.story.version.number


@pytest.fixture
def project(
    write: Write, root: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., LoadedProject]]:
    """Declare a project with a service of its own; what was deployed of it is taken away."""
    name = f"d{abs(hash(request.node.name)) % 10**8}"
    # Without it, any sound model may follow another: who is better is not asked here.
    champion = "  - {kind: champion, metric: log_loss, confidence: 0.95}\n"
    folder = write(name, replaced={champion: ""})
    port = free_port()

    def declare(*changes: str) -> LoadedProject:
        base = ("serving.engine=process", f"serving.port={port}", "serving.drain=0.2s")
        return load(str(folder), root=root, overrides=[*base, *changes])

    yield declare
    take_away(name, by="ann", state=state(root))


def ask(project: str, root: Path, body: Any = ROW, **params: str) -> httpx.Response:
    live = read_live(state(root), project)
    assert live is not None
    _, token = command.create(project, "tests", ["predict", "label", "read"], state=state(root))
    headers = {"Authorization": f"Bearer {token}"}
    ends = time.monotonic() + 2  # a new key holds within a second
    while True:
        answer = httpx.post(f"{live.url}/predict", json=body, headers=headers, params=params)
        if answer.status_code != 401 or time.monotonic() > ends:
            return answer
        time.sleep(0.1)


def test_the_first_version_answers_is_champion_and_can_be_traced(
    project: Callable[..., LoadedProject], root: Path
) -> None:
    loaded = project()
    name = loaded.project.name
    number = train(loaded, root)

    ended = deploying.run(loaded, version=None, stack="local", root=root, by="ann")
    answer = ask(name, root, reasons="2")

    assert ended.is_live
    assert not ended.blocking
    assert {"parity row", "parity bulk", "ready", "strangers", "on record"} <= {
        verdict.rule for verdict in (*ended.parity, *ended.smoke)
    }
    assert registry.alias_of(name, registry.CHAMPION) == number
    assert registry.alias_of(name, registry.CHALLENGER) is None
    told = answer.json()
    assert (answer.status_code, told["version"]) == (200, number)
    assert len(told["reasons"]) == 2
    (event,) = find(events_folder(state(root), name), told["request_id"]).events
    assert (event["score"], event["version"]) == (told["score"], number)
    assert registry.story_of(name, number).lineage.data_fingerprint
    (standing,) = [found for found in survey(state(root)) if found.project == name]
    assert standing.is_ready
    contract = contract_of(name, number, store=state(root) / "bentoml")
    assert contract is not None
    assert contract.key == ("order",)


def test_another_version_takes_over_without_a_lost_request(
    project: Callable[..., LoadedProject], root: Path
) -> None:
    loaded = project()
    name = loaded.project.name
    train(loaded, root)
    deploying.run(loaded, version=None, stack="local", root=root, by="ann")
    first = read_live(state(root), name)
    (loaded.folder / "orders.csv").write_text(orders(2400, seed=5).to_csv(index=False))
    better = project("search.seed=4")
    second = train(better, root)
    _, token = command.create(name, "load", ["predict"], state=state(root))
    seen: list[tuple[int, str]] = []
    done = threading.Event()

    def load_it() -> None:
        assert first is not None
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=20) as client:
            while not done.is_set():
                answer = client.post(f"{first.url}/predict", json=ROW)
                seen.append((answer.status_code, answer.json().get("version", "")))

    clients = [threading.Thread(target=load_it) for _ in range(4)]
    for client in clients:
        client.start()
    ended = deploying.run(better, version=second, stack="local", root=root, by="ann")
    time.sleep(0.5)
    done.set()
    for client in clients:
        client.join()

    assert ended.is_live
    assert ended.previous == "1"
    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {"1", second}
    assert registry.alias_of(name, registry.CHAMPION) == second
    assert first is not None
    assert first.name not in {process.name for process in Supervisor(state(root)).status()}


def test_a_graph_that_says_something_else_is_refused_and_what_answered_still_does(
    project: Callable[..., LoadedProject], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import adapters.packaging
    from adapters.graphs import export

    loaded = project()
    name = loaded.project.name
    number = train(loaded, root)
    deploying.run(loaded, version=None, stack="local", root=root, by="ann")
    before = read_live(state(root), name)

    def forgetful(candidate: Any) -> Any:
        moved = candidate.state.model_copy(update={"threshold": 0.9})
        return export(type(candidate)(moved, candidate.models))

    monkeypatch.setattr(adapters.packaging, "export", forgetful)
    ended = deploying.run(
        project("serving.reasons=3"), version=number, stack="local", root=root, by="ann"
    )

    assert not ended.is_live
    assert {verdict.rule for verdict in ended.blocking} == {"decisions row", "decisions bulk"}
    assert read_live(state(root), name) == before
    assert ask(name, root).status_code == 200


def test_a_changed_byte_of_the_model_refuses_to_start_and_says_which_file(
    project: Callable[..., LoadedProject], root: Path
) -> None:
    loaded = project()
    name = loaded.project.name
    train(loaded, root)
    first = deploying.run(loaded, version=None, stack="local", root=root, by="ann")
    assert first.built is not None
    before = read_live(state(root), name)
    graph = Path(first.built.folder) / "src/package/row.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)

    with pytest.raises(Exception, match=r"row\.onnx is not the file that was packaged"):
        deploying.run(loaded, version="1", stack="local", root=root, by="ann")

    assert read_live(state(root), name) == before
    assert ask(name, root).status_code == 200


def test_a_version_its_gates_refused_is_not_deployed(
    project: Callable[..., LoadedProject], root: Path
) -> None:
    loaded = project("gates.0.at_least=0.999")
    number = train(loaded, root)

    ended = deploying.run(loaded, version=number, stack="local", root=root, by="ann")

    assert not ended.is_live
    assert [verdict.rule for verdict in ended.blocking] == ["metric roc_auc"]
    assert read_live(state(root), loaded.project.name) is None


def test_a_service_that_is_killed_is_begun_again(
    project: Callable[..., LoadedProject], root: Path
) -> None:
    loaded = project()
    name = loaded.project.name
    train(loaded, root)
    deploying.run(loaded, version=None, stack="local", root=root, by="ann")
    (standing,) = [found for found in survey(state(root)) if found.project == name]
    assert standing.pid is not None
    family = [psutil.Process(standing.pid), *psutil.Process(standing.pid).children(recursive=True)]

    for process in reversed(family):
        process.kill()

    answered = 0
    for _ in range(120):
        answered = ask(name, root).status_code
        if answered == 200:
            break
        assert answered in (502, 503)
        time.sleep(0.25)
    assert answered == 200
    (again,) = [found for found in survey(state(root)) if found.project == name]
    assert any("begun again" in remark for remark in again.remarks)


def test_what_is_taken_away_leaves_no_process_behind(
    project: Callable[..., LoadedProject], root: Path
) -> None:
    loaded = project()
    name = loaded.project.name
    train(loaded, root)
    ended = deploying.run(loaded, version=None, stack="local", root=root, by="ann")
    pids = {process.pid for process in Supervisor(state(root)).status() if name in process.name}

    take_away(name, by="ann", state=state(root))

    assert pids
    assert not [pid for pid in pids if pid and psutil.pid_exists(pid)]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{ended.url}/healthz")
