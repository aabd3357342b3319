"""What is decided about retraining: `decisions`, `approve`, `reject`."""

from typing import Annotated

import typer

from commands.place import ROOT, named, opened_state, who

Project = Annotated[str, typer.Option(help="Whose.")]
By = Annotated[str | None, typer.Option(help="Who says so; by default whoever is logged in.")]
Stack = Annotated[str, typer.Option(help="Whose registry.")]


def decisions(
    project: Project = "flights",
    most: Annotated[int, typer.Option(help="How many, the newest.")] = 10,
) -> None:
    """Print what was decided about retraining, the negative decisions as well."""
    folder = opened_state()
    from rich.console import Console

    from adapters.monitoring_terminal import print_decision
    from adapters.records import Records

    name = named(project, folder)
    with Records.open(folder) as records:
        found = records.decisions(name, most)
    for decision in found:
        print_decision(decision, Console())
    if not found:
        print(f"Nothing was decided yet: python run.py --pipeline retraining --project {name}")


def approve(
    project: Project = "flights",
    by: By = None,
    why: Annotated[str, typer.Option(help="What is written down with it.")] = "",
    stack: Stack = "local",
) -> None:
    """Say yes to the successor that has won and waits, and deploy it."""
    folder = opened_state()
    from adapters.declaration import load
    from adapters.stacks.activation import activate
    from pipelines.approving import approve as say_yes

    activate(stack, root=ROOT)
    loaded = load(project, root=ROOT)
    say_yes(loaded, by=by or who(), why=why, stack=stack, root=ROOT, state=folder)


def reject(
    project: Project = "flights",
    by: By = None,
    why: Annotated[str, typer.Option(help="What is written down with it.")] = "",
    stack: Stack = "local",
) -> None:
    """Say no to the successor that has won and waits; the champion stays."""
    folder = opened_state()
    from adapters.stacks.activation import point_at_tracker
    from pipelines.approving import reject as say_no

    point_at_tracker(stack, root=ROOT)
    say_no(named(project, folder), by=by or who(), why=why, state=folder)
