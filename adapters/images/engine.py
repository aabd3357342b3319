"""Docker's engine: whether one answers, and how it is asked. The one door to `docker`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
import docker.errors
import requests

from lifecycle.errors import PerennialError
from lifecycle.section import Value

ASKING_SECONDS = 10
BUILDING_SECONDS = 900

Missing = docker.errors.NotFound
"""What the engine answers about an image or a container it does not have."""


class ImageError(PerennialError):
    """An image could not be built, or a container not be run."""


class NoEngine(ImageError):  # noqa: N818  (an absence: where it is allowed, a process serves)
    """No Docker engine answers; the text says where one was looked for, and why not."""


class Engine(Value):
    """A Docker engine that answers.

    Parameters
    ----------
    address
        Where it listens.
    architecture
        What its images are built for: `x86_64` or `aarch64`.
    """

    address: str
    version: str
    architecture: str


def engine() -> Engine:
    """Give the Docker engine that `DOCKER_HOST`, or else Docker's current context, names.

    Raises
    ------
    NoEngine
        If none answers there.
    """
    with connected() as client:
        told = client.version()
    return Engine(address=address(), version=told["Version"], architecture=_machine(told["Arch"]))


def _machine(arch: str) -> str:
    """Name a machine as wheels do.

    Examples
    --------
    >>> _machine("amd64"), _machine("arm64")
    ('x86_64', 'aarch64')
    """
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(arch, arch)


def address() -> str:
    """Say where the engine is looked for."""
    return os.environ.get("DOCKER_HOST") or str(docker.ContextAPI.get_current_context().Host)


@contextmanager
def connected(*, seconds: int = ASKING_SECONDS) -> Iterator[Any]:
    """Connect to the engine; an answer that takes longer than `seconds` is an error.

    Raises
    ------
    NoEngine
        If none answers.
    """
    where = address()
    try:
        client = docker.from_env(environment={**os.environ, "DOCKER_HOST": where}, timeout=seconds)
        client.ping()
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise NoEngine(_why_not(where, error)) from error
    try:
        yield client
    finally:
        client.close()


def _why_not(where: str, error: Exception) -> str:
    reason = str(error)
    if "No such file" in reason:
        reason = "nothing listens there"
    elif "Permission denied" in reason:
        reason = "this user may not talk to it (Linux: be in the group `docker`)"
    return (
        f"No Docker engine answers at {where}: {reason}.\n"
        "  Start one, or point DOCKER_HOST at one. Without one, `serving.engine: process`\n"
        "  (or `auto`) serves the same Bento as a process."
    )


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn a refusal of the engine into an `ImageError` that says what was asked of it."""
    try:
        yield
    except (docker.errors.DockerException, requests.RequestException) as error:
        told = getattr(error, "explanation", None) or str(error)
        raise ImageError(f"Docker could not {what}: {told}") from error


def build_failure(error: Exception) -> str:
    """Give the last lines a build printed before it broke."""
    lines = [str(entry.get("stream", "")) for entry in getattr(error, "build_log", ())]
    return f"{''.join(lines)[-2_000:].strip()}\n{error}".strip()


BuildError = docker.errors.BuildError
