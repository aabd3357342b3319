"""A pipeline that does nothing, for its cost: python -m benchmarks.trivial STEPS."""

import sys
from pathlib import Path

from adapters.stacks.environment import prepare

ROOT = Path(__file__).resolve().parent.parent
prepare(ROOT)

from zenml import pipeline, step  # noqa: E402  (reads its environment when imported)


@step(enable_cache=False)
def one_more(value: int) -> int:
    """Add one."""
    return value + 1


@pipeline(enable_artifact_metadata=False, enable_heartbeat=False)
def chain(steps: int) -> None:
    """Add one, so many times."""
    value = 0
    for _ in range(steps):
        value = one_more(value)


if __name__ == "__main__":
    from adapters.stacks.activation import activate
    from benchmarks import trivial

    activate("local", root=ROOT)
    trivial.chain.with_options(enable_artifact_visualization=False)(int(sys.argv[1]))
