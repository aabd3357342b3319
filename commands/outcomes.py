"""What users did after they were answered: `outcomes add`, `outcomes status`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.place import ROOT, named, opened_state

app = typer.Typer(help="Tell what came of answers, for A/B tests.", no_args_is_help=True)
Project = Annotated[str, typer.Option(help="Whose answers they came of.")]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A CSV, Parquet or JSON-lines file.")],
    project: Project = "flights",
) -> None:
    """Add outcomes from a file: name, unit or request_id; perhaps value, id, happened_at."""
    state = opened_state()
    from adapters import clock
    from adapters.declaration import load
    from adapters.hosting import events_folder
    from adapters.outcomes.files import add_file
    from adapters.outcomes.masking import unit_mask_for
    from adapters.outcomes.terminal import print_added

    declared = load(project, root=ROOT).project
    added = add_file(
        file,
        folder=events_folder(state, declared.name),
        mask=unit_mask_for(declared, state=state),
        now=clock.now(),
        settings=declared.serving.events,
    )
    print_added(added, file.name)


@app.command()
def status(project: Project = "flights") -> None:
    """Print how many outcomes were told of each name, and when the last one was."""
    state = opened_state()
    from adapters.hosting import events_folder
    from adapters.outcomes.reading import overview
    from adapters.outcomes.terminal import print_overview

    name = named(project, state)
    print_overview(overview(events_folder(state, name)), name)
