"""Let a version take over."""

from typing import Annotated

from zenml import step

from adapters import promotion, registry
from adapters.hosting import Role
from adapters.releasing.entrance import entrance_of
from adapters.stacks.environment import state
from lifecycle.serving.declaration import Serving
from lifecycle.serving.deployment import Built, Place, instead_of
from lifecycle.serving.live import Live
from lifecycle.verdict import Verdicts
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def promote(
    place: Place,
    smoke: Verdicts,
    built: Built,
    serving: Serving,
    project: str,
    version: str,
    home: str,
    unit: str,
    by: str,
) -> Annotated[Live, "live"]:
    """Refuse what failed its smoke test; else send requests to it and make it the champion."""
    smoke.require("The running service")
    folder = state(ROOT)
    entrance = entrance_of(serving, project, folder=ROOT / home)
    live = promotion.live_of(place, built, entrance, version, role=Role(unit=unit), state=folder)
    promotion.take_over(
        live,
        entrance,
        verdicts=smoke,
        by=by,
        state=folder,
        registry=registry,
    )
    instead = instead_of(live.previous, version=version)
    tell("promote", f"version {version} answers at {live.url}{instead}; it is the champion")
    return live
