"""Start a built version, apart from the one that answers now."""

from typing import Annotated

from zenml import step

from adapters.hosting import Role
from adapters.hosting import start as run
from adapters.stacks.environment import state
from lifecycle.serving.declaration import Serving
from lifecycle.serving.deployment import Built, Place
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def start(
    built: Built, serving: Serving, project: str, home: str, unit: str, shadow: int
) -> Annotated[Place, "place"]:
    """Start the service on a port of its own, and wait until it is ready."""
    role = Role(unit=unit, shadow=shadow)
    place, seconds = run(built, serving, project, folder=ROOT / home, state=state(ROOT), role=role)
    tell("start", f"{place.kind} {place.name} ready on port {place.port} in {seconds:.1f} s")
    return place
