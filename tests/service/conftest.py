"""A service that everybody may ask, started once."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.serving import Served, a_package, serving

LIMITS = {"access": {"anonymous": True}, "limits": {"body_kb": 64, "rows": 500, "seconds": 2}}


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("version") / "package"
    a_package(folder, serving=LIMITS)
    return folder


@pytest.fixture(scope="session")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="session")
def served(
    package: Path, events: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    with serving(package, home=tmp_path_factory.mktemp("home"), events=events) as served:
        yield served


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=10) as client:
        yield client
