"""Many rows at once: the service's engine against the boosters' own time on ready matrices.

python -m benchmarks.bulk [PROJECT [VERSION]]

By default the version that would be deployed is asked; train it first. Everything runs in one
thread of one process; times are CPU times, alternating, and each is the median of its repetitions.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pyarrow as pa

from adapters import registry
from adapters.declaration import load
from adapters.inference.engine import BULK_FROM, Engine
from adapters.packaging import package
from adapters.stacks.activation import point_at_tracker
from adapters.stacks.environment import prepare
from benchmarks.measuring import ROOT
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.families import TreeModel
from lifecycle.serving.declaration import Serving
from lifecycle.serving.tables import inputs_of

SIZES = (1, 16, 64, 128, 256, 512, 1_000, 4_000, 16_000)


def served(
    project: str = "flights", version: str | None = None
) -> tuple[Candidate, Engine, pa.Table]:
    """Give a version of a project, packaged and loaded, and rows it has not seen."""
    prepare(ROOT)
    point_at_tracker("local", root=ROOT)
    number = registry.number_of(project, version or registry.standing(project))
    candidate = registry.candidate_of(project, number)
    data = load(project, root=ROOT).project.data
    packaged = package(candidate, registry.story_of(project, number), data, Serving())
    with tempfile.TemporaryDirectory() as name:
        engine = Engine.load(
            Path(name) / "package", manifest_sha256=packaged.write(Path(name) / "package")
        )
    return candidate, engine, registry.holdout_of(project, number)


def alternate(ways: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Run each way in turn, again and again; give the median of each in microseconds of CPU."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(repeats):
        for name, way in ways.items():
            began = time.process_time_ns()
            way()
            found[name].append((time.process_time_ns() - began) / 1e3)
    return {name: median(times) for name, times in found.items()}


def compare(candidate: Candidate, engine: Engine, table: pa.Table) -> None:
    """Print what each way takes for more and more rows."""
    trees = [model.booster for model in candidate.models if isinstance(model, TreeModel)]
    for booster in trees:
        booster.set_param({"nthread": 1})
    most = max(SIZES)
    table = pa.concat_tables([table] * -(-most // table.num_rows)).slice(0, most).combine_chunks()
    print(f"{candidate.family}; the engine goes by the boosters from {BULK_FROM} rows on")
    print("   rows   row graph    boosters   all in bulk: us CPU   bulk/boosters   bulk/row graph")
    for rows in SIZES:
        some = table.slice(0, rows)
        inputs = inputs_of(some, engine.manifest.layout)
        matrices = {one.view: one.transform(some) for one in candidate.state.features}

        def own(matrices: dict[str, object] = matrices) -> None:
            for booster in trees:
                booster.inplace_predict(matrices["trees"], predict_type="margin")

        took = alternate(
            {
                "rows": lambda inputs=inputs: engine.score_rows(inputs),
                "own": own,
                "bulk": lambda inputs=inputs: engine.score_bulk(inputs),
            },
            repeats=max(5, 4_000 // rows if rows > 1 else 500),
        )
        ratio = f"{took['bulk'] / took['own']:8.2f}" if trees else "       -"
        print(
            f"{rows:7,}{took['rows']:12,.0f}{took['own']:12,.0f}{took['bulk']:14,.0f}"
            f"{ratio:>24}{took['bulk'] / took['rows']:17.2f}",
            flush=True,
        )


if __name__ == "__main__":
    compare(*served(*sys.argv[1:]))
