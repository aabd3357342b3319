"""The command line of Perennial."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

from commands import (
    alerting,
    deciding,
    declaring,
    labelling,
    moving,
    outcomes,
    releasing,
    rendering,
    serving,
    tokens,
    tracing,
    watching,
)
from commands.place import ROOT, opened_state, who
from lifecycle.errors import PerennialError, ProjectError, Refused, StackError

if TYPE_CHECKING:
    from adapters.declaration import LoadedProject

DONE, BROKE, MISUSED, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
for command_of in (
    declaring.init,
    declaring.schema,
    tracing.show,
    tracing.trace,
    serving.serve,
    serving.status,
    serving.resume,
    serving.stop,
    releasing.releases,
    releasing.readmit,
    moving.rollback,
    moving.conduct,
    rendering.render,
    watching.watch,
    deciding.decisions,
    deciding.approve,
    deciding.reject,
):
    app.command()(command_of)
app.add_typer(tokens.app, name="token")
app.add_typer(labelling.app, name="labels")
app.add_typer(outcomes.app, name="outcomes")
app.add_typer(alerting.app, name="alerts")


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    pipeline: Annotated[str | None, typer.Option(help="Which pipeline to run.")] = None,
    project: Annotated[str, typer.Option(help="Which project to run it for.")] = "flights",
    stack: Annotated[str, typer.Option(help="Where it runs.")] = "local",
    version: Annotated[
        str | None,
        typer.Option(
            help="deployment, release: which version, by number or alias; else the challenger."
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(help="release: blue-green, canary, shadow or ab; else as is declared."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="retraining: who asks for it by hand, whatever the policy says; deployment, "
            "release: who it is done by, else whoever is logged in."
        ),
    ] = "",
    why: Annotated[str, typer.Option(help="release: what is written down with it.")] = "",
    follow: Annotated[
        bool, typer.Option(help="release: tell how it goes until it has ended.")
    ] = True,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a declared value: search.trials=20. May be repeated."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--list", help="Show pipelines, projects and stacks.")
    ] = False,
) -> None:
    """Keep a tabular model alive: train, judge, register, deploy, release, monitor.

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
        asked = Asked(pipeline, project, stack, version, strategy, by, why, follow)
        _leave(_run(asked, changes or []))


class Asked(NamedTuple):
    """Which pipeline is to be run, and how."""

    pipeline: str
    project: str
    stack: str
    version: str | None
    strategy: str | None
    by: str
    why: str
    follow: bool

    def check(self) -> None:
        """Refuse what the pipeline does not take.

        Raises
        ------
        ProjectError
            Naming it.
        """
        for option, value, takers in (
            ("--version", self.version, ("deployment", "release")),
            ("--by", self.by, ("retraining", "deployment", "release")),
            ("--strategy", self.strategy, ("release",)),
            ("--why", self.why, ("release",)),
            ("--no-follow", not self.follow, ("release",)),
        ):
            if value and self.pipeline not in takers:
                named = f"{', '.join(takers[:-1])} and {takers[-1]} take"
                told = named if takers[1:] else f"{takers[0]} takes"
                raise ProjectError(f"{option} is what {told}; {self.pipeline} has no use for it.")


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


def _run(asked: Asked, changes: list[str]) -> int:
    from adapters.declaration import load
    from adapters.stacks.file import load as load_stack
    from lifecycle.errors import suggest
    from pipelines import PIPELINES

    if asked.pipeline not in PIPELINES:
        known = suggest(asked.pipeline, PIPELINES)
        raise ProjectError(f'There is no pipeline "{asked.pipeline}". {known}')
    asked.check()
    load_stack(asked.stack, root=ROOT)
    if asked.strategy is not None:
        changes = [*changes, f"release.strategy={asked.strategy}"]
    loaded = load(asked.project, root=ROOT, overrides=changes)
    folder = opened_state()
    print(f"{asked.pipeline} {loaded.project.name} on {asked.stack}", flush=True)
    try:
        return _run_loaded(asked, loaded, reports=folder / "reports")
    except KeyboardInterrupt:
        print("\nInterrupted. Running it again continues with what is finished.", file=sys.stderr)
        return INTERRUPTED


def _run_loaded(asked: Asked, loaded: "LoadedProject", *, reports: Path) -> int:
    stack, by = asked.stack, asked.by or who()
    if asked.pipeline == "monitoring":
        from pipelines.reviewing import monitor

        monitor(loaded, stack=stack, root=ROOT)
        return DONE
    if asked.pipeline == "retraining":
        from pipelines.succeeding import retrain

        retrain(loaded, stack=stack, root=ROOT, reports=reports, by=asked.by)
        return DONE
    if asked.pipeline == "deployment":
        from pipelines.deploying import deploy

        is_live = deploy(loaded, version=asked.version, stack=stack, root=ROOT, by=by)
        return DONE if is_live else REFUSED
    if asked.pipeline == "release":
        from pipelines.releasing import release

        is_good = release(
            loaded,
            version=asked.version,
            by=by,
            why=asked.why,
            stack=stack,
            root=ROOT,
            is_followed=asked.follow,
        )
        return DONE if is_good else REFUSED
    from pipelines.running import train

    return DONE if train(loaded, stack=stack, root=ROOT, reports=reports) else REFUSED


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
    except Refused as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return REFUSED
    except PerennialError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return BROKE
    return DONE


if __name__ == "__main__":
    sys.exit(command())
