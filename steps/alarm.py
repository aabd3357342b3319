"""Tell who has to hear of it."""

from datetime import datetime
from typing import Annotated

from zenml import step

from adapters.monitoring.forgetting import forget
from adapters.monitoring.run import tell_alerts
from adapters.stacks.environment import state
from lifecycle.governance.figures import plural
from lifecycle.monitoring.alarm import Alarm
from lifecycle.monitoring.declaration import Monitoring
from lifecycle.monitoring.review import Reviews
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def alarm(
    looked: Reviews, monitoring: Monitoring, project: str, as_of: str
) -> Annotated[Alarm, "alarm"]:
    """Record what was found, decide who has to hear of what, tell them, and forget what is old."""
    folder, moment = state(ROOT), datetime.fromisoformat(as_of)
    found = tell_alerts(looked, monitoring.alerts, project, state=folder, now=moment)
    forget(project, keep=monitoring.keep, state=folder, now=moment)
    tell("alarm", f"{len(found.titles)} told, {plural(len(found.standing), 'alert')} open")
    return found
