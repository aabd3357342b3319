"""The same model as an MLflow model, for `mlflow models serve`."""

import os
import sys
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd

from benchmarks.rivals.frames import score
from lifecycle.modeling.candidate import Candidate


class Tracked(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def load_context(self, context: Any) -> None:
        self.candidate = Candidate.load(Path(os.environ["PERENNIAL_CANDIDATE"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        return score(self.candidate, model_input).tolist()


if __name__ == "__main__":
    mlflow.pyfunc.save_model(sys.argv[1], python_model=Tracked())
