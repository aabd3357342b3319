"""The same deployment with a real Docker engine: built, run, and replaced as a container."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from adapters import images
from adapters.declaration import load
from adapters.events.reading import find
from adapters.hosting import events_folder
from adapters.promotion import take_away
from adapters.stacks.environment import state
from adapters.supervision import read_live
from adapters.surveying import survey
from pipelines import deploying
from tests.pipelines.conftest import Write
from tests.pipelines.test_deployment import ask, free_port, train

pytest_plugins = ["tests.servers.engine"]
pytestmark = pytest.mark.xdist_group("engine")


@pytest.fixture
def client(docker_engine: str) -> Iterator[docker.DockerClient]:
    client = docker.DockerClient(base_url=docker_engine, timeout=60)
    yield client
    client.close()


def ours(client: docker.DockerClient) -> list[str]:
    names = [found.name for found in client.containers.list(all=True)]
    return [name for name in names if name.startswith("contained.")]


def test_with_an_engine_a_version_is_deployed_and_replaced_as_a_container(
    write: Write, root: Path, base_image: str, client: docker.DockerClient
) -> None:
    folder, name = write("contained"), "contained"
    changes = [f"serving.port={free_port()}", f"serving.image.base={base_image}"]
    loaded = load(str(folder), root=root, overrides=changes)
    train(loaded, root)
    try:
        first = deploying.run(loaded, version=None, stack="local", root=root, by="ann")
        before = read_live(state(root), name)
        answer = ask(name, root, reasons="1")
        again = deploying.run(loaded, version="champion", stack="local", root=root, by="ann")
        after = read_live(state(root), name)
        (standing,) = [found for found in survey(state(root)) if found.project == name]
        running = ours(client)
    finally:
        take_away(name, by="ann", state=state(root))

    assert first.built is not None
    assert first.built.kind == "container"
    assert first.built.why.startswith("Docker")
    assert not first.blocking
    assert again.is_live
    assert before is not None
    assert after is not None
    assert running == [after.name]
    assert standing.is_ready
    assert find(events_folder(state(root), name), answer.json()["request_id"]).events
    assert not ours(client)
    assert first.built.sbom is not None
    bill = Path(first.built.sbom).read_text()
    assert all(name in bill for name in ("bentoml", "onnxruntime", "row.onnx", "libc6"))
    assert first.built.image is not None
    images.remove_image(first.built.image)
