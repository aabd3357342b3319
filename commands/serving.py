"""Versions that answer: `serve`, `status`, `resume`, `stop`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.place import ROOT, named, opened_state, who

Project = Annotated[str, typer.Option(help="Whose version.")]


def serve(
    project: Project = "flights",
    version: Annotated[
        list[str] | None,
        typer.Option(
            help="A number, champion or challenger, by default what stands. Several, each with "
            "its share of the requests: --version 3=90% --version 4=10%."
        ),
    ] = None,
    stack: Annotated[str, typer.Option(help="Whose registry.")] = "local",
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change a declared value for this time.")
    ] = None,
) -> None:
    """Serve one version or more behind a router in the foreground, until Ctrl-C."""
    folder = opened_state()
    from adapters.declaration import load
    from adapters.foreground.serving import serve as run
    from adapters.stacks.activation import point_at_tracker

    loaded = load(project, root=ROOT, overrides=changes or [])
    point_at_tracker(stack, root=ROOT)
    run(loaded, wanted=version or (), root=ROOT, state=folder)


def status() -> None:
    """Print what is deployed, whether it answers, and since when."""
    folder = opened_state()
    from rich.console import Console

    from adapters.release_terminal import print_open
    from adapters.releasing.standing import open_releases
    from adapters.serving_terminal import print_status
    from adapters.surveying import survey

    console = Console()
    print_status(survey(folder), console=console)
    for found in open_releases(folder):
        print_open(*found, console=console)


def resume() -> None:
    """Begin again what was deployed before the machine went down."""
    folder = opened_state()
    from rich.console import Console

    from adapters.releasing.resuming import take_up
    from adapters.serving_terminal import print_status
    from adapters.supervision import Supervisor
    from adapters.surveying import survey

    Supervisor(folder).resume()
    for name in take_up(folder, root=ROOT):
        print(f"The release of {name} goes on.")
    print_status(survey(folder), console=Console())


def stop(
    project: Annotated[str | None, typer.Option(help="Whose service.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All services, of all.")] = False,
) -> None:
    """Stop what is deployed, without losing a request."""
    folder = opened_state()
    from adapters.promotion import alone, take_away
    from adapters.surveying import survey
    from lifecycle.errors import ProjectError, suggest

    running = {found.project for found in survey(folder)}
    if everything:
        wanted = sorted(running)
    elif project is None:
        raise ProjectError(f"Say which: --project NAME, or --all. {suggest('', running)}")
    else:
        is_path = Path(project).name != project
        wanted = [named(project, folder) if is_path else project]
    for name in wanted:
        if name not in running:
            raise ProjectError(f'Nothing of "{name}" is deployed. {suggest(name, running)}')
        with alone(name, state=folder):
            take_away(name, by=who(), state=folder)
        print(f"Stopped {name}.")
    if not wanted:
        print("Nothing is deployed.")
