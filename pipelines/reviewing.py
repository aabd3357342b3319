"""Run the monitoring of a project, and tell what was found."""

from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from adapters.clock import now
from adapters.declaration import LoadedProject
from adapters.notifying import check
from adapters.stacks import runs
from adapters.stacks.activation import activate
from adapters.stacks.environment import state
from lifecycle.monitoring.alarm import Alarm
from lifecycle.monitoring.review import Reviews
from lifecycle.section import Value
from pipelines.running import below, launch, run_name

_PATIENCE = 600.0
"""Seconds another monitoring of the same project may take before this one gives up."""


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
    windows = [review for review in found.reviews.reviews if not review.is_look]
    if windows:
        print_reviews(windows, found.alarm.standing, report=found.index, console=Console())
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
    """
    project, folder = loaded.project, state(root)
    check(project.monitoring.alerts.to)
    activate(stack, root=root)
    lock = folder / "monitoring" / project.name / "run.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock, timeout=_PATIENCE):
        moment = as_of or now()
        called = run_name("monitoring", project.name, datetime.now(UTC))
        home = str(below(loaded.folder, root))
        done = launch("monitoring", called, project, home, moment.isoformat())
    found = runs.outputs(done)
    return Monitored(reviews=found["looked"](), alarm=found["alarm"](), index=found["pages"]())
