"""Small things to be remembered from one run to the next, by project and name."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.records.place import Place
from adapters.records.tables import SNAPSHOTS
from adapters.records.upserts import insert


class Snapshots:
    """What of the records is remembered by name."""

    _place: Place

    def snapshot(self, project: str, name: str) -> Any | None:
        """Give what was kept under a name last, as plain JSON; `None`: nothing was."""
        query = sa.select(SNAPSHOTS.c.body)
        query = query.where(SNAPSHOTS.c.project == project, SNAPSHOTS.c.name == name)
        with self._place.reading() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else json.loads(found)

    def keep_snapshot(self, project: str, name: str, value: Any, *, at: datetime) -> None:
        """Keep a value, which has to be plain JSON, in place of the last one."""
        with self._place.writing() as connection:
            row = {"project": project, "name": name, "at": at, "body": json.dumps(value)}
            upsert = insert(connection, SNAPSHOTS).values(row)
            connection.execute(
                upsert.on_conflict_do_update(
                    index_elements=["project", "name"],
                    set_={"at": upsert.excluded.at, "body": upsert.excluded.body},
                )
            )
