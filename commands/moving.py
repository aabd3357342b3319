"""Moving traffic back, and looking after a release: `rollback`, `conduct`."""

import contextlib
import gc
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.place import ROOT, named, opened_state, who
from lifecycle.errors import ProjectError

if TYPE_CHECKING:
    from lifecycle.project.project import Project


def rollback(
    project: Annotated[str, typer.Option(help="Whose traffic.")] = "flights",
    by: Annotated[
        str | None, typer.Option(help="Who says so; by default whoever is logged in.")
    ] = None,
    why: Annotated[str, typer.Option(help="What is written down with it.")] = "",
    further: Annotated[
        bool, typer.Option("--further", help="Go back even if that was just done.")
    ] = False,
    stack: Annotated[str, typer.Option(help="Whose registry.")] = "local",
) -> None:
    """Send requests where they went before the version came that answers now.

    While a release goes on, it ends it. The version is not released again without a new decision:
    run.py readmit.
    """
    began = time.monotonic()
    folder = opened_state()
    from adapters.records import Records
    from adapters.releasing.restarting import restarting
    from adapters.releasing.undoing import roll_back

    name = named(project, folder)
    with Records.open(folder) as records:
        moved = roll_back(
            name,
            by=by or who(),
            why=why or "It was taken back by hand.",
            records=records,
            state=folder,
            restart=restarting(lambda: _declared(project, name, folder), state=folder),
            is_further=further,
        )
        plan = moved.after
        version = plan.target(moved.main).version if plan and moved.main else "nobody"
        took = time.monotonic() - began
        print(f"✓ {name}: version {version} answers again, after {took:.2f} s.", flush=True)
        if moved.kind == "roll back":
            print(f"  Version {moved.version} is not released again without a new decision:")
            again = f"--project {name} --version {moved.version}"
            print(f'  python run.py readmit {again} --why "..."', flush=True)
        print("  Requests that were begun are finished, and the registry is told ...", flush=True)
        _settle(name, folder, stack)


def conduct(
    project: Annotated[str, typer.Option(help="Whose release.")],
) -> None:
    """Look after the release that goes on, until it has ended. A release begins this by itself."""
    folder = opened_state()
    import logging

    from adapters import registry
    from adapters.clockwork import when_told_to_end
    from adapters.records import Records
    from adapters.releasing.conducting import Stage
    from adapters.releasing.conducting import conduct as look_after
    from adapters.releasing.context import read_context
    from adapters.releasing.restarting import restarting
    from adapters.stacks.activation import point_at_tracker

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("perennial").setLevel(logging.INFO)
    context = read_context(project, state=folder)
    point_at_tracker(context.stack, root=ROOT)
    # What is loaded by now stays; looking for garbage among it would make every other look late.
    gc.collect()
    gc.freeze()
    until = threading.Event()
    with Records.open(folder) as records, when_told_to_end(until.set):
        stage = Stage(
            state=folder,
            records=records,
            registry=registry,
            restart=restarting(lambda: (context.project, Path(context.home)), state=folder),
            reports=folder / "reports",
        )
        look_after(project, stage, until=until)


def _declared(project: str, name: str, folder: Path) -> "tuple[Project, Path]":
    """Give a project as it is declared, or as it was when it was last released."""
    from adapters.declaration import load
    from adapters.releasing.context import ContextError, read_context

    try:
        loaded = load(project, root=ROOT)
        return loaded.project, loaded.folder
    except ProjectError:
        with contextlib.suppress(ContextError):
            context = read_context(name, state=folder)
            return context.project, Path(context.home)
        raise


def _settle(project: str, folder: Path, stack: str) -> None:
    """Do what follows from the move, once users are answered as before."""
    from adapters import registry
    from adapters.records import Records
    from adapters.releasing.keeping import tell_ending
    from adapters.releasing.moving import settle
    from adapters.stacks.activation import point_at_tracker

    point_at_tracker(stack, root=ROOT)
    with Records.open(folder) as records:
        settle(project, records=records, state=folder, registry=registry)
        tell_ending(project, records=records, state=folder, reports=folder / "reports")
