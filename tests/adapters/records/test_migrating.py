"""Records of before are brought up to date, with what is in them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.records import Records, migrating
from adapters.records.place import Place, engine_of, url_of
from tests.adapters.records.test_records import decision
from tests.lifecycle.release.ledgers import movement, release


@pytest.fixture
def of_before(
    opening: Callable[[], Records], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make records of the first revision, with something in them."""
    with monkeypatch.context() as then:
        then.setattr(migrating, "HEAD", "0001")
        with opening() as records:
            records.add(decision(ending="won", version="4"))


@pytest.mark.usefixtures("of_before")
def test_records_of_the_first_revision_get_the_ledger_and_lose_nothing(
    opening: Callable[[], Records], tmp_path: Path
) -> None:
    place = Place(engine_of(url_of(tmp_path)))
    with place.reading() as connection:
        before = {*sa.inspect(connection).get_table_names()}
    place.engine.dispose()

    with opening() as records:
        made = records.intend(movement(), release=release())

        assert not before & {"release", "release_change", "movement", "look"}
        assert [one.version for one in records.decisions("flights")] == ["4"]
        assert made.release == 1


@pytest.mark.usefixtures("of_before")
def test_what_was_brought_up_to_date_is_as_what_was_made_anew(
    opening: Callable[[], Records],
) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from adapters.records.tables import METADATA

    with opening() as records, records._place.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()

    assert version == migrating.HEAD == "0002"
