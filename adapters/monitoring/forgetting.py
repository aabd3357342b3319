"""What monitoring has kept for long enough."""

from datetime import datetime, timedelta
from pathlib import Path

from adapters.monitoring.run import store_of
from adapters.records import Records, Swept


def forget(project: str, *, keep: timedelta, state: Path, now: datetime) -> Swept:
    """Forget reviews, alerts that are over, and profiles of windows that ended `keep` ago.

    What was answered and told, the event log, is nobody's to delete before a project declares
    how long that is kept.
    """
    with Records.open(state) as records:
        swept = records.sweep(project, keep=keep, now=now)
    store_of(state, project).sweep(keep=keep, now=now)
    return swept
