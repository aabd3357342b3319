"""Remembers what is live, one small file for each project."""

from pathlib import Path

from pydantic import ValidationError

from adapters.supervision.place import SupervisionError, replace_file
from lifecycle.serving.live import Live

SERVING = "serving"
LIVE = "live.json"


def write_live(state: Path, live: Live) -> None:
    """Remember what is live for a project, instead of what was."""
    folder = state / SERVING / live.project
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(folder / LIVE, live.model_dump_json(indent=2) + "\n")


def read_live(state: Path, project: str) -> Live | None:
    """Give what is live for a project; `None` where nothing is.

    Raises
    ------
    SupervisionError
        If the record cannot be read.
    """
    return _read(state / SERVING / project / LIVE)


def forget_live(state: Path, project: str) -> None:
    """Take down that anything is live for a project."""
    (state / SERVING / project / LIVE).unlink(missing_ok=True)


def every_live(state: Path) -> tuple[Live, ...]:
    """Give what is live for every project, by name."""
    found = (_read(path) for path in sorted((state / SERVING).glob(f"*/{LIVE}")))
    return tuple(live for live in found if live)


def _read(path: Path) -> Live | None:
    try:
        return Live.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise SupervisionError(
            f"{path} should say what is live, and cannot be read: {error}\n  Deploy the project "
            "again and it is written anew, or delete it if nothing of the project runs."
        ) from error
