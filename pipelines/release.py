"""From a registered version to one that live traffic moves to, step by step."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from lifecycle.project.project import Project
from steps import presence  # noqa: F401  (a cached result counts while its artifacts exist)
from steps.begin import begin
from steps.build import build
from steps.fetch import fetch
from steps.package import package
from steps.prove import prove
from steps.smoke import smoke
from steps.start import start


@pipeline(
    enable_artifact_metadata=False,
    enable_heartbeat=False,
    execution_mode=ExecutionMode.FAIL_FAST,
)
def release(project: Project, version: str, home: str, number: int, stack: str) -> None:
    """From a registered version to one that runs beside the champion, and its first traffic.

    What follows takes minutes or weeks and is looked after by a process of its own, the
    conductor; each of its moves is in the ledger.
    """
    name, serving = project.name, project.serving
    shadow = number if project.release.strategy == "shadow" else 0
    candidate, story, holdout = fetch(name, version)
    packaged = package(candidate, story, project.data, serving)
    parity = prove(packaged, candidate, holdout)
    built = build(packaged, parity, serving)
    place = start(built, serving, name, home, project.release.told_unit, shadow)
    checked = smoke(place, packaged, candidate, holdout, serving, shadow)
    begin(place, checked, built, project, number, home, stack)
