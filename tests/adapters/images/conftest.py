"""One image, built once, and one container of it, for all tests that only look."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import docker
import httpx
import pytest

from adapters import images
from adapters.access.keys import FILE, KeyFile
from adapters.images.sbom import sbom
from tests.adapters.images.small import a_bento

TAG = "perennial-tests/orders:1"


@dataclass(frozen=True)
class Serving:
    """A container that answers, and what it was given."""

    name: str
    url: str
    events: Path
    access: Path
    key: str

    def ask(self, row: object, *, request_id: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"}
        if request_id:
            headers["X-Request-Id"] = request_id
        return httpx.post(f"{self.url}/predict", json=row, headers=headers, timeout=10)

    def run(self, *command: str) -> str:
        """Run a command inside, as whoever serves."""
        client = docker.from_env()
        code, output = client.containers.get(self.name).exec_run(list(command))
        client.close()
        assert code == 0, output.decode()
        return output.decode()

    def python(self, script: str) -> str:
        return self.run("python3.11", "-c", script)


@pytest.fixture(scope="session")
def bento(tmp_path_factory: pytest.TempPathFactory, root: Path):
    return a_bento(tmp_path_factory.mktemp("bento"), root=root)


@pytest.fixture(scope="session")
def built(base_image: str, bento, root: Path) -> images.Built:
    made, manifest = bento
    return images.build(
        Path(made.folder),
        tag=TAG,
        base=base_image,
        labels=images.labels_of(manifest, made.manifest),
        lock=root / "service" / "requirements.lock",
        sbom=lambda site: sbom(
            site, name="orders", version="1", serial=UUID(int=1), made=datetime.now(UTC)
        ),
    )


Start = Callable[..., Serving]


@pytest.fixture
def start(built: images.Built, bento, tmp_path: Path) -> Iterator[Start]:
    """Start containers of the image, and take them away afterwards."""
    yield from _starting(bento[0].manifest, tmp_path)


@pytest.fixture(scope="session")
def serving(built: images.Built, bento, tmp_path_factory: pytest.TempPathFactory):
    """Give a container that nobody stops."""
    starting = _starting(bento[0].manifest, tmp_path_factory.mktemp("serving"))
    yield next(starting)("looked-at")
    next(starting, None)


def _starting(manifest: str, folder: Path) -> Iterator[Start]:
    started: list[str] = []

    def start(name: str, *, port: int = 0) -> Serving:
        access, events = folder / f"{name}-access", folder / f"{name}-events"
        _, key = KeyFile(access / FILE).create("tests", ["admin"])
        env = {"PERENNIAL_MANIFEST": manifest, "PERENNIAL_KEYS": f"/access/{FILE}"}
        container = images.start(
            TAG, name=f"perennial-tests-{name}", host="127.0.0.1", port=port,
            events=events, access=access, env=env,
        )  # fmt: skip
        started.append(container.name)
        serving = Serving(container.name, container.url, events, access, key)
        wait_until_ready(serving)
        return serving

    yield start
    for name in started:
        images.stop(name, timeout=1)


def wait_until_ready(serving: Serving, *, seconds: float = 30) -> float:
    """Wait for the first 200 of `/readyz`; give how long that took."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            if httpx.get(f"{serving.url}/readyz", timeout=2).status_code == 200:
                return time.monotonic() - began
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"not ready after {seconds} s:\n{images.logs(serving.name)}")


def events_in(folder: Path) -> list[dict]:
    """Read what the service has written down, files it is still writing among them."""
    files = sorted(folder.rglob("predictions/*.jsonl*"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]
