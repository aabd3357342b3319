"""Who asks, and whether they may: keys, roles, rates, and the three ways of being turned away."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Annotated, Literal, NamedTuple, Self, get_args

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from lifecycle.errors import PerennialError, suggest
from lifecycle.section import Value
from lifecycle.serving.declaration import Role

ROLES: tuple[Role, ...] = get_args(Role)
ADMIN: Role = "admin"

PREFIX = "prn_"
"""How every key begins, so that one is recognised wherever it should not lie about."""
ID_LENGTH, SECRET_LENGTH = 12, 43
ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
SECRET_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + ID_LETTERS
"""43 of 62 letters are 256.03 bits."""

_KEY = re.compile(rf"prn_([a-z0-9]{{{ID_LENGTH}}})_([A-Za-z0-9]{{{SECRET_LENGTH}}})".encode())


class AccessError(PerennialError):
    """Keys or tokens cannot be made, read or taken back."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Parameters
    ----------
    id
        Id of the key, subject of the token, or `anonymous`.
    roles
        What they may do; `admin` is held with all the others, see `granted`.
    via
        What told us who they are. A subject that happens to be called like a key is another.
    unit
        Whom their requests are of, where a claim of their token is to name that.
    """

    id: str
    roles: frozenset[Role]
    via: Literal["key", "token", "anonymous"]
    unit: str = ""


def granted(names: Iterable[object]) -> frozenset[Role]:
    """Read roles as another system names them: unknown ones are none, `admin` is all.

    Examples
    --------
    >>> sorted(granted(["predict", "superuser", 7]))
    ['predict']
    >>> granted(["admin"]) == frozenset(ROLES)
    True
    """
    named = list(names)
    found = frozenset(role for role in ROLES if role in named)
    return frozenset(ROLES) if ADMIN in found else found


ANONYMOUS = Principal("anonymous", frozenset(ROLES) - {ADMIN}, "anonymous")


class Refusal(PerennialError):  # noqa: N818  (a refusal is an answer, not an error)
    """A request is turned away; the text is meant for whoever asked, and tells nothing internal.

    Parameters
    ----------
    reason
        What was wrong, in a word or two out of a fixed few: for counters and logs, not for
        the answer.
    """

    status: int

    def __init__(self, told: str, *, reason: str) -> None:
        super().__init__(told)
        self.reason = reason

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers the answer needs beside its status."""
        return ()


class Unauthorized(Refusal):
    """Nobody we know: status 401.

    Parameters
    ----------
    error
        A word of RFC 6750, section 3.1; empty where no credentials came at all.

    Examples
    --------
    >>> Unauthorized("The token has expired.", reason="expired").challenge
    'Bearer realm="perennial", error="invalid_token", error_description="The token has expired."'
    >>> Unauthorized("Give a key.", reason="missing", error="").challenge
    'Bearer realm="perennial"'
    """

    status = 401

    def __init__(self, told: str, *, reason: str, error: str = "invalid_token") -> None:
        super().__init__(told, reason=reason)
        self.error = error

    @property
    def challenge(self) -> str:
        """The value of `WWW-Authenticate`."""
        told = f', error="{self.error}", error_description="{self}"' if self.error else ""
        return f'Bearer realm="perennial"{told}'

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The challenge."""
        return (("WWW-Authenticate", self.challenge),)


class Forbidden(Refusal):
    """Somebody we know, who may do other things: status 403.

    Examples
    --------
    >>> refusal = Forbidden("label", Principal("x", granted(["predict"]), "key"))
    >>> str(refusal)
    'This needs the role "label"; the key has: predict.'
    """

    status = 403

    def __init__(self, needed: Role, principal: Principal) -> None:
        holder = {"key": "the key", "token": "the token"}.get(principal.via, "whoever asks")
        held = ", ".join(sorted(principal.roles)) or "none"
        super().__init__(f'This needs the role "{needed}"; {holder} has: {held}.', reason="role")
        self.needed = needed

    @property
    def challenge(self) -> str:
        """The value of `WWW-Authenticate`."""
        return f'Bearer realm="perennial", error="insufficient_scope", scope="{self.needed}"'

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The challenge, which names the role."""
        return (("WWW-Authenticate", self.challenge),)


class TooManyRequests(Refusal):
    """Somebody we know, who asks too often: status 429.

    Parameters
    ----------
    wait
        Seconds until the next request is taken; told rounded up to whole ones, at least one.
    """

    status = 429

    def __init__(self, wait: float) -> None:
        self.retry_after = max(1, ceil(wait))
        super().__init__(
            f"Too many requests. Ask again in {self.retry_after} s.", reason="too many requests"
        )

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """When to come back."""
        return (("Retry-After", str(self.retry_after)),)


