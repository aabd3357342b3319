"""From the outbox to the receivers: at least once, each on its own, never waiting for long."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.notifying.address import AddressError, fill, receiver_of
from adapters.notifying.journal import write
from adapters.records import LOG, Delivery, Records
from lifecycle.monitoring.alerts import Telling

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
PATIENCE = timedelta(days=7)
"""How long a receiver may be down before what it was to get is given up."""

SECONDS = 30.0
"""How long a delivery run may take. What is left is sent by the next one."""

KINDS = {"notice": "info", "warning": "warning", "critical": "failure"}


@dataclass
class Outcome:
    """What a delivery run came to.

    Parameters
    ----------
    problems
        Of receivers that did not take what they were sent: whole sentences, without secrets.
    waiting
        How many deliveries are still to be made.
    """

    delivered: int = 0
    given_up: int = 0
    waiting: int = 0
    problems: list[str] = field(default_factory=list)


def deliver(
    records: Records,
    project: str,
    to: Sequence[str],
    *,
    state: Path,
    force: bool = False,
    seconds: float = SECONDS,
    environment: Mapping[str, str] = os.environ,
) -> Outcome:
    """Send what is in the outbox of a project.

    A receiver that fails is left alone for the rest of the run; what it should have had is
    kept, and tried again after a while that doubles from a minute to six hours. After 7 days it
    is given up, which is told in the log and to the caller.

    Parameters
    ----------
    to
        The declared addresses. What is for one that is not declared any more is given up.
    force
        Try at once what would have to wait.
    seconds
        After which nothing further is begun.
    """
    run = _Run(records, {receiver_of(one).key: one for one in to}, state, environment)
    ends = time.monotonic() + seconds
    due = None if force else datetime.now(UTC)
    for delivery in records.deliveries(project, state="pending", due=due):
        if delivery.receiver not in run.failed and (
            delivery.receiver == LOG.key or time.monotonic() < ends
        ):
            run.attempt(delivery)
    run.tell_others()
    run.outcome.waiting = len(records.deliveries(project, state="pending"))
    return run.outcome


class _Run:
    def __init__(
        self,
        records: Records,
        addresses: Mapping[str, str],
        state: Path,
        environment: Mapping[str, str],
    ) -> None:
        self._records, self._addresses = records, addresses
        self._state, self._environment = state, environment
        self.outcome = Outcome()
        self.failed: set[str] = set()
        self._forsaken: dict[str, Delivery] = {}

    def attempt(self, delivery: Delivery) -> None:
        """Make one delivery, unless another is at it."""
        claim = self._records.claim(delivery.number, now=datetime.now(UTC))
        if claim is None:
            return
        if delivery.receiver != LOG.key and delivery.receiver not in self._addresses:
            self._give_up(delivery, claim, "the address is not declared any more")
            return
        problem = self._send(delivery)
        now = datetime.now(UTC)
        if problem is None:
            self._records.end(delivery.number, "delivered", now=now, claim=claim)
            self.outcome.delivered += 1
            return
        self.failed.add(delivery.receiver)
        if now - delivery.created >= PATIENCE:
            days = PATIENCE.days
            self._forsaken[delivery.receiver] = delivery
            self._give_up(delivery, claim, f"it failed for {days} days, at last because {problem}")
            return
        until = now + min(FIRST_WAIT * 2**delivery.attempts, LONGEST_WAIT)
        self._records.put_off(delivery.number, until=until, claim=claim, error=problem)
        self.outcome.problems.append(
            f"{delivery.shown} did not take alert {delivery.telling.alert.number}: {problem} "
            "It is kept, and sent by a later run."
        )

    def tell_others(self) -> None:
        """Let the other receivers know of one that could not be reached for too long."""
        others = [
            receiver_of(declared)
            for key, declared in self._addresses.items()
            if key not in self.failed
        ]
        for delivery in self._forsaken.values():
            title = f"{delivery.shown} could not be told of an alert for {PATIENCE.days} days"
            update = {"at": datetime.now(UTC), "title": f"{delivery.project}: {title}"}
            if others:
                self._records.tell(delivery.telling.model_copy(update=update), others)

    def _send(self, delivery: Delivery) -> str | None:
        telling = delivery.telling
        if delivery.receiver == LOG.key:
            return write(self._state, telling)
        from adapters.notifying.sending import send

        try:
            address = fill(self._addresses[delivery.receiver], self._environment)
        except AddressError as error:
            return str(error)
        return send(
            address,
            title=telling.title,
            text=telling.text,
            kind=kind_of(telling),
            values=telling.model_dump(mode="json", exclude={"text"}),
        )

    def _give_up(self, delivery: Delivery, claim: str, why: str) -> None:
        now = datetime.now(UTC)
        self._records.end(delivery.number, "given up", now=now, claim=claim, error=why)
        self.outcome.given_up += 1
        number = delivery.telling.alert.number
        said = f"{delivery.shown} was never told of alert {number} ({delivery.telling.title}): "
        self.outcome.problems.append(f"{said}{why}.")
        write(self._state, delivery.telling, gave_up=f"{said}{why}.")


def kind_of(telling: Telling) -> str:
    """Say in Apprise's words how bad it is."""
    return "success" if not telling.alert.is_open else KINDS[telling.alert.severity]
