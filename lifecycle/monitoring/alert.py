"""An alert: a cause someone must hear of, from its first telling until it is over."""

from datetime import datetime
from typing import Literal

from lifecycle.monitoring.review import Cause
from lifecycle.monitoring.span import Span
from lifecycle.section import Value
from lifecycle.verdict import Verdict

Severity = Literal["notice", "warning", "critical"]

Kind = Literal["opened", "worse", "again", "resolved", "passed"]
"""What is told of an alert. `passed`: it had come and gone before anybody could be told."""


class Alert(Value):
    """One alert of one cause.

    Parameters
    ----------
    number
        By which people name it: `run.py alerts silence 4`; 0 before it is recorded.
    severity
        The highest it had since it was opened.
    verdicts, more
        What stands behind it, as of the last window it was seen in, the worst first; and how
        many there are besides those listed.
    span
        The last window it was found in; `since` is where the first one began.
    is_unknown
        Whether nothing was found, but for too long nothing could be told.
    opened, seen, told, resolved
        When it was opened, last found, last told to anybody, and when it was over.
    told_as
        What was told last; empty before anything was.
    why_resolved
        Why it is over, in one sentence.
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
    more: int = 0
    span: Span
    since: datetime | None = None
    is_unknown: bool = False
    opened: datetime
    seen: datetime
    told: datetime | None = None
    told_as: Kind | Literal[""] = ""
    resolved: datetime | None = None
    why_resolved: str = ""
    quiet: int = 0
    windows: int = 1
    silenced_until: datetime | None = None
    silenced_by: str = ""
    why_silenced: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.resolved is None

    @property
    def began(self) -> datetime:
        """The start of the first window it was found in."""
        return self.since or self.span.start

    def is_silenced(self, now: datetime) -> bool:
        """Whether nobody is to be told at a moment."""
        return self.silenced_until is not None and now < self.silenced_until
