"""Keep the version, with everything it was made from."""

from datetime import datetime
from typing import Annotated

import pyarrow as pa
from zenml import step

from adapters import registry
from adapters.clock import now
from lifecycle.data.declaration import Data, Schema
from lifecycle.data.description import Description
from lifecycle.data.holdout import hold_out
from lifecycle.data.intake import Intake
from lifecycle.evaluation.evidence import Evaluation
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Purpose, Story
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.trials import SearchRecord
from lifecycle.monitoring.usual import Usual
from lifecycle.verdict import Verdicts
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def register(
    candidate: Candidate,
    profile: bytes,
    usual: Usual,
    test: pa.Table,
    schema: Schema,
    intake: Intake,
    checks: Verdicts,
    description: Description,
    search: SearchRecord,
    evaluation: Evaluation,
    verdicts: Verdicts,
    data: Data,
    purpose: Purpose,
    lineage: Lineage,
) -> Annotated[Story, "story"]:
    """Register the candidate as challenger, or keep it as rejected with its verdicts."""
    lock = ROOT / "requirements.lock"
    story = Story(
        name=lineage.project,
        purpose=purpose,
        label=data.label.column,
        task=data.label.task,
        positive=data.label.positive,
        units={name: column.unit for name, column in schema.root.items() if column.unit},
        intake=intake,
        checks=checks,
        description=description,
        search=search,
        evaluation=evaluation,
        gates=verdicts,
        lineage=complete(lineage, intake=intake),
    )
    text = lock.read_text(encoding="utf-8") if lock.is_file() else None
    holdout = hold_out(test, schema, seed=candidate.state.seed)
    story = registry.register(story, candidate, profile, usual, holdout, lock=text)
    if story.version is not None:
        tell("register", f"version {story.version.number}, {story.version.alias or 'no alias'}")
    return story


def complete(lineage: Lineage, *, intake: Intake) -> Lineage:
    """Add to a lineage what is only known once the rows are in and the work is done."""
    seconds = (now() - datetime.fromisoformat(lineage.started)).total_seconds()
    return lineage.model_copy(update={"data_fingerprint": intake.fingerprint, "seconds": seconds})
