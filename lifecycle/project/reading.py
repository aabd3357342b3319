"""Reading a declaration: the project, or every fault that keeps it from being one."""

from typing import Any

from pydantic import ValidationError

from lifecycle.project import faults, places
from lifecycle.project.contradictions import contradictions
from lifecycle.project.contradictions.parts import parts_of
from lifecycle.project.faults import Fault
from lifecycle.project.locating import Located, locate
from lifecycle.project.project import Project


def read(document: Any) -> tuple[Project | None, tuple[Fault, ...]]:
    """Read plain values as a project; without faults there is one, with any there is none."""
    if not isinstance(document, dict):
        known = ", ".join(places.keys(places.forms({}, ())))
        remedy = f"It begins with keys such as name: and data:. Known: {known}."
        return None, (Fault((), f"is {faults.found(document)}.", remedy),)
    try:
        project = Project.model_validate(document, by_alias=True, by_name=False)
        told = _empty_values(document)
    except ValidationError as error:
        project = None
        located = locate(error.errors(include_url=False), document)
        told = (*_word(located, document), *_empty_values(document))
    told = (*told, *contradictions(parts_of(document, [fault.path for fault in told])))
    return (None, told) if told else (project, ())


def _empty_values(document: dict[str, Any]) -> tuple[Fault, ...]:
    """Find empty items among a category's values, where "missing" was meant."""
    columns = document.get("schema")
    remedy = "A missing value is no value: its largest share is declared as missing: 20%."
    return tuple(
        Fault(("schema", name, "values", at), "is empty.", remedy)
        for name, column in (columns.items() if isinstance(columns, dict) else ())
        for at, value in enumerate(places.at(column, ("values",)) or ())
        if value is None
    )


def _word(located: list[Located], document: Any) -> tuple[Fault, ...]:
    """Word each error once; a key that is only misspelt is not missing as well."""
    misspelt = {
        (*each.path[:-1], faults.meant(each.path, document))
        for each in located
        if each.kind == "extra_forbidden"
    }
    told = [each for each in located if each.kind != "missing" or each.path not in misspelt]
    return tuple(dict.fromkeys(faults.word(each, document) for each in told))
