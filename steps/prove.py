"""Prove that what will be served says what was trained."""

from typing import Annotated

import pyarrow as pa
from zenml import step

from adapters.packaging import Packaged, prove_parity
from lifecycle.modeling.candidate import Candidate
from lifecycle.verdict import Verdicts
from steps.caching import caching
from steps.progress import tell


@step(cache_policy=caching(__file__))
def prove(
    packaged: Packaged, candidate: Candidate, holdout: pa.Table
) -> Annotated[Verdicts, "parity"]:
    """Hold both served routes against the fitted candidate, on at least 10,000 rows."""
    parity = prove_parity(packaged, candidate, holdout)
    tell("prove", parity.told)
    return parity.judge()
