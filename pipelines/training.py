"""From declared tables to a judged, registered version."""

from typing import Any

from zenml import pipeline
from zenml.enums import ExecutionMode

from lifecycle.evaluation.plan import plan_for
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Purpose
from lifecycle.project.project import Project
from steps import presence  # noqa: F401  (a cached result counts while its artifacts exist)
from steps.admit import admit
from steps.challenge import challenge
from steps.check import check
from steps.conclude import conclude
from steps.describe import describe
from steps.divide import divide
from steps.evaluate import evaluate
from steps.ingest import ingest
from steps.judge import judge
from steps.recall import recall
from steps.register import register
from steps.report import report
from steps.tune import tune


@pipeline(
    enable_artifact_metadata=False,
    enable_heartbeat=False,
    execution_mode=ExecutionMode.FAIL_FAST,
)
def training(project: Project, home: str, purpose: Purpose, lineage: Lineage) -> None:
    """From declared data to a judged candidate in the registry."""
    _, verdicts, page = learn(project, project.data, project.split, home, purpose, lineage)
    conclude(verdicts, page)


def learn(
    project: Project, data: Any, split: Any, home: str, purpose: Purpose, lineage: Any
) -> tuple[Any, Any, Any]:
    """Put the steps from rows to a version into their order.

    Parameters
    ----------
    data, split, lineage
        Declared, or what an earlier step has made of what is declared.

    Returns
    -------
    story, verdicts, page
        What `conclude` needs, and whoever has to do something before it.
    """
    # ZenML unpacks a parameter that is a root model, and stumbles: what is inside is handed on.
    search, columns = project.search, project.columns.root
    plan = plan_for(
        project.gates,
        project.evaluation,
        task=project.data.label.task,
        primary=search.metric_for(project.data.label.task),
        group=project.split.column if project.split.by == "group" else None,
    )
    table, schema, intake = ingest(data, columns, home)
    reference = recall(intake, project.name)
    checks = check(table, intake, reference, columns, data, project.checks)
    cut = admit(table, checks, data, split, project.name)
    train, test, partition = divide(table, cut, data, split)
    description, profile, usual = describe(train, test, schema, partition, data)
    candidate, trials = tune(train, schema, data, split, project.features, search)
    incumbent = challenge(candidate, project.name)
    evaluation = evaluate(
        candidate, incumbent, train, test, schema, trials, data, plan, search.seed
    )
    verdicts = judge(evaluation, project.gates.root)
    story = register(
        candidate, profile, usual, test, schema, intake, checks, description, trials, evaluation,
        verdicts, data, purpose, lineage,
    )  # fmt: skip
    return story, verdicts, report(story)
