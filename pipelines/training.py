"""From declared tables to a judged, registered version."""

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
    # ZenML unpacks a parameter that is a root model, and stumbles: what is inside is handed on.
    data, search, columns = project.data, project.search, project.columns.root
    plan = plan_for(
        project.gates,
        project.evaluation,
        task=data.label.task,
        primary=search.metric_for(data.label.task),
        group=project.split.column if project.split.by == "group" else None,
    )
    table, schema, intake = ingest(data, columns, home)
    reference = recall(intake, project.name)
    checks = check(table, intake, reference, columns, data, project.checks)
    cut = admit(table, checks, data, project.split, project.name)
    train, test, partition = divide(table, cut, data, project.split)
    description, profile = describe(train, test, schema, partition, data)
    candidate, trials = tune(train, schema, data, project.split, project.features, search)
    incumbent = challenge(candidate, project.name)
    evaluation = evaluate(
        candidate, incumbent, train, test, schema, trials, data, plan, search.seed
    )
    verdicts = judge(evaluation, project.gates.root)
    story = register(
        candidate, profile, test, schema, intake, checks, description, trials, evaluation, verdicts,
        data, purpose, lineage,
    )  # fmt: skip
    page = report(story)
    conclude(verdicts, page)
