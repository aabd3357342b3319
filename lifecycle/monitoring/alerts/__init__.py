"""From what was found in each window to what someone has to hear of, and when again."""

from lifecycle.monitoring.alerts.deciding import Change, Changes, decide
from lifecycle.monitoring.alerts.glance import Glance
from lifecycle.monitoring.alerts.severity import severity_of
from lifecycle.monitoring.alerts.telling import Telling, telling_of

__all__ = ["Change", "Changes", "Glance", "Telling", "decide", "severity_of", "telling_of"]
