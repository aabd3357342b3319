"""Which plan a release asks for, at each of its steps."""

from lifecycle.release.declaration import Releasing, Unit
from lifecycle.release.plan import WHOLE, Limits, Mirror, Part, Plan, Sticky, Target, Tokens
from lifecycle.release.release import Release
from lifecycle.section import Value

PATIENCE = 2.0
"""Seconds a version is waited for before its spare is asked as well, where no p99 is declared."""

_TAILS = 10.0
"""So many times the declared p99 is no answer that is merely slow any more."""


class Entrance(Value):
    """Where requests of a project come in, and what is asked of each, whoever answers."""

    project: str
    host: str
    port: int
    limits: Limits = Limits()
    tokens: Tokens | None = None

    def plan(self, *targets: Target, parts: tuple[Part, ...] = ()) -> Plan:
        """Begin a plan for this entrance."""
        return Plan(
            project=self.project,
            host=self.host,
            port=self.port,
            targets=targets,
            parts=parts,
            limits=self.limits,
            tokens=self.tokens,
        )


def steady(entrance: Entrance, target: Target, standby: Target | None = None) -> Plan:
    """Send everything to one target; another may stand by, and answers when it cannot.

    Examples
    --------
    >>> entrance = Entrance(project="p", host="127.0.0.1", port=3000)
    >>> one = Target(name="one", version="1", host="127.0.0.1", port=8001)
    >>> steady(entrance, one).weights
    {'one': 10000}
    """
    part = Part(target=target.name, weight=WHOLE)
    if standby is None:
        return entrance.plan(target.model_copy(update={"spare": None}), parts=(part,))
    spared = target.model_copy(update={"spare": standby.name})
    waiting = standby.model_copy(update={"spare": target.name})
    return entrance.plan(spared, waiting, parts=(part,))


def plan_of(release: Release, entrance: Entrance, *, champion: Target, challenger: Target) -> Plan:
    """Give the plan of the step a release is at.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> release = Release(
    ...     project="p", strategy="canary", champion="1", challenger="2", by="ann",
    ...     policy=Releasing(), began=now, stepped=now,
    ... )
    >>> entrance = Entrance(project="p", host="127.0.0.1", port=3000)
    >>> one = Target(name="one", version="1", host="127.0.0.1", port=8001)
    >>> two = Target(name="two", version="2", host="127.0.0.1", port=8002)
    >>> plan_of(release, entrance, champion=one, challenger=two).weights
    {'two': 500, 'one': 9500}
    """
    told = entrance.model_copy(update={"limits": _limits(entrance.limits, release.policy)})
    if release.state == "keeping":
        return steady(told, challenger, champion)
    if release.strategy == "shadow":
        plan = entrance.plan(
            champion, challenger, parts=(Part(target=champion.name, weight=WHOLE),)
        )
        weight = max(1, _weight(release.share))
        return plan.model_copy(
            update={
                "mirror": Mirror(target=challenger.name, weight=weight),
                "release": release.number,
            }
        )
    new = challenger.model_copy(update={"spare": champion.name})
    old = champion.model_copy(update={"spare": challenger.name})
    parts = _parts(release, champion=champion.name, challenger=challenger.name)
    plan = told.plan(new, old, parts=parts)
    sticky = _sticky(release, release.policy.unit, without=champion.name)
    return plan.model_copy(update={"sticky": sticky, "release": release.number})


def _parts(release: Release, *, champion: str, challenger: str) -> tuple[Part, ...]:
    weight = _weight(release.share)
    if release.strategy != "ab":
        return (
            Part(target=challenger, weight=weight),
            Part(target=champion, weight=WHOLE - weight),
        )
    # What is in no arm lies between them: an arm that grows takes from there, and from there only.
    half = max(1, weight // 2)
    return (
        Part(target=challenger, weight=half, arm="challenger"),
        Part(target=champion, weight=WHOLE - 2 * half),
        Part(target=champion, weight=half, arm="champion"),
    )


def _sticky(release: Release, unit: Unit | None, *, without: str) -> Sticky | None:
    if unit is None:
        return None
    salt = f"{release.project}-{release.number}"
    if unit.header is not None:
        return Sticky(kind="header", name=unit.header, salt=salt, without=without)
    if unit.cookie is not None:
        return Sticky(kind="cookie", name=unit.cookie, salt=salt, without=without)
    return Sticky(kind="claim", name=unit.claim or "", salt=salt, without=without)


def _limits(limits: Limits, policy: Releasing) -> Limits:
    p99 = policy.guard.p99_ms
    patience = PATIENCE if p99 is None else max(1.0, _TAILS * p99 / 1000)
    return limits.model_copy(update={"try_seconds": min(patience, limits.seconds / 2)})


def _weight(share: float) -> int:
    return round(share * WHOLE)
