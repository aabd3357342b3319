"""What follows from the ledger: what was live when, what a rollback restores, what is barred.

All of it is read from the movements alone, in the order they were recorded. Those that are only
intended, or were undone, did not happen. A movement moved traffic if requests went elsewhere
after it than before; a readmission, or the end of a release that changed nothing, moved none.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from lifecycle.release.plan import Plan
from lifecycle.release.release import Movement
from lifecycle.section import Value

_BRINGING = ("deploy", "begin", "promote")
"""The kinds that bring a version; all others only change or take back what is there."""


class Restoration(Value):
    """What a rollback restores.

    Parameters
    ----------
    rolled_back
        The version that is taken back; `None` if nothing answers.
    version, before
        What answers again, and where requests went while it did; `None`: nothing is left.
    movement
        The one that brought the version that is taken back.
    reason
        A sentence.
    """

    rolled_back: str | None
    version: str | None = None
    before: Plan | None = None
    movement: Movement | None = None
    reason: str


class Stay(Value):
    """A time during which a version got requests without a break.

    Parameters
    ----------
    weight
        The largest part of the requests it got, in ten-thousandths.
    until
        `None`: it still does.
    by, release, number
        Of the movement that brought it.
    """

    version: str
    since: datetime
    until: datetime | None = None
    weight: int
    by: str
    release: int | None = None
    number: int = 0


class _Brought(NamedTuple):
    """A version, the movement that brought it, and where requests went last while it was there."""

    version: str
    movement: Movement | None
    plan: Plan


def weights_of(plan: Plan | None) -> dict[str, int]:
    """Give what each version gets of the requests, in ten-thousandths; those with nothing left out.

    Examples
    --------
    >>> weights_of(None)
    {}
    """
    found: dict[str, int] = {}
    if plan is not None:
        versions = {target.name: target.version for target in plan.targets}
        for part in plan.parts:
            if part.weight:
                version = versions[part.target]
                found[version] = found.get(version, 0) + part.weight
    return found


def mirrored_by(plan: Plan | None) -> str | None:
    """Name the version that gets a copy of requests, if any."""
    if plan is None or plan.mirror is None:
        return None
    return plan.target(plan.mirror.target).version


def moves(movements: Iterable[Movement]) -> tuple[Movement, ...]:
    """Keep the movements that are done and moved traffic, in the order they were recorded."""
    happened = (one for one in movements if one.state == "done" and one.before != one.after)
    return tuple(sorted(happened, key=lambda one: one.number))


def standing(movements: Iterable[Movement]) -> Movement | None:
    """Give the last movement that moved traffic: what is live follows from it."""
    return next(reversed(moves(movements)), None)


def live_at(movements: Iterable[Movement], moment: datetime) -> Plan | None:
    """Give where requests went at a moment; `None`: nowhere, as far as the ledger knows.

    A movement counts from the moment on at which it was done.
    """
    found = last_before(movements, moment)
    return None if found is None else found.after


def last_before(movements: Iterable[Movement], moment: datetime) -> Movement | None:
    """Give the last movement that moved traffic up to a moment: what was live follows from it."""
    return next((one for one in reversed(moves(movements)) if _when(one) <= moment), None)


def stays(movements: Iterable[Movement]) -> tuple[Stay, ...]:
    """Give who released which version when: the stays of all versions, in the order they began."""
    over: list[Stay] = []
    going: dict[str, Stay] = {}
    for one in moves(movements):
        weights = weights_of(one.after)
        for version in [*going.keys() - weights.keys()]:
            over.append(going.pop(version).model_copy(update={"until": _when(one)}))
        for version, weight in weights.items():
            stay = going.get(version) or _stay(version, weight, one)
            going[version] = stay.model_copy(update={"weight": max(weight, stay.weight)})
    return tuple(sorted([*over, *going.values()], key=lambda stay: (stay.number, stay.version)))


def is_barred(movements: Iterable[Movement], version: str) -> Movement | None:
    """Give the rollback by which a version is barred; `None`: it may be released.

    A version that was rolled back is not released again before somebody has readmitted it.
    """
    barring: Movement | None = None
    for one in sorted(movements, key=lambda one: one.number):
        if one.version == version and one.state == "done":
            if one.kind == "roll back":
                barring = one
            elif one.kind == "readmit":
                barring = None
    return barring


def to_restore(movements: Iterable[Movement]) -> Restoration:
    """Say what a rollback now restores: what was live before the version came that is there now.

    The version that is there now is the one brought last: during a release its challenger, even
    one that only gets a copy. A rollback forgets it, so the next one in a row goes further back
    and never to and fro. Left out is what was no rest: the steps of a release that another
    movement cut off; and versions that are barred.
    """
    found = tuple(movements)
    if not (brought := _brought(found)):
        return Restoration(rolled_back=None, reason=_nothing_there(found))
    *earlier, last = brought
    barred = {one.version for one in earlier if is_barred(found, one.version)}
    for one in reversed(earlier):
        is_rest = [*weights_of(one.plan)] == [one.version] and mirrored_by(one.plan) is None
        if is_rest and one.version not in {last.version, *barred}:
            came = "" if last.movement is None else f" (movement {last.movement.number})"
            return Restoration(
                rolled_back=last.version,
                version=one.version,
                before=one.plan,
                movement=last.movement,
                reason=f"Version {one.version} answered before version {last.version} came{came}.",
            )
    left = f"; version {', '.join(sorted(barred))} was, and is rolled back" if barred else ""
    return Restoration(
        rolled_back=last.version,
        movement=last.movement,
        reason=f"Nothing was live before version {last.version} to go back to{left}. Deploy "
        "another version, or stop this one.",
    )


def _nothing_there(movements: Sequence[Movement]) -> str:
    last = standing(movements)
    if last is None:
        return "Nothing was ever live, so there is nothing to roll back."
    return (
        f"Nothing is live (movement {last.number}: {last.kind}, version {last.version}), so there "
        "is nothing to roll back. Deploy a version."
    )


def _brought(movements: Iterable[Movement]) -> list[_Brought]:
    """Give the versions that are there or were before, those rolled back left out, oldest first.

    Empty where nothing is live. What is stopped is remembered: another version may have come.
    """
    found: list[_Brought] = []
    last: Plan | None = None
    for one in moves(movements):
        last = one.after
        if not found:
            found += _seed(one)
        found = _follow(found, one)
    return found if weights_of(last) else []


def _seed(movement: Movement) -> Iterator[_Brought]:
    """Take what was live before the ledger began, or before it had become empty."""
    weights = weights_of(movement.before)
    if movement.before is not None and weights:
        yield _Brought(max(weights, key=lambda one: weights[one]), None, movement.before)


def _follow(found: list[_Brought], movement: Movement) -> list[_Brought]:
    plan, version = movement.after, movement.version
    if plan is None:
        return [] if movement.kind == "roll back" else found
    there = {*weights_of(plan), mirrored_by(plan)}
    is_new = movement.kind in _BRINGING and version in there
    if is_new and (not found or found[-1].version != version):
        return [*found, _Brought(version, movement, plan)]
    while found and found[-1].version not in there:
        found = found[:-1]
    if not found:  # put back by hand: all that is known is that it is there now
        return [*_seed(movement.model_copy(update={"before": plan}))]
    return [*found[:-1], found[-1]._replace(plan=plan)]


def _stay(version: str, weight: int, movement: Movement) -> Stay:
    return Stay(
        version=version,
        since=_when(movement),
        weight=weight,
        by=movement.by,
        release=movement.release,
        number=movement.number,
    )


def _when(movement: Movement) -> datetime:
    return movement.done_at or movement.at
