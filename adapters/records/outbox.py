"""What has to be sent, to whom, and what became of it."""

import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import uuid4

import sqlalchemy as sa

from adapters.records.bodies import dumps, loads
from adapters.records.place import Place
from adapters.records.tables import DELIVERIES, TELLINGS
from lifecycle.monitoring.alerts.telling import Telling
from lifecycle.section import Value

State: TypeAlias = Literal["pending", "delivered", "given up"]

CLAIM = timedelta(minutes=2)
"""How long a delivery belongs to who has begun it; after that it is another's to try."""


class Receiver(NamedTuple):
    """Who is told. `key` tells one address from another without holding what is secret in it."""

    key: str
    shown: str


LOG = Receiver("log", "the log")


class Delivery(Value):
    """One telling for one receiver.

    Parameters
    ----------
    due
        When it is tried next.
    error
        Why it failed last, without secrets.
    """

    number: int
    project: str
    receiver: str
    shown: str
    state: State
    attempts: int
    created: datetime
    due: datetime
    ended: datetime | None = None
    error: str = ""
    telling: Telling


def put(
    connection: sa.Connection, telling: Telling, receivers: Sequence[Receiver], *, at: datetime
) -> None:
    """Write a telling and one delivery a receiver, in the transaction of the caller.

    Parameters
    ----------
    at
        By the clock on the wall, which is what receivers go by. What is told may be of another
        time.
    """
    project = telling.alert.project
    row = {"project": project, "alert": telling.alert.number, "at": telling.at}
    query = sa.insert(TELLINGS).values(**row, body=dumps(telling)).returning(TELLINGS.c.number)
    number = connection.execute(query).scalar()
    for receiver in dict.fromkeys(receivers):
        connection.execute(
            sa.insert(DELIVERIES).values(
                telling=number,
                project=project,
                receiver=receiver.key,
                shown=receiver.shown,
                state="pending",
                created=at,
                due=at,
            )
        )


class Outbox:
    """What of the records is about sending."""

    _place: Place

    def deliveries(
        self,
        project: str | None = None,
        *,
        state: State | None = None,
        due: datetime | None = None,
        alert: int | None = None,
        limit: int | None = None,
    ) -> tuple[Delivery, ...]:
        """Give deliveries in the order they were written.

        Parameters
        ----------
        due
            Only those that may be tried at that moment.
        alert
            Only of this one.
        limit
            The oldest ones only.
        """
        chosen = [DELIVERIES.c.telling == TELLINGS.c.number]
        if project is not None:
            chosen.append(DELIVERIES.c.project == project)
        if state is not None:
            chosen.append(DELIVERIES.c.state == state)
        if due is not None:
            chosen.append(DELIVERIES.c.due <= due)
        if alert is not None:
            chosen.append(TELLINGS.c.alert == alert)
        query = sa.select(DELIVERIES, TELLINGS.c.body).where(*chosen)
        with self._place.reading() as connection:
            query = query.order_by(DELIVERIES.c.number).limit(limit)
            rows = connection.execute(query).mappings().all()
        return tuple(_delivery(row) for row in rows)

    def claim(self, delivery: int, *, now: datetime) -> str | None:
        """Make a pending delivery one's own for a while; `None`: another has it, or it is done.

        Returns
        -------
        str
            Who one is: `end` and `put_off` want it.
        """
        me = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        is_free = DELIVERIES.c.claimed_until.is_(None) | (DELIVERIES.c.claimed_until <= now)
        # A claim of the far future was made before the clock was set back.
        is_odd = DELIVERIES.c.claimed_until > now + 2 * CLAIM
        query = sa.update(DELIVERIES).where(
            DELIVERIES.c.number == delivery, DELIVERIES.c.state == "pending", is_free | is_odd
        )
        with self._place.writing() as connection:
            done = connection.execute(query.values(claimed_by=me, claimed_until=now + CLAIM))
            return me if done.rowcount == 1 else None

    def end(
        self, delivery: int, state: Literal["delivered", "given up"], *,
        now: datetime, claim: str, error: str = "",
    ) -> bool:  # fmt: skip
        """Say what became of a delivery; False if the claim was another's by then."""
        return self._say(delivery, claim, state=state, ended=now, error=error)

    def put_off(self, delivery: int, *, until: datetime, claim: str, error: str) -> bool:
        """Say that a delivery failed, and when it is tried again."""
        return self._say(delivery, claim, due=until, error=error)

    def _say(self, delivery: int, claim: str, **values: Any) -> bool:
        query = sa.update(DELIVERIES).where(
            DELIVERIES.c.number == delivery, DELIVERIES.c.claimed_by == claim
        )
        free = {"claimed_by": None, "claimed_until": None}
        with self._place.writing() as connection:
            attempts = DELIVERIES.c.attempts + 1
            done = connection.execute(query.values(attempts=attempts, **free, **values))
            return done.rowcount == 1


def _delivery(row: sa.RowMapping) -> Delivery:
    kept = {name: row[name] for name in Delivery.model_fields if name != "telling"}
    return Delivery(**kept, telling=loads(Telling, row["body"]))