def digest(token: bytes) -> bytes:
    """Give what is kept of a key: its SHA-256.

    A slow hash (argon2, scrypt) defends what people choose, by making each guess dear. A key
    is 256 random bits: no hash is needed to make guessing hopeless, and a slow one would cost
    each request more than the prediction does.

    Examples
    --------
    >>> digest(b"prn_...").hex()[:16]
    '85af083515fdd61a'
    """
    return hashlib.sha256(token).digest()


def write_key(identifier: str, secret: str) -> str:
    """Put a key together."""
    return f"{PREFIX}{identifier}_{secret}"


def read_key(token: bytes) -> str | None:
    """Give the id in a key; `None` where it has not the form of one.

    Examples
    --------
    >>> read_key(b"prn_abcdefghijkl_" + b"S" * 43)
    'abcdefghijkl'
    >>> read_key(b"prn_abcdefghijkl_short") is None
    True
    """
    match = _KEY.fullmatch(token)
    return match[1].decode() if match else None


class KeyRecord(Value):
    """What is kept of an API key.

    Parameters
    ----------
    name
        Whose it is or what for, in the words of who made it.
    hash
        SHA-256 of the whole key, in hex.
    expires
        From when on it is refused; `None`: never.
    revoked
        When it was taken back; `None`: it was not.
    """

    id: Annotated[str, StringConstraints(pattern=rf"^[a-z0-9]{{{ID_LENGTH}}}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    hash: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$"), Field(repr=False)]
    created: AwareDatetime
    expires: AwareDatetime | None = None
    revoked: AwareDatetime | None = None

    def state(self, now: datetime) -> Literal["active", "expired", "revoked"]:
        """Tell whether it is taken at a moment."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "active"


class KeyRing(Value):
    """All keys of a service, those that are no longer taken among them."""

    format: Literal[1] = 1
    keys: tuple[KeyRecord, ...] = ()

    @model_validator(mode="after")
    def _know_each_key_once(self) -> Self:
        if len({record.id for record in self.keys}) < len(self.keys):
            raise ValueError("two keys have the same id")
        return self


def read_roles(names: Sequence[str]) -> tuple[Role, ...]:
    """Read the roles a key is made with, each once and in the order of `ROLES`.

    Raises
    ------
    AccessError
        If there is none, or one is unknown.

    Examples
    --------
    >>> read_roles(["read", "predict", "read"])
    ('predict', 'read')
    """
    if not names:
        raise AccessError(f"A key needs at least one role. Known: {', '.join(sorted(ROLES))}.")
    for name in names:
        if name not in ROLES:
            raise AccessError(f'There is no role "{name}". {suggest(name, ROLES)}')
    return tuple(role for role in ROLES if role in names)


class Caller(NamedTuple):
    """By whom requests are counted: ids are unique within one way of telling who asks."""

    via: str
    id: str


class Rates:
    """A token bucket for each caller, told by one number: when it will be full again.

    A bucket holds what is allowed in a second (at least one request), so that a second's
    requests may come at once.

    Parameters
    ----------
    rate
        Requests a second.
    most
        How many buckets are kept. Beyond, the one used least recently is forgotten, that is:
        taken to be full.

    Examples
    --------
    >>> rates, caller = Rates(2.0), Caller("key", "a")
    >>> [rates.take(caller, now) for now in (0.0, 0.0, 0.0, 0.5)]
    [0.0, 0.0, 0.5, 0.0]
    """

    SLACK = 1e-6
    """Seconds that are forgiven: the time since 1970 is told to 2e-7."""

    def __init__(self, rate: float, *, most: int = 10_000) -> None:
        self._cost = 1 / rate
        self._span = max(1.0, self._cost)
        self._most = most
        # Counted from the first request: thousands of parts of a second, added to the time since
        # 1970, would be off by their rounding.
        self._begun: float | None = None
        self._full_at: OrderedDict[Caller, float] = OrderedDict()

    def take(self, caller: Caller, now: float) -> float:
        """Take one request, or give how many seconds it is too early; then nothing is taken."""
        if self._begun is None:
            self._begun = now
        now -= self._begun
        # A clock that was set back leaves a bucket empty, never worse.
        before = min(max(self._full_at.get(caller, now), now), now + self._span)
        after = before + self._cost
        wait = after - now - self._span
        if wait > self.SLACK:
            return wait
        self._full_at[caller] = min(after, now + self._span)
        self._full_at.move_to_end(caller)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        return 0.0

    def __len__(self) -> int:
        return len(self._full_at)
