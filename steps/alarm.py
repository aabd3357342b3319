"""Tell who has to hear of it."""

from datetime import datetime
from typing import Annotated

from zenml import step

from adapters.monitoring.run import tell_alerts
from adapters.stacks.environment import state
from lifecycle.monitoring.alarm import Alarm
from lifecycle.monitoring.declaration import Alerts
from lifecycle.monitoring.review import Reviews
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def alarm(looked: Reviews, alerts: Alerts, project: str, as_of: str) -> Annotated[Alarm, "alarm"]:
    """Record what was found, decide who has to hear of what, and tell them."""
    found = tell_alerts(
        looked, alerts, project, state=state(ROOT), now=datetime.fromisoformat(as_of)
    )
    tell("alarm", f"{len(found.titles)} told, {len(found.standing)} alerts stand")
    return found
