"""A body as plain Python values, keeping what JSON readers usually hide.

Only for bodies that are not what is asked for: it is to find out everything that is wrong.
"""

import json
from codecs import BOM_UTF8
from collections import Counter
from typing import Any

from lifecycle.serving.faults import NotJson

_LONGEST_NUMBER = 310
"""Digits of a whole number; the largest 64-bit float has 309."""


class Unheld(str):
    """A number as it was written, which no float can hold: `NaN`, `Infinity`, `1e400`."""

    __slots__ = ()


class Repeating(dict[str, Any]):
    """An object that has some of its fields twice.

    Parameters
    ----------
    repeated
        Their names.
    """

    repeated: tuple[str, ...] = ()


def parse(body: bytes) -> Any:
    """Read a body.

    Raises
    ------
    NotJson
        If it is no JSON at all. NaN and infinities are none either, but are read as `Unheld`,
        so that the fields they stand in can be named.

    Examples
    --------
    >>> parse(b'{"a": [1, 2.5, NaN]}')
    {'a': [1, 2.5, 'NaN']}
    """
    if body.startswith(BOM_UTF8):
        raise NotJson("The body begins with a byte order mark. Leave it out.")
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise NotJson(f"The body is not UTF-8: byte {error.start} begins no character.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        what = "The body is empty." if not body.strip() else f"{error.msg} at {where}."
        raise NotJson(f"The body is not JSON: {what}" if body.strip() else what) from None
    except RecursionError:
        raise NotJson("The body is nested too deeply.") from None


def _read_whole(text: str) -> int | Unheld:
    return int(text) if len(text) <= _LONGEST_NUMBER else Unheld(text)


def _read_float(text: str) -> float | Unheld:
    number = float(text)
    return Unheld(text) if abs(number) == float("inf") else number


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    repeating = Repeating(pairs)
    times = Counter(name for name, _ in pairs)
    repeating.repeated = tuple(name for name, count in times.items() if count > 1)
    return repeating


_DECODER = json.JSONDecoder(
    object_pairs_hook=_read_object,
    parse_float=_read_float,
    parse_int=_read_whole,
    parse_constant=Unheld,
)
