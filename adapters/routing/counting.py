"""What the router has counted of every target since it began, attempt by attempt.

An attempt that failed counts against whom it was sent to, even if a spare answered in the end.
Counts are exact at once; how long answers took is up to a second behind.
"""

import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from adapters.routing.admin import Admin
from adapters.routing.documents import BUCKETS_MS
from adapters.routing.errors import RoutingError
from adapters.routing.router import current, folder_of
from adapters.routing.words import ATTEMPTS, copies_for, way_to
from adapters.supervision import Supervisor, socket_path
from lifecycle.release.evidence import Bucket, Traffic
from lifecycle.section import Value

PATIENCE_SECONDS = 3.0
"""How long a router that is just begun again is waited for."""

_STATISTICS = (
    rf"^({ATTEMPTS}[.]|cluster[.].*[.]"
    r"(membership_healthy|upstream_rq_active|upstream_cx_none_healthy)$)"
)
_MADE = re.compile(
    rf"{ATTEMPTS}[.]made[.]code[.](\d+)[.]flags[.](.*?)[.]way[.](.*)[.]target[.](.*)"
)
_BUSY = (429, 503)


class Count(Value):
    """What became of the attempts that were sent to a target.

    Parameters
    ----------
    requests
        All of them.
    failed
        Answered with 5xx but 503, or not at all: no connection, reset, not in time; and those
        nobody could be asked, as neither it nor its spare lives.
    turned_away
        Answered with 429 or 503 by the target itself. Of copies, those too that were not sent
        as too many waited already.
    relieved
        Of `requests`, those it got as the spare of another.
    took
        How many were answered, or given up, in less than so many milliseconds; those that were
        refused or reset are not among them. In the order of `BUCKETS_MS`, then all.
    in_flight, is_alive
        What it is answering now, and whether Envoy finds it alive.
    """

    requests: int = 0
    failed: int = 0
    turned_away: int = 0
    relieved: int = 0
    took: tuple[int, ...] = (0,) * (len(BUCKETS_MS) + 1)
    in_flight: int = 0
    is_alive: bool | None = None


class Counts(Value):
    """What a router has counted since it began.

    Parameters
    ----------
    router
        Which run of the router: with another one all counts begin at zero.
    mirror
        The target that gets copies now.
    targets, copies
        By the name of the target.
    """

    router: str
    mirror: str | None = None
    targets: dict[str, Count]
    copies: dict[str, Count]


def counted(state: Path, project: str) -> Counts:
    """Ask the router of a project what it has counted.

    Raises
    ------
    RoutingError
        If nothing is routed, or the router does not tell.
    """
    plan = current(state, project)
    if plan is None:
        raise RoutingError(f'Nothing of "{project}" is routed, so nothing is counted.')
    admin = Admin(socket_path(folder_of(state, project), "admin"))
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        run = _run(state, project)
        found = _ask(admin)
        # Begun again in between, it would count for the run before.
        if run is not None and found is not None and run == _run(state, project):
            names = {target.name for target in plan.targets}
            return _read(found, run, names, plan.mirror.target if plan.mirror else None)
        if time.monotonic() > ends:
            raise RoutingError(
                f'The router of "{project}" has not told what it counted for '
                f"{PATIENCE_SECONDS:.0f} seconds. Look whether it runs: run.py status."
            )
        time.sleep(0.05)


