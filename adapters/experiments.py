"""MLflow's experiments: one run a registered training, every trial nested under it."""

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lifecycle.errors import RegistryError
from lifecycle.governance.story import Story
from lifecycle.modeling.trials import TrialRecord

PARENT = "mlflow.parentRunId"


@functools.lru_cache(maxsize=4)
def _client(uri: str) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(uri, uri)


def client() -> Any:
    """Give the MLflow client of the active stack's tracking server.

    Raises
    ------
    RegistryError
        If no stack has been activated in this process.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        raise RegistryError(
            "MLFLOW_TRACKING_URI is not set: no stack is active. Run through run.py, which "
            "activates one, or set it to the stack's tracking server."
        )
    return _client(uri)


def experiment(project: str) -> str:
    """Give the id of a project's experiment; it is made if it is not there yet."""
    from mlflow.exceptions import MlflowException

    mlflow = client()
    found = mlflow.get_experiment_by_name(project)
    if found is None:
        try:
            return str(mlflow.create_experiment(project, artifact_location=_embedded_folder()))
        except MlflowException:  # another process was quicker
            found = mlflow.get_experiment_by_name(project)
    return str(found.experiment_id)


def _embedded_folder() -> str | None:
    """Files beside an embedded database; a server knows its own place."""
    uri = os.environ["MLFLOW_TRACKING_URI"]
    if not uri.startswith("sqlite:///"):
        return None
    return (Path(uri.removeprefix("sqlite:///")).parent / "mlflow").as_uri()


def log_run(story: Story, *, tags: dict[str, str]) -> str:
    """Write a training with its figures, and every trial below it; give the run's id."""
    from mlflow.entities import Metric, Param, RunTag

    mlflow = client()
    where = experiment(story.name)
    run = mlflow.create_run(where, run_name=story.lineage.run, tags=tags).info
    evaluation, search = story.evaluation, story.search
    measures = evaluation.measures if evaluation else ()
    params = {"winner": search.winner, **search.winner_params} if search else {}
    mlflow.log_batch(
        run.run_id,
        metrics=[Metric(found.metric, found.value, run.start_time, 0) for found in measures],
        params=[Param(name, str(value)) for name, value in params.items()],
        tags=[RunTag("perennial.verdicts", "; ".join(_lines(story)))],
    )
    for trial in search.trials if search else ():
        _log_trial(where, run.run_id, trial)
    return str(run.run_id)


def _lines(story: Story) -> Iterable[str]:
    return (f"{verdict.rule}: {verdict.outcome.value}" for verdict in story.gates)


def _log_trial(where: str, parent: str, trial: TrialRecord) -> None:
    from mlflow.entities import Metric, Param

    mlflow = client()
    run = mlflow.create_run(
        where, run_name=f"trial {trial.number}: {trial.family}", tags={PARENT: parent}
    ).info
    metrics = [
        Metric("fold_loss", loss, run.start_time, fold)
        for fold, loss in enumerate(trial.fold_losses)
    ]
    metrics.append(Metric("seconds", trial.seconds, run.start_time, 0))
    if trial.loss is not None:
        metrics.append(Metric("loss", trial.loss, run.start_time, 0))
    params = {"family": trial.family, "state": trial.state, **trial.params}
    mlflow.log_batch(
        run.run_id,
        metrics=metrics,
        params=[Param(name, str(value)) for name, value in params.items()],
    )
    ended = "FINISHED" if trial.state in ("complete", "pruned") else "KILLED"
    mlflow.set_terminated(run.run_id, status=ended)
