"""Takes a release back: restores what was live before, by the ledger."""

from collections.abc import Callable
from pathlib import Path

from filelock import Timeout

from adapters.clock import now
from adapters.hosting import is_running
from adapters.records import Records
from adapters.releasing.entrance import target_of
from adapters.releasing.moving import (
    OvertakenError,
    abandon,
    deployment_lock,
    last_move,
    move,
    repair_alone,
    with_idle,
)
from adapters.routing import RoutingError, current
from adapters.supervision.record import read_instance
from adapters.supervision.supervisor import Supervisor
from lifecycle.errors import Refused
from lifecycle.release.ledger import standing, to_restore
from lifecycle.release.plan import Plan
from lifecycle.release.release import Movement, Release
from lifecycle.serving.live import Live
from lifecycle.verdict import Verdicts

Restart = Callable[[Live], Live]


def roll_back(
    project: str,
    *,
    by: str,
    why: str,
    records: Records,
    state: Path,
    restart: Restart,
    verdicts: Verdicts | None = None,
    only: int | None = None,
    is_further: bool = True,
) -> Movement:
    """Send requests where they went before the version came that answers now.

    While a release goes on, that is where they went before it began.

    Parameters
    ----------
    restart
        Starts something again that does not run any more, and gives where it runs now.
    only
        The number of the release that is meant; if that is over, nothing is rolled back.
    is_further
        Whether a rollback that follows a rollback goes back further. Who has not heard of the
        first one would take back what is well, and bar it.

    Raises
    ------
    Refused
        If the ledger knows of nothing before, or it was just rolled back.
    OvertakenError
        If somebody else has taken the version back in the meantime, or the release is over.
    """
    repair_alone(project, records=records, state=state)
    if not is_further:
        _require_no_rollback(project, records)
    meant: str | None = None
    is_second = False
    while True:
        seen = last_move(project, records)
        release = _going_on(project, records, state, only=only)
        found = to_restore(records.movements(project))
        if found.before is None or found.rolled_back is None:
            raise Refused(f"{found.reason} Look: python run.py releases --project {project}")
        if meant not in (None, found.rolled_back):
            raise OvertakenError(
                f"Version {meant} of {project} is not there any more: somebody else has moved the "
                f"traffic in the meantime. Look: python run.py releases --project {project}"
            )
        meant = found.rolled_back
        plan, main = _revived(found.before, project, state=state, restart=restart)
        # Nobody was sent to a shadow, so nothing is rolled back and nothing barred.
        is_shadow = release is not None and release.strategy == "shadow"
        movement = Movement(
            project=project,
            release=release.number if release else None,
            kind="finish" if is_shadow else "roll back",
            version=found.rolled_back,
            at=now(),
            by=by,
            reason=why if why.endswith((".", "!", "?")) else f"{why}.",
            verdicts=verdicts or Verdicts(),
            after=with_idle(plan, current(state, project)),
            main=main,
            then=_ended(release, why, verdicts, is_shadow=is_shadow) if release else None,
        )
        try:
            return move(movement, records=records, state=state, seen=seen)
        except OvertakenError:
            continue  # a step forward, as a rule, of the version that is meant all the same
        except RoutingError:
            if is_second:
                raise
            is_second = True  # it ended between the question whether it runs and the move


def _require_no_rollback(project: str, records: Records) -> None:
    moves = records.movements(project)
    newest = standing(moves)
    if newest is None or newest.kind != "roll back":
        return
    after = newest.after
    now_there = after.target(newest.main).version if after and newest.main else "nobody"
    raise Refused(
        f"Version {newest.version} of {project} was rolled back already, at "
        f"{newest.at:%Y-%m-%d %H:%M:%S} UTC by {newest.by}; version {now_there} answers again, as "
        f"before it came. To take version {now_there} back as well: python run.py rollback "
        f"--project {project} --further"
    )


def _going_on(project: str, records: Records, state: Path, *, only: int | None) -> Release | None:
    """Give the release that goes on, and end one that was broken off before it began."""
    release = records.open_one(project)
    if only is not None and (release is None or release.number != only):
        raise OvertakenError(f"Release {only} of {project} is over: nothing is rolled back.")
    if release is None or release.champion_name:
        return release
    try:
        with deployment_lock(project, state):
            abandon(release, "It was broken off before any traffic was moved.", records=records)
    except Timeout:
        raise Refused(
            f"Release {release.number} of {project} is still being prepared, and no traffic was "
            "moved. End the command that prepares it with Ctrl-C."
        ) from None
    return None


def _ended(release: Release, why: str, verdicts: Verdicts | None, *, is_shadow: bool) -> Release:
    state = "stopped" if is_shadow else "rolled back"
    # Taken back by hand: what was judged is what the last look says.
    judged = {"verdicts": verdicts or Verdicts(), "judged": None if verdicts is None else now()}
    ended = {"state": state, "ended": now(), "ending": why, "waits": ""}
    return release.model_copy(update={**ended, **judged})


def _is_kept(live: Live, state: Path) -> bool:
    """Whether something runs, and nobody is just ending it: what a release left is swept away."""
    if live.kind == "container":
        return is_running(live, state=state)
    kept = Supervisor(state).status()
    return any(one.name == live.name and one.state in ("running", "starting") for one in kept)


def _revived(plan: Plan, project: str, *, state: Path, restart: Restart) -> tuple[Plan, str]:
    """Give a plan of the past with everybody running, and the name of who gets the most."""
    main = max(plan.weights, key=lambda name: plan.weights[name])
    known = read_instance(state, project, main)
    if known is None:
        raise Refused(
            f"Version {plan.target(main).version} answered before, and nothing is left of how it "
            f"was started. Deploy it: python run.py --pipeline deployment --project {project} "
            f"--version {plan.target(main).version}"
        )
    if not _is_kept(known, state):
        known = restart(known)
    target = target_of(known)
    # Whoever stood by then does so no more: what is restored is what users were answered by.
    parts = (plan.parts[0].model_copy(update={"target": target.name, "weight": 10_000, "arm": ""}),)
    restored = plan.model_copy(
        update={
            "targets": (target,), "parts": parts, "mirror": None, "sticky": None, "release": None,
        }
    )  # fmt: skip
    return restored, target.name
