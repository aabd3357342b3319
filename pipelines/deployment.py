"""From a registered version to one that answers."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from lifecycle.project.project import Project
from steps import presence  # noqa: F401  (a cached result counts while its artifacts exist)
from steps.build import build
from steps.fetch import fetch
from steps.package import package
from steps.promote import promote
from steps.prove import prove
from steps.smoke import smoke
from steps.start import start


@pipeline(
    enable_artifact_metadata=False,
    enable_heartbeat=False,
    execution_mode=ExecutionMode.FAIL_FAST,
)
def deployment(project: Project, version: str, home: str, by: str) -> None:
    """From a registered version to one that answers, and was seen to answer rightly."""
    name, serving = project.name, project.serving
    candidate, story, holdout = fetch(name, version)
    packaged = package(candidate, story, project.data, serving)
    parity = prove(packaged, candidate, holdout)
    built = build(packaged, parity, serving)
    unit = project.release.told_unit
    place = start(built, serving, name, home, unit, 0)
    checked = smoke(place, packaged, candidate, holdout, serving, 0)
    promote(place, checked, built, serving, name, version, home, unit, by)
