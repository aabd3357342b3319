"""Who may ask: `token create`, `token list`, `token revoke`."""

from typing import Annotated

import typer

from commands.place import named, opened_state

app = typer.Typer(help="Make, list and revoke the API keys of a service.", no_args_is_help=True)
ASKING = ["predict", "label", "read"]
Project = Annotated[str, typer.Option(help="Whose service.")]


@app.command()
def create(
    project: Project = "flights",
    name: Annotated[str, typer.Option(help="Who gets it.")] = "me",
    role: Annotated[
        list[str] | None, typer.Option(help="predict, label, read or admin. May be repeated.")
    ] = None,
    expires: Annotated[str, typer.Option(help="How long it holds, such as 90d; or never.")] = "90d",
    quiet: Annotated[bool, typer.Option(help="Print nothing but the token.")] = False,
) -> None:
    """Make an API key; it is shown once, and kept as its hash only."""
    folder = opened_state()
    project = named(project, folder)
    from adapters.access import command

    until = None if expires == "never" else expires
    record, token = command.create(project, name, role or ASKING, until, state=folder)
    if not quiet:
        roles = ", ".join(record.roles)
        ends = f"until {record.expires:%d %b %Y}" if record.expires else "for ever"
        print(f"Key {record.id} for {record.name} may {roles}, {ends}. It is shown only now:")
    print(token)


@app.command("list")
def listing(project: Project = "flights") -> None:
    """List the keys there are, without what opens doors."""
    folder = opened_state()
    project = named(project, folder)
    from datetime import UTC, datetime

    from adapters.access import command

    keys = command.listing(project, state=folder)
    for key in keys:
        print(f"{key.id}  {key.state(datetime.now(UTC)):<8} {key.name:<20} {', '.join(key.roles)}")
    if not keys:
        print(f"There is none. Make one: python run.py token create --project {project}")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The id of the key, as `token list` shows it.")],
    project: Project = "flights",
) -> None:
    """Revoke a key; a running service stops taking it within a second."""
    folder = opened_state()
    project = named(project, folder)
    from adapters.access import command

    print(f"Revoked {command.revoke(project, key, state=folder).name}'s key {key}.")
