"""Puts figures where Prometheus finds them: a file for each project, and a port for all."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from adapters.gauges.exposition import Figure, Shown, read_figures, show, write
from adapters.gauges.figures import SHOWN, figures_of
from adapters.gauges.releases import figures_of_release
from lifecycle.errors import DataError
from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.review import Review
from lifecycle.release.plan import Plan
from lifecycle.release.release import Look, Release
from lifecycle.retraining.decision import Decision

FOLDER, FILE, RELEASE_FILE = "monitoring", "metrics.prom", "release.prom"
HOST = "127.0.0.1"


def publish(
    project: str,
    reviews: Iterable[Review],
    alerts: Iterable[Alert],
    decision: Decision | None,
    *,
    state: Path,
    ran: datetime,
    labels_take: timedelta | None = None,
) -> Path:
    """Write what monitoring found of a project for Prometheus, instead of what it found before.

    The file is replaced whole, in the form node_exporter's textfile collector reads; see
    `figures_of` for the parameters.
    """
    figures = figures_of(project, reviews, alerts, decision, ran=ran, labels_take=labels_take)
    return _put(state / FOLDER / project / FILE, figures)


def publish_release(
    project: str, plan: Plan | None, release: Release | None, look: Look | None, *, state: Path
) -> Path:
    """Write how a project's traffic and its last release stand, instead of how they stood before.

    To be written after each look and after each movement: a release that has ended and still
    says that it is open would be one that nobody looks after. See `figures_of_release`.
    """
    figures = figures_of_release(project, plan, release, look)
    return _put(state / FOLDER / project / RELEASE_FILE, figures)


def serve(port: int, state: Path, *, host: str = HOST) -> Shown:
    """Show the figures of all projects at `/metrics`, as they are whenever somebody asks.

    Parameters
    ----------
    port
        0 takes any that is free; the answer names it.
    host
        By default nobody on another machine sees them: they name columns, and need no key.

    Raises
    ------
    NoPortError
        If nothing can be shown there.
    """
    return show(lambda: _gather(state), host=host, port=port)


def _gather(state: Path) -> Iterator[Figure]:
    unreadable = 0
    folder = state / FOLDER
    for path in sorted([*folder.glob(f"*/{FILE}"), *folder.glob(f"*/{RELEASE_FILE}")]):
        try:
            yield from read_figures(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, DataError):
            unreadable += 1  # told as a figure: those of other projects are still worth showing
    name = "perennial_monitoring_unreadable_files"
    yield Figure(name, SHOWN[name], unreadable)


def _put(path: Path, figures: Iterable[Figure]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _replace(path, write(figures))
    return path


def _replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another, whole; anybody may read it who may enter its folder."""
    # The name ends otherwise than the collector looks for, so it never sees half a file.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
