"""Moves the traffic of a project, in transactions: decided, done, settled.

A move is written down before it is made (`intended`), made by the router, and then written down
as done, together with what the release has become by it. What is broken off in between is
repaired before the next move: it is done if the router goes by the new plan, and undone
otherwise. What follows from a move, that the registry says the same and that what nobody needs
any more is stopped, is settled afterwards, and made up for where that was broken off.
"""

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from adapters.clock import now
from adapters.hosting import sweep
from adapters.records import Records
from adapters.routing import apply, current, withdraw
from adapters.supervision.record import forget_live, read_instance, write_live
from lifecycle.errors import PerennialError
from lifecycle.release.plan import Plan
from lifecycle.release.release import Movement, Release

MOVING_LOCK = "moving.lock"
"""In the folder of a project: held while its traffic is moved, and there once it ever was."""

LOCK_SECONDS = 30.0
"""A move takes a fraction of a second, so who has waited for so long waits for something broken."""

_RECENT = 20
"""Among so many movements is the last one that was made, unless most are broken off."""

REACHED_SECONDS = 2.0
"""How long a router may take to accept a connection."""


class MoveError(PerennialError):
    """Traffic cannot be moved now."""


class OvertakenError(MoveError):
    """What was decided is out of date: somebody else has moved the traffic since."""


def move(
    movement: Movement,
    *,
    records: Records,
    state: Path,
    confirm: Callable[[], None] | None = None,
    seen: int | None = None,
) -> Movement:
    """Move the traffic of a project; it is done when this returns, and not at all if it raises.

    Parameters
    ----------
    movement
        `after` is where requests go then, `main` the instance users fall back on then, and `then`
        what its release has become. `before` is filled in.
    confirm
        Called once requests go the new way. If it raises, they go the old way again.
    seen
        The number of the last move that was known when this one was decided (`last_move`);
        `None`: whatever was moved since, this one is to be made.

    Raises
    ------
    MoveError
        If another move of the project does not come to an end.
    OvertakenError
        If another move has been made since this one was decided.
    """
    project = movement.project
    with _alone(project, state):
        repair(project, records=records, state=state)
        if seen is not None:
            _require_latest(project, seen, records)
        before = current(state, project)
        entered = records.intend(
            movement.model_copy(update={"before": before, "at": now(), "state": "intended"})
        )
        try:
            _go(project, entered.after, state)
            if confirm is not None:
                confirm()
        except BaseException:
            _go_surely(project, before, state)
            records.finish_movement(entered.number, "undone", at=now())
            raise
        return _finish(entered, records=records, state=state)


def last_move(project: str, records: Records) -> int:
    """Give the number of the last move that was made; 0: none was."""
    for most in (_RECENT, None):
        made = [one for one in records.movements(project, most) if _is_move(one)]
        if made:
            return made[-1].number
    return 0


def repair(project: str, *, records: Records, state: Path) -> Movement | None:
    """Bring a move that was broken off to one of its two ends; give it where there was one."""
    broken = records.unfinished(project)
    if broken is None:
        return None
    if current(state, project) == broken.after:
        # Its way back may have been broken off as well: then the router goes by neither.
        _go_surely(project, broken.after, state)
        return _finish(broken, records=records, state=state)
    _go_surely(project, broken.before, state)
    return records.finish_movement(broken.number, "undone", at=now())


def repair_alone(project: str, *, records: Records, state: Path) -> Movement | None:
    """Repair a move that was broken off, with nobody else moving."""
    if records.unfinished(project) is None:
        return None
    with _alone(project, state):
        return repair(project, records=records, state=state)


class Registry(Protocol):
    """What follows in the registry from moves of traffic."""

    def crown(self, project: str, number: str) -> None:
        """Make a version the champion."""

    def set_aside(self, project: str, number: str) -> bool:
        """Take the name of challenger from a version."""


def settle(
    project: str,
    *,
    records: Records,
    state: Path,
    registry: Registry | None,
    is_alone: bool = False,
) -> None:
    """Do what follows from moves that are done: the registry agrees, and nothing runs in vain.

    Parameters
    ----------
    registry
        `None`: it is not asked, and moves it has to be told of are left for whoever does.
    is_alone
        Whether the caller has the project to itself (`promotion.alone`). Otherwise what runs in
        vain is left to whoever has, who may just have started something.
    """
    unsettled = records.unsettled(project)
    if registry is not None:
        _tell(registry, [one for one in unsettled if _is_told(one)], records, state)
    else:
        unsettled = tuple(one for one in unsettled if not _is_told(one))
    if not unsettled:
        return
    with _alone(project, state):
        repair(project, records=records, state=state)
        _tidy(project, state, is_alone=is_alone)
        for movement in unsettled:
            records.settle_movement(movement.number)


