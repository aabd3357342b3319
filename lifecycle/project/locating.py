"""From pydantic's errors to the places of a declaration they are about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails

from lifecycle.project import places
from lifecycle.project.places import Path


class Located(NamedTuple):
    """One error at a path of the document.

    Parameters
    ----------
    kind
        Pydantic's name of the error.
    said
        What a validator of ours said, where one did.
    branches
        For each choice between forms on the way: where, and which form was tried.
    """

    path: Path
    kind: str
    said: str = ""
    branches: tuple[tuple[Path, str], ...] = ()


def locate(errors: Iterable[ErrorDetails], document: Any) -> list[Located]:
    """Place each error, and keep of alternatives the one that was most likely meant."""
    located = [_locate(error, document) for error in errors]
    unions = sorted({at for each in located for at, _ in each.branches}, key=len)
    for union in unions:
        located = _settle(located, union)
    return [each for each in located if not _only_follows(each, located)]


def _only_follows(error: Located, others: Iterable[Located]) -> bool:
    """Tell whether a list is too short only because its items could not be read."""
    size = len(error.path)
    return error.kind == "too_short" and any(
        len(other.path) > size and other.path[:size] == error.path for other in others
    )


def _locate(error: ErrorDetails, document: Any) -> Located:
    """Drop from pydantic's location the variants and forms it also names."""
    path: Path = ()
    value = document
    branches: list[tuple[Path, str]] = []
    variant: Path | None = None
    for step in error["loc"]:
        here = places.forms(document, path)
        if variant != path and _is_variant(step, value, here):
            variant = path
        elif _leads_on(step, value, here, document, path):
            path, value = (*path, step), places.inside(value, step)
        elif isinstance(step, str) and step != "[key]":
            branches.append((path, step))
    said = str(error["ctx"]["error"]) if error["type"] == "value_error" else ""
    return Located(path, error["type"], said, tuple(branches))


def _is_variant(step: int | str, value: Any, here: Sequence[places.Form]) -> bool:
    """Tell whether a step only says which variant of a section was meant."""
    return isinstance(value, dict) and any(
        fixed.get("const") == step and value.get(key) == step
        for form in here
        for key, fixed in form.get("properties", {}).items()
    )


def _leads_on(
    step: int | str, value: Any, here: Sequence[places.Form], document: Any, path: Path
) -> bool:
    if isinstance(step, int):
        return isinstance(value, list)
    if not isinstance(value, dict) or step == "[key]":
        return False
    return step in value or bool(places.forms(document, (*path, step)))


def _settle(located: list[Located], union: Path) -> list[Located]:
    """Of the forms tried at one place keep the errors of the nearest."""
    tried: dict[str, list[Located]] = defaultdict(list)
    rest: list[Located] = []
    for each in located:
        label = next((name for at, name in each.branches if at == union), None)
        (rest if label is None else tried[label]).append(each)
    fitting = [errors for errors in tried.values() if all(each.path != union for each in errors)]
    if fitting:
        return [*rest, *min(fitting, key=_distance)]
    return [*rest, Located(union, "form")] if tried else rest


def _distance(errors: Sequence[Located]) -> int:
    """How far from a form a value is: its errors, a misspelt key counting once."""
    extra = [str(each.path[-1]) for each in errors if each.kind == "extra_forbidden"]
    missing = [str(each.path[-1]) for each in errors if each.kind == "missing"]
    return len(errors) - sum(bool(get_close_matches(key, missing, cutoff=0.5)) for key in extra)
