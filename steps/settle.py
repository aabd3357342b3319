"""Write down what came of a retraining."""

from datetime import datetime
from typing import Annotated

from zenml import step

from adapters.records import Records
from adapters.registry import CHALLENGER
from adapters.retraining.deciding import settle as write_down
from adapters.stacks.environment import state
from lifecycle.governance.story import Story
from lifecycle.retraining.declaration import Retraining
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False)
def settle(
    story: Story, page: str, retraining: Retraining, decision: int, as_of: str
) -> Annotated[str, "settled"]:
    """Write down what came of a retraining, before a refusal ends it."""
    with Records.open(state(ROOT)) as records:
        ended = write_down(
            decision,
            end=story.end,
            version=story.version.number if story.version else None,
            policy=retraining,
            records=records,
            now=datetime.fromisoformat(as_of),
            is_known=story.version is not None and story.version.alias != CHALLENGER,
        )
    tell("settle", f"retraining {ended.number}: {ended.ending}")
    return page
