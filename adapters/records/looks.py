"""Looks at a release: its evidence over time, dense where something changes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import sqlalchemy as sa

from adapters.records.bodies import dumps, loads, pack, unpack
from adapters.records.place import Place
from adapters.records.tables import LOOKS, RELEASES
from lifecycle.release.release import Look

CLOSEST = timedelta(seconds=1)
FINENESS = 300
"""Looks in which nothing changed are kept so that the time between two of them is about a three
hundredth of the time since the first: of an hour about 1,000, of four weeks 3,000 (30 MB)."""


class _Row(NamedTuple):
    number: int
    at: datetime
    gist: str


class LookRecords:
    """What of the records is about looks."""

    _place: Place

    def look(self, look: Look) -> None:
        """Record a look.

        The newest one is always kept, and every one at which step, action or an outcome was
        another than at the one before or after. Of the others a later one takes the place of an
        earlier one that is close; see `FINENESS`.
        """
        gist = _gist(look)
        row = {"at": look.at, "gist": gist, "body": pack(dumps(look, leave_out={"release"}))}
        with self._place.writing() as connection:
            before = _last_two(connection, look.release)
            if len(before) == 2 and {each.gist for each in before} == {gist}:
                earlier, last = before
                if look.at - earlier.at < _distance(connection, look):
                    query = sa.update(LOOKS).where(LOOKS.c.number == last.number)
                    connection.execute(query.values(**row))
                    return
            connection.execute(sa.insert(LOOKS).values(release=look.release, **row))

    def looks(
        self, release: int, limit: int | None = None, thin: int | None = None
    ) -> tuple[Look, ...]:
        """Give the looks at a release, in their order.

        Parameters
        ----------
        limit
            The newest only.
        thin
            About so many of them: at even distances in time, the first, the last, and those at
            which something changed.
        """
        query = sa.select(LOOKS.c.number, LOOKS.c.at, LOOKS.c.gist)
        query = query.where(LOOKS.c.release == release).order_by(LOOKS.c.number.desc())
        bodies = sa.select(LOOKS.c.body).order_by(LOOKS.c.number)
        with self._place.reading() as connection:
            found = [_Row(*row) for row in connection.execute(query.limit(limit))][::-1]
            if thin is not None:
                found = thinned(found, max(thin, 1))
            chosen = [each.number for each in found]
            rows = connection.execute(bodies.where(LOOKS.c.number.in_(chosen))).scalars().all()
        return tuple(loads(Look, unpack(body), release=release) for body in rows)

    def last_look(self, release: int) -> Look | None:
        """Give the newest look, or nothing."""
        return next(iter(self.looks(release, 1)), None)


def thinned(rows: Sequence[_Row], about: int) -> list[_Row]:
    """Choose about so many, evenly in time, and those at which something changed.

    Of more changes than that, some are chosen evenly.
    """
    if len(rows) <= max(about, 2):
        return [*rows]
    start, end = rows[0].at, rows[-1].at
    step = max((end - start) / about, CLOSEST / 1_000)
    evenly = {(row.at - start) // step: row for row in reversed(rows)}
    pairs = pairwise(rows)
    changed = [row for before, row in pairs if row.gist != before.gist]
    changed = changed[:: -(-len(changed) // about) or 1]
    return sorted({*evenly.values(), *changed, rows[-1]})


def sweep_looks(connection: sa.Connection, project: str, before: datetime) -> int:
    """Forget the looks at releases that ended before a moment."""
    ended = sa.select(RELEASES.c.number).where(
        RELEASES.c.project == project, RELEASES.c.ended < before
    )
    return connection.execute(sa.delete(LOOKS).where(LOOKS.c.release.in_(ended))).rowcount


def _gist(look: Look) -> str:
    outcomes = ",".join(f"{one.rule}={one.outcome.value}" for one in look.verdicts)
    return f"{look.step} {look.action} {outcomes}"


def _last_two(connection: sa.Connection, release: int) -> list[_Row]:
    query = sa.select(LOOKS.c.number, LOOKS.c.at, LOOKS.c.gist).where(LOOKS.c.release == release)
    rows = connection.execute(query.order_by(LOOKS.c.number.desc()).limit(2)).all()
    return [_Row(*row) for row in reversed(rows)]


def _distance(connection: sa.Connection, look: Look) -> timedelta:
    first = sa.select(LOOKS.c.at).where(LOOKS.c.release == look.release)
    began: datetime = connection.execute(first.order_by(LOOKS.c.number).limit(1)).scalar_one()
    return max(CLOSEST, (look.at - began) / FINENESS)
