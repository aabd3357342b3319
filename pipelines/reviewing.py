"""Run the monitoring of a project, and tell what was found."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from adapters.clock import now
from adapters.declaration import LoadedProject
from adapters.notifying import check
from adapters.records import Records
from adapters.stacks import runs
from adapters.stacks.activation import activate
from adapters.stacks.environment import state
from lifecycle.errors import PerennialError
from lifecycle.monitoring.alarm import Alarm
from lifecycle.monitoring.review import Reviews
from lifecycle.section import Value
from pipelines.running import below, launch, run_name

_PATIENCE = 600.0
"""Seconds another monitoring of the same project may take before this one gives up."""


_DECISIONS = 20
"""The newest ones tell what to do next."""


class BusyError(PerennialError):
    """Another monitoring of the project goes on, and does not come to an end."""


class Monitored(Value):
    """What one monitoring run found, whom it told, and where the pages are."""

    reviews: Reviews
    alarm: Alarm
    index: str


def monitor(loaded: LoadedProject, *, stack: str, root: Path) -> Monitored:
    """Monitor a project and tell at the terminal what was found."""
    from rich.console import Console

    from adapters.monitoring_terminal import print_reviews

    found = run(loaded, stack=stack, root=root)
    with Records.open(state(root)) as records:
        decisions = records.decisions(loaded.project.name, _DECISIONS)
    print_reviews(
        found.reviews.reviews,
        found.alarm.standing,
        report=found.index,
        console=Console(),
        decisions=decisions,
    )
    for problem in found.alarm.problems:
        print(f"  not told  {problem}")
    return found


def run(
    loaded: LoadedProject, *, stack: str, root: Path, as_of: datetime | None = None
) -> Monitored:
    """Review every window that is over and was not reviewed; look at the service; tell.

    Two at once take turns: what one has reviewed the other does not review again.

    Raises
    ------
    ProjectError
        If an address alerts go to cannot be understood.
    BusyError
        If another one goes on for longer than ten minutes.
    """
    project, folder = loaded.project, state(root)
    check(project.monitoring.alerts.to)
    activate(stack, root=root)
    lock = folder / "monitoring" / project.name / "run.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _alone(lock, project.name):
        moment = as_of or now()
        called = run_name("monitoring", project.name, datetime.now(UTC))
        home = str(below(loaded.folder, root))
        done = launch("monitoring", called, project, home, moment.isoformat())
    found = runs.outputs(done)
    return Monitored(reviews=found["looked"](), alarm=found["alarm"](), index=found["pages"]())


@contextmanager
def _alone(lock: Path, project: str) -> Iterator[None]:
    mine = FileLock(lock)
    try:
        mine.acquire(timeout=_PATIENCE)
    except Timeout:
        raise BusyError(
            f"Another monitoring of {project} has been at work for more than "
            f"{_PATIENCE / 60:g} minutes. Wait until it has ended, or end it."
        ) from None
    try:
        yield
    finally:
        mine.release()
