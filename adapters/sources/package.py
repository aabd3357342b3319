"""Files inside an installed Python package, found without importing it."""

from importlib.util import find_spec
from pathlib import Path

from adapters.sources import local
from adapters.sources.address import Address
from adapters.sources.place import Place
from lifecycle.errors import SourceError


def locate(address: Address, home: Path) -> Place:
    """Find `package://name/path` in the folders of the installed package.

    The package is not imported: its data files are wanted, not its code.
    """
    name, _, inside = address.path.partition("/")
    folders = _folders(name)
    paths = [folder / inside for folder in folders]
    for folder, path in zip(folders, paths, strict=True):
        if not path.resolve().is_relative_to(folder.resolve()):
            raise SourceError(f'"{inside}" leads out of the package {name}.')
    return local.place(next(filter(Path.exists, paths), paths[0]), shown=address.shown)


def _folders(name: str) -> list[Path]:
    if not name.isidentifier():
        raise SourceError(
            f'"{name}" is not a package\'s import name. Write package://NAME/PATH, '
            f'with the name as in "import NAME".'
        )
    try:
        spec = find_spec(name)
    except ValueError:  # a module made at run time has no place on disk
        spec = None
    if spec is None:
        raise SourceError(
            f"The package {name} is not installed here. Install it, or correct its import name."
        )
    if not spec.submodule_search_locations:
        raise SourceError(f"{name} is a single module, it has no folder that could hold files.")
    return [Path(folder) for folder in spec.submodule_search_locations]
