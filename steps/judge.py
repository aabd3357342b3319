"""Judge the evidence."""

from typing import Annotated

from zenml import step

from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.gates import Gate
from lifecycle.evaluation.gates import judge as hold
from lifecycle.verdict import Verdicts
from steps.caching import caching
from steps.progress import tell


@step(cache_policy=caching(__file__))
def judge(evaluation: Evaluation, gates: tuple[Gate, ...]) -> Annotated[Verdicts, "verdicts"]:
    """Hold the evaluation against every gate of the project."""
    verdicts = hold(gates, evaluation)
    tell("judge", f"{len(verdicts)} gates, {len(verdicts.blocking)} blocking")
    return verdicts
