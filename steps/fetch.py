"""Bring a registered version in."""

from typing import Annotated

import pyarrow as pa
from zenml import step

from adapters import registry
from lifecycle.governance.story import Story
from lifecycle.modeling.candidate import Candidate
from steps.artifacts.candidate import CandidateMaterializer
from steps.artifacts.table import TableMaterializer
from steps.progress import tell


@step(
    enable_cache=False,
    output_materializers={"candidate": CandidateMaterializer, "holdout": TableMaterializer},
)
def fetch(
    project: str, version: str
) -> tuple[
    Annotated[Candidate, "candidate"],
    Annotated[Story, "version_story"],
    Annotated[pa.Table, "holdout"],
]:
    """Fetch a version's model, its story, and the test rows that were kept with it."""
    candidate = registry.candidate_of(project, version)
    story = registry.story_of(project, version)
    holdout = registry.holdout_of(project, version)
    tell("fetch", f"version {version}, {candidate.family}, {len(holdout):,} rows held out")
    return candidate, story, holdout
