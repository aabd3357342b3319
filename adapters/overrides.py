"""`--set search.trials=20`: single values of a declaration, given on the command line."""

import re
from copy import deepcopy
from typing import Any

from adapters.yaml_document import Document, parse
from lifecycle.errors import ProjectError
from lifecycle.project.faults import dotted, found
from lifecycle.project.places import Path

_STEP = re.compile(r'"(?P<quoted>[^"]*)"|\[(?P<item>\d+)\]|(?P<plain>[^.\[\]"=]+)')


def apply(document: Document, override: str) -> tuple[Document, Path]:
    """Set one value of a document; what is not there yet is added.

    Returns
    -------
    document
        Another document; the one given stays as it is.
    path
        The place that was set.

    Raises
    ------
    ProjectError
        If the override cannot be read, or leads into something that holds nothing.

    Examples
    --------
    >>> apply(parse("search: {trials: 40}"), "search.trials=20")[0].data
    {'search': {'trials': 20}}
    >>> apply(parse("gates: [{kind: size}]"), "gates[0].megabytes=5")[0].data
    {'gates': [{'kind': 'size', 'megabytes': 5}]}
    """
    path, value = _read(override)
    data = deepcopy(document.data) if isinstance(document.data, dict) else {}
    *above, last = path
    holder: Any = data
    for depth, step in enumerate(above):
        at = _find(holder, step, path[:depth], override)
        inner = holder[at] if isinstance(holder, list) else holder.get(at)
        if inner is None:
            inner = holder[at] = {}
        holder = inner
    at = _find(holder, last, path[:-1], override)
    holder[at] = value.data
    exact = _as_found(data, path)
    kept = {at: text for at, text in document.written.items() if at[: len(exact)] != exact}
    written = {(*exact, *at): text for at, text in value.written.items()}
    return document._replace(data=data, written={**kept, **written}), exact


def _read(override: str) -> tuple[Path, Document]:
    text, sign, value = _divide(override)
    steps = list(_STEP.finditer(text))
    between = _STEP.sub("", text)
    if not sign or not steps or between.strip(". "):
        raise ProjectError(
            f"--set {override}: this is not of the form section.key=value.\n"
            "  For example: --set search.trials=20, --set gates[0].at_least=0.8, "
            "--set 'schema.\"dep. time\".max=2400'."
        )
    read = parse(value)
    if read.flaws:
        flaw = read.flaws[0]
        raise ProjectError(f"--set {override}: {flaw.problem}\n  {flaw.remedy}".rstrip())
    return tuple(_step(match) for match in steps), read


def _divide(override: str) -> tuple[str, str, str]:
    """Cut at the first `=` that is not inside quotes."""
    match = re.match(r'((?:"[^"]*"|[^"=])*)(=)(.*)', override, re.DOTALL)
    return (match[1], match[2], match[3]) if match else (override, "", "")


def _step(match: re.Match[str]) -> str | int:
    if match["item"] is not None:
        return int(match["item"])
    return match["quoted"] if match["quoted"] is not None else match["plain"].strip()


def _find(holder: Any, step: str | int, path: Path, override: str) -> Any:
    """Give the key or position a step means in what holds it."""
    if isinstance(holder, dict):
        return str(step)
    if not isinstance(holder, list):
        raise ProjectError(
            f"--set {override}: {dotted(path)} is {found(holder)}, which holds nothing to set.\n"
            f"  Set {dotted(path)} itself."
        )
    if not str(step).isdigit() or int(step) >= len(holder):
        has = f"has {len(holder)} items, from [0] to [{len(holder) - 1}]" if holder else "is empty"
        raise ProjectError(
            f"--set {override}: there is no item {step} in {dotted(path)}.\n  It {has}."
        )
    return int(step)


def _as_found(data: Any, path: Path) -> Path:
    """Write a path with positions as numbers, whether it was given as `gates.0` or `gates[0]`."""
    exact: Path = ()
    for step in path:
        at = int(step) if isinstance(data, list) else str(step)
        exact, data = (*exact, at), data[at]
    return exact
