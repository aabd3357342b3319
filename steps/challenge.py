"""Find the version to beat."""

from typing import Annotated

from zenml import step

from adapters import registry
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.incumbent import Incumbent
from steps.artifacts.candidate import IncumbentMaterializer


@step(enable_cache=False, output_materializers={"incumbent": IncumbentMaterializer})
def challenge(candidate: Candidate, project: str) -> Annotated[Incumbent, "incumbent"]:
    """Fetch the best version that has passed so far, which the candidate has to beat."""
    return registry.incumbent(project, candidate)
