"""Ask the running thing what the answers are known of."""

from typing import Annotated

import pyarrow as pa
from zenml import step

from adapters import hosting
from adapters.admission import admitted
from adapters.packaging import Packaged
from adapters.rehearsal import Rehearsal
from adapters.stacks.environment import state
from lifecycle.modeling.candidate import Candidate
from lifecycle.serving.declaration import Serving
from lifecycle.serving.deployment import Place
from lifecycle.verdict import Verdicts
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def smoke(
    place: Place,
    packaged: Packaged,
    candidate: Candidate,
    holdout: pa.Table,
    serving: Serving,
    shadow: int,
) -> Annotated[Verdicts, "smoke"]:
    """Send the running service rows from the hold-out, and hold its answers to the model's."""
    folder, project = state(ROOT), packaged.manifest.project
    with (
        hosting.stopped_unless_good(place, state=folder) as keep,
        admitted(serving, project, state=folder) as credentials,
    ):
        verdicts = Rehearsal(
            url=f"http://{place.host}:{place.port}",
            credentials=credentials,
            events=hosting.events_folder(folder, project, shadow=shadow),
            version=packaged.manifest.version,
            contract=packaged.contract,
            layout=packaged.manifest.layout,
            candidate=candidate,
            holdout=holdout,
        ).judge()
        if not verdicts.blocks:
            keep()
    tell("smoke", f"{len(verdicts)} checks of the running service, {len(verdicts.blocking)} failed")
    return verdicts
