"""What is wrong with a declaration, in words a stranger understands."""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple

from lifecycle.errors import suggest
from lifecycle.project import places
from lifecycle.project.locating import Located
from lifecycle.project.places import Path

LISTED = 25
"""So many names are still read; of more, only the near ones are shown."""


class Fault(NamedTuple):
    """One thing that is wrong with a declaration.

    Parameters
    ----------
    path
        The place, as keys and positions from the top.
    problem
        What was found; it goes on from the dotted path: `is "metrc".`
    remedy
        What is allowed, or what to do; may be empty.
    """

    path: Path
    problem: str
    remedy: str = ""

    @property
    def place(self) -> str:
        """The path as a person writes it: `gates[2].kind`."""
        return dotted(self.path)


def dotted(path: Path) -> str:
    """Write a path as a person would.

    Examples
    --------
    >>> dotted(("gates", 2, "kind")), dotted(("schema", "dep. time", "min"))
    ('gates[2].kind', 'schema."dep. time".min')
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = step.replace("-", "_").isidentifier()
            text += f"{'.' if text else ''}" + (step if plain else json.dumps(step))
    return text or "the declaration"


def nearest(word: str, allowed: Iterable[str], what: str = "Known") -> str:
    """Name what is allowed instead of a word, briefly however much that is.

    Examples
    --------
    >>> nearest("metrc", ["metric", "champion"], "Known kinds")
    'Known kinds: champion, metric. Did you mean "metric"?'
    >>> nearest("c17x", (f"c{number}" for number in range(100)))
    'Known are 100 names, such as c0, c1, c10. Did you mean "c17"?'
    """
    names = sorted(allowed)
    text = suggest(word, names)
    if len(names) > LISTED:
        known = f"Known are {len(names)} names, such as {', '.join(names[:3])}."
        near = text.partition(" Did you mean ")
        return known + near[1] + near[2]
    return text.replace("Known:", f"{what}:", 1)


def found(value: Any) -> str:
    """Show a value as it was found.

    Examples
    --------
    >>> found("metrc"), found(3), found(None), found({"a": 1})
    ('"metrc"', '3', 'empty', 'a mapping')
    """
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:70]}..."


def word(error: Located, document: Any) -> Fault:
    """Put an error of pydantic into our words."""
    path, value = error.path, places.at(document, error.path)
    here = places.forms(document, path)
    if error.kind == "extra_forbidden":
        return _word_unknown(path, document)
    if error.kind == "missing" and isinstance(path[-1], int):
        held = len(places.at(document, path[:-1]))
        return Fault(path[:-1], f"holds {held}.", _allowed(path[:-1], document))
    if error.kind == "missing":
        return Fault(path, "is missing.", _allowed(path, document))
    if error.kind in ("union_tag_invalid", "union_tag_not_found"):
        return _word_variant(path, value, here)
    if error.said:
        said = f"{error.said[0].upper()}{error.said[1:].rstrip('.')}."
        if isinstance(value, dict | list):
            return Fault(path, "does not hold together.", said)
        return Fault(path, f"is {found(value)}.", said)
    if error.kind in ("too_short", "string_too_short"):
        return Fault(path, "is empty.", _allowed(path, document))
    words = places.choices(here)
    if isinstance(value, str) and words and error.kind != "form":
        return Fault(path, f"is {found(value)}.", nearest(value, words))
    return Fault(path, f"is {found(value)}.", _allowed(path, document))


def meant(path: Path, document: Any) -> str | None:
    """Guess which key was meant by one that is not known here.

    A key that is known elsewhere is rather in the wrong place than misspelt.
    """
    key = str(path[-1])
    known = places.keys(places.forms(document, path[:-1]))
    near = get_close_matches(key, known, n=1, cutoff=0.8 if places.places(key) else 0.5)
    return near[0] if near else None


def _word_unknown(path: Path, document: Any) -> Fault:
    key = str(path[-1])
    known = places.keys(places.forms(document, path[:-1]))
    text = nearest(key, known) if known else ""
    if meant(path, document) is None:
        text = text.partition(" Did you mean")[0]
        elsewhere = [place for place in places.places(key) if place != dotted(path)]
        text += f" There is {' and '.join(elsewhere)}." if elsewhere else ""
    return Fault(path, "is not known here.", text.strip())


def _word_variant(path: Path, value: Any, here: list[places.Form]) -> Fault:
    key, variants = places.tag(here) or ("kind", [])
    what = f"Known {key}s" if key == "kind" else "Known"
    if not isinstance(value, dict):
        remedy = f"Allowed is a mapping such as {{{key}: {variants[0]}, ...}}."
        return Fault(path, f"is {found(value)}.", f"{remedy} {what}: {', '.join(variants)}.")
    if key not in value:
        return Fault((*path, key), "is missing.", f"{what}: {', '.join(variants)}.")
    return Fault((*path, key), f"is {found(value[key])}.", nearest(str(value[key]), variants, what))


def _allowed(path: Path, document: Any) -> str:
    here = places.forms(document, path)
    variants = places.tag(here)
    text = places.describe(here) + (
        f" with {variants[0]}: {', '.join(variants[1])}" if variants else ""
    )
    purpose = places.purpose(document, path)
    return f"{purpose} Allowed is {text}.".strip() if text else purpose
