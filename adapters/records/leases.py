"""One at a time, across processes and machines: who holds what, and until when."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import uuid4

import sqlalchemy as sa

from adapters.records.place import Place, RecordsError
from adapters.records.tables import LEASES
from adapters.records.upserts import insert

_log = logging.getLogger("perennial.records")


class Holder(NamedTuple):
    """Who holds a lease."""

    name: str
    owner: str
    since: datetime
    expires: datetime


class Lease:
    """Something that is one's own until it is given back, or not renewed for too long.

    As a context manager it is renewed by a thread, and given back at the end.
    """

    def __init__(
        self, name: str, owner: str, seconds: float, place: Place, now: Callable[[], datetime]
    ) -> None:
        self.name, self.owner, self.seconds = name, owner, seconds
        self.is_lost = False
        self._place, self._now = place, now
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def renew(self) -> bool:
        """Hold it for as long again; False if it has been taken over meanwhile."""
        until = self._now() + timedelta(seconds=self.seconds)
        with self._place.writing() as connection:
            query = sa.update(LEASES).where(self._is_mine).values(expires=until)
            self.is_lost = connection.execute(query).rowcount != 1
        return not self.is_lost

    def release(self) -> None:
        """Give it back; harmless if it has been taken over."""
        self._stop()
        with self._place.writing() as connection:
            connection.execute(sa.delete(LEASES).where(self._is_mine))

    def __enter__(self) -> Self:
        name = f"lease {self.name}"
        self._thread = threading.Thread(target=self._keep_on, name=name, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def _is_mine(self) -> sa.ColumnElement[bool]:
        return sa.and_(LEASES.c.name == self.name, LEASES.c.owner == self.owner)

    def _keep_on(self) -> None:
        while not self._ended.wait(self.seconds / 4):
            try:
                if not self.renew():
                    _log.error("The lease %s was taken over: it was not renewed.", self.name)
                    return
            except RecordsError as error:  # the next renewal may succeed
                _log.warning("The lease %s cannot be renewed: %s", self.name, error)

    def _stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()


class Leases:
    """What of the records is about whose turn it is."""

    _place: Place

    def lease(self, name: str, seconds: float = 60, *, owner: str | None = None) -> Lease | None:
        """Take a lease; `None` while another holds it.

        One that is not renewed for `seconds` is taken over.

        Parameters
        ----------
        owner
            Who takes it, for people to read; by default machine and process.
        """
        who = f"{owner or _me()}:{uuid4().hex[:8]}"
        with self._place.writing() as connection:
            is_taken = _take(connection, name, who, seconds)
        return Lease(name, who, seconds, self._place, self._moment) if is_taken else None

    def holder(self, name: str) -> Holder | None:
        """Say who holds a lease, or nobody."""
        query = sa.select(LEASES.c.name, LEASES.c.owner, LEASES.c.since, LEASES.c.expires)
        with self._place.reading() as connection:
            now = _now(connection)
            row = connection.execute(query.where(LEASES.c.name == name)).first()
        return Holder(*row) if row is not None and row.expires > now else None

    def _moment(self) -> datetime:
        with self._place.reading() as connection:
            return _now(connection)


def _take(connection: sa.Connection, name: str, who: str, seconds: float) -> bool:
    now = _now(connection)
    row: dict[str, Any] = {"owner": who, "since": now, "expires": now + timedelta(seconds=seconds)}
    row["seconds"] = seconds
    found = connection.execute(
        sa.select(LEASES.c.expires, LEASES.c.seconds).where(LEASES.c.name == name).with_for_update()
    ).first()
    if found is None:
        fresh = insert(connection, LEASES).values(name=name, **row).on_conflict_do_nothing()
        return connection.execute(fresh.returning(LEASES.c.name)).scalar() is not None
    # One that ends later than it could was taken before the clock was set back.
    latest = now + timedelta(seconds=2 * found.seconds)
    if now < found.expires < latest:
        return False
    connection.execute(sa.update(LEASES).where(LEASES.c.name == name).values(**row))
    return True


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _now(connection: sa.Connection) -> datetime:
    """Give the time of the one clock all who share the records go by."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    found: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return found.astimezone(UTC)
