"""Files and folders on this machine, relative to the project's folder."""

from difflib import get_close_matches
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from adapters.sources.address import Address
from adapters.sources.place import Place
from lifecycle.errors import SourceError


def locate(address: Address, home: Path) -> Place:
    """Find a path that is absolute, or relative to the project's folder."""
    return place(home / Path(address.path).expanduser(), shown=address.shown)


def place(path: Path, *, shown: str) -> Place:
    """Give a path that must be there.

    Raises
    ------
    SourceError
        If there is nothing, naming what lies beside it with a similar name.
    """
    if not path.exists():
        raise SourceError(f"There is no file {path.name} in {path.parent}.{_hint(path)}")
    return Place(filesystem=LocalFileSystem(), path=str(path.resolve()), shown=shown)


def _hint(path: Path) -> str:
    if not path.parent.is_dir():
        return " That folder does not exist either."
    near = get_close_matches(path.name, [beside.name for beside in path.parent.iterdir()], n=1)
    return f' Did you mean "{near[0]}"?' if near else ""
