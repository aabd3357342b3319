"""Reading a declaration: the project, or every fault that keeps it from being one."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from lifecycle.project import faults, places
from lifecycle.project.contradictions import contradictions
from lifecycle.project.contradictions.parts import parts_of
from lifecycle.project.faults import Fault
from lifecycle.project.locating import Located, locate
from lifecycle.project.places import Path
from lifecycle.project.project import Project


def read(document: Any) -> tuple[Project | None, tuple[Fault, ...]]:
    """Read plain values as a project; without faults there is one, with any there is none."""
    if not isinstance(document, dict):
        known = ", ".join(places.keys(places.forms({}, ())))
        remedy = f"It begins with keys such as name: and data:. Known: {known}."
        return None, (Fault((), f"is {faults.found(document)}.", remedy),)
    try:
        project = Project.model_validate(document, by_alias=True, by_name=False)
        told: tuple[Fault, ...] = ()
    except ValidationError as error:
        project = None
        located = locate(error.errors(include_url=False), document)
        told = _word(located, document)
    told = (*told, *_no_values(document), *_no_numbers(document, document, ()))
    told = (*told, *contradictions(parts_of(document, [fault.path for fault in told])))
    return (None, told) if told else (project, ())


def _no_values(document: dict[str, Any]) -> Iterator[Fault]:
    """Find items of a category's values that are none, which a column would read as text."""
    columns = document.get("schema")
    for name, column in columns.items() if isinstance(columns, dict) else ():
        values = places.at(column, ("values",))
        for at, value in enumerate(values if isinstance(values, list) else ()):
            remedy = "A missing value is no value: its largest share is declared as missing: 20%."
            if isinstance(value, dict | list):
                remedy = "Allowed is text; put it into quotes."
            if value is None or isinstance(value, dict | list):
                path = ("schema", name, "values", at)
                yield Fault(path, f"is {faults.found(value)}.", remedy)


def _no_numbers(value: Any, document: Any, path: Path) -> Iterator[Fault]:
    """Find `true` and `false` where a number is wanted, which would be read as 1 and 0."""
    if isinstance(value, bool):
        here = places.forms(document, path)
        kinds = {form.get("type") for form in here if isinstance(form.get("type"), str)}
        if kinds & {"number", "integer"} and not kinds & {"boolean", "string"}:
            yield Fault(path, f"is {faults.found(value)}.", f"Allowed is {places.describe(here)}.")
    inner = value.items() if isinstance(value, dict) else ()
    for step, each in enumerate(value) if isinstance(value, list) else inner:
        yield from _no_numbers(each, document, (*path, step))


def _word(located: list[Located], document: Any) -> tuple[Fault, ...]:
    """Word each error once; a key that is only misspelt is not missing as well."""
    misspelt = {
        (*each.path[:-1], faults.meant(each.path, document))
        for each in located
        if each.kind == "extra_forbidden"
    }
    told = [each for each in located if each.kind != "missing" or each.path not in misspelt]
    return tuple(dict.fromkeys(faults.word(each, document) for each in told))
