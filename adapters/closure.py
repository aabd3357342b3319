"""Which of our own code a module rests on, so that a cache sees what a change can reach."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

DATA = ("*.css", "*.js", "*.html", "*.j2", "templates/*")
"""Files that are read beside a module rather than imported."""


def code_below(module: Path, *, root: Path, rooms: tuple[str, ...]) -> tuple[str, ...]:
    """Give the files a module imports from our own rooms, directly or not, itself included.

    Imports inside functions count as well. A package's `__init__` comes with each of its
    modules, and so do the templates and styles that lie beside them.

    Parameters
    ----------
    module
        The file to start from.
    root
        The folder the rooms lie in.
    rooms
        Names of our own top-level packages; what lies elsewhere is not followed.

    Returns
    -------
    tuple of str
        Paths relative to `root`, sorted.
    """
    todo, seen = [module.resolve()], set[Path]()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        todo.extend(_imported(path, root.resolve(), rooms))
    everything = seen.union(*(_data_of(path) for path in seen))
    return tuple(sorted(str(path.relative_to(root.resolve())) for path in everything))


@functools.cache
def _imported(path: Path, root: Path, rooms: tuple[str, ...]) -> tuple[Path, ...]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {name for node in ast.walk(tree) for name in _names(node)}
    ours = {name for name in names if name.split(".")[0] in rooms}
    return tuple(file for name in sorted(ours) for file in _files(name, root))


def _data_of(module: Path) -> set[Path]:
    return {file for pattern in DATA for file in module.parent.glob(pattern) if file.is_file()}


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(name: str, root: Path) -> Iterator[Path]:
    """Files that importing a dotted name reads: each package's `__init__`, then the module."""
    path = root
    for part in name.split("."):
        path = path / part
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if file.is_file():
                yield file
