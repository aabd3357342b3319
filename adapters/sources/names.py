"""Column names of a table as it arrives."""

from collections import Counter
from collections.abc import Iterable

from lifecycle.errors import SourceError


def require_distinct(names: Iterable[str]) -> None:
    """Raise a `SourceError` if two columns share a name.

    Examples
    --------
    >>> require_distinct(["a", "b"])
    """
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        shown = ", ".join(f'"{name}"' for name in twice)
        raise SourceError(
            f"More than one column is called {shown}. Give each column a name of its own."
        )