def since(now: Counts, before: Counts | None, *, target: str, version: str) -> Traffic:
    """Give what a target did between two counts; of a router begun again, since it was.

    A target that gets copies is told by them.

    Parameters
    ----------
    before
        `None`: since the router began.
    version
        What the target is a version of.

    Examples
    --------
    >>> def count(requests):
    ...     one = Count(requests=requests, took=(0,) * 27 + (requests,))
    ...     return Counts(router="1", targets={"a": one}, copies={})
    >>> traffic = since(count(30), count(10), target="a", version="7")
    >>> traffic.requests, traffic.took[-1].ms, traffic.took[-1].count
    (20, inf, 20)
    """
    is_same = before is not None and before.router == now.router
    new, old = (
        (counts.copies if target == now.mirror else counts.targets).get(target, Count())
        if counts
        else Count()
        for counts in (now, before if is_same else None)
    )
    bounds = (*map(float, BUCKETS_MS), float("inf"))
    took = [newer - older for newer, older in zip(new.took, old.took, strict=True)]
    return Traffic(
        version=version,
        requests=new.requests - old.requests,
        failed=new.failed - old.failed,
        turned_away=new.turned_away - old.turned_away,
        took=tuple(Bucket(ms=ms, count=count) for ms, count in zip(bounds, took, strict=True)),
        in_flight=new.in_flight,
        is_alive=new.is_alive,
    )


def _run(state: Path, project: str) -> str | None:
    """Name the present run of the router; `None` while it does not run."""
    for process in Supervisor(state).status():
        if process.name == f"router-{project}" and process.pid is not None:
            return f"{process.pid} since {process.started}"
    return None


def _ask(admin: Admin) -> list[dict[str, Any]] | None:
    try:
        return admin.figures(_STATISTICS)
    except OSError:
        return None


def _read(
    found: list[dict[str, Any]], run: str, names: Iterable[str], mirror: str | None
) -> Counts:
    numbers = {one["name"]: int(one["value"]) for one in found if "name" in one}
    took = {
        histogram["name"]: tuple(int(bucket["cumulative"]) for bucket in histogram["buckets"])
        for one in found
        for histogram in one.get("histograms", [])
    }
    made = [(match, number) for name, number in numbers.items() if (match := _MADE.fullmatch(name))]
    seen = {name for match, _ in made if (name := match[4])}
    copied = {name.removeprefix("copy/") for name in seen if name.startswith("copy/")}
    asked = {name for name in seen if not name.startswith("copy/")} | {*names}
    return Counts(
        router=run,
        mirror=mirror,
        targets={name: _count(name, way_to(name), made, numbers, took) for name in sorted(asked)},
        copies={
            name: _count(copies_for(name), copies_for(name), made, numbers, took)
            for name in sorted(copied | ({mirror} if mirror else set()))
        },
    )


def _count(
    name: str,
    way: str,
    made: list[tuple[re.Match[str], int]],
    numbers: dict[str, int],
    took: dict[str, tuple[int, ...]],
) -> Count:
    """Add up what was sent to one target, or copied for it."""
    is_copy = name == way
    nobody = numbers.get(f"cluster.{way}.upstream_cx_none_healthy", 0)
    total, failed, turned_away, relieved = nobody, nobody, 0, 0
    for match, number in made:
        code, flags, to, target = int(match[1]), match[2], match[3], match[4]
        was_held = not target and to == way
        if target != name and not was_held:
            continue
        total += number
        if code in _BUSY or was_held:
            turned_away += number
        # Without a flag nobody waited for the answer any more; nobody ever does for a copy's.
        elif code >= 500 or (code == 0 and (is_copy or flags != "-")):
            failed += number
        if target and to != way:
            relieved += number
    lives = numbers.get(f"cluster.{name}.membership_healthy")
    buckets = took.get(f"{ATTEMPTS}.took.target.{name}")
    if buckets is not None and len(buckets) != len(BUCKETS_MS) + 1:
        raise RoutingError(
            f"The router counts times in {len(buckets)} steps, and {len(BUCKETS_MS) + 1} are "
            "expected: it was begun by another version of Perennial. Begin it anew: run.py stop, "
            "and deploy again."
        )
    return Count(
        requests=total,
        failed=failed,
        turned_away=turned_away,
        relieved=relieved,
        took=buckets or Count().took,
        in_flight=numbers.get(f"cluster.{name}.upstream_rq_active", 0),
        is_alive=None if lives is None else lives > 0,
    )
