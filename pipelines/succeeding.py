"""Decide whether a successor is due; train, judge and, where that is declared, deploy it."""

from datetime import datetime
from pathlib import Path

from adapters import registry
from adapters.clock import now
from adapters.declaration import LoadedProject
from adapters.records import Records
from adapters.retraining.deciding import decide_now, give_up_on, keep, settle
from adapters.retraining.situation import turn
from adapters.stacks.activation import activate
from adapters.stacks.environment import state
from lifecycle.retraining.decision import Decision
from pipelines import running
from pipelines.bringing import bring

_LEASE_SECONDS = 120.0
"""How long after its last sign of life another may take over; it gives one every 30 s."""


def retrain(
    loaded: LoadedProject, *, stack: str, root: Path, reports: Path, by: str = ""
) -> Decision:
    """Retrain a project where that is due, and tell at the terminal what was decided and why."""
    from rich.console import Console

    from adapters.monitoring_terminal import print_decision

    decision, ending = run(loaded, stack=stack, root=root, by=by)
    if ending is not None:
        running.show(ending, reports=reports)
    print_decision(decision, Console())
    return deploy_won(loaded, decision, stack=stack, root=root)


def run(
    loaded: LoadedProject, *, stack: str, root: Path, by: str = "", as_of: datetime | None = None
) -> tuple[Decision, running.Ending | None]:
    """Decide, and train where it is due; give the decision and how the training ended.

    The decision is written down whichever way it goes. At most one runs at a time: another
    decides that it is not due.
    """
    project, folder, moment = loaded.project, state(root), as_of or now()
    activate(stack, root=root)
    with Records.open(folder) as records:
        lease = records.lease(turn(project.name), _LEASE_SECONDS)
        if lease is None:
            decision = decide_now(
                project, records=records, state=folder, as_of=moment, by=by, is_my_turn=False
            )
            return decision, None
        with lease:
            decision = decide_now(
                project, records=records, state=folder, as_of=moment, by=by, is_my_turn=True
            )
            if not decision.is_due:
                return decision, None
            ending = _train(loaded, decision, records, stack=stack, root=root, moment=moment)
            return records.decision(decision.number) or decision, ending


def _train(
    loaded: LoadedProject,
    decision: Decision,
    records: Records,
    *,
    stack: str,
    root: Path,
    moment: datetime,
) -> running.Ending:
    try:
        ending = running.run(
            "retraining", loaded, decision.number, moment.isoformat(), stack=stack, root=root
        )
    except BaseException as error:
        why = f"{type(error).__name__}: {error}"
        give_up_on(decision.number, records=records, now=moment, why=why)
        raise
    found = records.decision(decision.number)
    if found is not None and found.ending == "running":  # a data check has ended it before
        version = ending.story.version
        settle(
            decision.number,
            end=ending.story.end,
            version=None if version is None else version.number,
            policy=loaded.project.retraining,
            records=records,
            now=moment,
        )
    return ending


def deploy_won(loaded: LoadedProject, decision: Decision, *, stack: str, root: Path) -> Decision:
    """Deploy what has won where nobody has to be asked; also what an earlier run did not come to.

    Gives the decision as it is then.
    """
    project = loaded.project
    with Records.open(state(root)) as records:
        begun = records.decisions(project.name, 1, begun=True)
        found = begun[-1] if begun else None
        if (
            found is None
            or found.ending != "won"
            or project.retraining.approval != "automatic"
            or registry.alias_of(project.name, registry.CHALLENGER) != found.version
        ):
            return decision
        version = found.version or ""
        why = f"decision {found.number} about retraining"
        deployed = bring(loaded, version, by="policy", why=why, stack=stack, root=root)
        remark = "deployed" if deployed else "its deployment was refused"
        ending = "approved" if deployed else "rejected"
        done = keep(
            found.model_copy(
                update={
                    "ending": ending,
                    "remark": remark,
                    "settled": now(),
                    "settled_by": "policy",
                }
            ),
            records=records,
        )
        if not deployed:
            registry.set_aside(project.name, found.version or "")
    return done if done.number == decision.number else decision
