"""What time it is: the machine's own, or that of a replay."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from lifecycle.errors import PerennialError

CLOCK = "PERENNIAL_CLOCK"
"""Names a file that says what time it is, in ISO 8601 with a zone, wherever the past is replayed:
what answers, what monitors and what decides then live in one and the same time."""


class ClockError(PerennialError):
    """The file that should say what time it is does not."""


def clock() -> Callable[[], datetime]:
    """Give what tells the time in UTC, chosen once.

    Examples
    --------
    >>> clock()().tzinfo
    datetime.timezone.utc
    """
    path = os.environ.get(CLOCK)
    return (lambda: _read(Path(path))) if path else (lambda: datetime.now(UTC))


def now() -> datetime:
    """Give the time in UTC.

    Raises
    ------
    ClockError
        If a replay's file cannot be read.
    """
    return clock()()


def moment_of(text: str) -> datetime:
    """Read a moment in UTC; an empty text is now.

    Examples
    --------
    >>> moment_of("2013-07-01T00:00:00+00:00").isoformat()
    '2013-07-01T00:00:00+00:00'
    >>> moment_of("").tzinfo
    datetime.timezone.utc
    """
    return datetime.fromisoformat(text).astimezone(UTC) if text else now()


def _read(path: Path) -> datetime:
    try:
        moment = datetime.fromisoformat(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise ClockError(
            f"${CLOCK} names {path.name}, which does not say what time it is ({error}). Write a "
            "moment such as 2013-07-01T00:00:00Z into it, or unset the variable."
        ) from None
    if moment.tzinfo is None:
        raise ClockError(f"${CLOCK} names {path.name}, whose moment has no zone. Add a Z for UTC.")
    return moment.astimezone(UTC)
