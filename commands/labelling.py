"""Truths that come later: `labels add`, `labels status`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.place import ROOT, opened_state

app = typer.Typer(help="Tell what became true, and see how much is known.", no_args_is_help=True)
Project = Annotated[str, typer.Option(help="Whose predictions.")]
Stack = Annotated[str, typer.Option(help="Whose registry.")]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file.")],
    project: Project = "flights",
    stack: Stack = "local",
    skip_faulty: Annotated[
        bool, typer.Option("--skip-faulty", help="Add the other rows where some are faulty.")
    ] = False,
) -> None:
    """Add labels from a file: request_id (and row), or the columns of the key; and the label."""
    state = opened_state()
    from adapters import clock
    from adapters.declaration import load
    from adapters.hosting import events_folder
    from adapters.labelling.contracts import standing_contract
    from adapters.labelling.files import add_file
    from adapters.labelling.recording import mask_for
    from adapters.labelling.terminal import print_added
    from adapters.stacks.activation import point_at_tracker

    declared = load(project, root=ROOT).project
    point_at_tracker(stack, root=ROOT)
    contract = standing_contract(declared, state=state)
    added = add_file(
        file,
        contract,
        folder=events_folder(state, declared.name),
        mask=mask_for(declared, contract, state=state),
        now=clock.now(),
        settings=declared.serving.events,
        skip_faulty=skip_faulty,
    )
    print_added(added, file.name)


@app.command()
def status(
    project: Project = "flights",
    stack: Stack = "local",
    windows: Annotated[int, typer.Option(min=1, max=366, help="How many of the latest.")] = 7,
    unmatched: Annotated[
        bool, typer.Option("--unmatched", help="Show labels that name nothing predicted.")
    ] = False,
) -> None:
    """Print for the latest windows how many predictions there were, and how many have a label."""
    state = opened_state()
    from adapters import clock
    from adapters.declaration import load
    from adapters.events.observing import unmatched_labels
    from adapters.hosting import events_folder
    from adapters.labelling.contracts import standing_contract
    from adapters.labelling.known import known
    from adapters.labelling.terminal import print_known, print_unmatched
    from adapters.stacks.activation import point_at_tracker

    declared, now = load(project, root=ROOT).project, clock.now()
    point_at_tracker(stack, root=ROOT)
    contract = standing_contract(declared, state=state)
    folder, length = events_folder(state, declared.name), declared.monitoring.window
    found = known(folder, contract, length=length, windows=windows, now=now)
    print_known(found, declared.name, declared.monitoring.labels.share)
    if unmatched and found:
        since, until = found[0].span.start, now
        print_unmatched(
            unmatched_labels(folder, contract, since=since, until=until, as_of=until), since
        )
