"""Ledgers written in a few words, and releases, plans and looks to fill them with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle.release.declaration import Releasing
from lifecycle.release.evidence import Bucket, Findings, Traffic
from lifecycle.release.plan import WHOLE, Mirror, Part, Plan, Target
from lifecycle.release.release import Look, Movement, MovementKind, Release
from lifecycle.verdict import Outcome, Verdict, Verdicts

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def plan(*, mirror: str | None = None, idle: str | None = None, **weights: int) -> Plan:
    """Make a plan: `v3=9500, v4=500` sends 95 % to version 3; `idle` only stands by."""
    versions = [name.removeprefix("v") for name in weights]
    named = [*versions, *(one for one in (mirror, idle) if one is not None)]
    return Plan(
        project="flights",
        host="127.0.0.1",
        port=3000,
        targets=tuple(
            Target(name=f"flights-{one}", version=one, host="127.0.0.1", port=40_000 + int(one))
            for one in named
        ),
        parts=tuple(
            Part(target=f"flights-{one}", weight=weight)
            for one, weight in zip(versions, weights.values(), strict=True)
        ),
        mirror=Mirror(target=f"flights-{mirror}", weight=WHOLE) if mirror else None,
    )


def alone(version: str) -> Plan:
    return plan(**{f"v{version}": WHOLE})


class Ledger:
    """Movements, one a minute, each from where the one before it led."""

    def __init__(self, before: Plan | None = None) -> None:
        self.movements: list[Movement] = []
        self._live = before

    def move(self, kind: MovementKind, version: str, after: Plan | None, **more: Any) -> "Ledger":
        at = NOON + len(self.movements) * MINUTE
        told = {"state": "done", "by": "ann", "done_at": at + timedelta(seconds=1), **more}
        made = Movement(
            number=len(self.movements) + 1, project="flights", kind=kind, version=version,
            at=at, before=self._live, after=after, **told,
        )  # fmt: skip
        self.movements.append(made)
        if made.state == "done":
            self._live = after
        return self

    def deploy(self, version: str, **more: Any) -> "Ledger":
        return self.move("deploy", version, alone(version), **more)

    def canary(self, old: str, new: str, weight: int = 500) -> "Ledger":
        split = plan(**{f"v{new}": weight, f"v{old}": WHOLE - weight})
        return self.move("begin", new, split, release=1)

    def promote(self, old: str, new: str) -> "Ledger":
        return self.move("promote", new, plan(**{f"v{new}": WHOLE}, idle=old), release=1)

    def roll_back(self, version: str, to: Plan | None) -> "Ledger":
        return self.move("roll back", version, to)

    def stop(self, version: str) -> "Ledger":
        return self.move("stop", version, None)

    def readmit(self, version: str) -> "Ledger":
        made = Movement(
            number=len(self.movements) + 1, project="flights", kind="readmit", version=version,
            at=NOON + len(self.movements) * MINUTE, by="ann", state="done", settled=True,
        )  # fmt: skip
        self.movements.append(made)
        return self


def release(**changes: Any) -> Release:
    told = {
        "project": "flights", "strategy": "canary", "champion": "3", "challenger": "4",
        "by": "ann", "policy": Releasing(), "began": NOON, "stepped": NOON,
    }  # fmt: skip
    return Release(**{**told, **changes})


def movement(**changes: Any) -> Movement:
    told = {"project": "flights", "kind": "begin", "version": "4", "at": NOON, "by": "ann"}
    return Movement(**{**told, **changes})


def traffic(version: str = "4", **changes: Any) -> Traffic:
    took = (Bucket(ms=5, count=500), Bucket(ms=50, count=990), Bucket(ms=float("inf"), count=1_000))
    told = {"version": version, "requests": 1_000, "failed": 2, "took": took, "memory_mb": 240.0}
    return Traffic(**{**told, **changes})


def look(second: float, outcome: Outcome = Outcome.PASS, **changes: Any) -> Look:
    at = NOON + timedelta(seconds=second)
    verdict = Verdict(rule="errors", outcome=outcome, measured=0.0, limit=0.01, reason="So it is.")
    told = {
        "release": 1, "at": at, "step": 0, "action": "hold", "reason": f"{second} s have passed.",
        "findings": Findings(
            at=at, since=NOON, champion=traffic("3"), challenger=traffic("4"),
            missing={"gain": 'No label "yet" \N{SNOWMAN}.'},
        ),
        "verdicts": Verdicts((verdict,)),
    }  # fmt: skip
    return Look(**{**told, **changes})
