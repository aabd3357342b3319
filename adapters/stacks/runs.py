"""What became of a run: its steps, and what they left behind."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Run(BaseModel):
    """A finished run, whichever way it ended.

    Parameters
    ----------
    cached, ran
        Names of its steps that were taken from the cache, and that ran.
    failed
        Name of the step that failed, if one did.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    cached: tuple[str, ...]
    ran: tuple[str, ...]
    failed: str | None = None


def named(name: str) -> Any:
    """Give ZenML's run of a name, with the steps it has by now."""
    from zenml.client import Client

    return Client().get_pipeline_run(name, allow_name_prefix_match=False)


def tell(run: Any) -> Run:
    """Sort the steps of ZenML's run by what became of them."""
    steps = {name: step.status.value for name, step in run.steps.items()}
    return Run(
        name=run.name,
        cached=tuple(name for name, status in steps.items() if status == "cached"),
        ran=tuple(name for name, status in steps.items() if status == "completed"),
        failed=next((name for name, status in steps.items() if status == "failed"), None),
    )


def outputs(run: Any) -> dict[str, Any]:
    """Give a loader for every artifact the run's steps left, by the artifact's name."""
    return {
        name: artifacts[0].load
        for step in run.steps.values()
        for name, artifacts in step.outputs.items()
        if artifacts
    }
