"""How the releases stand that go on."""

from pathlib import Path
from typing import NamedTuple

from adapters.records import Records
from adapters.releasing.conductor import conductor_of
from adapters.releasing.following import latest_look
from adapters.routing import current
from adapters.supervision.record import every_live
from adapters.supervision.supervisor import Supervisor
from lifecycle.release.evidence import Traffic
from lifecycle.release.plan import Plan
from lifecycle.release.release import Release


class Standing(NamedTuple):
    """A release that goes on.

    Parameters
    ----------
    release
        With what was found at the last look.
    is_looked_after
        Whether its conductor runs.
    """

    release: Release
    plan: Plan | None
    traffic: tuple[Traffic, ...]
    is_looked_after: bool


def open_releases(state: Path) -> tuple[Standing, ...]:
    """Give the releases that go on, of everything that is deployed."""
    names = [live.project for live in every_live(state)]
    if not names:
        return ()
    running = {one.name for one in Supervisor(state).status() if one.state in _ALIVE}
    with Records.open(state) as records:
        found = [records.open_one(name) for name in names]
        return tuple(
            _standing(release, records, state, running) for release in found if release is not None
        )


_ALIVE = ("starting", "running", "orphaned")


def _standing(release: Release, records: Records, state: Path, running: set[str]) -> Standing:
    look = latest_look(release, records)
    traffic: tuple[Traffic, ...] = ()
    if look is not None:
        told = {"verdicts": look.verdicts, "judged": look.at, "waits": look.reason}
        release = release.model_copy(update=told)
        both = (look.findings.champion, look.findings.challenger)
        traffic = tuple(one for one in both if one is not None)
    is_begun = bool(release.champion_name)
    return Standing(
        release,
        current(state, release.project),
        traffic,
        is_looked_after=conductor_of(release.project) in running or not is_begun,
    )
