"""The log of alerts: a file that is there when nobody could be reached."""

import logging
import os
from pathlib import Path

from lifecycle.monitoring.alerts import Telling

FILE = Path("monitoring") / "alerts.log"

_log = logging.getLogger("perennial.alerts")
_LEVELS = {"notice": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}


def write(state: Path, telling: Telling, *, gave_up: str = "") -> str | None:
    """Write one line a telling to `monitoring/alerts.log` in the state folder.

    What is written goes to Python's logger `perennial.alerts` as well, for who collects that.

    Returns
    -------
    str or None
        Why it cannot be written.
    """
    alert = telling.alert
    found = alert.verdicts[0].reason if alert.verdicts else ""
    why = alert.why_resolved if telling.kind == "resolved" else f"{alert.why_resolved} {found}"
    said = gave_up or f"{telling.title}: {why or found}"
    line = " ".join(
        f"{telling.at:%Y-%m-%dT%H:%M:%SZ} {telling.kind} [{alert.number}] {said}".split()
    )
    level = logging.WARNING if telling.kind == "resolved" else _LEVELS[alert.severity]
    _log.log(logging.ERROR if gave_up else level, "%s", line)
    path = state / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One write of a whole line to a file opened to append: two processes do not mix theirs.
        with path.open("ab", buffering=0) as file:
            file.write(f"{line}\n".encode())
            os.fsync(file.fileno())
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}."
    return None
