"""Movements of traffic: intended, then done or undone; one intended of a project at a time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from adapters.records.bodies import dumps, loads
from adapters.records.place import Place, RecordsError
from adapters.records.releases import (
    alter_release,
    begin_release,
    locked_release,
    moment,
    over,
)
from adapters.records.tables import MOVEMENTS
from adapters.records.upserts import insert
from lifecycle.errors import PerennialError
from lifecycle.release.release import Movement, Release

Becomes = Release | Mapping[str, Any]
_FORWARD = ("begin", "advance", "promote")


class MovementBusyError(PerennialError):
    """Another move of the project's traffic is going on, or was broken off."""


class MovementRecords:
    """What of the records is about movements."""

    _place: Place

    def intend(self, movement: Movement, *, release: Becomes | None = None) -> Movement:
        """Record that traffic is going to be moved; the answer has its number, and its release's.

        In one transaction with what that makes of its release, so a crash leaves both or none.

        Parameters
        ----------
        release
            What its release is from now on, or what of it changes. One without a number is
            opened, and the movement belongs to it.

        Raises
        ------
        MovementBusyError
            If another movement of the project is intended.
        ReleaseBusyError
            If a release is to be opened and another goes on.
        ReleaseOverError
            If the release is over, and the movement would bring its version on.
        """
        if movement.state != "intended":
            raise ValueError(f"A movement that is intended cannot be {movement.state} already.")
        with self._place.writing() as connection:
            _require_rest(connection, movement)
            if isinstance(release, Release) and not release.number:
                number = begin_release(connection, release).number
                movement = movement.model_copy(update={"release": number})
            elif movement.release is not None:
                _require_going_on(connection, movement)
                _alter(connection, movement, release, at=movement.at)
            return _insert(connection, movement)

    def enter(self, movement: Movement) -> Movement:
        """Record what is done already: a decision, or what was live before there was a ledger."""
        if movement.state == "intended":
            raise ValueError("What is only intended is recorded by `intend`.")
        moved = {"done_at": movement.done_at or movement.at}
        with self._place.writing() as connection:
            return _insert(connection, movement.model_copy(update=moved))

    def finish_movement(
        self,
        number: int,
        state: Literal["done", "undone"],
        *,
        at: datetime,
        release: Becomes | None = None,
    ) -> Movement:
        """Record that an intended movement has happened, or has not.

        Parameters
        ----------
        release
            What its release is from now on, or what of it changes, in the same transaction.

        Raises
        ------
        RecordsError
            If there is no such movement, or it has been recorded otherwise. To say the same
            again changes nothing.
        """
        with self._place.writing() as connection:
            found = _locked(connection, number)
            if found.state == state:
                return found
            if found.state != "intended":
                raise RecordsError(
                    f"Movement {number} ({found.kind} of version {found.version}) is {found.state} "
                    f"already; it cannot be {state}."
                )
            after = found.model_copy(update={"state": state, "done_at": at})
            _update(connection, after)
            _alter(connection, after, release, at=at)
        return after

    def settle_movement(self, number: int) -> Movement:
        """Record that all that follows from a movement is done."""
        with self._place.writing() as connection:
            found = _locked(connection, number)
            if found.state == "intended":
                raise RecordsError(f"Movement {number} is only intended: nothing follows yet.")
            after = found.model_copy(update={"settled": True})
            _update(connection, after)
        return after

    def movement(self, number: int) -> Movement | None:
        """Give a movement by its number, or nothing."""
        return next(iter(self._movements(MOVEMENTS.c.number == number)), None)

    def movements(
        self,
        project: str,
        limit: int | None = None,
        since: datetime | None = None,
        *,
        release: int | None = None,
    ) -> tuple[Movement, ...]:
        """Give the newest movements, in their order.

        Parameters
        ----------
        since
            Those decided at or after it.
        release
            Those of one release.
        """
        chosen = [MOVEMENTS.c.project == project]
        if since is not None:
            chosen.append(MOVEMENTS.c.at >= since)
        if release is not None:
            chosen.append(MOVEMENTS.c.release == release)
        return self._movements(*chosen, limit=limit)

    def unfinished(self, project: str) -> Movement | None:
        """Give the movement that is intended and not known to be done, or nothing."""
        chosen = [MOVEMENTS.c.project == project, MOVEMENTS.c.state == "intended"]
        return next(iter(self._movements(*chosen)), None)

    def unsettled(self, project: str) -> tuple[Movement, ...]:
        """Give those, done or undone, from which something follows that is not known to be done."""
        is_over = MOVEMENTS.c.state != "intended"
        return self._movements(
            MOVEMENTS.c.project == project, is_over, MOVEMENTS.c.settled.is_(False)
        )

    def _movements(
        self, *chosen: sa.ColumnElement[bool], limit: int | None = None
    ) -> tuple[Movement, ...]:
        query = sa.select(MOVEMENTS.c.number, MOVEMENTS.c.body).where(*chosen)
        query = query.order_by(MOVEMENTS.c.number.desc()).limit(limit)
        with self._place.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(loads(Movement, body, number=number) for number, body in reversed(rows))


