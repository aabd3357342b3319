"""The command line of Perennial."""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from adapters.stacks.environment import STATE, prepare, state
from lifecycle.errors import PerennialError, ProjectError, StackError

ROOT = Path(__file__).resolve().parent
REGISTERED, BROKE, MISUSED, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    pipeline: Annotated[str | None, typer.Option(help="Which pipeline to run.")] = None,
    project: Annotated[str, typer.Option(help="Which project to run it for.")] = "flights",
    stack: Annotated[str, typer.Option(help="Where it runs.")] = "local",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a declared value: search.trials=20. May be repeated."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--list", help="Show pipelines, projects and stacks.")
    ] = False,
) -> None:
    """Keep a tabular model alive: train, judge, register.

    Exit status: 0 done, 1 something broke, 2 misused, 3 refused by a check or a gate,
    130 interrupted.
    """
    if context.invoked_subcommand is not None:
        return
    if everything:
        _list()
    elif pipeline is None:
        print(context.get_help())
    else:
        _leave(_run(pipeline, project, stack, changes or []))


@app.command()
def schema() -> None:
    """Print the JSON Schema of a declaration."""
    import json

    from adapters.declaration import json_schema

    print(json.dumps(json_schema(), indent=2))


@app.command()
def init(
    table: Annotated[Path, typer.Argument(help="A csv or parquet file, or a folder of them.")],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    name: Annotated[str | None, typer.Option(help="Name of the project.")] = None,
) -> None:
    """Write a commented first draft of a project from a table."""
    from adapters.drafting import init as draft

    path = draft(table, target, name=name, root=ROOT)
    print(f"Wrote {path}.")
    _tell_left_out(path)
    print("Read it, then:")
    print(f"  python run.py --pipeline training --project {path.parent.name}")


@app.command()
def show(
    version: Annotated[str, typer.Argument(help="A number, or challenger, or champion.")],
    project: Annotated[str, typer.Option(help="Whose version.")] = "flights",
    stack: Annotated[str, typer.Option(help="Whose registry.")] = "local",
) -> None:
    """Print where a version came from, and what was found about it."""
    folder = _state()
    from rich.console import Console

    from adapters.declaration import find
    from adapters.registry import story_of
    from adapters.stacks.activation import point_at_tracker
    from adapters.terminal import origin, place, summarise

    find(project, root=ROOT)
    point_at_tracker(stack, root=ROOT)
    story, console = story_of(project, version), Console()
    number = story.version.number if story.version else None
    page = place(folder / "reports", story.name, number)
    summarise(story, report=str(page) if page.exists() else None, console=console)
    origin(story.lineage, console=console)


def _tell_left_out(declaration: Path) -> None:
    from adapters.declaration import load
    from lifecycle.data.declaration import Role

    schema = load(str(declaration), root=ROOT).project.columns
    for role, why in (
        (Role.LEAK, "look like the answer itself"),
        (Role.PERSONAL, "look like personal data"),
        (Role.IGNORE, "can teach nothing"),
    ):
        if names := schema.names(role):
            print(f"  not features, because they {why}: {', '.join(map(repr, names))}")


def _list() -> None:
    from adapters.declaration import projects
    from adapters.stacks.file import stacks
    from pipelines import PIPELINES

    for kind, names in (
        ("pipelines", tuple(PIPELINES)),
        ("projects", tuple(found.name for found in projects(ROOT))),
        ("stacks", stacks(ROOT)),
    ):
        print(f"{kind:<10} {', '.join(names)}")


def _run(pipeline: str, project: str, stack: str, changes: list[str]) -> int:
    from adapters.declaration import load
    from adapters.stacks.file import load as load_stack
    from lifecycle.errors import suggest
    from pipelines import PIPELINES

    if pipeline not in PIPELINES:
        raise ProjectError(f'There is no pipeline "{pipeline}". {suggest(pipeline, PIPELINES)}')
    load_stack(stack, root=ROOT)
    loaded = load(project, root=ROOT, overrides=changes)
    folder = _state()
    print(f"{pipeline} {loaded.project.name} on {stack}", flush=True)
    try:
        from pipelines.running import run

        ending = run(pipeline, loaded, stack=stack, root=ROOT)
    except KeyboardInterrupt:
        print("\nInterrupted. Running it again continues with what is finished.", file=sys.stderr)
        return INTERRUPTED
    return _tell(ending, folder)


def _state() -> Path:
    try:
        return prepare(ROOT)
    except OSError as error:
        raise StackError(
            f"The state folder {state(ROOT)} cannot be used ({error.strerror}). "
            f"Point ${STATE} at a folder that can be written."
        ) from error


def _tell(ending: "Ending", folder: Path) -> int:  # noqa: F821  (its module is heavy)
    from rich.console import Console

    from adapters.terminal import keep, summarise

    path = keep(ending.page, ending.story, folder / "reports")
    if ending.run.cached:
        print(f"  cached    {', '.join(ending.run.cached)}")
    summarise(ending.story, report=str(path), console=Console())
    return REGISTERED if ending.story.end == "registered" else REFUSED


def _leave(status: int) -> NoReturn:
    """End the process at once: all is written, and taking it apart object by object takes 1.4 s."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def command() -> int:
    """Run the command line; errors people are meant to read are printed as they are."""
    # Imports leave a million objects that live as long as the process. Looking for garbage among
    # them took a fifth of a cached run.
    gc.set_threshold(100_000, 50, 50)
    try:
        app(standalone_mode=True)
    except (ProjectError, StackError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return MISUSED
    except PerennialError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return BROKE
    return 0


if __name__ == "__main__":
    sys.exit(command())
