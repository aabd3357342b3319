"""Run a pipeline for a project on a stack, and tell how it ended."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from adapters import provenance, registry
from adapters.clock import now
from adapters.declaration import LoadedProject
from adapters.stacks import runs
from adapters.stacks.activation import activate
from adapters.supervision.record import read_live
from lifecycle.errors import Refused
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Purpose, Story
from lifecycle.project.project import Project
from pipelines import PIPELINES


@dataclass(frozen=True)
class Ending:
    """How a training ended: its story as far as it got, its page, and its steps."""

    story: Story
    page: str
    run: runs.Run


def train(loaded: LoadedProject, *, stack: str, root: Path, reports: Path) -> bool:
    """Train a project and tell at the terminal how it ended; give whether it was registered."""
    ending = run("training", loaded, stack=stack, root=root)
    show(ending, reports=reports)
    return ending.story.end == "registered"


def show(ending: Ending, *, reports: Path) -> None:
    """Tell at the terminal how a training ended, and keep its page."""
    from rich.console import Console

    from adapters.terminal import keep, summarise

    path = keep(ending.page, ending.story, reports)
    if ending.run.cached:
        print(f"  cached    {', '.join(ending.run.cached)}")
    summarise(ending.story, report=str(path), console=Console())
    if ending.story.version is not None and ending.story.version.alias == registry.CHALLENGER:
        name = ending.story.name
        # Who has something that answers moves its traffic; deploying at once is the exception.
        how = "release" if read_live(reports.parent, name) is not None else "deployment"
        verb = {"release": "release", "deployment": "deploy"}[how]
        print(f"  {verb:<9} python run.py --pipeline {how} --project {name}")


def run(name: str, loaded: LoadedProject, *more: Any, stack: str, root: Path) -> Ending:
    """Train: run a pipeline that ends with a story, to its end.

    A refusal is an ending like any other; what broke is raised.

    Parameters
    ----------
    more
        What the pipeline takes besides what training does.
    """
    activate(stack, root=root)
    lineage = lineage_of(name, loaded, stack=stack, root=root)
    purpose = purpose_of(loaded)
    home = str(below(loaded.folder, root))
    done = launch(name, lineage.run, loaded.project, home, purpose, lineage, *more)
    found = runs.outputs(done)
    story = found["story"]() if "story" in found else _partial(loaded, purpose, lineage, found)
    page = found["report"]() if "report" in found else _render(story)
    return Ending(story=story, page=page, run=runs.tell(done))


def launch(name: str, called: str, project: Project, *inputs: Any) -> Any:
    """Run a pipeline for a project on the active stack; give ZenML's run of it.

    What a refused run leaves behind tells why, so a refusal is not raised any further.
    """
    options = pipeline_of(name).with_options(
        run_name=called, tags=[f"project:{project.name}"], enable_artifact_visualization=False
    )
    with suppress(Refused):
        options(project, *inputs)
    return runs.named(called)


def pipeline_of(name: str) -> Any:
    """Give a pipeline by its name."""
    module, _, attribute = PIPELINES[name].partition(":")
    return getattr(import_module(module), attribute)


def run_name(pipeline: str, project: str, started: datetime) -> str:
    """Name a run after what it does, for whom, and when it began."""
    return f"{pipeline}-{project}-{started:%Y%m%d-%H%M%S-%f}"


def below(folder: Path, root: Path) -> Path:
    """Name a folder relative to the root, which may lie elsewhere where a step runs."""
    return folder.relative_to(root) if folder.is_relative_to(root) else folder


def _render(story: Story) -> str:
    from adapters.report.page import render

    return render(story)


def purpose_of(loaded: LoadedProject) -> Purpose:
    """Say what a project is for, as it goes onto the card of a version."""
    about = loaded.project.about
    return Purpose(
        question=about.question, decision=about.decision, owner=about.owner, caveats=about.caveats
    )


def lineage_of(name: str, loaded: LoadedProject, *, stack: str, root: Path) -> Lineage:
    """Say what a run begins with: the declaration, the code, the packages, and when."""
    revision, dirty = provenance.commit(root)
    window = loaded.project.data.window
    return Lineage(
        project=loaded.project.name,
        run=run_name(name, loaded.project.name, datetime.now(UTC)),
        window_start=window.start.isoformat() if window.start else None,
        window_end=window.end.isoformat() if window.end else None,
        commit=revision,
        dirty=dirty,
        declaration=_declaration(loaded),
        declaration_fingerprint=loaded.fingerprint,
        python=provenance.python(),
        lock_fingerprint=provenance.lock_fingerprint(root),
        packages=provenance.packages(),
        seed=loaded.project.search.seed,
        stack=stack,
        started=now().isoformat(),  # what answers and what monitors live in the same time
    )


def _declaration(loaded: LoadedProject) -> str:
    """Tell the declaration as it was read, what the command line changed included."""
    changes = "".join(f"# changed by --set {change}\n" for change in loaded.overrides)
    return changes + loaded.source


def _partial(
    loaded: LoadedProject, purpose: Purpose, lineage: Lineage, found: dict[str, Any]
) -> Story:
    """Tell a run that was refused before there was a candidate, from what it left behind."""
    label = loaded.project.data.label
    reached = {name: found[name]() for name in ("intake", "checks") if name in found}
    return Story(
        name=loaded.project.name,
        purpose=purpose,
        label=label.column,
        task=label.task,
        positive=label.positive,
        lineage=lineage,
        **reached,
    )
