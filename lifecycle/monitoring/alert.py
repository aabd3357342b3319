"""An alert: a cause someone must hear of, from its first telling until it is over."""

from datetime import datetime
from typing import Literal

from lifecycle.monitoring.review import Cause
from lifecycle.monitoring.span import Span
from lifecycle.section import Value
from lifecycle.verdict import Verdict

Severity = Literal["notice", "warning", "critical"]


class Alert(Value):
    """One alert of one cause.

    Parameters
    ----------
    number
        By which people name it: `run.py alerts silence 4`.
    verdicts
        What stands behind it, as of the last window it was seen in.
    opened, seen, told, resolved
        When it was first found, last found, last told to anybody, and when it was over.
    quiet
        How many windows running its cause has been gone.
    windows
        In how many windows it was found.
    silenced_until, silenced_by, why_silenced
        Nobody is told before that moment, unless it becomes more severe.
    """

    number: int
    project: str
    version: str | None
    cause: Cause
    severity: Severity
    title: str
    verdicts: tuple[Verdict, ...] = ()
    span: Span
    opened: datetime
    seen: datetime
    told: datetime | None = None
    resolved: datetime | None = None
    quiet: int = 0
    windows: int = 1
    silenced_until: datetime | None = None
    silenced_by: str = ""
    why_silenced: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.resolved is None
