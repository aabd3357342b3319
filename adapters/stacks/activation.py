"""From a stack file to ZenML's active stack of this process, checked before anything runs."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock

from adapters.stacks.environment import state
from adapters.stacks.file import Component, StackFile, expand, load
from lifecycle.errors import StackError
from lifecycle.fingerprint import fingerprint

SECRET = ("username", "password", "token", "secret", "key")
"""How a setting ends that is kept as it is written: `${NAME}`, and not what it stands for."""

KINDS = ("orchestrator", "artifact_store", "experiment_tracker")


def activate(name: str, *, root: Path) -> StackFile:
    """Make a declared stack the active one of this process, and of no other.

    Components carry the fingerprint of their configuration in their name, so an edited file
    is a new component, and two processes never change one another's. Nothing is written to
    the repository's or the user's ZenML configuration: the choice lives in the environment.

    Raises
    ------
    StackError
        If the stack is missing, half-configured or unreachable.
    """
    declared = load(name, root=root)
    components = {kind: declared.component(kind) for kind in KINDS}
    configurations = {
        kind: expand(component.configuration, where=f"Stack {name!r}, {kind}")
        for kind, component in components.items()
    }
    _reach_tracker(name, configurations["experiment_tracker"])
    _reach_artifacts(name, str(configurations["artifact_store"].get("path", "")))
    _quieten_integrations()
    _keep_secrets_unread()
    with FileLock(state(root) / "stores.guard"):
        _make_tracker(configurations["experiment_tracker"]["tracking_uri"])
        identifiers = {
            kind: _component(kind, component, configurations[kind])
            for kind, component in components.items()
        }
        os.environ["ZENML_ACTIVE_STACK_ID"] = str(_stack(name, identifiers))
    return declared


def _make_tracker(uri: str) -> None:
    """Let one process make MLflow's embedded database: two at once trip over each other."""
    path = Path(uri.removeprefix("sqlite:///"))
    if uri.startswith("sqlite:///") and not path.exists():
        from adapters.experiments import client

        client()


def point_at_tracker(name: str, *, root: Path) -> None:
    """Point MLflow at a stack's tracking server, without waking ZenML."""
    component = load(name, root=root).component("experiment_tracker")
    where = f"Stack {name!r}, experiment_tracker"
    _reach_tracker(name, expand(component.configuration, where=where))


def _component(kind: str, component: Component, configuration: dict[str, Any]) -> Any:
    from zenml.client import Client
    from zenml.enums import StackComponentType

    client, component_type = Client(), StackComponentType(kind)
    # Experiments are reached by MLflow's own client, so ZenML keeps no copy of a password.
    kept = configuration | {
        key: value for key, value in component.configuration.items() if key.endswith(SECRET)
    }
    name = f"{component.name}-{fingerprint([component.flavor, configuration])[:10]}"
    try:
        return _get_or_create(
            lambda: client.get_stack_component(component_type, name, allow_name_prefix_match=False),
            lambda: client.create_stack_component(
                name=name,
                flavor=component.flavor,
                component_type=component_type,
                configuration=kept,
            ),
        )
    except (KeyError, ValueError) as error:
        raise StackError(f"{kind} {component.name!r} cannot be configured: {error}") from None


def _stack(name: str, identifiers: dict[str, Any]) -> Any:
    from zenml.client import Client
    from zenml.enums import StackComponentType

    client = Client()
    full = f"{name}-{fingerprint(sorted(str(value) for value in identifiers.values()))[:10]}"
    components = {StackComponentType(kind): found for kind, found in identifiers.items()}
    return _get_or_create(
        lambda: client.get_stack(full, allow_name_prefix_match=False),
        lambda: client.create_stack(full, components=components),
    )


def _get_or_create(get: Callable[[], Any], create: Callable[[], Any]) -> Any:
    """Give the id of what ZenML knows already, or of what is made now."""
    from zenml.exceptions import EntityExistsError

    try:
        return get().id
    except KeyError:
        try:
            return create().id
        except EntityExistsError:  # another machine was quicker
            return get().id


def _quieten_integrations() -> None:
    """Keep ZenML from importing every integration whose packages happen to be installed.

    That costs about two CPU seconds a process and registers materializers we never use: ours
    are named on every output. A stack's own flavors are still loaded by their source path.
    """
    from zenml.integrations.registry import integration_registry

    integration_registry.activate_integrations = lambda: None


def _keep_secrets_unread() -> None:
    """Keep ZenML from writing the values of declared `${NAME}`s into its store.

    It would replace them in every parameter before a run, and so keep a database's password in
    its own database. The sources read them when they connect, and stacks in `expand`.
    """
    from zenml.utils import env_utils

    env_utils.substitute_env_variable_placeholders = lambda value, *_, **__: value


def _reach_tracker(name: str, configuration: dict[str, Any]) -> None:
    uri = str(configuration.get("tracking_uri", ""))
    if not uri:
        raise StackError(
            f"Stack {name!r}: experiment_tracker has no tracking_uri. Name an MLflow server "
            "(http://...) or a database (sqlite:///...)."
        )
    for key in ("username", "password", "token"):
        if value := configuration.get(f"tracking_{key}"):
            os.environ[f"MLFLOW_TRACKING_{key.upper()}"] = value
    if urlsplit(uri).scheme in ("http", "https"):
        _ask_health(name, uri)
    os.environ["MLFLOW_TRACKING_URI"] = uri


def _ask_health(name: str, uri: str) -> None:
    import requests

    try:
        status = requests.get(f"{uri.rstrip('/')}/health", timeout=5).status_code
    except requests.RequestException as error:
        raise StackError(
            f"Stack {name!r}: the MLflow server at {uri} does not answer "
            f"({type(error).__name__}). Start it, or set MLFLOW_TRACKING_URI to one that runs."
        ) from None
    if status != 200:
        raise StackError(
            f"Stack {name!r}: {uri}/health answered {status}, not 200. Is it an MLflow server?"
        )


def _reach_artifacts(name: str, path: str) -> None:
    from fsspec.core import url_to_fs

    if "://" not in path or path.startswith("file:"):
        return
    try:
        filesystem, inside = url_to_fs(path)
        is_there, reason = filesystem.exists(inside.split("/")[0]), "there is no such bucket"
    except Exception as error:  # whatever the store's client raises, the run cannot start
        is_there, reason = False, f"{type(error).__name__}: {error}"
    if not is_there:
        raise StackError(
            f"Stack {name!r}: the artifact store {path} cannot be reached: {reason}. Make the "
            "bucket, and see that AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where it is not "
            "Amazon's, AWS_ENDPOINT_URL are set."
        )
