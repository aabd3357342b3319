"""The records of a state folder, or of a team."""

from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import sqlalchemy as sa

from adapters.records.alerts import AlertRecords
from adapters.records.decisions import DecisionRecords
from adapters.records.leases import Leases
from adapters.records.looks import LookRecords, sweep_looks
from adapters.records.migrating import bring_up_to_date
from adapters.records.movements import MovementRecords
from adapters.records.outbox import Outbox
from adapters.records.place import Place, engine_of, url_of
from adapters.records.releases import ReleaseRecords
from adapters.records.reviews import ReviewRecords
from adapters.records.snapshots import Snapshots
from adapters.records.tables import ALERTS, DELIVERIES, REVIEWS, SUMMARIES, TELLINGS

LOOKS = timedelta(days=7)
"""There is one every hour, and each says of the past what the windows say as well."""


class Swept(NamedTuple):
    """How many were too old to be kept."""

    reviews: int
    alerts: int
    tellings: int
    looks: int


class Records(
    ReviewRecords,
    AlertRecords,
    Outbox,
    DecisionRecords,
    ReleaseRecords,
    MovementRecords,
    LookRecords,
    Snapshots,
    Leases,
):
    """What is remembered from one run to the next, in one database."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @classmethod
    def open(cls, state: Path) -> Self:
        """Open the records; their tables are made or changed where they have to be.

        They are `records.db` in the state folder, or where `$PERENNIAL_RECORDS` says.

        Raises
        ------
        StackError
            If `$PERENNIAL_RECORDS` cannot be used.
        RecordsError
            If the database cannot be reached, or is newer than this code.
        """
        place = Place(engine_of(url_of(state)))
        try:
            bring_up_to_date(place)
        except BaseException:
            place.engine.dispose()
            raise
        return cls(place)

    @property
    def shown(self) -> str:
        """Where they are, without a password."""
        return self._place.shown

    def close(self) -> None:
        """Let go of the database."""
        self._place.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def sweep(
        self, project: str, *, keep: timedelta, now: datetime, keep_looks: timedelta = LOOKS
    ) -> Swept:
        """Forget what is older than `keep`.

        Open alerts, what still has to be sent, decisions, and the ledger of releases are kept for
        ever; of releases that ended the looks are not.

        Parameters
        ----------
        keep_looks
            How long looks of monitoring between two windows are kept, if that is shorter.
        """
        before = now - keep
        with self._place.writing() as connection:
            # A quote inside a text is escaped, so this is found where it is a key, and only there.
            is_look = REVIEWS.c.body.contains('"is_look":true', autoescape=True)
            is_past = sa.or_(
                REVIEWS.c.end < before, sa.and_(REVIEWS.c.end < now - keep_looks, is_look)
            )
            is_old = sa.and_(REVIEWS.c.project == project, is_past)
            old = sa.select(REVIEWS.c.number).where(is_old)
            connection.execute(sa.delete(SUMMARIES).where(SUMMARIES.c.review.in_(old)))
            reviews = connection.execute(sa.delete(REVIEWS).where(is_old)).rowcount
            tellings = _sweep_tellings(connection, project, before)
            is_over = sa.and_(ALERTS.c.project == project, ALERTS.c.resolved < before)
            waiting = sa.select(TELLINGS.c.alert)
            is_over = sa.and_(is_over, ALERTS.c.number.not_in(waiting))
            alerts = connection.execute(sa.delete(ALERTS).where(is_over)).rowcount
            looks = sweep_looks(connection, project, before)
        return Swept(reviews, alerts, tellings, looks)


def _sweep_tellings(connection: sa.Connection, project: str, before: datetime) -> int:
    is_ended = sa.and_(DELIVERIES.c.project == project, DELIVERIES.c.ended < before)
    connection.execute(sa.delete(DELIVERIES).where(is_ended))
    is_old = sa.and_(TELLINGS.c.project == project, TELLINGS.c.at < before)
    kept = sa.select(DELIVERIES.c.telling)
    return connection.execute(
        sa.delete(TELLINGS).where(is_old, TELLINGS.c.number.not_in(kept))
    ).rowcount
