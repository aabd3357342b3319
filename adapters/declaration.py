"""Declarations on disk: `projects/<name>/project.yaml`, read with every fault and its line."""

from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from adapters.overrides import apply
from adapters.yaml_document import Document, parse
from lifecycle.errors import ProjectError, suggest
from lifecycle.fingerprint import fingerprint
from lifecycle.project import places
from lifecycle.project.faults import Fault
from lifecycle.project.grammar import json_schema
from lifecycle.project.places import Path
from lifecycle.project.project import Project
from lifecycle.project.reading import read
from lifecycle.section import Value

__all__ = ["FILE", "Listed", "LoadedProject", "find", "json_schema", "load", "projects"]

FILE = "project.yaml"


class LoadedProject(Value):
    """A project as it was read.

    Parameters
    ----------
    folder
        Where the file lies; paths in the declaration are relative to it.
    source
        The text of the file, comments and all.
    overrides
        What the command line set over it.
    fingerprint
        Hash of what is declared, overrides included; comments and order of keys do not count.
    """

    project: Project
    folder: FilePath
    source: str
    overrides: tuple[str, ...] = ()
    fingerprint: str


class Listed(NamedTuple):
    """One project there is, with the question it answers (empty where it cannot be read)."""

    name: str
    question: str
    folder: FilePath


def load(name_or_path: str, *, root: FilePath, overrides: Sequence[str] = ()) -> LoadedProject:
    """Read a project by its name, or by the path of its file or folder.

    Parameters
    ----------
    root
        The folder that holds `projects/`.
    overrides
        Single values set over the declaration, each as `search.trials=20`.

    Raises
    ------
    ProjectError
        With every fault there is: file, line, place, what was found and what is allowed.
    """
    path = find(name_or_path, root=root)
    source, shown = _read_text(path), _shown(path, root)
    document = parse(source)
    if document.data is None and document.flaws:
        raise ProjectError("\n".join(_tell_flaws(document, shown)))
    document, origins = _override(document, overrides)
    project, faults = read(as_meant(document))
    faults = (*faults, *_misnamed(places.at(document.data, ("name",)), path, root))
    told = [*_tell_flaws(document, shown), *_tell_faults(faults, document, shown, origins)]
    if told or project is None:
        heading = [f"{shown} cannot be used; {len(told)} things are wrong."] if told[1:] else []
        raise ProjectError("\n".join([*heading, *told]))
    return LoadedProject(
        project=project,
        folder=path.parent,
        source=source,
        overrides=tuple(overrides),
        fingerprint=fingerprint(project.model_dump(mode="json", by_alias=True)),
    )


def find(name_or_path: str, *, root: FilePath) -> FilePath:
    """Give the file of a project.

    Raises
    ------
    ProjectError
        If there is no such project; the message names the nearest.
    """
    path = FilePath(name_or_path)
    if len(path.parts) > 1 or path.suffix in (".yaml", ".yml"):
        file = path / FILE if path.is_dir() else path
        if file.is_file():
            return file
        raise ProjectError(f"There is no file {file}. A project is a folder that holds {FILE}.")
    file = root / "projects" / name_or_path / FILE
    if name_or_path and file.is_file():
        return file
    known = [listed.name for listed in projects(root)]
    raise ProjectError(
        f'There is no project "{name_or_path}". {suggest(name_or_path, known)}\n'
        "  A project of your own: python run.py init TABLE --target COLUMN."
    )


def projects(root: FilePath) -> tuple[Listed, ...]:
    """List the projects there are; one that cannot be read is listed all the same."""
    return tuple(
        Listed(file.parent.name, _question(file), file.parent)
        for file in sorted((root / "projects").glob(f"*/{FILE}"))
    )


def as_meant(document: Document) -> Any:
    r"""Give the document's values, numbers read as text where only text is allowed.

    Examples
    --------
    >>> as_meant(parse("data: {label: {positive: 1}}\nsearch: {trials: 5}"))
    {'data': {'label': {'positive': '1'}}, 'search': {'trials': 5}}
    """
    return _as_meant(document.data, (), document)


def _as_meant(value: Any, path: Path, document: Document) -> Any:
    if isinstance(value, dict):
        return {key: _as_meant(inner, (*path, key), document) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_meant(inner, (*path, at), document) for at, inner in enumerate(value)]
    if value is None or isinstance(value, str) or path not in document.written:
        return value
    if "values" in path or not places.is_text(places.forms(document.data, path)):
        return value  # a section reads numbers among category values by itself
    return document.written[path].lower() if isinstance(value, bool) else document.written[path]


def _read_text(path: FilePath) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ProjectError(
            f"{path}, line {line}: this is not UTF-8 text. Save the file as UTF-8."
        ) from error


def _shown(path: FilePath, root: FilePath) -> str:
    full, above = path.resolve(), root.resolve()
    return str(full.relative_to(above)) if full.is_relative_to(above) else str(path)


def _question(file: FilePath) -> str:
    data = parse(file.read_text(encoding="utf-8", errors="replace")).data
    return str(places.at(data, ("about", "question")) or "").strip()


def _override(document: Document, overrides: Sequence[str]) -> tuple[Document, dict[Path, str]]:
    """Set all overrides, and remember which place each has set."""
    origins: dict[Path, str] = {}
    wrong: list[str] = []
    for override in overrides:
        try:
            document, path = apply(document, override)
            origins[path] = f"--set {override}"
        except ProjectError as error:
            wrong.append(str(error))
    if wrong:
        raise ProjectError("\n".join(wrong))
    return document, origins


def _misnamed(name: Any, path: FilePath, root: FilePath) -> tuple[Fault, ...]:
    """Find a project of `projects/` that is called otherwise than its folder."""
    folder = path.resolve().parent
    if not isinstance(name, str) or folder.parent != (root / "projects").resolve():
        return ()
    if name == folder.name:
        return ()
    problem = f'is "{name}", and its folder is called "{folder.name}".'
    return (Fault(("name",), problem, "A project is found by its folder: give both one name."),)


def _tell_flaws(document: Document, shown: str) -> list[str]:
    return [
        f"{shown}, line {flaw.line}, column {flaw.column}: {flaw.problem}"
        + (f"\n  {flaw.remedy}" if flaw.remedy else "")
        for flaw in document.flaws
    ]


def _tell_faults(
    faults: Sequence[Fault], document: Document, shown: str, origins: dict[Path, str]
) -> list[str]:
    """Write each fault with where it stands, in the order of the file."""
    placed = sorted(
        ((_line(fault.path, document), fault) for fault in faults), key=lambda it: it[0]
    )
    return [
        f"{_origin(fault.path, document, origins) or f'{shown}, line {line}'}: "
        f"{fault.place} {fault.problem}" + (f"\n  {fault.remedy}" if fault.remedy else "")
        for line, fault in placed
    ]


def _line(path: Path, document: Document) -> int:
    """Give the line of a place, or of the nearest thing around it that is there."""
    while path and path not in document.lines:
        path = path[:-1]
    return document.lines.get(path, 1)


def _origin(path: Path, document: Document, origins: dict[Path, str]) -> str | None:
    """Give the override that set a place, or that alone made it be there."""
    for size in range(len(path), 0, -1):
        if path[:size] in origins:
            return origins[path[:size]]
    inside = (origin for place, origin in origins.items() if place[: len(path)] == path)
    return None if path in document.lines else next(inside, None)
