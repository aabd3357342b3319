"""BentoML with a pandas frame and the fitted model, as it leaves training."""

import os
from pathlib import Path
from typing import Any

import bentoml
import pandas as pd
import pyarrow as pa

from lifecycle.modeling.candidate import Candidate


@bentoml.service(traffic={"timeout": 10})
class Frames:
    def __init__(self) -> None:
        self.candidate = Candidate.load(Path(os.environ["PERENNIAL_CANDIDATE"]))

    @bentoml.api
    def predict(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"score": score(self.candidate, pd.DataFrame([row]))[0].tolist()}


def score(candidate: Candidate, frame: pd.DataFrame) -> Any:
    """Score a frame as it comes out of JSON."""
    from lifecycle.data.cast import cast

    columns = {
        name: cast(
            pa.chunked_array([pa.array(frame[name].tolist())]), candidate.state.schema_[name].type
        ).column
        for name in candidate.columns
    }
    return candidate.score(pa.table(columns))
