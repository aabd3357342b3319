"""From a reason to a successor that was judged against the champion."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Purpose
from lifecycle.project.project import Project
from pipelines.training import learn
from steps.aim import aim
from steps.conclude import conclude
from steps.settle import settle


@pipeline(
    enable_artifact_metadata=False,
    enable_heartbeat=False,
    execution_mode=ExecutionMode.FAIL_FAST,
)
def retraining(
    project: Project, home: str, purpose: Purpose, lineage: Lineage, decision: int, as_of: str
) -> None:
    """From a reason to a successor that was judged against the champion.

    Without a moment it is now, whenever that is; without a decision it is taken then.
    """
    data, split, traced, number, moment = aim(project, home, lineage, decision, as_of)
    story, verdicts, page = learn(project, data, split, home, purpose, traced)
    settled = settle(story, page, project.retraining, number, moment)
    conclude(verdicts, settled)
