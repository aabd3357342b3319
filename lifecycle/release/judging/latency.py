"""What cumulative buckets tell of latency: never more than they do.

Where a limit lies between two buckets, an answer in between may be on either side of it. Then
both counts are given: those that were slower for certain, and those that may have been.
"""

from collections.abc import Sequence
from math import inf

from lifecycle.release.evidence import Bucket
from lifecycle.release.judging.rails import PASSING, Tally
from lifecycle.release.sequential import is_below

SLOW = 0.01
"""The 99th percentile is within a limit where at most this share takes longer."""

Buckets = Sequence[Bucket]


def are_sound(took: Buckets) -> bool:
    """Tell whether counts grow with time, and none is below nothing.

    Examples
    --------
    >>> are_sound([Bucket(ms=10, count=3), Bucket(ms=inf, count=2)]), are_sound([])
    (False, True)
    """
    counts, times = [each.count for each in took], [each.ms for each in took]
    return counts == sorted(counts) and times == sorted(times) and min(counts, default=0) >= 0


def slower_than(took: Buckets, ms: float, *, to: float | None = None, after: int = 0) -> Tally:
    """Count the answers that took longer than a time, for certain and at most.

    Parameters
    ----------
    ms, to
        Longer than `ms` at most; longer than `to` for certain (where it is not the same).

    Examples
    --------
    >>> took = [Bucket(ms=10, count=90), Bucket(ms=100, count=97), Bucket(ms=inf, count=100)]
    >>> slower_than(took, 100)[:3], slower_than(took, 50)[:3], slower_than([], 50)[:3]
    ((3, 3, 100), (3, 10, 100), (0, 0, 0))
    """
    of = took[-1].count if took else 0
    within = max((each.count for each in took if each.ms <= ms), default=0)
    until = ms if to is None else to
    reached = min((each.count for each in took if each.ms >= until), default=of)
    return Tally(least=of - reached, most=of - within, of=of, after=after)


def percentile(took: Buckets) -> tuple[float, float]:
    """Give the ends of the bucket in which 99 of 100 answers are reached; nothing: 0 to any.

    Examples
    --------
    >>> percentile([Bucket(ms=10, count=90), Bucket(ms=100, count=99), Bucket(ms=inf, count=100)])
    (10.0, 100.0)
    """
    if not took or not took[-1].count:
        return 0.0, inf
    wanted, before = (1 - SLOW) * took[-1].count, 0.0
    for each in took:
        if each.count >= wanted - 1e-9:
            return before, each.ms
        before = each.ms
    return before, inf


def surely_within(took: Buckets, *, level: float) -> float | None:
    """Give the least time in which 99 of 100 answers come for certain; `None`: too few to tell.

    Where the largest bucket that ends says no, it may be any time.

    Parameters
    ----------
    level
        How probable it may be that this is ever too short, however often it is looked at.

    Examples
    --------
    >>> took = [Bucket(ms=10, count=5_000), Bucket(ms=inf, count=5_000)]
    >>> surely_within(took, level=0.01), surely_within(took[:0], level=0.01)
    (10.0, None)
    """
    of = took[-1].count if took else 0
    if not is_below(0, of, SLOW, level=level):
        return None
    shown = (each.ms for each in took if is_below(of - each.count, of, SLOW, level=level))
    return next(shown, inf)


def needed_to_tell(of: int, *, level: float = PASSING) -> int:
    """Count the answers that are missing before a 99th percentile can be bounded at all.

    Examples
    --------
    >>> needed_to_tell(0, level=0.05), needed_to_tell(10_000)
    (376, 0)
    """
    more = 0
    while not is_below(0, of + more, SLOW, level=level):
        more += 1
    return more


def gap(took: Buckets, ms: float) -> tuple[float, float] | None:
    """Give the ends of the bucket a time lies in, where it is not itself one of its ends.

    Examples
    --------
    >>> took = [Bucket(ms=10, count=90), Bucket(ms=100, count=97), Bucket(ms=inf, count=100)]
    >>> gap(took, 50), gap(took, 100), gap(took, 500)
    ((10.0, 100.0), None, (100.0, inf))
    """
    if not took or any(each.ms == ms for each in took):
        return None
    under = max((each.ms for each in took if each.ms < ms), default=0.0)
    return under, min((each.ms for each in took if each.ms > ms), default=inf)