def tidied(plan: Plan) -> Plan:
    """Leave out of a plan who gets nothing and stands by for nobody.

    Examples
    --------
    >>> from lifecycle.release.plan import Part, Target
    >>> one = Target(name="one", version="1", host="127.0.0.1", port=8001)
    >>> two = Target(name="two", version="2", host="127.0.0.1", port=8002)
    >>> part = Part(target="one", weight=10_000)
    >>> plan = Plan(project="p", host="127.0.0.1", port=3000, targets=(one, two), parts=(part,))
    >>> [target.name for target in tidied(plan).targets]
    ['one']
    """
    wanted = {part.target for part in plan.parts if part.weight}
    wanted |= {plan.mirror.target} if plan.mirror else set()
    wanted |= {target.spare for target in plan.targets if target.name in wanted and target.spare}
    kept = tuple(target for target in plan.targets if target.name in wanted)
    return plan.model_copy(update={"targets": kept})


def with_idle(plan: Plan, before: Plan | None) -> Plan:
    """Keep those of the plan before, without anything to do: they finish what they have begun.

    What one of them does not finish is asked of whoever gets the most.
    """
    known, weights = {target.name for target in plan.targets}, plan.weights
    heir = max(weights, key=lambda name: weights[name], default=None)
    idle = tuple(
        target.model_copy(update={"spare": heir})
        for target in (before.targets if before else ())
        if target.name not in known
    )
    return plan.model_copy(update={"targets": (*plan.targets, *idle)})


def abandon(release: Release, why: str, *, records: Records) -> Release:
    """End a release for which no traffic was moved."""
    return records.change_release(
        release.number, state="stopped", ended=now(), ending=why, waits=""
    )


def _is_move(movement: Movement) -> bool:
    return movement.state == "done" and movement.kind != "readmit"


def _require_latest(project: str, seen: int, records: Records) -> None:
    number = last_move(project, records)
    if number == seen:
        return
    last = records.movement(number)
    told = "" if last is None else f": {last.kind}, version {last.version}, by {last.by}"
    raise OvertakenError(
        f'The traffic of "{project}" was moved by somebody else in the meantime{told}. Nothing '
        f"was changed. Look: python run.py releases --project {project}"
    )


def _finish(movement: Movement, *, records: Records, state: Path) -> Movement:
    live = read_instance(state, movement.project, movement.main) if movement.main else None
    if live is not None:
        write_live(state, live)
    elif not movement.main:
        forget_live(state, movement.project)
    return records.finish_movement(movement.number, "done", at=now(), release=movement.then)


def _go(project: str, plan: Plan | None, state: Path) -> None:
    if plan is None:
        withdraw(state, project)
    else:
        apply(state, plan, drain_seconds=plan.limits.seconds)


def _go_surely(project: str, plan: Plan | None, state: Path) -> None:
    if plan is not None and not _is_reached(plan):
        # It was told to end, and broken off: whatever it still does, it takes no requests.
        withdraw(state, project, drain_seconds=0)
    _go(project, plan, state)


def _is_reached(plan: Plan) -> bool:
    try:
        socket.create_connection((plan.host, plan.port), timeout=REACHED_SECONDS).close()
    except OSError:
        return False
    return True


def deployment_lock(project: str, state: Path) -> FileLock:
    """Give what is held by whoever starts something for a project."""
    folder = state / "serving" / project
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / "deployment.lock", timeout=0)


def _tidy(project: str, state: Path, *, is_alone: bool) -> None:
    plan = current(state, project)
    if plan is not None:
        less = tidied(plan)
        if less != plan:
            apply(state, less, drain_seconds=plan.limits.seconds)
    if is_alone:
        sweep(project, state)
        return
    with contextlib.suppress(Timeout), deployment_lock(project, state):
        sweep(project, state)


def _tell(registry: Registry, untold: Sequence[Movement], records: Records, state: Path) -> None:
    """Let the registry say what is live: what the last of all moves says, whoever made it."""
    if not untold:
        return
    project, told = untold[-1].project, None
    # Another may be made, and told, while this one is: what is told last has to be the last.
    while (last := _last_told(project, records)) != told:
        if (version := _main_version(last, state)) is not None:
            registry.crown(project, version)
        told = last
    for movement in untold:
        if movement.kind == "roll back":
            registry.set_aside(project, movement.version)


def _last_told(project: str, records: Records) -> Movement:
    return [one for one in records.movements(project) if _is_told(one)][-1]


def _is_told(movement: Movement) -> bool:
    return movement.state == "done" and movement.kind in ("deploy", "promote", "roll back")


def _main_version(movement: Movement, state: Path) -> str | None:
    live = read_instance(state, movement.project, movement.main) if movement.main else None
    return None if live is None else live.version


@contextlib.contextmanager
def _alone(project: str, state: Path) -> Iterator[None]:
    folder = state / "serving" / project
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / MOVING_LOCK, timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise MoveError(
            f'The traffic of "{project}" has been moved by another command for '
            f"{LOCK_SECONDS:.0f} seconds. Wait for it, or end it, and try again: what it broke "
            "off is repaired then."
        ) from error
