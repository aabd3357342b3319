"""A message of no matter to every address, to see whether it arrives."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from adapters.notifying.address import AddressError, fill, show


class Tried(NamedTuple):
    """What came of a test message; `problem` is empty where it was taken."""

    shown: str
    problem: str


def try_all(
    project: str, to: Sequence[str], *, environment: Mapping[str, str] = os.environ
) -> tuple[Tried, ...]:
    """Send a test message to each address, and say what happened."""
    return tuple(Tried(show(declared), _try(project, declared, environment)) for declared in to)


def _try(project: str, declared: str, environment: Mapping[str, str]) -> str:
    from adapters.notifying.sending import send

    try:
        address = fill(declared, environment)
    except AddressError as error:
        return str(error)
    problem = send(
        address,
        title=f"{project}: a test of the alerts",
        text="Nothing is wrong. Alerts of this project arrive here.",
        kind="info",
        values={"kind": "test", "project": project},
    )
    return problem or ""
