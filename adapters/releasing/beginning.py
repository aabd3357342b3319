"""Begins a release: from a version that runs beside the one that answers to the first move."""

from pathlib import Path

from adapters.clock import now
from adapters.records import Records
from adapters.releasing.entrance import target_of
from adapters.releasing.moving import Registry, abandon, move, repair_alone, with_idle
from adapters.routing import current
from adapters.supervision.record import read_live
from lifecycle.errors import ProjectError, Refused
from lifecycle.governance.figures import moment as shown
from lifecycle.release.ledger import is_barred
from lifecycle.release.plan import Plan
from lifecycle.release.planning import Entrance, plan_of
from lifecycle.release.release import Movement, Release
from lifecycle.serving.declaration import Serving
from lifecycle.serving.live import Live
from lifecycle.verdict import Verdicts


def require_live(project: str, version: str, *, state: Path) -> Live:
    """Give what answers now; it is what a release moves traffic from.

    Raises
    ------
    ProjectError
        If nothing answers, or the version itself does.
    """
    live = read_live(state, project)
    deploy = f"python run.py --pipeline deployment --project {project}"
    if live is None:
        raise ProjectError(
            f'Nothing of "{project}" answers yet, so there is nothing to release a version '
            f"against. Deploy the first one: {deploy}"
        )
    if live.version == version:
        raise ProjectError(
            f"Version {version} is what answers already. Train a challenger, or name another: "
            f"--version NUMBER. To start it anew: {deploy} --version {version}"
        )
    return live


def require_address(project: str, serving: Serving, *, state: Path) -> None:
    """Refuse to release where the declared address is not the one requests come to now.

    The port would move with the first step, and everybody who asks at the old one be lost.

    Raises
    ------
    ProjectError
        Naming both.
    """
    plan = current(state, project)
    if plan is None or (plan.host, plan.port) == (serving.host, serving.port):
        return
    raise ProjectError(
        f"Requests of {project} come to {plan.host}, port {plan.port}, and declared is "
        f"{serving.host}, port {serving.port}: a release does not move the address. Release with "
        f"--set serving.host={plan.host} --set serving.port={plan.port}, or move it first: "
        f"python run.py --pipeline deployment --project {project} --version champion"
    )


def require_free(project: str, *, records: Records, state: Path) -> None:
    """Refuse while a release goes on; end one that was broken off before it began.

    Only for who has the project to itself: `promotion.alone`.

    Raises
    ------
    Refused
        If traffic is being moved already.
    """
    repair_alone(project, records=records, state=state)
    release = records.open_one(project)
    if release is None:
        return
    begun = [one for one in records.movements(project) if one.release == release.number]
    if not any(one.state == "done" for one in begun):
        abandon(release, "It was broken off before any traffic was moved.", records=records)
        return
    raise Refused(
        f"Release {release.number} of {project} goes on since {shown(release.began.isoformat())} "
        f"UTC: version {release.challenger} beside {release.champion}, begun by {release.by}. "
        f"Wait for its end, or end it: python run.py rollback --project {project}"
    )


def require_not_barred(project: str, version: str, *, records: Records) -> None:
    """Refuse a version that was rolled back, until somebody decides anew.

    Raises
    ------
    Refused
        Naming when and why it was rolled back.
    """
    barred = is_barred(records.movements(project), version)
    if barred is not None:
        raise Refused(
            f"Version {version} of {project} was rolled back on {shown(barred.at.isoformat())} UTC "
            f"by {barred.by}: {_first(barred.reason)}. It is not released again without a new "
            f"decision: python run.py readmit --project {project} --version "
            f'{version} --why "..."'
        )


def _first(reason: str) -> str:
    """Give the first clause of a reason; the ledger has all of it.

    Examples
    --------
    >>> _first("error rate: 5 of 9 failed; alive: it does not answer."), _first("")
    ('error rate: 5 of 9 failed', 'no reason was given')
    """
    return reason.partition("; ")[0].rstrip(".") or "no reason was given"


def begin(
    release: Release,
    entrance: Entrance,
    *,
    champion: Live,
    challenger: Live,
    verdicts: Verdicts,
    records: Records,
    state: Path,
    registry: Registry,
) -> Release:
    """Make the first move of a release whose challenger runs and was seen to answer rightly."""
    moment = now()
    is_flip = release.strategy == "blue-green"
    begun = release.model_copy(
        update={
            "champion_name": champion.name,
            "challenger_name": challenger.name,
            "stepped": moment,
            "state": "keeping" if is_flip else "moving",
            "waits": "",
        }
    )
    plan = plan_of(begun, entrance, champion=target_of(champion), challenger=target_of(challenger))
    movement = Movement(
        project=release.project,
        release=release.number,
        kind="promote" if is_flip else "begin",
        version=release.challenger,
        at=moment,
        by=release.by,
        reason=release.why or told(begun, plan),
        verdicts=verdicts,
        after=with_idle(plan, current(state, release.project)),
        main=challenger.name if is_flip else champion.name,
        then=begun,
    )
    move(
        movement,
        records=records,
        state=state,
        # Who is live and who is champion differ never longer than a move takes.
        confirm=(lambda: registry.crown(release.project, release.challenger)) if is_flip else None,
    )
    return begun


def told(release: Release, plan: Plan) -> str:
    """Say what a step of a release does with the traffic.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from lifecycle.release.declaration import Releasing
    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> release = Release(
    ...     project="p", strategy="canary", champion="1", challenger="2", by="ann",
    ...     policy=Releasing(), began=now, stepped=now,
    ... )
    >>> told(release, Plan(project="p", host="127.0.0.1", port=3000))
    '5 % of the requests go to version 2.'
    """
    if release.state == "keeping":
        return f"All requests go to version {release.challenger}; {release.champion} stands by."
    share = f"{100 * release.share:.4g} %"
    if release.strategy == "shadow":
        return f"{share} of the requests are copied to version {release.challenger}."
    if release.strategy == "ab":
        return (
            f"{share} of the units are in the test; half of them meet version {release.challenger}."
        )
    return f"{share} of the requests go to version {release.challenger}."
