"""Tables made and changed by Alembic when the records are opened; its one door."""

from pathlib import Path

import sqlalchemy as sa

from adapters.records.place import Place, RecordsError

HEAD = "0002"
"""The revision this code is written for; a test holds it against the folder of migrations."""

_TABLE = "alembic_version"
_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_305_804_402
"""Any number, always the same: under it PostgreSQL lets one process after the other migrate."""


def bring_up_to_date(place: Place) -> None:
    """Make or change the tables, unless they are as they have to be.

    Alembic is imported only if there is something to do. Of two processes one waits.

    Raises
    ------
    RecordsError
        If the tables are newer than this code, or cannot be changed.
    """
    with place.reading() as connection:
        if _revision(connection) == HEAD:
            return
    with place.writing() as connection:
        if not place.is_sqlite:  # SQLite's write lock is held already
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        if _revision(connection) != HEAD:
            _upgrade(connection, place.shown)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_TABLE):
        return None
    found = connection.execute(sa.text(f"SELECT version_num FROM {_TABLE}")).scalar()
    return None if found is None else str(found)


def _upgrade(connection: sa.Connection, shown: str) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(_FOLDER), version_locations=[str(_FOLDER)])
    found = _revision(connection)
    if found is not None and found not in {each.revision for each in scripts.walk_revisions()}:
        raise RecordsError(
            f"The records in {shown} were written by a newer Perennial (revision {found}; this "
            f"one knows up to {HEAD}). Use the newer one; nothing was changed."
        )
    context = MigrationContext.configure(connection)
    missing = [*scripts.iterate_revisions(HEAD, found or "base")]
    for script in reversed(missing):
        with Operations.context(context):
            script.module.upgrade()
        context.stamp(scripts, script.revision)
