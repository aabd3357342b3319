"""What a service is told of who may ask, and the key a deployment lets itself in with."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.access.keys import FILE, KeyFile
from lifecycle.errors import ProjectError, StackError
from lifecycle.serving.declaration import Serving

OWN = "deployments.json"
"""Keys of deployments only, for a service that takes nobody else's."""

MASK = "mask.key"
KEY_HOLDS = timedelta(minutes=10)


def access_folder(state: Path, project: str) -> Path:
    """Give the folder of a project's keys and secrets, which only its owner can read."""
    return private_folder(state / "access" / project, "The keys")


def private_folder(folder: Path, what: str) -> Path:
    """Give a folder only its owner can read, made if need be.

    Raises
    ------
    StackError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StackError(
            f"{what} of {folder.name} cannot be kept in {folder} ({error.strerror}). Make room "
            "for a folder there that can be written."
        ) from error
    return folder


def key_file(serving: Serving, project: str, *, state: Path) -> Path:
    """Give the file of keys a service takes: people's, or where it takes none, deployments'."""
    path = access_folder(state, project) / (FILE if serving.access.keys else OWN)
    KeyFile(path).ensure()
    return path


def token_keys(serving: Serving, folder: Path) -> Path | None:
    """Give the JWKS file whose tokens are taken, if any are.

    Raises
    ------
    ProjectError
        If the declared file is not there.
    """
    if serving.access.tokens is None:
        return None
    path = (folder / serving.access.tokens.keys).resolve()
    if not path.is_file():
        raise ProjectError(
            f"serving.access.tokens.keys names {serving.access.tokens.keys}, and there is no such "
            f"file in {folder}. Put the JWKS of your identity provider there."
        )
    return path


def mask_secret(serving: Serving, project: str, *, state: Path, unit: str = "") -> str | None:
    """Give the secret pseudonyms are made with, made once for each project.

    None where neither personal columns nor the units of a test (`unit`) get any.
    """
    if serving.events.personal != "pseudonym" and not unit:
        return None
    path = access_folder(state, project) / MASK
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32))
    return path.read_text(encoding="ascii")


@contextmanager
def admitted(serving: Serving, project: str, *, state: Path) -> Iterator[dict[str, str]]:
    """Give the headers that let a deployment in for as long as the block runs.

    None where everybody may ask.
    """
    if serving.access.anonymous:
        yield {}
        return
    keys = KeyFile(key_file(serving, project, state=state))
    record, token = keys.create("deployment", ["predict", "read"], datetime.now(UTC) + KEY_HOLDS)
    try:
        yield {"Authorization": f"Bearer {token}"}
    finally:
        keys.forget(record.id)
