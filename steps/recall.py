"""Remember what the standing version was trained on."""

from typing import Annotated

from zenml import step

from adapters import registry
from lifecycle.data.description import Reference
from lifecycle.data.intake import Intake


@step(enable_cache=False)
def recall(intake: Intake, project: str) -> Annotated[Reference, "reference"]:
    """Fetch the description of the rows the standing version has learnt from."""
    return registry.reference(project, intake.fingerprint)
