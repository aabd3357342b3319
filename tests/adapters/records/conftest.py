"""Records in a file, and the same in a real PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.records import VARIABLE, Records
from tests.servers.fixtures import postgres as postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def opening(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Records]:
    """Give what opens the same records once more: another process, another machine."""
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres")
        monkeypatch.setenv(VARIABLE, database.url)
        with database.engine().begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    return lambda: Records.open(tmp_path)


@pytest.fixture
def records(opening: Callable[[], Records]) -> Iterator[Records]:
    with opening() as records:
        yield records
