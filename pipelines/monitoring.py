"""From what was answered, and has become true since, to who is told."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from lifecycle.project.project import Project
from steps.alarm import alarm
from steps.look import look
from steps.picture import picture
from steps.relabel import relabel
from steps.review import review
from steps.survey import survey


@pipeline(
    enable_artifact_metadata=False,
    enable_heartbeat=False,
    execution_mode=ExecutionMode.FAIL_FAST,
)
def monitoring(project: Project, home: str, as_of: str) -> None:
    """From what was answered, and has become true since, to who is told.

    Without a moment it is now, whenever that is: the first step says so for all.
    """
    relabelled, moment = relabel(project, home, as_of)
    windows = survey(project.monitoring, relabelled, project.name, moment)
    reviews = review(windows, project, moment)
    looked = look(reviews, project, moment)
    told = alarm(looked, project.monitoring, project.name, moment)
    picture(looked, told, project, moment)
