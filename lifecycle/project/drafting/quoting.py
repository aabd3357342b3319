"""Text and numbers written so that YAML reads back what was meant."""

import json
import re

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*( [A-Za-z0-9_-]+)*")
_READ_OTHERWISE = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"}


def scalar(text: str) -> str:
    """Write text so that YAML reads it as that text, whatever it holds.

    Examples
    --------
    >>> print(scalar("JFK"), scalar("no"), scalar("01"), scalar("a: b"))
    JFK "no" "01" "a: b"
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _READ_OTHERWISE:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(
        character if is_printable(character) else _escape(character) for character in quoted
    )


def is_printable(character: str) -> bool:
    """Tell whether YAML keeps a character as it is."""
    code = ord(character)
    return (
        0x20 <= code <= 0x7E
        or (0xA0 <= code <= 0xD7FF and code not in (0x2028, 0x2029))
        or (0xE000 <= code <= 0xFFFD and code != 0xFEFF)
        or code >= 0x10000
    )


def _escape(character: str) -> str:
    return f"\\u{ord(character):04x}"


def number(value: float) -> str:
    """Write a number, whole ones without a point.

    Examples
    --------
    >>> number(5.0), number(0.1), number(1e30)
    ('5', '0.1', '1e+30')
    """
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return repr(value) if abs(value) < 1e-6 or abs(value) >= 2**53 else _short(value)


def _short(value: float) -> str:
    """Write a number without the dust that binary fractions leave, if it stays the same."""
    short = f"{value:.12g}"
    return short if "e" not in short else repr(value)
