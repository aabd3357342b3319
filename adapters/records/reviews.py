"""Reviews: one row a project, version and window."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.records.bodies import dumps, loads, pack, unpack
from adapters.records.place import Place
from adapters.records.tables import REVIEWS, SUMMARIES
from adapters.records.upserts import insert
from lifecycle.monitoring.alerts.glance import Glance
from lifecycle.monitoring.due import AHEAD
from lifecycle.monitoring.review import Review

_LONG = {"then", "now"}
_KEY = ["project", "version", "start", "end"]


class ReviewRecords:
    """What of the records is about reviews."""

    _place: Place

    def keep(self, review: Review, *, now: datetime | None = None) -> bool:
        """Keep a review in place of an earlier one of the same window and version.

        Parameters
        ----------
        now
            What time it is. One that was made as of a moment still to come, by a clock that was
            wrong, does not stay.

        Returns
        -------
        bool
            False where one is kept already whose labels were read later: it stays.
        """
        row = _row(review)
        gives_way = REVIEWS.c.as_of <= review.as_of
        if now is not None:
            gives_way = sa.or_(gives_way, REVIEWS.c.as_of > now + AHEAD)
        long = pack(dumps(review, leave_out=set(Review.model_fields) - _LONG))
        with self._place.writing() as connection:
            upsert = insert(connection, REVIEWS).values(row)
            upsert = upsert.on_conflict_do_update(
                index_elements=_KEY,
                set_={name: upsert.excluded[name] for name in ("as_of", "body", "glance")},
                where=gives_way,
            )
            number = connection.execute(upsert.returning(REVIEWS.c.number)).scalar()
            if number is None:
                return False
            beside = insert(connection, SUMMARIES).values(review=number, body=long)
            beside = beside.on_conflict_do_update(
                index_elements=["review"], set_={"body": beside.excluded.body}
            )
            connection.execute(beside)
        return True

    def reviews(
        self,
        project: str,
        *,
        version: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        light: bool = False,
    ) -> tuple[Review, ...]:
        """Give reviews in the order of their windows.

        Parameters
        ----------
        version
            Of one version only.
        since, until
            Of windows that start at or after, and end at or before.
        limit
            The newest ones only.
        light
            Without the columns `then` and `now`, which are nine tenths of a review.
        """
        chosen = _chosen(project, since, until)
        if version is not None:
            chosen.append(REVIEWS.c.version == version)
        columns = [REVIEWS.c.body] if light else [REVIEWS.c.body, SUMMARIES.c.body.label("long")]
        query = sa.select(*columns).where(*chosen)
        if not light:
            query = query.join(SUMMARIES, SUMMARIES.c.review == REVIEWS.c.number)
        query = query.order_by(*(REVIEWS.c[name].desc() for name in ("start", "end", "version")))
        with self._place.reading() as connection:
            rows = connection.execute(query.limit(limit)).all()
        return tuple(_review(row) for row in reversed(rows))

    def last_review(self, project: str, version: str | None) -> Review | None:
        """Give the review of the newest window of a version, or nothing."""
        found = self.reviews(project, version=version or "", limit=1)
        return found[0] if found else None

    def earliest(self, project: str, *, after: datetime) -> datetime | None:
        """Give where the oldest window begins whose review was made after a moment."""
        query = sa.select(sa.func.min(REVIEWS.c.start))
        query = query.where(REVIEWS.c.project == project, REVIEWS.c.as_of > after)
        with self._place.reading() as connection:
            return connection.execute(query).scalar()

    def glances(
        self, project: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Glance, ...]:
        """Give what alerts are decided from, of windows that start at or after `since`."""
        query = sa.select(REVIEWS.c.glance).where(*_chosen(project, since, until))
        query = query.order_by(REVIEWS.c.start, REVIEWS.c.end, REVIEWS.c.version)
        with self._place.reading() as connection:
            return tuple(loads(Glance, text) for text in connection.execute(query).scalars())


def _row(review: Review) -> dict[str, Any]:
    return {
        "project": review.project,
        "version": review.version or "",
        "start": review.span.start,
        "end": review.span.end,
        "as_of": review.as_of,
        "body": dumps(review, leave_out=_LONG),
        "glance": dumps(Glance.of(review)),
    }


def _chosen(
    project: str, since: datetime | None, until: datetime | None
) -> list[sa.ColumnElement[bool]]:
    chosen = [REVIEWS.c.project == project]
    if since is not None:
        chosen.append(REVIEWS.c.start >= since)
    if until is not None:
        chosen.append(REVIEWS.c.end <= until)
    return chosen


def _review(row: Sequence[Any]) -> Review:
    body, *long = row
    if not long:
        return loads(Review, body)
    # Both are JSON objects without a key in common: put together before they are read once.
    return loads(Review, f"{body[:-1]},{unpack(long[0])[1:]}")
