"""Finding one's way in the grammar: what is allowed at a place of a declaration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lifecycle.project.grammar import DURATION, MOMENT, SHARE, json_schema

Path = tuple[str | int, ...]
Form = Mapping[str, Any]
"""One of the forms a value may take: a JSON Schema without references and alternatives."""

_MISSING = object()


def forms(document: Any, path: Path) -> list[Form]:
    """List the forms that are allowed at a path; which variant of a section follows its `kind`.

    Examples
    --------
    >>> [form["type"] for form in forms({}, ("search", "trials"))]
    ['integer']
    >>> forms({}, ("search", "trails"))
    []
    """
    found, value = list(_open(json_schema(), document)), document
    for step in path:
        value = inside(value, step)
        found = [form for parent in found for form in _enter(parent, step, value)]
    return found


def keys(found: Sequence[Form]) -> list[str]:
    """Name the keys that any of the forms knows."""
    return sorted({key for form in found for key in form.get("properties", {})})


def choices(found: Sequence[Form]) -> list[str]:
    """Name the words that any of the forms allows, where it allows certain words only."""
    words = [word for form in found for word in form.get("enum", (form.get("const"),))]
    return [str(word) for word in words if word is not None]


def is_text(found: Sequence[Form]) -> bool:
    """Tell whether text is allowed and a number is not told apart from it."""
    kinds = [form.get("type") for form in found]
    return any(kind == "string" or isinstance(kind, list) for kind in kinds) and not any(
        kind in ("number", "integer", "boolean") for kind in kinds
    )


def tag(found: Sequence[Form]) -> tuple[str, list[str]] | None:
    """Give the key that tells variants of a section apart, and the variants."""
    for form in found:
        if variants := form.get("discriminator"):
            return variants["propertyName"], sorted(variants["mapping"])
    return None


def describe(found: Sequence[Form]) -> str:
    """Say in words what is allowed.

    Examples
    --------
    >>> describe(forms({}, ("search", "trials")))
    'a whole number of at least 1'
    >>> describe(forms({}, ("search", "timeout")))
    'a length of time such as 90s, 10m, 6h, 7d or 2w'
    """
    words = list(dict.fromkeys(filter(None, (_describe_one(form) for form in found))))
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


def at(document: Any, path: Path) -> Any:
    """Give the value at a path of the document; `None` where there is none."""
    value = document
    for step in path:
        value = inside(value, step)
    return None if value is _MISSING else value


def purpose(document: Any, path: Path) -> str:
    """Say what a key is for, in the words of the section that declares it.

    Examples
    --------
    >>> purpose({}, ("about", "owner"))
    'Who answers for the model: a team or a person.'
    """
    for form in forms(document, path[:-1]) if path else ():
        place = form.get("properties", {}).get(path[-1], {})
        if text := place.get("description"):
            return str(text)
    return ""


def places(key: str, *, limit: int = 3) -> list[str]:
    """Find where else in a declaration a key belongs.

    Examples
    --------
    >>> places("trials")
    ['search.trials']
    """
    return list(dict.fromkeys(_search(json_schema(), (), key)))[:limit]


def _search(schema: Form, path: tuple[str, ...], key: str) -> Iterator[str]:
    for form in _open(schema, _MISSING):
        for name, inner in form.get("properties", {}).items():
            if name == key:
                yield ".".join((*path, name))
            elif len(path) < 3:
                yield from _search(inner, (*path, name), key)


def _open(schema: Form, value: Any) -> Iterator[Form]:
    """Follow references and alternatives down to plain forms."""
    if "$ref" in schema:
        yield from _open(json_schema()["$defs"][schema["$ref"].rpartition("/")[2]], value)
    elif variants := schema.get("discriminator"):
        named = inside(value, variants["propertyName"])
        chosen = variants["mapping"].get(named) if isinstance(named, str) else None
        yield from _open({"$ref": chosen}, value) if chosen else (schema,)
    elif alternatives := schema.get("anyOf") or schema.get("oneOf"):
        for alternative in alternatives:
            yield from _open(alternative, value)
    else:
        yield schema


def _enter(form: Form, step: str | int, value: Any) -> Iterator[Form]:
    if isinstance(step, int):
        ahead = form.get("prefixItems", ())
        inner = ahead[step] if step < len(ahead) else form.get("items")
    else:
        inner = form.get("properties", {}).get(step) or form.get("additionalProperties")
    if isinstance(inner, Mapping):
        yield from _open(inner, value)


def inside(value: Any, step: str | int) -> Any:
    """Give what a value holds under a key or at a position, or a mark that it holds nothing."""
    if isinstance(value, dict):
        return value.get(step, _MISSING)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return _MISSING


def _describe_one(form: Form) -> str:
    if "discriminator" in form or form.get("type") == "object":
        return "a mapping" + (f" with {_list(names)}" if (names := keys([form])) else "")
    if words := choices([form]):
        return f"one of {', '.join(words)}" if len(words) > 1 else f'"{words[0]}"'
    if form.get("type") == "array":
        return f"a list of {_describe_items(form)}"
    if pattern := form.get("pattern"):
        return _PATTERNS.get(pattern, "")
    kind = form.get("type")
    words = [_TYPES.get(one, "") for one in ([kind] if isinstance(kind, str) else kind or [])]
    return " or ".join(filter(None, words)) + _range(form)


def _describe_items(form: Form) -> str:
    if pair := form.get("prefixItems"):
        return f"exactly {len(pair)}"
    return describe(list(_open(form.get("items", {}), _MISSING))) or "values"


def _range(form: Form) -> str:
    bounds = (
        (form.get("exclusiveMinimum"), "above"),
        (form.get("minimum") if "exclusiveMinimum" not in form else None, "of at least"),
        (form.get("exclusiveMaximum"), "below"),
        (form.get("maximum") if "exclusiveMaximum" not in form else None, "of at most"),
    )
    words = [f"{word} {bound:g}" for bound, word in bounds if bound is not None]
    return f" {' and '.join(words)}" if words else ""


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)


_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_PATTERNS = {
    SHARE: "a share such as 20%",
    DURATION: "a length of time such as 90s, 10m, 6h, 7d or 2w",
    MOMENT: "a date such as 2013-07-01 or a time such as 2013-07-01T12:00:00",
}
