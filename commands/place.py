"""Where the command line stands: the root of the house, and its state folder."""

import getpass
from pathlib import Path

from adapters.stacks.environment import STATE, prepare, state
from lifecycle.errors import StackError

ROOT = Path(__file__).resolve().parent.parent


def opened_state() -> Path:
    """Give the state folder, made ready.

    Raises
    ------
    StackError
        If it cannot be written.
    """
    try:
        return prepare(ROOT)
    except OSError as error:
        raise StackError(
            f"The state folder {state(ROOT)} cannot be used ({error.strerror}). "
            f"Point ${STATE} at a folder that can be written."
        ) from error


def named(project: str, folder: Path) -> str:
    """Give the name a project is kept under, from that name, its folder, or its path.

    A name something was deployed under is enough by itself: what runs is reached even where its
    declaration lies elsewhere, or can no longer be read.

    Parameters
    ----------
    folder
        The state folder.

    Raises
    ------
    ProjectError
        If there is no such project.
    """
    if project in {kept.name for kept in (folder / "access").glob("*")}:
        return project
    from adapters.declaration import load

    return load(project, root=ROOT).project.name


def who() -> str:
    """Name whoever runs the command, as it is written down with what they decide."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return f"user of {Path.home().name}"
