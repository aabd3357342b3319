"""Releases: what each is now, and everything it has been; one of a project at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from adapters.records.bodies import dumps, loads
from adapters.records.place import Place, RecordsError
from adapters.records.tables import RELEASE_CHANGES, RELEASES
from adapters.records.upserts import insert
from lifecycle.errors import PerennialError
from lifecycle.release.release import Release
from lifecycle.verdict import Verdicts

_OPEN = ("moving", "keeping")


class ReleaseBusyError(PerennialError):
    """Another release of the project goes on."""


class ReleaseOverError(PerennialError):
    """What was to happen in a release comes after its end."""


class ReleaseChange(NamedTuple):
    """A release as it was from a moment on."""

    at: datetime
    release: Release


class ReleaseRecords:
    """What of the records is about releases."""

    _place: Place

    def open_release(self, release: Release) -> Release:
        """Record a release that begins; the answer has its number.

        Raises
        ------
        ReleaseBusyError
            If one of the project goes on. Of two that begin at once, one is refused.
        """
        with self._place.writing() as connection:
            return begin_release(connection, release)

    def change_release(self, number: int, *, at: datetime | None = None, **changes: Any) -> Release:
        """Record what came of a release: `step=2`.

        What it was before is kept, except for what a look tells as well: the last verdicts, and
        what it waits for.

        One that is over stays over; where its state says so first, `ended` is `at` unless given.

        Raises
        ------
        RecordsError
            If there is no release of that number.
        ReleaseOverError
            If it is over, and were open again.
        """
        with self._place.writing() as connection:
            return alter_release(connection, number, changes, at=at or datetime.now(UTC))

    def release(self, number: int) -> Release | None:
        """Give a release by its number, or nothing."""
        return next(iter(self._releases(RELEASES.c.number == number)), None)

    def releases(
        self, project: str, limit: int | None = None, *, since: datetime | None = None
    ) -> tuple[Release, ...]:
        """Give the newest releases, in their order.

        Parameters
        ----------
        since
            Those that began or ended after it, or go on.
        """
        chosen = [RELEASES.c.project == project]
        if since is not None:
            is_recent = [RELEASES.c.began > since, RELEASES.c.ended > since]
            chosen.append(sa.or_(RELEASES.c.state.in_(_OPEN), *is_recent))
        return self._releases(*chosen, limit=limit)

    def open_one(self, project: str) -> Release | None:
        """Give the release that goes on, or nothing."""
        chosen = [RELEASES.c.project == project, RELEASES.c.state.in_(_OPEN)]
        return next(iter(self._releases(*chosen)), None)

    def release_trail(self, number: int) -> tuple[ReleaseChange, ...]:
        """Give everything a release has been, from the first on."""
        query = sa.select(RELEASE_CHANGES.c.at, RELEASE_CHANGES.c.body)
        query = query.where(RELEASE_CHANGES.c.release == number)
        with self._place.reading() as connection:
            rows = connection.execute(query.order_by(RELEASE_CHANGES.c.number)).all()
        return tuple(ReleaseChange(at, loads(Release, body, number=number)) for at, body in rows)

    def _releases(
        self, *chosen: sa.ColumnElement[bool], limit: int | None = None
    ) -> tuple[Release, ...]:
        query = sa.select(RELEASES.c.number, RELEASES.c.body).where(*chosen)
        query = query.order_by(RELEASES.c.number.desc()).limit(limit)
        with self._place.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(loads(Release, body, number=number) for number, body in reversed(rows))


def begin_release(connection: sa.Connection, release: Release) -> Release:
    """Write a release that begins, unless another of the project goes on."""
    row = {"project": release.project, **_row(release)}
    query = insert(connection, RELEASES).values(row).on_conflict_do_nothing()
    number = connection.execute(query.returning(RELEASES.c.number)).scalar()
    if number is None:
        raise _busy(connection, release)
    numbered = release.model_copy(update={"number": number})
    _remember(connection, numbered, at=release.began)
    return numbered


def alter_release(
    connection: sa.Connection, number: int, changes: Mapping[str, Any], *, at: datetime
) -> Release:
    """Write what changes of a release."""
    before = locked_release(connection, number)
    after = Release.model_validate({**dict(before), **changes, "number": number})
    if not after.is_open and after.ended is None:
        after = after.model_copy(update={"ended": at})
    if after.is_open and not before.is_open:
        raise over(before, "it cannot go on")
    connection.execute(sa.update(RELEASES).where(RELEASES.c.number == number).values(**_row(after)))
    if _lasting(before) != _lasting(after):
        _remember(connection, after, at=at)
    return after


def locked_release(connection: sa.Connection, number: int) -> Release:
    """Read a release that nobody else changes before this transaction ends."""
    query = sa.select(RELEASES.c.body).where(RELEASES.c.number == number).with_for_update()
    found = connection.execute(query).scalar()
    if found is None:
        raise RecordsError(f"There is no release {number}.")
    return loads(Release, found, number=number)


def over(release: Release, so: str) -> ReleaseOverError:
    """Say that a release is over, since when, and why."""
    ended = "" if release.ended is None else f" since {moment(release.ended)}"
    why = f" ({release.ending.rstrip('.')})" if release.ending else ""
    return ReleaseOverError(
        f'Release {release.number} of "{release.project}" is over{ended}: {release.state}{why}. '
        f"So {so}; begin another release."
    )


def moment(when: datetime) -> str:
    """Write a moment as errors name it."""
    return f"{when.astimezone(UTC):%d %b %Y, %H:%M:%S} UTC".lstrip("0")


def _busy(connection: sa.Connection, wanted: Release) -> ReleaseBusyError:
    query = sa.select(RELEASES.c.number, RELEASES.c.body).where(
        RELEASES.c.project == wanted.project, RELEASES.c.state.in_(_OPEN)
    )
    row = connection.execute(query).first()
    if row is None:  # it ended between the two statements
        return ReleaseBusyError(
            f'A release of "{wanted.project}" ended this very moment. Begin again.'
        )
    found = loads(Release, row.body, number=row.number)
    what = (
        f"moves traffic to version {found.challenger}"
        if found.state == "moving"
        else f"has moved traffic to version {found.challenger} and still keeps {found.champion}"
    )
    return ReleaseBusyError(
        f'Release {found.number} of "{found.project}" {what} ({found.strategy}), since '
        f"{moment(found.began)}, by {found.by}. One release goes on at a time: wait until it has "
        f"ended (python run.py releases --project {found.project}), or take it back "
        f"(python run.py rollback --project {found.project})."
    )


def _row(release: Release) -> dict[str, Any]:
    return {
        "began": release.began,
        "ended": release.ended,
        "state": release.state,
        "body": dumps(release, leave_out={"number"}),
    }


def _lasting(release: Release) -> Release:
    """Leave out what changes every second and is in the looks."""
    return release.model_copy(update={"verdicts": Verdicts(), "judged": None, "waits": ""})


def _remember(connection: sa.Connection, release: Release, *, at: datetime) -> None:
    body = dumps(release, leave_out={"number"})
    connection.execute(sa.insert(RELEASE_CHANGES).values(release=release.number, at=at, body=body))
