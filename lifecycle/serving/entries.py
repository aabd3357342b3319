"""Reads bodies that are one entry, or an array of them; all that is wrong with any is told."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from lifecycle.serving.faults import MOST_TOLD, Fault, Faults, TooManyRows, pointer
from lifecycle.serving.json_body import Repeating, parse
from lifecycle.serving.telling import meaning, show, show_name, show_value, tell, tellable
from lifecycle.serving.values import Rule


class Wrong(NamedTuple):
    """What is wrong at some place of an entry: no steps are the entry as a whole."""

    steps: tuple[str, ...]
    found: str
    allowed: str
    detail: str


Check = Callable[[Any], Iterable[Wrong]]


def read_entries(body: bytes, check: Check, *, what: str, most: int) -> list[Any]:
    """Read a body whose entries are objects that a check finds nothing wrong with.

    Parameters
    ----------
    what
        What one entry is called.
    most
        Most entries in one request.

    Raises
    ------
    NotJson
        If it is not JSON.
    TooManyRows
        If it has more entries than are taken.
    Faults
        If an entry cannot be right: all that is wrong with it.

    Examples
    --------
    >>> read_entries(b'{"a": 1}', lambda entry: (), what="entry", most=2)
    [{'a': 1}]
    """
    sent = parse(body)
    if not isinstance(sent, dict | list) or sent == []:
        raise Faults([_nothing(sent, what)])
    is_single = isinstance(sent, dict)
    entries: list[Any] = [sent] if isinstance(sent, dict) else sent
    if len(entries) > most:
        raise TooManyRows(len(entries), most)
    told: list[Fault] = []
    count = 0
    for row, entry in enumerate(entries):
        for wrong in check(entry):
            count += 1
            if count <= MOST_TOLD:
                told.append(_fault(row, wrong, is_single))
    if count:
        raise Faults(told, count)
    return entries


def broken(rule: Rule, value: Any, steps: tuple[str, ...]) -> Iterator[Wrong]:
    """Tell in which way a value breaks the rule of its field, if it does."""
    breach = rule.breach(value)
    if breach is not None:
        yield Wrong(steps, show_value(rule, value), meaning(rule), tell(rule, value, breach))


def repeated(found: Mapping[str, Any], steps: tuple[str, ...]) -> Iterator[Wrong]:
    """Tell which fields of an object are there more than once."""
    for name in found.repeated if isinstance(found, Repeating) else ():
        detail = f"{show_name(name)} is there more than once; which one is meant cannot be known."
        yield Wrong((*steps, name), "the field more than once", "each field once", detail)


def _nothing(body: Any, what: str) -> Fault:
    found = "an empty array" if body == [] else show(body)
    detail = f"The body is {found}. Send one {what} as an object, or an array of {what}s."
    return Fault(
        None, None, "", found, f"an object (one {what}), or an array of at least one", detail
    )


def _fault(row: int, wrong: Wrong, is_single: bool) -> Fault:
    names = [tellable(name) for name in wrong.steps]
    steps: list[int | str] = [*names] if is_single else [row, *names]
    field = names[-1] if names else None
    return Fault(row, field, pointer(*steps), wrong.found, wrong.allowed, wrong.detail)
