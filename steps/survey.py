"""Find what there is to be looked at."""

from datetime import datetime
from typing import Annotated

from zenml import step

from adapters.hosting import events_folder
from adapters.monitoring.run import windows_only
from adapters.monitoring.traffic import find_windows
from adapters.records import Records
from adapters.stacks.environment import state
from adapters.supervision.record import read_live
from lifecycle.governance.figures import plural
from lifecycle.monitoring.declaration import Monitoring
from lifecycle.monitoring.windows import Windows
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def survey(
    monitoring: Monitoring, relabelled: int, project: str, as_of: str
) -> Annotated[Windows, "windows"]:
    """Find the windows that are over and were not reviewed, or whose labels have come since."""
    del relabelled  # taken so that labels found now are counted now
    folder = state(ROOT)
    live = read_live(folder, project)
    with Records.open(folder) as records:
        known = tuple(windows_only(records.reviews(project, light=True)))
    found = find_windows(
        events_folder(folder, project),
        known,
        length=monitoring.window,
        within=monitoring.labels.within,
        keep=monitoring.keep,
        as_of=datetime.fromisoformat(as_of),
        live=None if live is None else live.version,
    )
    asked = sum(window.predictions for window in found.windows if not window.is_again)
    again = sum(window.is_again for window in found.windows)
    fresh = len(found.windows) - again
    found_new = f"{plural(fresh, 'new window')} with {plural(asked, 'prediction')}"
    tell("survey", f"{found_new}, {again} with new labels")
    return found
