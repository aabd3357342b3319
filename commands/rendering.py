"""The plan of a project in the words of Kubernetes: `render`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.place import named, opened_state

if TYPE_CHECKING:
    from lifecycle.release.plan import Plan


def render(
    project: Annotated[str, typer.Option(help="Whose plan.")] = "flights",
    plan: Annotated[
        Path | None,
        typer.Option(help="A file with a plan (JSON); by default the plan in force here."),
    ] = None,
    namespace: Annotated[str, typer.Option(help="The namespace of all that is made.")] = "default",
    gateway_class: Annotated[
        str, typer.Option(help="The GatewayClass that Envoy Gateway implements.")
    ] = "eg",
    without: Annotated[
        list[str] | None,
        typer.Option(help="Go without what cannot be said there. May be repeated."),
    ] = None,
) -> None:
    """Print Gateway API manifests that send requests where a plan says, for kubectl apply."""
    folder = opened_state()
    from adapters.gateway import render as manifests_of
    from adapters.gateway import written

    found = _in_force(project, folder) if plan is None else _read(plan)
    manifests = manifests_of(
        found, namespace=namespace, gateway_class=gateway_class, without=without or ()
    )
    print(written(manifests), end="")


def _in_force(project: str, folder: Path) -> "Plan":
    from adapters.routing import current
    from lifecycle.errors import ProjectError

    name = named(project, folder)
    found = current(folder, name)
    if found is None:
        raise ProjectError(
            f'Nothing of "{name}" is deployed, so there is no plan to render. Deploy it, or give '
            "a plan: --plan FILE."
        )
    return found


def _read(path: Path) -> "Plan":
    from pydantic import ValidationError

    from lifecycle.errors import ProjectError
    from lifecycle.release.plan import Plan

    try:
        return Plan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ProjectError(f"The plan {path} cannot be read ({error.strerror}).") from error
    except ValidationError as error:
        raise ProjectError(f"{path} is no plan:\n{error}") from error
