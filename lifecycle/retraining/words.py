"""How moments, lengths and counts are written where people read why something was decided."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta


def tell_moment(moment: datetime) -> str:
    """Write a moment, without the time where that is midnight (UTC).

    Examples
    --------
    >>> tell_moment(datetime(2013, 5, 1, tzinfo=UTC))
    '1 May 2013'
    >>> tell_moment(datetime(2013, 5, 1, 14, 5, tzinfo=UTC))
    '1 May 2013 14:05'
    """
    moment = moment.astimezone(UTC) if moment.tzinfo is not None else moment
    whole_day = not (moment.hour or moment.minute or moment.second)
    return f"{moment:%-d %b %Y}" if whole_day else f"{moment:%-d %b %Y %H:%M}"


def tell_length(length: timedelta) -> str:
    """Write a length of time in the largest unit that tells it well.

    Examples
    --------
    >>> tell_length(timedelta(days=7)), tell_length(timedelta(hours=30)), tell_length(timedelta(0))
    ('7 days', '30 hours', '0 seconds')
    >>> tell_length(timedelta(days=1, hours=12)), tell_length(timedelta(hours=1))
    ('1.5 days', '1 hour')
    """
    seconds = abs(length.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 1.5 * size or (seconds and seconds % size == 0):
            return _count(seconds / size, unit)
    return _count(seconds, "second")


def tell_count(number: int, what: str) -> str:
    """Write how many there are.

    Examples
    --------
    >>> tell_count(1, "window"), tell_count(1200, "label")
    ('1 window', '1,200 labels')
    >>> tell_count(3, "stretch")
    '3 stretches'
    """
    ending = "es" if what.endswith("ch") else "s"
    return f"{number:,} {what}{'' if number == 1 else ending}"


def tell_all(names: Iterable[str]) -> str:
    """Write some names as a list.

    Examples
    --------
    >>> tell_all(["drift"]), tell_all(["drift", "concept"]), tell_all("abc")
    ('drift', 'drift and concept', 'a, b and c')
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def continue_with(sentence: str) -> str:
    """Let a sentence follow a colon; names and what is quoted stay as they are.

    Examples
    --------
    >>> continue_with("No drift."), continue_with("ROC AUC fell.")
    ('no drift.', 'ROC AUC fell.')
    """
    first, second = sentence[:1], sentence[1:2]
    return sentence if second.isupper() else first.lower() + sentence[1:]


def _count(number: float, unit: str) -> str:
    written = f"{number:,.1f}".removesuffix(".0")
    return f"{written} {unit}{'' if written == '1' else 's'}"
