"""Let a version take over."""

from typing import Annotated

from zenml import step

from adapters import promotion, registry
from adapters.stacks.environment import state
from lifecycle.serving.declaration import Serving
from lifecycle.serving.deployment import Built, Place, instead_of
from lifecycle.serving.live import Live
from lifecycle.verdict import Verdicts
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def promote(
    place: Place, smoke: Verdicts, built: Built, serving: Serving, project: str, version: str
) -> Annotated[Live, "live"]:
    """Refuse what failed its smoke test; else send requests to it and make it the champion."""
    smoke.require("The running service")
    live = promotion.take_over(
        place,
        built,
        serving,
        project,
        version,
        state=state(ROOT),
        confirm=lambda: registry.crown(project, version),
    )
    instead = instead_of(live.previous, version=version)
    tell("promote", f"version {version} answers at {live.url}{instead}; it is the champion")
    return live
