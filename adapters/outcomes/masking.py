"""The mask the names of a project's units are kept under."""

import os
from pathlib import Path

from adapters.admission import mask_secret
from adapters.labelling.recording import MASK
from lifecycle.project.project import Project
from lifecycle.serving.outcomes import UnitMask


def unit_mask_for(project: Project, *, state: Path) -> UnitMask | None:
    """Give the mask the service of a project keeps units under; `None`: none are declared.

    The secret is `PERENNIAL_MASK` where that is set, for services that run elsewhere; else that
    of the state folder, which is made if need be.
    """
    unit = project.release.unit
    if unit is None:
        return None
    kind = next(iter(unit.model_dump(exclude_none=True)))
    secret = os.environ.get(MASK) or mask_secret(
        project.serving, project.name, state=state, unit=kind
    )
    return UnitMask(secret.encode() if secret else None)
