"""Traffic, findings and releases as a test needs them."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import inf

from lifecycle.release.declaration import Releasing
from lifecycle.release.evidence import Bucket, Findings, Traffic
from lifecycle.release.release import Release

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EDGES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1_000, 2_000, inf)


def took(times: Sequence[float]) -> tuple[Bucket, ...]:
    """Count times in milliseconds into the router's buckets."""
    ordered = sorted(times)
    return tuple(Bucket(ms=edge, count=bisect_right(ordered, edge)) for edge in EDGES)


def traffic(requests=0, failed=0, *, version="2", ms: float | Sequence[float] = 4.0, **more):
    """Give traffic that is sound unless told otherwise, all answers in `ms` milliseconds."""
    times = [ms] * requests if isinstance(ms, int | float) else ms
    told = {"lag_ms": 1.0, "is_alive": True, "took": took(times), **more}
    return Traffic(version=version, requests=requests, failed=failed, **told)


def findings(challenger=None, champion=None, **more):
    return Findings(at=NOON, since=NOON, challenger=challenger, champion=champion, **more)


def release(strategy="canary", *, state="moving", step=0, **declared):
    return Release(
        number=7, project="p", strategy=strategy, champion="1", challenger="2", by="ann",
        policy=Releasing(strategy=strategy, **declared), began=NOON, stepped=NOON, state=state,
        step=step,
    )  # fmt: skip


def after(**length):
    return NOON + timedelta(**length)
