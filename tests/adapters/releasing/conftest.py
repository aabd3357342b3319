"""A stage for tests that move traffic: a real router before small real targets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.releasing.stages import House
from tests.adapters.routing.conftest import _house


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[House]:
    """Give a house for a test that leaves nothing as it was."""
    with _house(tmp_path) as house:
        yield House(house.state, house.supervisor)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a house that several tests live in; each begins with a deployment of its own."""
    with _house(tmp_path_factory.mktemp("house")) as house:
        yield House(house.state, house.supervisor)
