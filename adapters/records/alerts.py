"""Alerts, and what is told of them: both are recorded together or not at all."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from adapters.records.bodies import dumps, loads
from adapters.records.outbox import Receiver, put
from adapters.records.place import Place, RecordsError
from adapters.records.tables import ALERTS
from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.alerts import Change, Changes, Telling, telling_of

_SILENCE = ("silenced_until", "silenced_by", "why_silenced")


class AlertRecords:
    """What of the records is about alerts."""

    _place: Place

    def open_alerts(self, project: str | None = None) -> tuple[Alert, ...]:
        """Give the alerts that are not over, in the order they were opened."""
        chosen = [] if project is None else [ALERTS.c.project == project]
        return self._alerts(*chosen, ALERTS.c.resolved.is_(None))

    def alerts(
        self, project: str | None = None, limit: int | None = None, *, since: datetime | None = None
    ) -> tuple[Alert, ...]:
        """Give the newest alerts, in the order they were opened.

        Parameters
        ----------
        since
            Those that are open, were found in a window that ends after it, or were resolved
            after it.
        """
        chosen = [] if project is None else [ALERTS.c.project == project]
        if since is not None:
            is_recent = [ALERTS.c.last > since, ALERTS.c.resolved > since]
            chosen.append(sa.or_(ALERTS.c.resolved.is_(None), *is_recent))
        return self._alerts(*chosen, limit=limit)

    def alert(self, number: int) -> Alert | None:
        """Give an alert by its number, or nothing."""
        return next(iter(self._alerts(ALERTS.c.number == number)), None)

    def record(
        self, changes: Changes, *, at: datetime, receivers: Sequence[Receiver] = ()
    ) -> tuple[Telling, ...]:
        """Record changed alerts, and what is to be told to each receiver, in one transaction.

        Returns
        -------
        tuple of Telling
            What is told, with the alerts numbered.
        """
        if not changes.changes:
            return ()
        with self._place.writing() as connection:
            kept = [(_keep(connection, change), change) for change in changes.changes]
            told = [
                telling_of(alert, change.tell, at=at)
                for alert, change in kept
                if change.tell is not None
            ]
            for telling in told:
                put(connection, telling, receivers, at=datetime.now(UTC))
        return tuple(told)

    def tell(self, telling: Telling, receivers: Sequence[Receiver]) -> None:
        """Have something told besides, of an alert that does not change by it."""
        with self._place.writing() as connection:
            put(connection, telling, receivers, at=datetime.now(UTC))

    def silence(self, number: int, *, until: datetime, by: str, why: str) -> Alert:
        """Tell nobody of an alert before a moment, unless it becomes more severe.

        Raises
        ------
        RecordsError
            If there is no alert of that number, or it is over.
        """
        return self._set(number, {"silenced_until": until, "silenced_by": by, "why_silenced": why})

    def unsilence(self, number: int) -> Alert:
        """Take a silence back."""
        return self._set(number, {"silenced_until": None, "silenced_by": "", "why_silenced": ""})

    def _set(self, number: int, silence: Mapping[str, Any]) -> Alert:
        found = self.alert(number)
        if found is None:
            raise RecordsError(f"There is no alert {number}. See: python run.py alerts list")
        if not found.is_open:
            raise RecordsError(f"Alert {number} is over: {found.why_resolved}")
        with self._place.writing() as connection:
            query = sa.update(ALERTS).where(ALERTS.c.number == number).values(**silence)
            connection.execute(query)
        return found.model_copy(update=dict(silence))

    def _alerts(
        self, *chosen: sa.ColumnElement[bool], limit: int | None = None
    ) -> tuple[Alert, ...]:
        columns = [ALERTS.c.body, ALERTS.c.number, *(ALERTS.c[name] for name in _SILENCE)]
        query = sa.select(*columns).where(*chosen).order_by(ALERTS.c.number.desc()).limit(limit)
        with self._place.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(_alert(row) for row in reversed(rows))


def _alert(row: sa.RowMapping) -> Alert:
    return loads(Alert, row["body"], **{name: row[name] for name in ("number", *_SILENCE)})


def _keep(connection: sa.Connection, change: Change) -> Alert:
    """Write an alert, all but its silence: that is a person's, and may just have been said."""
    alert = change.alert
    body = dumps(alert, leave_out={"number", *_SILENCE})
    values = {"last": alert.span.end, "resolved": alert.resolved, "body": body}
    if alert.number:
        connection.execute(
            sa.update(ALERTS).where(ALERTS.c.number == alert.number).values(**values)
        )
        return alert
    row = {
        "project": alert.project,
        "version": alert.version or "",
        "cause": alert.cause.value,
        **{name: getattr(alert, name) for name in _SILENCE},
        **values,
    }
    number = connection.execute(sa.insert(ALERTS).values(**row).returning(ALERTS.c.number)).scalar()
    return alert.model_copy(update={"number": number})
