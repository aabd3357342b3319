"""Takes a release back: restores what was live before, by the ledger."""

from collections.abc import Callable
from pathlib import Path

from adapters.clock import now
from adapters.hosting import is_running
from adapters.records import Records
from adapters.releasing.entrance import target_of
from adapters.releasing.moving import move, repair_alone, with_idle
from adapters.routing import current
from adapters.supervision.record import read_instance
from lifecycle.errors import Refused
from lifecycle.release.ledger import to_restore
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
) -> Movement:
    """Send requests where they went before the version came that answers now.

    While a release goes on, that is where they went before it began.

    Parameters
    ----------
    restart
        Starts something again that does not run any more, and gives where it runs now.

    Raises
    ------
    Refused
        If the ledger knows of nothing before.
    """
    repair_alone(project, records=records, state=state)
    release = records.open_one(project)
    found = to_restore(records.movements(project))
    if release is not None and not release.champion_name:
        raise Refused(
            f"Release {release.number} of {project} is still being prepared, and no traffic was "
            "moved. End the command that prepares it with Ctrl-C."
        )
    if found.before is None or found.rolled_back is None:
        raise Refused(f"{found.reason} Look: python run.py releases --project {project}")
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
    return move(movement, records=records, state=state)


def _ended(release: Release, why: str, verdicts: Verdicts | None, *, is_shadow: bool) -> Release:
    state = "stopped" if is_shadow else "rolled back"
    judged = {} if verdicts is None else {"verdicts": verdicts, "judged": now()}
    ended = {"state": state, "ended": now(), "ending": why, "waits": ""}
    return release.model_copy(update={**ended, **judged})


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
    if not is_running(known, state=state):
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
