"""The command line of Perennial."""

import gc
import os
import sys
from typing import Annotated, NoReturn

import typer

from commands import alerting, deciding, declaring, labelling, serving, tokens, tracing, watching
from commands.place import ROOT, opened_state
from lifecycle.errors import PerennialError, ProjectError, StackError

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
    watching.watch,
    deciding.decisions,
    deciding.approve,
    deciding.reject,
):
    app.command()(command_of)
app.add_typer(tokens.app, name="token")
app.add_typer(labelling.app, name="labels")
app.add_typer(alerting.app, name="alerts")


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    pipeline: Annotated[str | None, typer.Option(help="Which pipeline to run.")] = None,
    project: Annotated[str, typer.Option(help="Which project to run it for.")] = "flights",
    stack: Annotated[str, typer.Option(help="Where it runs.")] = "local",
    version: Annotated[
        str | None,
        typer.Option(help="deployment: which version, by number or alias; else the challenger."),
    ] = None,
    by: Annotated[
        str, typer.Option(help="retraining: who asks for it by hand, whatever the policy says.")
    ] = "",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a declared value: search.trials=20. May be repeated."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--list", help="Show pipelines, projects and stacks.")
    ] = False,
) -> None:
    """Keep a tabular model alive: train, judge, register, deploy.

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
        _leave(_run(pipeline, project, stack, version, by, changes or []))


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


def _run(
    pipeline: str, project: str, stack: str, version: str | None, by: str, changes: list[str]
) -> int:
    from adapters.declaration import load
    from adapters.stacks.file import load as load_stack
    from lifecycle.errors import suggest
    from pipelines import PIPELINES

    if pipeline not in PIPELINES:
        raise ProjectError(f'There is no pipeline "{pipeline}". {suggest(pipeline, PIPELINES)}')
    if version is not None and pipeline != "deployment":
        raise ProjectError(f"--version is what deployment takes; {pipeline} makes its own.")
    if by and pipeline != "retraining":
        raise ProjectError(
            f"--by is what retraining takes; {pipeline} is always asked for by hand."
        )
    load_stack(stack, root=ROOT)
    loaded = load(project, root=ROOT, overrides=changes)
    folder = opened_state()
    print(f"{pipeline} {loaded.project.name} on {stack}", flush=True)
    try:
        if pipeline == "monitoring":
            from pipelines.reviewing import monitor

            monitor(loaded, stack=stack, root=ROOT)
            return DONE
        if pipeline == "retraining":
            from pipelines.succeeding import retrain

            retrain(loaded, stack=stack, root=ROOT, reports=folder / "reports", by=by)
            return DONE
        if pipeline == "deployment":
            from pipelines.deploying import deploy

            return DONE if deploy(loaded, version=version, stack=stack, root=ROOT) else REFUSED
        from pipelines.running import train

        return (
            DONE if train(loaded, stack=stack, root=ROOT, reports=folder / "reports") else REFUSED
        )
    except KeyboardInterrupt:
        print("\nInterrupted. Running it again continues with what is finished.", file=sys.stderr)
        return INTERRUPTED


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
    return DONE


if __name__ == "__main__":
    sys.exit(command())
