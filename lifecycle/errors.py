"""What can go wrong, each with what was found, where, what is allowed and what to do next."""

from collections.abc import Iterable
from difflib import get_close_matches


class PerennialError(Exception):
    """Base of every error a user is meant to read: its text is the whole message."""


class ProjectError(PerennialError):
    """A declaration cannot be used as it is written."""


class StackError(PerennialError):
    """A stack is missing, half-configured or unreachable."""


class SourceError(PerennialError):
    """A declared table cannot be brought in."""


class DataError(PerennialError):
    """Rows or columns are not what the computation needs."""


class RegistryError(PerennialError):
    """The model registry does not hold what was asked of it."""


class Refused(PerennialError):  # noqa: N818  (a refusal is an ending, not an error)
    """A rule blocked on its evidence: nothing broke, and nothing may go on."""


def suggest(word: str, allowed: Iterable[str]) -> str:
    """Name what is allowed instead of `word`, and the nearest of it where one is near.

    Examples
    --------
    >>> suggest("metrc", ["metric", "champion"])
    'Known: champion, metric. Did you mean "metric"?'
    >>> suggest("zzz", ["metric"])
    'Known: metric.'
    >>> suggest("Age", ["age", "sex"])
    'Known: age, sex. Did you mean "age"?'
    >>> suggest("zzz", [])
    'There is none yet.'
    """
    names = sorted(allowed)
    if not names:
        return "There is none yet."
    by_fold = {name.casefold(): name for name in reversed(names)}
    near = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.5)
    hint = f' Did you mean "{by_fold[near[0]]}"?' if near else ""
    return f"Known: {', '.join(names)}.{hint}"
