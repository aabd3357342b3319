"""A declared URL, with its secrets filled in and a way to speak of it without them."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus, unquote

from lifecycle.errors import SourceError

MASK = "***"
_VARIABLE = re.compile(r"\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SECRET_PARAMETER = re.compile(
    r"(?i)[?&][^=&]*(?:password|passwd|pwd|token|secret|api_?key|credential|signature|sig)"
    r"=(?P<secret>[^&#]+)"
)


@dataclass(frozen=True)
class Address:
    """Where a table comes from.

    Parameters
    ----------
    url
        As a driver needs it, secrets included. Never shown.
    shown
        As it may be shown: variables by their names, other passwords masked.
    stand_ins
        What to say in place of each text that must not be shown.
    """

    url: str = field(repr=False)
    shown: str
    stand_ins: Mapping[str, str] = field(repr=False)

    @property
    def scheme(self) -> str:
        """What stands before `://`, in small letters; empty for a path."""
        match = _SCHEME.match(self.url)
        return match[1].lower() if match else ""

    @property
    def path(self) -> str:
        """What stands after `://`; the whole of a path."""
        return _SCHEME.sub("", self.url, count=1)

    def redact(self, text: str) -> str:
        """Take everything out of a text that must not be shown."""
        text = text.replace(self.url, self.shown)
        for secret in sorted(self.stand_ins, key=len, reverse=True):
            text = text.replace(secret, self.stand_ins[secret])
        return text


def parse_address(declared: str, environment: Mapping[str, str] = os.environ) -> Address:
    """Fill `${NAME}` in from the environment.

    A variable that stands for user or password (before the `@`) is taken as it is and
    percent-encoded here, so that a password may hold any character.

    Raises
    ------
    SourceError
        If a variable is not set or its name is not closed.

    Examples
    --------
    >>> address = parse_address("postgresql://me:${PW}@host/shop", {"PW": "p@ss"})
    >>> address.url, address.shown
    ('postgresql://me:p%40ss@host/shop', 'postgresql://me:${PW}@host/shop')
    >>> address.redact("no entry for p@ss")
    'no entry for ${PW}'
    """
    stand_ins: dict[str, str] = {}
    user_ends = _end_of_user(declared)

    def fill(match: re.Match[str]) -> str:
        value = _look_up(match, environment)
        stand_ins.update(dict.fromkeys(_spellings(value), match[0]))
        return quote(value, safe="") if match.start() < user_ends else value

    url = _VARIABLE.sub(fill, declared)
    # A variable may hold a whole URL: the password inside it is a secret of its own.
    for start, end in _secrets(url):
        for spelling in _spellings(url[start:end]):
            stand_ins.setdefault(spelling, MASK)
    return Address(url=url, shown=_mask(declared), stand_ins=stand_ins)


def _look_up(match: re.Match[str], environment: Mapping[str, str]) -> str:
    name = match[1]
    if not match[0].endswith("}") or not _NAME.fullmatch(name):
        raise SourceError(f'"{match[0]}" is not a variable. Write ${{NAME}}.')
    if name not in environment:
        raise SourceError(
            f"The environment variable {name} is not set. Set it (export {name}=...) and run again."
        )
    return environment[name]


def _end_of_user(url: str) -> int:
    """Where the `@` after user and password stands; 0 without one."""
    scheme = _SCHEME.match(url)
    if scheme is None:
        return 0
    # Only SQLAlchemy lets a password hold a slash, and it is then the last @ that counts.
    is_web = scheme[1].lower() in ("http", "https", "s3", "package")
    authority = re.compile(r"[^/?#]*@" if is_web else r"[^?]*@").match(url, scheme.end())
    return authority.end() - 1 if authority else 0


def _mask(url: str) -> str:
    for start, end in sorted(_secrets(url), reverse=True):
        if not _VARIABLE.fullmatch(url[start:end]):
            url = url[:start] + MASK + url[end:]
    return url


def _secrets(url: str) -> list[tuple[int, int]]:
    """Where passwords stand: after the user's colon, and in parameters named so."""
    spans = [match.span("secret") for match in _SECRET_PARAMETER.finditer(url)]
    scheme, end = _SCHEME.match(url), _end_of_user(url)
    if scheme and end:
        start = scheme.end()
        _, colon, password = url[start:end].partition(":")
        if colon:
            spans.append((end - len(password), end))
        elif scheme[1].lower() in ("http", "https"):  # there, a lone user is a token
            spans.append((start, end))
    return [(start, end) for start, end in spans if start < end]


def _spellings(secret: str) -> set[str]:
    """Give the ways in which a driver may write a secret in its messages."""
    forms = {secret, unquote(secret), quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return {form for form in forms if form}
