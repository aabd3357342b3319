"""Of whom a request is, and which arm of a test it belongs to."""

from collections.abc import Callable, Sequence
from re import compile as pattern
from typing import NamedTuple, TypeAlias

from lifecycle.release.declaration import Unit
from lifecycle.serving.access import Principal
from lifecycle.serving.outcomes import UnitMask
from service.exchange import Exchange

Found: TypeAlias = Callable[[Sequence[tuple[bytes, bytes]], Principal], bytes]
"""Finds the name of a unit in the headers of a request, or in what is known of who asks."""

_ARM = pattern(rb"[0-9]{1,18}:(?:challenger|champion)")


class Asked(NamedTuple):
    """What is kept of a request beside what was asked and answered.

    Parameters
    ----------
    by
        Who asked, or `None`.
    unit
        The hash of whom it is of.
    arm
        `RELEASE:ARM`, as the router says it.
    """

    id: str
    by: str | None
    unit: str | None = None
    arm: str | None = None


class Assigning:
    """Says of requests what is kept of them.

    The arm is believed: only the router reaches this service, and it takes away what a client
    says of it.

    Parameters
    ----------
    unit
        By what of a request it is told whom it is of; `None`: it is not.
    mask
        What is kept of that; needed where there is a unit.
    """

    def __init__(self, unit: Unit | None, mask: UnitMask | None) -> None:
        self._find = None if unit is None else _finder(unit)
        self._mask = mask

    def __call__(self, exchange: Exchange, principal: Principal) -> Asked:
        """Say what is kept of a request."""
        unit = arm = None
        if self._find is not None and self._mask is not None:
            name = self._find(exchange.headers, principal)
            unit = self._mask(name) if name else None
        if exchange.arm and _ARM.fullmatch(exchange.arm):
            arm = exchange.arm.decode("ascii")
        return Asked(exchange.id, signature(principal), unit, arm)


def signature(principal: Principal) -> str | None:
    """Give the name that is kept of who asked.

    Examples
    --------
    >>> signature(Principal("k1", frozenset({"predict"}), "key"))
    'k1'
    """
    return None if principal.via == "anonymous" else principal.id


def _finder(unit: Unit) -> Found:
    if unit.header is not None:
        return _in_header(unit.header.encode("ascii"))
    if unit.cookie is not None:
        return _in_cookie(unit.cookie.encode("ascii"))
    return lambda headers, principal: principal.unit.encode()


def _in_header(wanted: bytes) -> Found:
    """Find a header; one that is there several times is what they say together (RFC 9110, 5.3)."""

    def find(headers: Sequence[tuple[bytes, bytes]], principal: Principal) -> bytes:
        found = [value for name, value in headers if name == wanted]
        return found[0] if len(found) == 1 else b",".join(found)

    return find


def _in_cookie(wanted: bytes) -> Found:
    """Find a cookie, without the quotes it may stand in; the first of several (RFC 6265, 5.4)."""

    def find(headers: Sequence[tuple[bytes, bytes]], principal: Principal) -> bytes:
        for header, value in headers:
            if header != b"cookie" or wanted not in value:
                continue
            for pair in value.split(b";"):
                name, _, content = pair.partition(b"=")
                if name.strip() == wanted:
                    content = content.strip()
                    is_quoted = len(content) > 1 and content[:1] == content[-1:] == b'"'
                    return content[1:-1] if is_quoted else content
        return b""

    return find
