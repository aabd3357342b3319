"""An outbox with an alert in it, and receivers that are really there."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from adapters.notifying import receivers
from adapters.records import Records
from lifecycle.monitoring.alerts import decide
from lifecycle.monitoring.declaration import Alerts
from lifecycle.monitoring.review import Cause
from tests.lifecycle.monitoring.alerts.days import DAY, JULY, days
from tests.servers.receivers import Mailbox, Webhook, mail, webhook


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as hook:
        yield hook


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail() as box:
        yield box


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(tmp_path) as records:
        yield records


@pytest.fixture
def tell(records: Records) -> Callable[..., None]:
    """Have an alert told to some addresses: what is put in the outbox is not sent yet."""

    def tell(to: Sequence[str], letters: str = "x", cause: Cause = Cause.CONCEPT) -> None:
        now = JULY + len(letters) * DAY
        glances = days(letters, cause)
        changes = decide("flights", glances, records.alerts("flights"), Alerts(), now=now)
        records.record(changes, at=now, receivers=receivers(to))

    return tell
