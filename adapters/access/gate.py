"""The gate every request passes: who asks, may they, and not too often."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from re import compile as pattern
from time import time
from typing import TYPE_CHECKING, NamedTuple

from adapters.access.keys import Keys
from lifecycle.serving.access import (
    ANONYMOUS,
    PREFIX,
    AccessError,
    Caller,
    Forbidden,
    Principal,
    Rates,
    TooManyRequests,
    Unauthorized,
    digest,
)
from lifecycle.serving.declaration import Access, Endpoint, Role

if TYPE_CHECKING:
    from adapters.access.tokens import Verifier

LONGEST = 8_192
"""Bytes of a key or token; servers and proxies refuse longer headers anyway."""

REMEMBERED = 4_096
"""How many callers are remembered without being checked anew: some 2 MB."""

LOOK_EVERY = 1.0
"""Seconds after which a file that changed is noticed at the latest."""

LOOK_AGAIN = 0.05
"""Seconds after which it is looked at anew for a key nobody knows: it may just have been made."""

_FORM = pattern(rb"[A-Za-z0-9._~+/-]+=*")
_KEY = PREFIX.encode()


class _Known(NamedTuple):
    principal: Principal
    until: float


class Gate:
    """Decides about requests, in one thread; without waiting, save for reading changed files.

    Parameters
    ----------
    access
        What is declared.
    keys, jwks
        The files of API keys and of the public keys of tokens. Either may be missing or broken
        at times: then it lets nobody in, and `faults` says so.
    claim
        The claim of tokens that names whom a request is of.
    rate
        Requests a second each caller may make of this process; `None`: any. Everybody who is
        anonymous is one caller.
    clock
        Seconds since 1970.

    Raises
    ------
    AccessError
        If nobody could ever come in.
    """

    def __init__(
        self,
        access: Access,
        *,
        keys: Path | None,
        jwks: Path | None = None,
        rate: float | None = None,
        claim: str | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        self._clock = clock
        self._open = frozenset(access.open)
        self._anonymous = ANONYMOUS if access.anonymous else None
        self._missing = _missing(access, keys, jwks)
        # A service that takes no keys is given none; a deployment lets itself in with its own.
        self._keys = Keys.load(keys) if keys else None
        self._tokens = _verifier(access, jwks, claim)
        if self._missing and not (self._anonymous or self._keys or self._tokens):
            raise AccessError(f"Nobody could ask. {' '.join(self._missing)}")
        self._rates = None if rate is None else Rates(rate)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._looked = clock()

    def check(self, scope_headers: Iterable[tuple[bytes, bytes]], role: Role) -> Principal:
        """Give who asks, if they may.

        Parameters
        ----------
        scope_headers
            Names in lower case and values, as ASGI gives them.

        Raises
        ------
        Unauthorized
            If we do not know who asks (401).
        Forbidden
            If they may not do this (403).
        TooManyRequests
            If they ask too often (429).
        """
        now = self._clock()
        if not 0.0 <= now - self._looked < LOOK_EVERY:  # below zero: the clock was set back
            self._look(now)
        token = _credential(scope_headers)
        principal = self._stranger() if token is None else self._recognise(token, now)
        if role not in principal.roles:
            raise Forbidden(role, principal)
        if self._rates is not None:
            wait = self._rates.take(Caller(principal.via, principal.id), now)
            if wait > 0.0:
                raise TooManyRequests(wait)
        return principal

    def is_open(self, endpoint: Endpoint) -> bool:
        """Tell whether an endpoint is shown to everybody: then it is not asked who they are."""
        return endpoint in self._open

    def faults(self) -> tuple[str, ...]:
        """Say what keeps callers out who should come in, without any path; empty if nothing."""
        now = self._clock()
        if not 0.0 <= now - self._looked < LOOK_EVERY:
            self._look(now)
        files = [source.fault for source in (self._keys, self._tokens) if source is not None]
        return (*self._missing, *(fault for fault in files if fault is not None))

    def _look(self, now: float) -> None:
        """Notice files that changed. Whoever was remembered by what they said is forgotten."""
        self._looked = now
        changed = [source.look() for source in (self._keys, self._tokens) if source is not None]
        if any(changed):
            self._known.clear()

    def _stranger(self) -> Principal:
        if self._anonymous is None:
            raise Unauthorized(
                "Give a key: Authorization: Bearer KEY, or X-API-Key: KEY.",
                reason="missing",
                error="",
            )
        return self._anonymous

    def _recognise(self, token: bytes, now: float) -> Principal:
        if not 0 < len(token) <= LONGEST:
            raise _malformed("The key or token is empty or too long.")
        # Kept and compared by its hash: no secret lies about in memory, and how long comparing
        # takes tells nothing about one.
        hashed = digest(token)
        known = self._known.get(hashed)
        if known is not None and now < known.until:
            self._known.move_to_end(hashed)
            return known.principal
        known = self._verify_or_look(token, hashed, now)
        self._known[hashed] = known
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return known.principal

    def _verify_or_look(self, token: bytes, hashed: bytes, now: float) -> _Known:
        try:
            return self._verify(token, hashed, now)
        except Unauthorized as refused:
            if refused.reason != "unknown key" or now - self._looked < LOOK_AGAIN:
                raise
        self._look(now)
        return self._verify(token, hashed, now)

    def _verify(self, token: bytes, hashed: bytes, now: float) -> _Known:
        if not _FORM.fullmatch(token):
            raise _malformed("The key or token holds characters that none has.")
        if token.startswith(_KEY):
            if self._keys is None:
                raise Unauthorized("Keys are not taken here.", reason="keys not taken")
            return _Known(*self._keys.recognise(token, hashed, now))
        if self._tokens is None:
            raise Unauthorized("The key is not valid.", reason="unknown key")
        return _Known(*self._tokens.recognise(token, now))


def _missing(access: Access, keys: Path | None, jwks: Path | None) -> tuple[str, ...]:
    said = []
    if access.keys and keys is None and not access.anonymous:
        said.append("No key file is given (PERENNIAL_KEYS), so keys are refused.")
    if access.tokens and jwks is None:
        said.append("No key set is given (PERENNIAL_JWKS), so tokens are refused.")
    return tuple(said)


def _verifier(access: Access, jwks: Path | None, claim: str | None) -> "Verifier | None":
    if access.tokens is None or jwks is None:
        return None
    from adapters.access.tokens import Verifier

    return Verifier(access.tokens, jwks, claim=claim)


def _malformed(told: str) -> Unauthorized:
    return Unauthorized(told, reason="malformed", error="invalid_request")


def _credential(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Give what a request says of who asks: once, or twice the same; `None` if nothing."""
    authorization = key = None
    for name, value in headers:
        if name == b"authorization":
            if authorization is not None:
                raise _malformed("There are several Authorization headers.")
            authorization = value
        elif name == b"x-api-key":
            if key is not None:
                raise _malformed("There are several X-API-Key headers.")
            key = value
    if authorization is None:
        return key
    if authorization[:7].lower() != b"bearer ":
        raise _malformed("Write Authorization: Bearer KEY.")
    token = authorization[7:].lstrip(b" ")
    if key is not None and key != token:
        raise _malformed("Authorization and X-API-Key say different things.")
    return token
