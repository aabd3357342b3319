"""What people say to a successor that has won, and what follows from it."""

from pathlib import Path

from adapters import registry
from adapters.clock import now
from adapters.declaration import LoadedProject
from adapters.records import Records
from adapters.retraining.deciding import keep
from lifecycle.errors import Refused
from lifecycle.retraining import ending
from lifecycle.retraining.decision import Decision
from pipelines.bringing import bring


def approve(
    loaded: LoadedProject, *, by: str, why: str, stack: str, root: Path, state: Path
) -> Decision:
    """Say yes to what waits, and bring it: the yes is written down once it is on its way.

    Raises
    ------
    Refused
        If nothing waits, or what waits cannot be approved any more.
    """
    project = loaded.project
    with Records.open(state) as records:
        waiting = _waiting(records, project.name)
        version = waiting.version or ""
        approved = ending.approve(
            waiting,
            champion=registry.alias_of(project.name, registry.CHAMPION),
            challenger=registry.alias_of(project.name, registry.CHALLENGER),
            gates=registry.story_of(project.name, version).gates,
            policy=project.retraining,
            as_of=now(),
            now=now(),
            by=by,
            remark=why,
        )
        if not bring(loaded, version, by=by, why=why, stack=stack, root=root):
            raise Refused(
                f"Version {version} was not deployed, for the reasons above; it goes on waiting."
            )
        return keep(approved, records=records)


def reject(project: str, *, by: str, why: str, state: Path) -> Decision:
    """Say no to what waits: it is the challenger no longer, and nobody need beat it.

    Raises
    ------
    Refused
        If nothing does.
    """
    with Records.open(state) as records:
        waiting = _waiting(records, project)
        rejected = ending.reject(waiting, now=now(), by=by, remark=why)
        kept = keep(rejected, records=records)
        registry.set_aside(project, rejected.version or "")
        print(f"Version {waiting.version} of {project} is rejected; what answers goes on.")
        return kept


def _waiting(records: Records, project: str) -> Decision:
    """Find the decision that waits for somebody."""
    found = records.decisions(project, begun=True)
    if not found:
        raise Refused(
            f"No successor of {project} was ever trained by policy, so none waits. To ask for "
            f"one: python run.py --pipeline retraining --project {project} --by NAME"
        )
    return found[-1]
