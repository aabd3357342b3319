"""Decisions about retraining: what each is now, and everything it has been."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from adapters.records.bodies import dumps, loads
from adapters.records.place import Place, RecordsError
from adapters.records.tables import DECISION_CHANGES, DECISIONS
from lifecycle.retraining.decision import Decision


class DecisionChange(NamedTuple):
    """A decision as it was from a moment on."""

    at: datetime
    decision: Decision


class DecisionRecords:
    """What of the records is about decisions."""

    _place: Place

    def add(self, decision: Decision) -> Decision:
        """Record a decision; the answer has its number."""
        with self._place.writing() as connection:
            query = sa.insert(DECISIONS).values(**_row(decision), project=decision.project)
            number = connection.execute(query.returning(DECISIONS.c.number)).scalar()
            numbered = decision.model_copy(update={"number": number})
            connection.execute(sa.update(DECISIONS).where(_is(number)).values(**_row(numbered)))
            _remember(connection, numbered, decision.at)
        return numbered

    def change(self, number: int, *, at: datetime | None = None, **changes: Any) -> Decision:
        """Record what came of a decision: `ending="won", version="4"`. Nothing is overwritten.

        Raises
        ------
        RecordsError
            If there is no decision of that number.
        """
        with self._place.writing() as connection:
            query = sa.select(DECISIONS.c.body).where(_is(number)).with_for_update()
            found = connection.execute(query).scalar()
            if found is None:
                raise RecordsError(f"There is no decision {number}.")
            before = loads(Decision, found)
            after = Decision.model_validate({**dict(before), **changes, "number": number})
            connection.execute(sa.update(DECISIONS).where(_is(number)).values(**_row(after)))
            _remember(connection, after, at or datetime.now(UTC))
        return after

    def decisions(
        self,
        project: str,
        limit: int | None = None,
        *,
        since: datetime | None = None,
        begun: bool = False,
    ) -> tuple[Decision, ...]:
        """Give the newest decisions, in their order.

        Parameters
        ----------
        begun
            Only those that began something: of every hour's "not due" there are thousands.
        """
        chosen = [DECISIONS.c.project == project]
        if begun:
            chosen.append(DECISIONS.c.ending != "not due")
        if since is not None:
            chosen.append(DECISIONS.c.at >= since)
        return self._decisions(*chosen, limit=limit)

    def decision(self, number: int) -> Decision | None:
        """Give a decision by its number, or nothing."""
        return next(iter(self._decisions(_is(number))), None)

    def last_decision(self, project: str) -> Decision | None:
        """Give the newest decision, or nothing."""
        return next(iter(self.decisions(project, 1)), None)

    def running(self, project: str) -> tuple[Decision, ...]:
        """Give the decisions whose training has begun and not ended."""
        return self._decisions(DECISIONS.c.project == project, DECISIONS.c.ending == "running")

    def trail(self, number: int) -> tuple[DecisionChange, ...]:
        """Give everything a decision has been, from the first on."""
        query = sa.select(DECISION_CHANGES.c.at, DECISION_CHANGES.c.body)
        query = query.where(DECISION_CHANGES.c.decision == number)
        with self._place.reading() as connection:
            rows = connection.execute(query.order_by(DECISION_CHANGES.c.number)).all()
        return tuple(DecisionChange(at, loads(Decision, body)) for at, body in rows)

    def _decisions(
        self, *chosen: sa.ColumnElement[bool], limit: int | None = None
    ) -> tuple[Decision, ...]:
        query = sa.select(DECISIONS.c.body).where(*chosen)
        query = query.order_by(DECISIONS.c.number.desc()).limit(limit)
        with self._place.reading() as connection:
            rows = connection.execute(query).scalars().all()
        return tuple(loads(Decision, body) for body in reversed(rows))


def _is(number: int | None) -> sa.ColumnElement[bool]:
    return DECISIONS.c.number == number


def _row(decision: Decision) -> dict[str, Any]:
    return {"at": decision.at, "ending": decision.ending, "body": dumps(decision)}


def _remember(connection: sa.Connection, decision: Decision, at: datetime) -> None:
    connection.execute(
        sa.insert(DECISION_CHANGES).values(decision=decision.number, at=at, body=dumps(decision))
    )
