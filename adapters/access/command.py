"""Making and taking back the API keys of a project: what `run.py token` does."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from adapters.access.keys import FILE, KeyFile
from lifecycle.section import read_duration
from lifecycle.serving.access import AccessError, KeyRecord


def place(state: Path, project: str) -> Path:
    """Give the key file of a project. A container needs its folder, not the file alone."""
    return state / "access" / project / FILE


def create(
    project: str, name: str, roles: Sequence[str], expires: str | None = None, *, state: Path
) -> tuple[KeyRecord, str]:
    """Make a key; the second of the answer is the key itself, to be shown once.

    Parameters
    ----------
    project
        Its declared name.
    name
        Whose key it is, or what for.
    expires
        A length of time (`90d`), a date (`2030-12-31`, taken until its end in UTC) or a time in
        ISO 8601, in UTC where it names no zone; `None`: never.
    state
        The folder of all local state.

    Raises
    ------
    AccessError
        If the key would be of no use, or the file cannot be read or written.
    """
    now = datetime.now(UTC)
    until = None if expires is None else read_expiry(expires, now)
    return KeyFile(place(state, project)).create(name, roles, until)


def revoke(project: str, identifier: str, *, state: Path) -> KeyRecord:
    """Take a key back; services that run notice within a second.

    Raises
    ------
    AccessError
        If there is no such key; the message names near ones.
    """
    return KeyFile(place(state, project)).revoke(identifier)


def listing(project: str, *, state: Path) -> tuple[KeyRecord, ...]:
    """Give every key of a project, in the order they were made; `record.state(now)` tells more."""
    return KeyFile(place(state, project)).list()


def read_expiry(word: str, now: datetime) -> datetime:
    """Read when a key expires.

    Examples
    --------
    >>> now = datetime(2030, 1, 1, 12, tzinfo=UTC)
    >>> print(read_expiry("2d", now), read_expiry("2030-06-30", now), sep=", ")
    2030-01-03 12:00:00+00:00, 2030-07-01 00:00:00+00:00
    """
    try:
        length = read_duration(word)
        if isinstance(length, timedelta):
            return (now + length).replace(microsecond=0)
        if len(word) == len("2030-12-31"):
            day = date.fromisoformat(word) + timedelta(days=1)
            return datetime.combine(day, time(), tzinfo=UTC)
        moment = datetime.fromisoformat(word)
    except (ValueError, OverflowError):
        raise AccessError(
            f'"{word}" is not a time a key could expire. Write 90s, 10m, 6h, 7d or 2w, a date such '
            "as 2030-12-31, or a time such as 2030-12-31T18:00:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
