"""What can be wrong with the body of a request, told all at once."""

from collections.abc import Sequence

import msgspec

from lifecycle.errors import PerennialError

MOST_TOLD = 100
"""So many faults of a request are told one by one; all are counted."""


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request.

    Parameters
    ----------
    row
        Which row, from 0; `None` where it is the body as a whole.
    field
        Which field of it; `None` where it is the row as a whole.
    pointer
        The same as a JSON pointer (RFC 6901) into the body; empty is the whole body.
    found, allowed
        What was sent, and what may be; a personal value is not repeated.
    detail
        One sentence that says what to do.
    """

    row: int | None
    field: str | None
    pointer: str
    found: str
    allowed: str
    detail: str


class Faults(PerennialError):  # noqa: N818  (it holds all of them)
    """A request is JSON, but not what is asked for.

    Parameters
    ----------
    faults
        The first `MOST_TOLD`.
    count
        How many there are in all.
    """

    def __init__(self, faults: Sequence[Fault], count: int | None = None) -> None:
        self.faults = tuple(faults)
        self.count = len(self.faults) if count is None else count
        super().__init__(self._summary())

    def _summary(self) -> str:
        if self.count == 1:
            return self.faults[0].detail
        told = len(self.faults)
        shown = f"; the first {told} are told" if told < self.count else ""
        return f"{self.count:,} faults{shown}. The first: {self.faults[0].detail}"


class NotJson(PerennialError):  # noqa: N818
    """A body cannot be read as JSON."""


class TooManyRows(PerennialError):  # noqa: N818
    """A body has more rows than one request may have.

    Examples
    --------
    >>> str(TooManyRows(20_000, 10_000))
    'The body has 20,000 rows; one request takes at most 10,000. Send several requests.'
    """

    def __init__(self, rows: int, most: int) -> None:
        self.rows, self.most = rows, most
        super().__init__(
            f"The body has {rows:,} rows; one request takes at most {most:,}. "
            "Send several requests."
        )


def pointer(*steps: int | str) -> str:
    """Write a JSON pointer (RFC 6901).

    Examples
    --------
    >>> pointer(0, "a/b"), pointer("m~n"), pointer()
    ('/0/a~1b', '/m~0n', '')
    """
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
