"""Where and when a life is lived: its folders, its clock, what it changes of the declaration."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.clock import CLOCK
from adapters.declaration import LoadedProject, load
from adapters.stacks.environment import STATE, prepare

ROOT = Path(__file__).resolve().parents[2]
FIRST_MONTH, LAST_MONTH = 4, 12
TEST = timedelta(days=14)
MORNING = timedelta(hours=7)
"""When of the first day of a month the month before is looked at."""

START = datetime(2013, 1, 1, tzinfo=UTC)

CHANGES = (
    "search.families=[xgboost]",
    "search.folds=3",
    "gates=[{kind: champion, metric: log_loss, confidence: 0.95}]",
    "serving.engine=process",
    "monitoring.window=month",
    "monitoring.labels.query=false",
    "retraining.after=1",
    "retraining.cooldown=7d",
    "retraining.approval=automatic",
)
"""What differs from the flights project: a search that fits into minutes, months for windows, and
a policy that acts by itself."""


def month(number: int) -> datetime:
    """Give the first moment of a month; 13 is the January after."""
    return datetime(2013 + (number - 1) // 12, (number - 1) % 12 + 1, 1, tzinfo=UTC)


def enter(state: Path) -> None:
    """Point this process, and what it starts, at a state folder."""
    os.environ[STATE] = str(state)
    prepare(ROOT)


def set_clock(state: Path, moment: datetime) -> None:
    """Say what time it is to everything that lives in a state folder."""
    file = state / "clock"
    state.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(moment.isoformat())
    fresh.replace(file)
    os.environ[CLOCK] = str(file)


def flights(until: datetime, *, seconds: int, changes: tuple[str, ...] = ()) -> LoadedProject:
    """Load the project with the rows up to a moment."""
    window = f"data.window={{from: {START:%Y-%m-%d}, to: {until:%Y-%m-%dT%H:%M:%S}}}"
    split = f"split={{by: time, from: {until - TEST:%Y-%m-%d}}}"
    changes = (window, split, f"search.timeout={seconds}s", *CHANGES, *changes)
    return load("flights", root=ROOT, overrides=changes)
