"""A cached result counts only while its artifacts are still there."""

from datetime import UTC, datetime

from zenml.client import Client
from zenml.models import StepRunResponse, StepRunUpdate
from zenml.orchestrators import cache_utils

_find = cache_utils.get_cached_step_run


def find_whole(cache_key: str) -> StepRunResponse | None:
    """Find the cached step run whose outputs all exist; expire the ones that lost some.

    ZenML looks for a cached run in its database alone, and would hand a deleted artifact to
    the next step.
    """
    while (found := _find(cache_key)) is not None:
        if _is_whole(found):
            return found
        update = StepRunUpdate(cache_expires_at=datetime.now(UTC).replace(tzinfo=None))
        Client().zen_store.update_run_step(found.id, update)
    return None


def _is_whole(found: StepRunResponse) -> bool:
    store = Client().active_stack.artifact_store
    return all(
        store.exists(artifact.uri) and bool(store.listdir(artifact.uri))
        for artifacts in found.outputs.values()
        for artifact in artifacts
    )


cache_utils.get_cached_step_run = find_whole
