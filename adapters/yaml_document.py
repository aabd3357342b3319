"""YAML with the line of every key and value, read so that no value changes its meaning.

YAML guesses types from spelling: `no` was once a boolean, `01` is the number 1, a date turns into
an object. Here a scalar keeps the text it was written as, next to what it reads as, so that whoever
knows which of both is meant can take it.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path = tuple[str | int, ...]


class Flaw(NamedTuple):
    """Something that keeps a text from being one clear document."""

    line: int
    column: int
    problem: str
    remedy: str = ""


class Document(NamedTuple):
    """A YAML text as plain values, with where and how each was written.

    Parameters
    ----------
    data
        Mappings with text keys, lists, text, numbers, booleans and `None`.
    lines
        The line of each key or item, from 1.
    written
        The text of each unquoted scalar, as it was written.
    flaws
        What is wrong with the text; `data` is what could be read all the same.
    """

    data: Any
    lines: dict[Path, int]
    written: dict[Path, str]
    flaws: tuple[Flaw, ...] = ()


def parse(text: str) -> Document:
    r"""Read one YAML document.

    Examples
    --------
    >>> parse("a: 1\nb: [no, 01, 2013-01-01]").data
    {'a': 1, 'b': ['no', '01', '2013-01-01']}
    >>> parse("a: 1\nb: 2\na: 3").flaws[0].problem
    '"a" is declared a second time; it is already on line 1.'
    """
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        return Document(None, {}, {}, (_flaw(error),))
    except YAMLError as error:
        problem = " ".join(str(error).split()).partition(" in ")[0]
        return Document(None, {}, {}, (Flaw(1, 1, f"This is not YAML: {problem}."),))
    reading = _Reading()
    data = reading.value(node, ()) if node is not None else None
    return Document(data, reading.lines, reading.written, tuple(reading.flaws))


class _Reading:
    """Walks the nodes of one document and remembers where they stood."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.written: dict[Path, str] = {}
        self.flaws: list[Flaw] = []
        self._open: list[int] = []

    def value(self, node: Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, ScalarNode):
            if node.style is None:
                self.written[path] = node.value
            return _scalar(node)
        if id(node) in self._open:
            self._flaw(node, "An alias refers to something it stands inside of.")
            return None
        self._open.append(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
            assert isinstance(node, MappingNode)
            return dict(self._pairs(node, path))
        finally:
            self._open.pop()

    def _pairs(self, node: MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._flaw(key_node, "A key must be text.")
                continue
            key = str(key_node.value)
            if key == "<<" and key_node.style is None:
                remedy = "Write the keys out; plain aliases (`*name`) are fine."
                self._flaw(key_node, "Merge keys (`<<`) are not read here.", remedy)
            elif key in first:
                already = f'"{key}" is declared a second time; it is already on line {first[key]}.'
                self._flaw(key_node, already, "Keep one of the two.")
            else:
                first[key] = line
                self.lines[*path, key] = line
                yield key, self.value(value_node, (*path, key))

    def _flaw(self, node: Node, problem: str, remedy: str = "") -> None:
        mark = node.start_mark
        self.flaws.append(Flaw(mark.line + 1, mark.column + 1, problem, remedy))


def _scalar(node: ScalarNode) -> Any:
    text, kind = str(node.value), str(node.tag).rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind == "int":
        return _whole(text)
    if kind == "float":
        return _number(text)
    return text


def _whole(text: str) -> int | str:
    """Read a whole number; one with leading zeros is a code, and stays text."""
    plain = text.replace("_", "")
    digits = plain.lstrip("+-")
    if digits.startswith("0") and digits.isdigit() and len(digits) > 1:
        return text
    try:
        return int(plain, 0) if plain.lstrip("+-")[:2] in ("0x", "0o", "0b") else int(plain)
    except ValueError:
        return text


def _number(text: str) -> float | str:
    plain = text.replace("_", "").lower()
    special = {".nan": math.nan, ".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf}
    try:
        return special[plain] if plain in special else float(plain)
    except ValueError:
        return text


def _flaw(error: MarkedYAMLError) -> Flaw:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = " ".join(str(error.problem or error.context or "unreadable").split())
    problem = problem.removeprefix("but ")
    return Flaw(line, column, f"This is not YAML: {problem}.", _remedy(problem))


def _remedy(problem: str) -> str:
    if "'\\t'" in problem or "tab" in problem:
        return "Indent with spaces, never with tabs."
    if "mapping values are not allowed" in problem:
        return "Put a value that holds a colon into quotes, and indent keys of one mapping equally."
    if "found another document" in problem:
        return "A file holds one declaration: take the line `---` and what follows out."
    if "cannot start any token" in problem:
        return "Put a value that begins with @, `, % or * into quotes."
    return "Look at the indentation, brackets and quotes of this line and the one above."
