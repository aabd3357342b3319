"""From an answer back to where it came from: `trace` and `show`."""

from typing import Annotated

import typer

from commands.place import ROOT, named, opened_state

Project = Annotated[str, typer.Option(help="Whose version.")]
Stack = Annotated[str, typer.Option(help="Whose registry.")]


def show(
    version: Annotated[str, typer.Argument(help="A number, or challenger, or champion.")],
    project: Project = "flights",
    stack: Stack = "local",
) -> None:
    """Print where a version came from, and what was found about it."""
    folder = opened_state()
    from rich.console import Console

    from adapters.registry import story_of
    from adapters.stacks.activation import point_at_tracker
    from adapters.terminal import origin, place, summarise

    project = named(project, folder)
    point_at_tracker(stack, root=ROOT)
    story, console = story_of(project, version), Console()
    number = story.version.number if story.version else None
    page = place(folder / "reports", story.name, number)
    summarise(story, report=str(page) if page.exists() else None, console=console)
    origin(story.lineage, console=console)


def trace(
    request: Annotated[str, typer.Argument(help="The request id an answer came with.")],
    project: Project = "flights",
    stack: Stack = "local",
) -> None:
    """Print what was asked and answered, labels told of it, and where the model is from."""
    folder = opened_state()
    from rich.console import Console

    from adapters.bentos import contract_of
    from adapters.events.joining import labels_by_key
    from adapters.events.reading import find as find_events
    from adapters.hosting import events_folder
    from adapters.registry import story_of
    from adapters.serving_terminal import print_trace
    from adapters.stacks.activation import point_at_tracker
    from lifecycle.errors import DataError

    project = named(project, folder)
    kept = events_folder(folder, project)
    events = list(find_events(kept, request).events)
    if not events:
        raise DataError(
            f'No answer of project "{project}" has the request id "{request}". It is in every '
            "answer as request_id, and in the header X-Request-Id."
        )
    point_at_tracker(stack, root=ROOT)
    version = str(events[0].get("version") or "champion")
    contract = contract_of(project, version, store=folder / "bentoml")
    for event in [*events] if contract is not None and contract.key else ():
        if event["event"] == "prediction":
            events += labels_by_key(kept, event, contract).to_pylist()
    print_trace(request, events, story_of(project, version), console=Console())
