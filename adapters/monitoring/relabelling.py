"""Labels the tables have come to know, brought into the event log."""

from datetime import datetime
from pathlib import Path

from adapters.declaration import LoadedProject
from adapters.events.reading import PREDICTIONS, files
from adapters.labelling.contracts import standing_contract
from adapters.labelling.recording import mask_for
from adapters.labelling.requery import labels_from_query
from lifecycle.project.project import Project


def relabel(project: Project, *, events: Path, home: Path, state: Path, as_of: datetime) -> int:
    """Run the query again for labels of what was predicted lately; give how many were new."""
    if not files(events / PREDICTIONS):
        return 0  # there may be no version yet that says what a label is
    contract = standing_contract(project, state=state)
    found = labels_from_query(
        LoadedProject(project=project, folder=home, source="", fingerprint=""),
        contract,
        folder=events,
        mask=mask_for(project, contract, state=state),
        since=as_of - project.monitoring.labels.within,
        until=as_of,
        as_of=as_of,
    )
    return found.recorded.written
