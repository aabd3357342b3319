"""Make the Bento of a packaged version, and its image where there is a container engine."""

from typing import Annotated

from zenml import step

from adapters.building import build as make
from adapters.packaging import Packaged
from adapters.stacks.environment import state
from lifecycle.serving.declaration import Serving
from lifecycle.serving.deployment import Built
from lifecycle.verdict import Verdicts
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def build(packaged: Packaged, parity: Verdicts, serving: Serving) -> Annotated[Built, "built"]:
    """Refuse what would say something else than was trained; else build what is run."""
    parity.require("What would be served")
    built = make(packaged, serving, root=ROOT, state=state(ROOT))
    size = f", image of {built.image_mb:.0f} MB" if built.image_mb else ""
    tell("build", f"{built.bento}{size}; runs as a {built.kind}: {built.why}")
    return built
