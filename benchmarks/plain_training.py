"""The same training as the pipeline, as a plain Python script: no ZenML, no MLflow.

python -m benchmarks.plain_training PROJECT [CHANGE ...]
"""

import sys
import tempfile
import time
from pathlib import Path

from adapters import profiles, studies
from adapters.declaration import load
from adapters.report.page import render
from adapters.warehouse import gather
from lifecycle.data.conform import conform, resolve
from lifecycle.data.declaration import TimeSplit
from lifecycle.data.describe import describe
from lifecycle.data.rules import check
from lifecycle.data.split import choose_cut, split
from lifecycle.evaluation.evaluate import evaluate
from lifecycle.evaluation.gates import judge
from lifecycle.evaluation.plan import plan_for
from lifecycle.governance.card import model_card
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Story

ROOT = Path(__file__).resolve().parent.parent


def train(name: str, changes: list[str]) -> Story:
    loaded = load(name, root=ROOT, overrides=changes)
    project = loaded.project
    data, search = project.data, project.search
    raw, intake = gather(data, project.columns, home=loaded.folder)
    table, _, _ = conform(raw, project.columns, data)
    schema = resolve(raw, project.columns, data)
    checks = check(table, intake, schema, data, project.checks)
    cut = choose_cut(table, data, project.split) if isinstance(project.split, TimeSplit) else None
    parts = split(table, data, project.split, cut=cut)
    description = describe(parts.train, parts.test, schema, data)
    profile = profiles.profile(parts.train, schema)
    candidate, record = studies.search(
        parts.train, data=data, schema=schema, split=project.split, features=project.features,
        search=search, storage=None, study="plain",
    )  # fmt: skip
    plan = plan_for(
        project.gates, project.evaluation, task=data.label.task,
        primary=search.metric_for(data.label.task),
        group=project.split.column if project.split.by == "group" else None,
    )  # fmt: skip
    evaluation = evaluate(
        candidate, parts.test, parts.train, data=data, schema=schema, plan=plan, champion=None,
        champion_version=None, record=record, seed=search.seed, clock=time.perf_counter,
    )  # fmt: skip
    story = Story(
        name=project.name, label=data.label.column, task=data.label.task, intake=intake,
        checks=checks, description=description, search=record, evaluation=evaluation,
        gates=judge(project.gates, evaluation), lineage=Lineage(project=project.name, run="plain"),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        candidate.save(Path(folder))
        (Path(folder) / "profile.bin").write_bytes(profile)
        (Path(folder) / "card.md").write_text(model_card(story))
        (Path(folder) / "report.html").write_text(render(story))
    return story


if __name__ == "__main__":
    told = train(sys.argv[1], sys.argv[2:])
    assert told.evaluation is not None
    for found in told.evaluation.measures:
        print(f"{found.metric:<20} {found.value:.4f}")
