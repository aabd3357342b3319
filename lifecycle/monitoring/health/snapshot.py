"""What a service had counted at one moment; the next look is held against it."""

from datetime import datetime
from itertools import pairwise
from typing import NamedTuple, Self

from pydantic import model_validator

from lifecycle.section import Value


class Between(NamedTuple):
    """Where a quantile lies: above `low` and at most at `high`; `None` is beyond all bounds."""

    low: float
    high: float | None


class Buckets(Value):
    """How many of some values were at most each bound.

    Parameters
    ----------
    bounds
        Rising, in the unit of the values; how many there were beyond the last is in `total`.
    counts
        Of the values up to each bound, so never falling.
    total
        How many there were in all.
    """

    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    total: int = 0

    @model_validator(mode="after")
    def _rise(self) -> Self:
        counts = (*self.counts, self.total)
        if len(self.bounds) != len(self.counts):
            raise ValueError("each bound needs its count")
        if any(after < before for before, after in pairwise(counts)):
            raise ValueError("counts up to a bound never fall")
        return self

    def quantile(self, share: float) -> Between | None:
        """Say between which bounds a quantile lies; `None` of no values.

        A histogram tells no more: the value itself is above `low` and at most `high`.

        Parameters
        ----------
        share
            In (0, 1]; 0.99 is what 99 of 100 values do not exceed (the nearest rank).

        References
        ----------
        .. [1] R. Hyndman, Y. Fan, The American Statistician 50 (1996), definition 1.

        Examples
        --------
        >>> times = Buckets(bounds=(0.1, 0.25), counts=(98, 99), total=100)
        >>> times.quantile(0.5), times.quantile(0.99)
        (Between(low=0.0, high=0.1), Between(low=0.1, high=0.25))
        >>> times.quantile(1.0)
        Between(low=0.25, high=None)
        """
        if not self.total:
            return None
        # What is counted is whole: 0.99 * 100 is 99, not 99.00000000000001.
        wanted = round(share * self.total, 9)
        low = 0.0
        for bound, count in zip(self.bounds, self.counts, strict=True):
            if count >= wanted:
                return Between(low, bound)
            low = bound
        return Between(low, None)

    def less(self, before: "Buckets") -> "Buckets":
        """Take away what had been counted before.

        Raises
        ------
        ValueError
            If anything has become less, or the bounds are others.
        """
        if self.bounds != before.bounds:
            raise ValueError("the bounds are others")
        return Buckets(
            bounds=self.bounds,
            counts=tuple(now - then for now, then in zip(self.counts, before.counts, strict=True)),
            total=self.total - before.total,
        )


class Snapshot(Value):
    """What a service had counted since it began, as of a moment.

    Parameters
    ----------
    version, manifest
        What answered: another package counts anew.
    began
        When the counting began; `None` where the service does not tell.
    starts
        How often one of its workers was begun; 0 where it does not tell.
    requests
        Requests for predictions and with labels that were answered, whatever the answer.
    failed, turned_away
        Of them, those it failed (5xx), and those it was too busy for (429, and 503 with
        `Retry-After`).
    unfit
        Of them, those that were not what the contract asks for.
    unwritten
        Events that could not be written down.
    asked
        When the last prediction was made, a rehearsal's among them.
    seconds
        How long requests for predictions took.
    waits
        How long a request would have waited for its turn, asked 20 times a second.
    """

    at: datetime
    version: str
    manifest: str
    began: datetime | None = None
    starts: int = 0
    requests: int = 0
    failed: int = 0
    turned_away: int = 0
    unfit: int = 0
    unwritten: int = 0
    asked: datetime | None = None
    seconds: Buckets = Buckets()
    waits: Buckets = Buckets()
