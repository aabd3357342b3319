"""Where the command line stands: the root of the house, and its state folder."""

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
