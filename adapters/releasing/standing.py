"""How the releases stand that go on."""

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from filelock import Timeout

from adapters.clock import now
from adapters.records import Records
from adapters.releasing.conductor import conductor_of, log_of
from adapters.releasing.following import latest_look
from adapters.releasing.moving import deployment_lock
from adapters.routing import current
from adapters.supervision.record import every_live
from adapters.supervision.supervisor import Supervisor
from lifecycle.governance.figures import duration
from lifecycle.release.evidence import Traffic
from lifecycle.release.plan import Plan
from lifecycle.release.release import Release

SILENCE = timedelta(seconds=30)
"""A conductor looks every second; who has not for so long does not."""


class Standing(NamedTuple):
    """A release that goes on.

    Parameters
    ----------
    release
        With what was found at the last look.
    is_looked_after
        Whether its conductor runs.
    quiet
        Where it runs and still has not looked for long: since when, and where to see why.
    """

    release: Release
    plan: Plan | None
    traffic: tuple[Traffic, ...]
    is_looked_after: bool
    quiet: str = ""


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
    silence = now() - (look.at if look is not None else release.stepped)
    return Standing(
        release,
        current(state, release.project),
        traffic,
        is_looked_after=conductor_of(release.project) in running or not is_begun,
        quiet=_tell_silence(silence, release.project, state)
        if is_begun
        else _tell_broken_off(release.project, state),
    )


def _tell_broken_off(project: str, state: Path) -> str:
    """Say of a release without any movement that nobody prepares it any more."""
    with contextlib.suppress(Timeout), deployment_lock(project, state):
        return (
            "it was broken off before any traffic was moved, and nobody goes on with it; the next "
            "release or deployment clears it away"
        )
    return ""


def _tell_silence(lasts: timedelta, project: str, state: Path) -> str:
    """Say that a conductor does not look, as one that dies at each of its beginnings."""
    if lasts < SILENCE:
        return ""
    return (
        f"nobody has looked at it for {duration(lasts.total_seconds())}, although its conductor "
        f"is begun again and again; its log: {log_of(project, state)}"
    )
