"""A sample of rows that does not grow, and is the same whenever it is taken of the same rows."""

from heapq import heappop, heappush
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Sample(Generic[Kept]):
    """Of all rows that come by, those with the smallest names.

    Names are hashes of request and row, so that the sample is a uniform one, without
    replacement, of all rows so far [1]_. Which rows are in it depends neither on the order they
    came in, nor on who takes it when: a process that is begun anew finds the same ones, and two
    logs of the same requests keep the same rows.

    Parameters
    ----------
    most
        Rows that are kept.

    References
    ----------
    .. [1] E. Cohen and H. Kaplan, "Summarizing data using bottom-k sketches" (PODC 2007).

    Examples
    --------
    >>> sample = Sample(2)
    >>> for name in (5, 3, 9, 1, 3):
    ...     if sample.wants(name):
    ...         sample[name] = str(name)
    >>> sorted(sample.rows.items())
    [(1, '1'), (3, '3')]
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.rows: dict[int, Kept] = {}
        self._largest: list[int] = []

    def wants(self, name: int) -> bool:
        """Whether a row of this name is, or would be, among those kept."""
        return len(self.rows) < self._most or name <= -self._largest[0]

    def __setitem__(self, name: int, row: Kept) -> None:
        """Keep a row that is wanted, instead of its like, or of the one with the largest name."""
        if name not in self.rows:
            heappush(self._largest, -name)
        self.rows[name] = row
        if len(self.rows) > self._most:
            del self.rows[-heappop(self._largest)]