def _require_rest(connection: sa.Connection, wanted: Movement) -> None:
    found = _intended(connection, wanted.project)
    if found is not None:
        raise _busy(found)


def _require_going_on(connection: sa.Connection, movement: Movement) -> None:
    """Refuse to bring on the version of a release that somebody has ended meanwhile."""
    assert movement.release is not None
    release = locked_release(connection, movement.release)
    if movement.kind in _FORWARD and not release.is_open:
        raise over(release, "no more traffic moves to its version")


def _alter(
    connection: sa.Connection, movement: Movement, release: Becomes | None, *, at: datetime
) -> None:
    if release is None:
        return
    number = release.number if isinstance(release, Release) else movement.release
    if number is None or number != movement.release:
        raise ValueError(f"A movement of release {movement.release} cannot change {number}.")
    alter_release(connection, number, dict(release), at=at)


def _insert(connection: sa.Connection, movement: Movement) -> Movement:
    row = {"project": movement.project, **_row(movement)}
    query = insert(connection, MOVEMENTS).values(row).on_conflict_do_nothing()
    number = connection.execute(query.returning(MOVEMENTS.c.number)).scalar()
    if number is None:
        raise _busy(_intended(connection, movement.project) or movement)
    return movement.model_copy(update={"number": number})


def _intended(connection: sa.Connection, project: str) -> Movement | None:
    query = sa.select(MOVEMENTS.c.number, MOVEMENTS.c.body).where(
        MOVEMENTS.c.project == project, MOVEMENTS.c.state == "intended"
    )
    row = connection.execute(query).first()
    return None if row is None else loads(Movement, row.body, number=row.number)


def _locked(connection: sa.Connection, number: int) -> Movement:
    query = sa.select(MOVEMENTS.c.body).where(MOVEMENTS.c.number == number).with_for_update()
    found = connection.execute(query).scalar()
    if found is None:
        raise RecordsError(f"There is no movement {number}.")
    return loads(Movement, found, number=number)


def _update(connection: sa.Connection, movement: Movement) -> None:
    chosen = MOVEMENTS.c.number == movement.number
    connection.execute(sa.update(MOVEMENTS).where(chosen).values(**_row(movement)))


def _busy(found: Movement) -> MovementBusyError:
    return MovementBusyError(
        f'Another move of the traffic of "{found.project}" is going on or was broken off: '
        f"{found.kind}, version {found.version}, intended since {moment(found.at)} by {found.by}. "
        "If nobody is at it any more, the next start repairs it: python run.py resume."
    )


def _row(movement: Movement) -> dict[str, Any]:
    return {
        "release": movement.release,
        "at": movement.at,
        "state": movement.state,
        "settled": movement.settled,
        "body": dumps(movement, leave_out={"number"}),
    }
