"""Bring a version that was approved to where requests are answered."""

from pathlib import Path

from adapters.declaration import LoadedProject
from adapters.stacks.environment import state
from adapters.supervision.record import read_live
from pipelines import deploying, releasing


def bring(
    loaded: LoadedProject, version: str, *, by: str, why: str, stack: str, root: Path
) -> bool:
    """Release it as is declared, or deploy it where no release is; give whether it is on its way.

    Where nothing answers yet there is no traffic to be moved: it is deployed.
    """
    project = loaded.project
    is_released = "release" in project.model_fields_set
    if is_released and read_live(state(root), project.name) is not None:
        return releasing.release(
            loaded, version=version, by=by, why=why, stack=stack, root=root, is_followed=False
        )
    return deploying.deploy(loaded, version=version, stack=stack, root=root, by=by)
