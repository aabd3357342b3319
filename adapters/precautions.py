"""Looks, before anything is built, whether a version can be served where it is declared to be."""

import socket
from pathlib import Path

from adapters.admission import token_keys
from adapters.hosting import events_folder
from adapters.routing import current
from adapters.supervision.record import every_live
from lifecycle.errors import ProjectError
from lifecycle.release.plan import Plan
from lifecycle.serving.declaration import Serving

_ANOTHER = "Choose another: --set serving.port=NUMBER, or serving.host, or in the declaration."


def require_place(serving: Serving, project: str, *, folder: Path, state: Path) -> None:
    """Refuse, before anything is built, what could not be served where it is declared to be.

    Raises
    ------
    ProjectError
        If something else listens at the declared port, the host is no address of this machine,
        or a declared file is not there.
    StackError
        If there is no place for its answers.
    """
    token_keys(serving, folder)
    events_folder(state, project)
    host, port = serving.host, serving.port
    Plan(project=project, host=host, port=port).check()
    for live in every_live(state):
        if live.project != project and live.public_port == port:
            raise ProjectError(
                f'serving.port is {port}, and "{live.project}" answers there ({live.url}). '
                f"{_ANOTHER}"
            )
    route = current(state, project)
    if route is None or (route.host, route.port) != (host, port):
        require_free(host, port)


def require_free(host: str, port: int) -> None:
    """Refuse a place where something listens already, or that is not of this machine.

    Raises
    ------
    ProjectError
        Naming it, with the words of the operating system.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as found:
        # What closed a moment ago does not count as taken.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
        except OSError as error:
            raise ProjectError(
                f"Nothing can be served at {host}, port {port} ({error.strerror}), where "
                f"serving.host and serving.port say. {_ANOTHER}"
            ) from error
