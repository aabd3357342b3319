"""Remembers what runs for a project, and which of it is live: small files of one folder."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from adapters.supervision.place import SupervisionError, replace_file
from lifecycle.serving.live import Live

SERVING = "serving"
LIVE = "live.json"
INSTANCES = "instances"


def write_live(state: Path, live: Live) -> None:
    """Remember what is live for a project, instead of what was."""
    write_instance(state, live)
    replace_file(state / SERVING / live.project / LIVE, live.model_dump_json(indent=2) + "\n")


def read_live(state: Path, project: str) -> Live | None:
    """Give what is live for a project; `None` where nothing is.

    While traffic moves from one version to another it is the one users are to fall back on.

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


def write_instance(state: Path, live: Live) -> None:
    """Remember something that runs, whether or not anybody is sent to it."""
    folder = state / SERVING / live.project / INSTANCES
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(folder / f"{live.name}.json", live.model_dump_json(indent=2) + "\n")


def read_instance(state: Path, project: str, name: str) -> Live | None:
    """Give what is known of something that runs, or ran."""
    return _read(state / SERVING / project / INSTANCES / f"{name}.json")


def instances(state: Path, project: str) -> Iterator[Live]:
    """Give all that runs or is to be found again, by name."""
    for path in sorted((state / SERVING / project / INSTANCES).glob("*.json")):
        found = _read(path)
        if found is not None:
            yield found


def forget_instance(state: Path, project: str, name: str) -> None:
    """Take down that something runs."""
    (state / SERVING / project / INSTANCES / f"{name}.json").unlink(missing_ok=True)


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
