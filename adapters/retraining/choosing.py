"""The rows of the longest window, brought in to choose by; see `lifecycle.retraining.comparing`."""

import os
from pathlib import Path

import pyarrow as pa

from adapters.warehouse import gather
from lifecycle.data.conform import conform
from lifecycle.data.declaration import Data, Schema
from lifecycle.evaluation.plan import EvaluationPlan, plan_for
from lifecycle.modeling.candidate import CandidateState
from lifecycle.project.project import Project
from lifecycle.retraining.aiming import Aim
from lifecycle.retraining.comparing import choose_window
from lifecycle.retraining.decision import WindowChoice

MOST_ROWS = 100_000
"""The longest window is thinned to so many rows, the others alike. On flights as of 1 December that
took 7 CPU seconds in place of 29, and the choice was the same (`benchmarks.windows`)."""


def choose(
    project: Project,
    aimed: Aim,
    champion: CandidateState,
    *,
    home: Path,
    dropped: tuple[str, ...] = (),
    threads: int | None = None,
    most_rows: int | None = MOST_ROWS,
) -> WindowChoice:
    """Bring the rows in and choose among the declared windows; see `choose_window`.

    Parameters
    ----------
    aimed
        Of the longest window: `aim(...)` as it is by default where evidence chooses.
    home
        The project's folder.
    dropped
        Features the champion's selection left out: `story.search.dropped`.
    """
    rows = bring_in(aimed.data, project.columns, home=home)
    return choose_window(
        rows,
        aimed,
        champion,
        project.retraining,
        features=project.features,
        search=project.search,
        plan=plan_of(project),
        dropped=dropped,
        threads=threads or project.search.threads or os.cpu_count() or 1,
        most_rows=most_rows,
    )


def bring_in(data: Data, columns: Schema, *, home: Path) -> pa.Table:
    """Bring rows in as training does, with every column in its declared type."""
    raw, _ = gather(data, columns, home=home)
    return conform(raw, columns, data)[0]


def plan_of(project: Project) -> EvaluationPlan:
    """Say what candidates of a project are measured by, as in training."""
    task = project.data.label.task
    return plan_for(
        project.gates,
        project.evaluation,
        task=task,
        primary=project.search.metric_for(task),
        group=project.split.column if project.split.by == "group" else None,
    )
