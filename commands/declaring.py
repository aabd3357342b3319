"""Writing declarations: `init` and `schema`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from commands.place import ROOT


def schema() -> None:
    """Print the JSON Schema of a declaration."""
    from adapters.declaration import json_schema

    print(json.dumps(json_schema(), indent=2))


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


def _tell_left_out(declaration: Path) -> None:
    from adapters.declaration import load
    from lifecycle.data.declaration import Role

    columns = load(str(declaration), root=ROOT).project.columns
    for role, why in (
        (Role.LEAK, "look like the answer itself"),
        (Role.PERSONAL, "look like personal data"),
        (Role.IGNORE, "can teach nothing"),
    ):
        if names := columns.names(role):
            print(f"  not features, because they {why}: {', '.join(map(repr, names))}")
