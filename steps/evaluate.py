"""Take all evidence about the candidate."""

import time
from typing import Annotated

import pyarrow as pa
from zenml import step

from lifecycle.data.declaration import Data, Schema
from lifecycle.evaluation.evaluate import evaluate as measure
from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.metric_names import metric_title
from lifecycle.evaluation.plan import EvaluationPlan
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.incumbent import Incumbent
from lifecycle.modeling.trials import SearchRecord
from steps.caching import caching
from steps.progress import tell


@step(cache_policy=caching(__file__))
def evaluate(
    candidate: Candidate,
    incumbent: Incumbent,
    train: pa.Table,
    test: pa.Table,
    schema: Schema,
    search: SearchRecord,
    data: Data,
    plan: EvaluationPlan,
    seed: int,
) -> Annotated[Evaluation, "evaluation"]:
    """Measure the candidate on the test rows, once, beside baselines and the incumbent."""
    evaluation = measure(
        candidate,
        test,
        train,
        data=data,
        schema=schema,
        plan=plan,
        champion=incumbent.candidate,
        champion_version=incumbent.version,
        record=search,
        seed=seed,
        clock=time.perf_counter,
    )
    primary = evaluation.measure(evaluation.primary)
    figure = (
        f"{metric_title(evaluation.primary)} {primary.value:.4f}"
        if primary
        else "no primary figure"
    )
    tell("evaluate", f"{figure} on {evaluation.rows:,} test rows")
    return evaluation
